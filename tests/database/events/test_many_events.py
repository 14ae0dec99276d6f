"""Many events in one transaction: each gets what it would get alone, for the statements that one of them takes."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth import actors, tokens
from lib.auth.actors import Actor
from lib.database import Database, resting
from lib.errors import CatalogError, Conflict, InvalidInput, NotFound, TokenEnded
from lib.events import ingestion
from lib.events.judging import SentEvent
from lib.events.submission import Submission
from lib.redaction import REDACTED
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, count, publish, reasons
from tests.support import work
from tests.support.locks import await_waiting, waiting
from tests.support.statements import counted_statements, counted_trips
from tests.support.waiting import PATIENCE, wait_for


def ticket(number: int | str = 0, **options: Any) -> SentEvent:
    """An event of its own; options override its parts."""
    given = {"event_type": "TICKET_CREATED", "payload": TICKET, "source": "/test", "submission_id": str(number)}
    return SentEvent(**{**given, **options})


def submit_all(actor: Actor, *sent: SentEvent) -> list[Submission | CatalogError]:
    with database.write(actor) as conn:
        return ingestion.submit_events(conn, actor, sent)


def taken(actor: Actor, *sent: SentEvent) -> list[Submission]:
    found = submit_all(actor, *sent)
    assert all(isinstance(one, Submission) for one in found), found
    return [one for one in found if isinstance(one, Submission)]


def open_wait(db: Database, actor: Actor, key: str) -> UUID:
    """A run that waits for TICKET_CLOSED with this key."""
    workflow, run = publish(actor, f"waits for {key}", event="NOTE_CREATED"), uuid4()
    row = {"t": actor.tenant, "r": run, "w": workflow, "k": key}
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status)"
                " VALUES (:t, :r, :w, 1, 'WAITING')"
            ),
            row,
        )
        conn.execute(
            text(
                "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, event_name, key)"
                " VALUES (:t, :r, 'answer', 'event', 'TICKET_CLOSED', :k)"
            ),
            row,
        )
    return run


def test_an_event_is_four_trips_to_the_server(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resting, "_MOST_SECONDS", PATIENCE)  # a machine that rests is not asked about it
    actor = new_actor()
    with db.app.connect(), db.app.connect(), db.app.connect():
        pass  # three are at rest: the one used last comes first
    taken(actor, ticket())  # what a connection prepares, it prepares once
    with counted_trips(db.app) as said:
        taken(actor, ticket(1), ticket(2, event_type="TICKET_CLOSED"))
    trips = [line for line in said if "ReadyForQuery" in line]
    assert len(trips) == 4, "begin, what is read, what is written, commit"
    assert not any("Parse" in line for line in said), "and nothing is parsed but begin and commit"


def test_what_is_prepared_outlasts_what_was_rolled_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    taken(actor, ticket())
    for number in (1, 2):
        with pytest.raises(InterruptedError), database.write(actor) as conn:
            with conn.begin_nested() as savepoint:
                ingestion.submit_events(conn, actor, [ticket(number)])
                savepoint.rollback()  # psycopg drops what it has prepared
            assert ingestion.submit_events(conn, actor, [ticket(number)])
            raise InterruptedError
        assert not taken(actor, ticket(number))[0].duplicate


def test_many_take_the_statements_that_one_takes(new_actor: ActorFactory) -> None:
    actor = new_actor()
    taken(actor, ticket())  # a new connection asks the server who it is
    with counted_statements() as alone:
        taken(actor, ticket(552, event_type="TICKET_CLOSED"))
    with counted_statements() as many:
        taken(actor, *(ticket(number, event_type="TICKET_CLOSED") for number in range(1, 501)))
    assert len(alone) == len(many) == 4, "the transaction's begin and its end, what is read, what is written"
    publish(actor, "a")
    publish(actor, "b")
    with counted_statements() as alone:
        taken(actor, ticket(501))
    with counted_statements() as many:
        taken(actor, *(ticket(number) for number in range(502, 552)))
    assert len(alone) == len(many), many


def test_an_event_among_many_takes_few_calls(new_actor: ActorFactory) -> None:
    actor = new_actor()
    closed = {
        **TICKET,
        "closedByUserId": "534e7c0c-3abc-56e1-8893-71d120dc9055",
        "closedAt": "2026-03-02T09:15:30Z",
        "reason": "Works again, thanks.",
    }

    ids = itertools.count()

    def batch(number: int) -> int:
        sent = [ticket(next(ids), event_type="TICKET_CLOSED", payload=closed, is_read=True) for _ in range(number)]
        return work.calls(lambda: taken(actor, *sent))

    batch(1)
    # In the least of some rounds: one may connect anew meanwhile, which is no part of an event.
    # Those in C included: of 271, a fifth is for the five fields of its payload.
    assert min(batch(200) - batch(100) for _ in range(3)) / 100 <= 290


@pytest.mark.own_database
def test_each_gets_what_it_would_get_alone_and_in_order(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "Triage")
    bad = {**TICKET, "ticketId": 7}
    sent = [
        ticket(1),
        ticket(2, event_type="NOPE"),
        ticket(3, payload=bad),
        ticket(4, submission_id="x" * 300),
        ticket(5, event_type="TICKET_CLOSED", schema_ref="payload.TicketCreated.v1"),
        ticket(6, payload=None),
        ticket(7, payload={**TICKET, "password": "correct horse"}),
    ]
    found = submit_all(actor, *sent)
    assert [type(one) for one in found] == [
        Submission,
        NotFound,
        Submission,
        InvalidInput,
        Submission,
        Submission,
        Submission,
    ]
    kept = [one for one in found if isinstance(one, Submission)]
    assert [one.status for one in kept] == ["matched", "unmatched", "unmatched", "unmatched", "matched"]
    assert reasons(kept[1]) == {"Triage": ("skipped", "payload_invalid")}
    assert kept[2].schema_ref_conflict is not None
    assert [one.event_id for one in kept] == sorted(one.event_id for one in kept), "activity lists them in their order"
    assert len({one.created_at for one in kept}) == 1
    assert count(db, "workflow_runtime_events") == count(db, "workflow_event_matches") == 5
    assert count(db, "workflow_runs") == count(db, "dbos.workflow_status") == 2
    with db.owner.connect() as conn:
        rows = conn.execute(
            text(
                "SELECT e.payload, e.redacted_payload, r.input_json FROM workflow_runtime_events e"
                " LEFT JOIN workflow_runs r ON r.trigger_event_id = e.event_id ORDER BY e.event_id"
            )
        ).all()
    assert rows[3].payload is None and rows[0].input_json == TICKET
    assert rows[4].redacted_payload["password"] == REDACTED and rows[4].payload["password"] == "correct horse"
    alone = [submit_all(actor, replace(one, submission_id=None))[0] for one in sent]
    told = [(str(one) if isinstance(one, CatalogError) else (one.status, one.schema_errors)) for one in found]
    again = [(str(one) if isinstance(one, CatalogError) else (one.status, one.schema_errors)) for one in alone]
    assert [one for n, one in enumerate(told) if n != 3] == [one for n, one in enumerate(again) if n != 3]


@pytest.mark.own_database
@pytest.mark.parametrize("attached", [False, True])
def test_what_comes_twice_in_a_batch_is_taken_once(db: Database, new_actor: ActorFactory, attached: bool) -> None:
    actor = new_actor()
    if attached:
        publish(actor, "Triage")
    other = {**TICKET, "ticketId": str(uuid4())}
    first, twice, conflict, own = submit_all(actor, ticket(1), ticket(1), ticket(1, payload=other), ticket(2))
    assert isinstance(first, Submission) and isinstance(twice, Submission) and isinstance(own, Submission)
    assert (first.duplicate, twice.duplicate, own.duplicate) == (False, True, False)
    assert twice.event_id == first.event_id and reasons(twice) == reasons(first)
    assert isinstance(conflict, Conflict) and str(first.event_id) in str(conflict)
    assert count(db, "workflow_runtime_events") == 2
    assert count(db, "workflow_runs") == count(db, "dbos.workflow_status") == (2 if attached else 0)
    again = submit_all(actor, ticket(3), ticket(2), ticket(1, payload=other))
    assert [isinstance(one, Submission) and one.duplicate for one in again] == [False, True, False]
    assert count(db, "workflow_runtime_events") == 3


@pytest.mark.own_database
def test_a_wait_is_ended_by_the_first_event_that_is_not_a_repetition(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    key = TICKET["ticketId"]
    closed = [ticket(number, event_type="TICKET_CLOSED") for number in range(4)]
    (early,) = taken(actor, closed[0])
    assert early.status == "unmatched"
    run, later = open_wait(db, actor, key), open_wait(db, actor, "another")
    repeated, first, second, third = taken(actor, *closed[:3], replace(closed[3], correlation_key="another"))
    assert repeated.duplicate and repeated.status == "unmatched"
    assert [(m.outcome, m.run_id) for m in first.matches] == [("resumed", run)]
    assert [m.reason for m in second.matches] == ["no_workflow"]
    assert [(m.outcome, m.run_id) for m in third.matches] == [("resumed", later)]
    with db.owner.connect() as conn:
        ended = conn.execute(text("SELECT resolved_by_event_id FROM workflow_run_waits ORDER BY created_at")).scalars()
        assert list(ended) == [first.event_id, third.event_id]


@pytest.mark.own_database
def test_two_batches_may_end_the_same_waits_in_opposite_order(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    keys = ("first", "second")
    runs = [open_wait(db, actor, key) for key in keys]
    there, back = (
        [ticket(f"{name} {key}", event_type="TICKET_CLOSED", correlation_key=key) for key in order]
        for name, order in (("there", keys), ("back", keys[::-1]))
    )
    with ThreadPoolExecutor(2) as pool:
        with db.owner.begin() as conn:
            conn.execute(text("SELECT FROM workflow_runs WHERE run_id = :r FOR UPDATE"), {"r": runs[0]})
            one = pool.submit(taken, actor, *there)
            await_waiting(db, unless_done=one, like="%app_resume_wait%")  # it has the first wait, and not the second
            other = pool.submit(taken, actor, *back)
            wait_for(lambda: waiting(db, like="%app_resume_wait%") == 2)
        ended, late = one.result(PATIENCE), other.result(PATIENCE)
    told = [[(event.status, match.reason, match.run_id) for match in event.matches] for event in ended]
    assert told == [[("matched", "resumed", run)] for run in runs]
    told = [[(event.status, match.reason, match.run_id) for match in event.matches] for event in late]
    assert told == [[("unmatched", "wait_ended", None)]] * 2
    assert [event.error_message for event in (*ended, *late)] == [None] * 4


@pytest.mark.own_database
def test_one_run_that_cannot_be_started_costs_only_itself(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    bad = publish(actor, "bad")
    publish(actor, "good")
    refused = {**TICKET, "ticketId": str(uuid4())}
    with db.owner.begin() as conn:
        conn.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.workflow_id = '{bad}' AND NEW.input_json ->> 'ticketId' = '{refused['ticketId']}'"
            " THEN RAISE EXCEPTION 'secret value'; END IF; RETURN NEW; END $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON workflow_runs FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    one, two, three = taken(actor, ticket(1), ticket(2, payload=refused), ticket(3))
    fine = {"bad": ("started", "started"), "good": ("started", "started")}
    assert reasons(one) == reasons(three) == fine
    assert reasons(two) == {"bad": ("failed", "start_failed"), "good": ("started", "started")}
    assert (one.status, two.status, three.status) == ("matched", "error", "matched")
    assert count(db, "workflow_runs") == count(db, "dbos.workflow_status") == 5


@pytest.mark.own_database
def test_a_token_that_was_revoked_takes_nothing_in(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    with database.write(admin) as conn:
        token = tokens.create_token(conn, admin, name="sender", permission="manage")
    sender = tokens.actor_for_token(token)
    assert isinstance(sender, actors.Actor) and sender.is_token
    taken(sender, ticket(1))
    with database.write(admin) as conn:
        tokens.revoke(conn, admin, token_id=sender.user_id)
    with pytest.raises(TokenEnded):
        submit_all(sender, ticket(2), ticket(3))
    assert count(db, "workflow_runtime_events") == 1
