"""Starting now what an event could not start when it came: once, as the same event, and as things are now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import Conflict, NotFound, PermissionDenied
from lib.events import activity, starting
from lib.events.activity import EventFilters, EventRecord
from lib.runs import records as run_records
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, publish, submit

NONSENSE: dict[str, Any] = {"trigger": None}


def mend(workflow: UUID, trigger: str = '{"type": "event", "eventName": "TICKET_CREATED"}') -> None:
    """Give the published definition a trigger that can be read."""
    with database.operate() as conn:
        conn.execute(
            text(
                "UPDATE workflow_definition_versions SET definition_json = jsonb_set(definition_json, '{trigger}',"
                " CAST(:t AS jsonb)) WHERE workflow_id = :w"
            ),
            {"w": workflow, "t": trigger},
        )


def start_again(actor: Actor, event: UUID) -> list[tuple[str | None, str, str]]:
    with database.write(actor) as conn:
        matches = starting.start_again(conn, actor, event_id=event)
    return [(match.workflow_name, match.outcome, match.reason) for match in matches]


def record_of(actor: Actor, event: UUID) -> EventRecord:
    with database.read(actor) as conn:
        return activity.record(conn, tenant=actor.tenant, event_id=str(event))


def open_wait(actor: Actor, workflow: UUID) -> UUID:
    """A wait of a run of this workflow for the next TICKET_CREATED with the ticket's key."""
    run = {"t": actor.tenant, "r": uuid4(), "w": workflow, "k": TICKET["ticketId"]}
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status)"
                " VALUES (:t, :r, :w, 1, 'WAITING')"
            ),
            run,
        )
        wait: UUID = conn.execute(
            text(
                "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, event_name, key)"
                " VALUES (:t, :r, 'answer', 'event', 'TICKET_CREATED', :k) RETURNING wait_id"
            ),
            run,
        ).scalar_one()
    return wait


def wait_status(wait: UUID) -> str:
    with database.operate() as conn:
        query = text("SELECT status FROM workflow_run_waits WHERE wait_id = :w")
        return str(conn.execute(query, {"w": wait}).scalar_one())


@contextmanager
def waits_cannot_be_ended(db: Database) -> Iterator[None]:
    with db.owner.begin() as conn:
        conn.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;"
            " CREATE TRIGGER refuse BEFORE UPDATE ON workflow_run_waits FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    yield
    with db.owner.begin() as conn:
        conn.exec_driver_sql("DROP FUNCTION refuse CASCADE")


def audited(event: UUID) -> list[str]:
    with database.operate() as conn:
        query = text("SELECT action FROM audit_logs WHERE target_id = :e ORDER BY audit_id")
        return list(conn.execute(query, {"e": str(event)}).scalars())


def test_what_failed_is_started_and_nothing_else(new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "good")
    bad = publish(actor, "bad", definition=NONSENSE)
    payload = {**TICKET, "password": "hunter22"}
    done = submit(actor, payload)
    assert done.status == "error"
    assert start_again(actor, done.event_id) == [("bad", "failed", "start_failed")]
    assert record_of(actor, done.event_id).status == "error" and len(record_of(actor, done.event_id).trace) == 2
    mend(bad)
    publish(actor, "came later")
    assert start_again(actor, done.event_id) == [("bad", "started", "started")]
    record = record_of(actor, done.event_id)
    assert (record.status, record.error_message) == ("matched", None)
    assert [(t.match.workflow_name, t.match.outcome, t.run_status) for t in record.trace] == [
        ("bad", "failed", None),
        ("good", "started", "QUEUED"),
        ("bad", "started", "QUEUED"),
    ], "the trace keeps what happened first"
    with database.read(actor) as conn:
        runs = run_records.runs_of_event(conn, tenant=actor.tenant, event_id=done.event_id)
        [event] = activity.page(conn, tenant=actor.tenant, filters=EventFilters(run_status="QUEUED")).events
    latest = max(runs, key=lambda run: run.triggered_at)
    assert latest.workflow_id == bad and latest.triggered_at > record.created_at, "it was triggered now"
    assert latest.correlation_key == record.correlation_key
    assert (event.event_id, event.runs) == (done.event_id, {"QUEUED": 2})
    with database.operate() as conn:
        raw = text("SELECT input_json FROM workflow_runs WHERE run_id = :r")
        assert conn.execute(raw, {"r": latest.run_id}).scalar_one() == payload, "the event's own payload, not a copy"
    assert audited(done.event_id) == ["event.started_again"] * 2


def test_a_second_click_and_a_second_person_start_nothing(new_actor: ActorFactory) -> None:
    actor = new_actor()
    people = [actor, new_actor(tenant=actor.tenant)]
    for _ in range(5):
        bad = publish(actor, "bad", definition=NONSENSE)
        event = submit(actor).event_id
        mend(bad)
        both = threading.Barrier(2)

        def press(person: Actor, event: UUID = event, both: threading.Barrier = both) -> str:
            both.wait()
            try:
                start_again(person, event)
            except Conflict as error:
                return str(error)
            return "started"

        with ThreadPoolExecutor(2) as threads:
            said = sorted(threads.map(press, people))
        assert said == ["This event is not in error: what it could start has been started.", "started"]
        with database.read(actor) as conn:
            runs = run_records.runs_of_event(conn, tenant=actor.tenant, event_id=event)
        assert [run.workflow_id for run in runs].count(bad) == 1 and audited(event) == ["event.started_again"]


def test_it_is_decided_as_things_are_now(new_actor: ActorFactory) -> None:
    actor = new_actor()
    bad = publish(actor, "bad", definition=NONSENSE)
    first, second = submit(actor).event_id, submit(actor).event_id
    mend(bad)
    with database.operate() as conn:
        conn.execute(text("UPDATE workflow_definitions SET is_paused = true WHERE workflow_id = :w"), {"w": bad})
    assert start_again(actor, first) == [("bad", "skipped", "paused")]
    assert record_of(actor, first).status == "unmatched"
    with database.operate() as conn:
        conn.execute(text("UPDATE workflow_definitions SET status = 'archived' WHERE workflow_id = :w"), {"w": bad})
    with pytest.raises(Conflict, match="reacts to this event any more"):
        start_again(actor, second)
    assert record_of(actor, second).status == "error" and audited(second) == []


def test_a_wait_for_the_next_event_is_not_ended_by_an_older_one(new_actor: ActorFactory) -> None:
    actor = new_actor()
    bad = publish(actor, "bad", definition=NONSENSE)
    event = submit(actor).event_id
    mend(bad)
    wait = open_wait(actor, bad)
    assert start_again(actor, event) == [("bad", "started", "started")]
    assert wait_status(wait) == "WAITING"
    assert [(m.outcome, m.wait_id) for m in submit(actor).matches if m.wait_id] == [("resumed", wait)]


@pytest.mark.own_database
@pytest.mark.parametrize(
    ("paused", "candidate"), [(True, ("bad", "skipped", "paused")), (False, ("bad", "started", "started"))]
)
def test_a_wait_that_could_not_be_ended_is_tried_again_and_alone(
    paused: bool, candidate: tuple[str, str, str], db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    bad = publish(actor, "bad", paused=paused)
    wait = open_wait(actor, bad)
    with waits_cannot_be_ended(db):
        done = submit(actor)
        later = open_wait(actor, bad)
        assert start_again(actor, done.event_id) == [("bad", "failed", "start_failed")]
    first = [(m.workflow_name, m.outcome, m.reason) for m in done.matches]
    assert first == [("bad", "failed", "start_failed"), candidate] and wait_status(wait) == "WAITING"
    assert start_again(actor, done.event_id) == [("bad", "resumed", "resumed")]
    assert (wait_status(wait), wait_status(later)) == ("RESUMED", "WAITING")
    record = record_of(actor, done.event_id)
    assert (record.status, record.error_message) == ("matched", None)
    assert [t.match.outcome for t in record.trace] == ["failed", candidate[1], "resumed"]


@pytest.mark.own_database
@pytest.mark.parametrize("kept_with_wait", [True, False])
def test_no_run_is_started_for_a_wait_that_could_not_be_ended_and_is_over(
    kept_with_wait: bool, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    wait = open_wait(actor, publish(actor, "bad"))
    with waits_cannot_be_ended(db):
        event = submit(actor).event_id
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_run_waits SET status = 'TIMED_OUT' WHERE wait_id = :w"), {"w": wait})
        if not kept_with_wait:  # as earlier releases kept it
            conn.exec_driver_sql("DELETE FROM workflow_event_matches WHERE outcome = 'started'")
            conn.exec_driver_sql("UPDATE workflow_event_matches SET wait_id = NULL")
    with pytest.raises(Conflict, match="reacts to this event any more"):
        start_again(actor, event)


def test_only_who_may_and_only_their_own_events(new_actor: ActorFactory) -> None:
    actor, stranger = new_actor(), new_actor("admin")
    mend(publish(actor, "bad", definition=NONSENSE), "null")
    event = submit(actor).event_id
    with pytest.raises(PermissionDenied, match="you need manage"):
        start_again(new_actor("read", tenant=actor.tenant), event)
    said = set()
    for asked in (event, uuid4()):
        with pytest.raises(NotFound) as refused:
            start_again(stranger, asked)
        said.add(str(refused.value))
    assert said == {"There is no such event."} and audited(event) == ["act.refused"]


def test_the_database_gives_a_raw_payload_to_an_audited_transaction_only(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    publish(actor, "bad", definition=NONSENSE)
    event = submit(actor).event_id
    with pytest.raises(DBAPIError, match="audited request only"), database.write(actor) as conn:
        conn.execute(text("SELECT * FROM app_event_to_start(:t, :e)"), {"t": actor.tenant, "e": event})
