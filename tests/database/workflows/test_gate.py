"""The gate before publishing: the latest real events, tried without a trace, and the figures that people are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import Conflict
from lib.events import ingestion
from lib.events.simulation import EventDraft
from lib.metrics.rollups import Origin
from lib.workflows import changes, gate, rehearsal, versions
from lib.workflows.gate import LATEST_EVENTS, Gate
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import audited, detach, edit, get, publish, undo_detach
from tests.support.statements import counted_statements
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import expr, log_step

EVENT, REF, TARGET = "DEVICE_OFFLINE", "own.Device.v1", "own.Work.v1"
SCHEMA = {
    "type": "object",
    "properties": {"client": {"type": "object"}, "rows": {"type": "array"}, "note": {"type": "string"}},
}
WORK = {
    "type": "object",
    "required": ["client"],
    "properties": {
        "client": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}},
        "rows": {"type": "array", "items": {"type": "integer"}},
        "note": {"type": "string", "maxLength": 12},
        "length": {"type": "integer", "maximum": 5},
    },
}
MAPPING = {"client": expr("event.payload.client"), "rows": expr("event.payload.rows")}
FITTING = {"client": {"email": "a@example.com"}, "rows": [1]}


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    actor = new_actor()
    add_schema(db, actor.tenant, REF, SCHEMA)
    add_schema(db, actor.tenant, TARGET, WORK)
    add_entry(db, actor.tenant, EVENT, ref=REF)
    return actor


def send(actor: Actor, *payloads: Any, event_type: str = EVENT, origin: Origin = "live", **options: Any) -> list[UUID]:
    found = []
    for payload in payloads:
        with database.write(actor) as conn:
            sent = ingestion.submit_event(conn, actor, event_type=event_type, payload=payload, origin=origin, **options)
        found.append(sent.event_id)
    return found


def definition(given: Any = MAPPING, ref: str = TARGET) -> dict[str, Any]:
    trigger = {"type": "event", "eventName": EVENT, "sourcePayloadSchemaRef": REF}
    if given is not None:
        trigger["payloadMapping"] = given
    return {"name": "Work", "payloadSchemaRef": ref, "trigger": trigger, "steps": [log_step("note")]}


def check(actor: Actor, given: Any = MAPPING, **options: Any) -> Gate:
    with database.read(actor) as conn:
        return gate.check(conn, tenant=actor.tenant, definition=definition(given), **options)


def test_it_tells_how_many_would_start_and_why_others_would_not(actor: Actor) -> None:
    send(actor, *[FITTING] * 3)
    no_email = send(actor, {"client": {}}, {"client": {}})
    [bad_rows] = send(actor, {**FITTING, "rows": [1, "x", 2, "y"]})
    found = check(actor)
    assert (found.total, found.checked, found.starting, found.undecided) == (6, 6, 3, 0)
    assert [(one.place, len(one.failures)) for one in found.groups] == [("/client", 2), ("/rows/*", 1)]
    assert {one.event_id for one in found.groups[0].failures} == set(no_email)
    assert [one.event_id for one in found.groups[1].failures] == [bad_rows]
    assert found.sentence.startswith("3 of 6 would start, 2 fail at /client: ")
    assert "; 1 fails at /rows/*: Must be a whole number, not text." in found.sentence
    assert not found.none_starts


def test_only_the_latest_real_events_of_the_tenants_type_count(
    db: Database, actor: Actor, new_actor: ActorFactory
) -> None:
    other = new_actor()
    add_entry(db, other.tenant, EVENT)
    add_entry(db, actor.tenant, "ELSE")
    send(other, {})
    send(actor, {}, event_type="ELSE")
    send(actor, {}, origin="simulated")
    send(actor, {}, origin="replay")
    assert check(actor) == Gate(EVENT)
    assert check(actor).sentence == "No real event of this type came yet, so there is nothing to try."
    send(actor, {}, *[FITTING] * LATEST_EVENTS)
    send(actor, {}, origin="simulated")
    assert check(actor).sentence == "100 of 100 would start."
    send(actor, {})
    assert check(actor).starting == LATEST_EVENTS - 1


@pytest.mark.parametrize(
    "given",
    [
        MAPPING,
        {"client": expr("event.payload.client"), "rows": [1, 2]},
        {"client.email": expr("event.payload.client.email"), "rows": expr("event.payload.rows.($)")},
        {"client": expr("$merge([event.payload.client, {'email': 'x'}])")},
        {"client.email": expr("$uppercase(event.payload.client.email)")},
        {"client": expr("$error('no')")},
        {"note": expr("$string(event.payload.client)"), "client": expr("event.payload.client")},
    ],
)
def test_it_says_what_really_happens(db: Database, actor: Actor, given: Any) -> None:
    """Each event that the gate lets through starts a run when it is sent again, and no other does."""
    payloads: Sequence[Any] = [
        FITTING,
        {},
        None,
        [],
        {"client": {"email": "x" * 20}},
        {"client": {"email": None}},
        {"client": [{"email": "a"}, {"email": "b"}]},
        {"client": {"email": "a"}, "rows": ["x"]},
        {"client": {"email": "a"}, "rows": []},
        {"client": "text", "rows": 5},
    ]
    sent = dict(zip(send(actor, *payloads), payloads, strict=True))
    found = check(actor, given)
    failing = {one.event_id for one in found.failures}
    assert found.undecided == 0 and found.starting + len(failing) == len(payloads)
    workflow = published_as(actor, definition(given))
    for event_id, payload in sent.items():
        with database.read(actor) as conn:
            [match] = ingestion.decide(conn, actor, event_type=EVENT, payload=payload).matches
        assert (match.outcome == "started") == (event_id not in failing), (payload, match)
    with database.read(actor) as conn:
        assert gate.of_published(conn, tenant=actor.tenant, workflow_id=workflow) == found


def published_as(actor: Actor, wanted: dict[str, Any]) -> UUID:
    workflow = attached(actor)
    edit(actor, workflow, **wanted)
    publish(actor, workflow)
    return workflow


def test_what_was_redacted_is_left_out_and_told(db: Database, actor: Actor) -> None:
    with db.owner.begin() as conn:
        conn.execute(
            text("INSERT INTO redacted_fields (tenant, event_type, pointers) VALUES (:t, '*', '{/note,/rows/*/pin}')"),
            {"t": actor.tenant},
        )
    send(actor, {**FITTING, "note": "long enough to be refused", "rows": [{"pin": 1}]})
    read = {**MAPPING, "rows": expr("event.payload.rows.pin"), "note": expr("event.payload.note")}
    found = check(actor, read)
    assert (found.starting, found.failures) == (1, ())
    assert found.skipped_places == ("/rows",)  # "[redacted]" is short enough for a note
    counted = {**MAPPING, "rows": [1], "length": expr("$length(event.payload.note)")}
    assert check(actor, counted).skipped_places == ("/length",)
    # A mapping that fails on what was redacted may work on what it was: nobody can tell.
    number = {"client": expr("event.payload.client"), "length": expr("$number(event.payload.note)")}
    found = check(actor, number)
    assert (found.starting, found.undecided, found.failures) == (0, 1, ())
    assert found.skipped_places == ("/length",) and not found.none_starts
    assert found.sentence == "0 of 1 would start, of 1 it cannot be told."
    # What fails for another reason fails all the same.
    broken = {"client": expr("$number(event.payload.client)")}
    assert len(check(actor, broken).failures) == 1


def test_another_schema_can_be_tried(actor: Actor) -> None:
    send(actor, FITTING, {"client": {}})
    new = {"required": ["rows"], "properties": {"rows": {"type": "array"}}}
    with database.read(actor) as conn:
        found = gate.check(conn, tenant=actor.tenant, definition={}, event_type=EVENT, schema=new)
    assert (found.starting, [one.place for one in found.failures]) == (1, [""])


def test_a_sender_who_names_another_schema_starts_nothing_without_a_mapping(db: Database, actor: Actor) -> None:
    send(actor, FITTING)
    send(actor, FITTING, schema_ref=TARGET)
    with database.read(actor) as conn:
        found = gate.check(conn, tenant=actor.tenant, definition=definition(None, REF))
    assert (found.starting, len(found.failures)) == (1, 1)
    assert f"named the schema {TARGET}, the workflow takes {REF}" in found.failures[0].sentence


def test_the_time_is_bounded_and_told(actor: Actor) -> None:
    send(actor, FITTING, FITTING, {"client": {}})
    found = check(actor, seconds=0)
    assert (found.total, found.checked, found.starting) == (3, 1, 0)
    assert found.sentence.endswith(" Checked 1 of 3 within the time.")
    assert found.none_starts


def test_an_expression_without_end_fails_its_event(actor: Actor) -> None:
    send(actor, FITTING)
    [failure] = check(actor, {"client": expr("($f := function($n) { $f($n + 1) }; $f(1))")}).failures
    assert failure.place == "/client" and failure.sentence.startswith("The mapping of client does not work:")


def test_nothing_is_written(db: Database, actor: Actor) -> None:
    send(actor, FITTING, {})
    tables = "workflow_runtime_events", "workflow_runs", "workflow_event_matches", "audit_logs"

    def rows() -> list[int]:
        with db.owner.connect() as conn:
            return [conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]

    before = rows()
    assert check(actor).checked == 2  # in a read-only transaction, too
    assert rows() == before


def test_what_is_known_is_not_tried_again(actor: Actor) -> None:
    send(actor, FITTING)
    first = check(actor)
    with counted_statements() as seen:
        assert check(actor) is first
    assert not any("redacted_payload" in statement for statement in seen)
    assert check(actor, {**MAPPING, "note": "x"}) is not first
    send(actor, {})
    assert check(actor).total == 2


def test_publishing_what_no_real_event_starts_has_to_be_meant(db: Database, actor: Actor) -> None:
    send(actor, {}, {})
    workflow = attached(actor)
    keys = {"workflow_id": workflow, "expected_draft_version": get(actor, workflow).draft_version}
    with pytest.raises(Conflict) as refused, database.write(actor) as conn:
        versions.publish(conn, actor, expected_version=None, **keys)
    assert "None of the latest real events of DEVICE_OFFLINE would start Work: 0 of 2 would start" in str(refused.value)
    assert get(actor, workflow).published_version is None
    with database.write(actor) as conn:
        assert versions.publish(conn, actor, expected_version=None, publish_anyway=True, **keys) == 1
    assert _details(db, workflow, "workflow.published") == [(2, 0, True)]
    # Rolling back to it has to be meant again; to undo a detach gives back what was there.
    detach(actor, workflow, 1, EVENT)
    with pytest.raises(Conflict, match="None of the latest"), database.write(actor) as conn:
        versions.roll_back(conn, actor, workflow_id=workflow, to_version=1, expected_version=2)
    undo_detach(actor, workflow, 2)
    with database.write(actor) as conn:
        versions.roll_back(conn, actor, workflow_id=workflow, to_version=2, expected_version=3, publish_anyway=True)
    assert _details(db, workflow, "workflow.rolled_back") == [(0, 0, False)], "nothing starts it, so nothing is tried"
    assert "workflow.reattached" in audited(db, workflow)


def attached(actor: Actor) -> UUID:
    with database.write(actor) as conn:
        workflow = changes.create_for_event(conn, actor, event_type=EVENT, name="Work")
    edit(actor, workflow, **definition())
    return workflow


def _details(db: Database, workflow: UUID, action: str) -> list[tuple[int, int, bool]]:
    with db.owner.connect() as conn:
        found = conn.execute(
            text("SELECT detail FROM audit_logs WHERE target_id = :w AND action = :a ORDER BY audit_id"),
            {"w": str(workflow), "a": action},
        ).scalars()
        return [(one["eventsChecked"], one["eventsStarting"], one["publishedAnyway"]) for one in found]


def test_some_that_start_are_enough_and_the_figures_are_audited(db: Database, actor: Actor) -> None:
    send(actor, {}, FITTING)
    workflow = attached(actor)
    with database.write(actor) as conn:
        versions.publish(
            conn,
            actor,
            workflow_id=workflow,
            expected_draft_version=get(actor, workflow).draft_version,
            expected_version=None,
            publish_anyway=True,
        )
    assert _details(db, workflow, "workflow.published") == [(2, 1, False)]


def test_without_a_trigger_or_a_version_there_is_nothing_to_try(actor: Actor) -> None:
    workflow = attached(actor)
    with database.read(actor) as conn:
        assert gate.of_published(conn, tenant=actor.tenant, workflow_id=workflow) == Gate(None)
        assert gate.check(conn, tenant=actor.tenant, definition={"trigger": None}) == Gate(None)


def test_a_mapping_sees_the_schema_that_the_sender_named(db: Database, actor: Actor) -> None:
    add_schema(db, actor.tenant, "own.Device.v2", SCHEMA)
    given = {**MAPPING, "note": expr("event.payloadSchemaRef = 'own.Device.v2' ? 'second' : $error('other')")}
    [first] = send(actor, FITTING)
    [second] = send(actor, FITTING, schema_ref="own.Device.v2")
    found = check(actor, given)
    assert found.starting == 1 and [one.event_id for one in found.failures] == [first]
    workflow = published_as(actor, definition(given))
    with database.read(actor) as conn:
        for event_id, ref in ((first, None), (second, "own.Device.v2")):
            would = ingestion.decide(conn, actor, event_type=EVENT, payload=FITTING, schema_ref=ref)
            assert (would.matches[0].outcome == "started") == (event_id == second)
        tried = rehearsal.rehearse(conn, actor, draft=EventDraft(EVENT, FITTING, schema_ref=ref), would=would)
    assert tried[workflow].start.refusals == ()
