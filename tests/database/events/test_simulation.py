"""Simulated events: real in every way but their origin, audited, and remembered for next time."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog import system as system_catalog
from lib.database import Database
from lib.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from lib.events import saved_cases, simulation
from lib.events.saved_cases import SavedCase
from lib.events.simulation import EventDraft
from lib.schemas.form import sample
from lib.serialization import strict_json
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, publish
from tests.support.tenant_catalog import add_entry, add_schema


def test_the_generated_sample_of_every_system_event_is_valid_and_can_be_sent(new_actor: ActorFactory) -> None:
    actor = new_actor()
    for event in system_catalog.read():
        with database.write(actor) as conn:
            entry = entries.entry(conn, tenant=actor.tenant, event_type=event.event_type)
            assert entry is not None
            sent = simulation.send(conn, actor, draft=EventDraft(event.event_type, sample(entry.schema)))
        assert sent.schema_status == "valid", (event.event_type, sent.schema_errors)


@pytest.mark.own_database
def test_a_simulated_event_is_marked_audited_and_its_key_remembered(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "Triage")
    with database.write(actor) as conn:
        sent = simulation.send(conn, actor, draft=EventDraft("TICKET_CREATED", TICKET, correlation_key="k-1"))
    with db.owner.connect() as conn:
        event = conn.execute(text("SELECT origin, submitted_by, correlation_key FROM workflow_runtime_events")).one()
        audited = conn.execute(text("SELECT action, target_id, email, detail FROM audit_logs")).one()
    assert tuple(event) == ("simulated", actor.user_id, "k-1")
    assert audited[:3] == ("event.simulated", str(sent.event_id), actor.email)
    assert audited.detail["started"] == [str(sent.matches[0].run_id)]
    with database.read(actor) as conn:
        assert simulation.remembered_key(conn, actor, event_type="TICKET_CREATED") == "k-1"
        last = simulation.last_payload(conn, tenant=actor.tenant, event_type="TICKET_CREATED")
        assert last and last.payload == TICKET and last.origin == "simulated"
        again = simulation.payload_of(conn, tenant=actor.tenant, event_id=sent.event_id, event_type="TICKET_CREATED")
        assert again == last
        assert simulation.payload_of(conn, tenant=actor.tenant, event_id=uuid4(), event_type="TICKET_CREATED") is None


def test_numbers_survive_storage_to_the_last_digit(new_actor: ActorFactory) -> None:
    actor = new_actor()
    payload = strict_json.parse('{"big": 9007199254740993, "long": 0.1000000000000000055511151231257827, "kept": 1.10}')
    with database.write(actor) as conn:
        simulation.send(conn, actor, draft=EventDraft("TICKET_CREATED", payload))
        last = simulation.last_payload(conn, tenant=actor.tenant, event_type="TICKET_CREATED")
    assert last and strict_json.dumps(last.payload).count("9007199254740993") == 1
    assert "0.1000000000000000055511151231257827" in strict_json.dumps(last.payload)
    assert "1.10" in strict_json.dumps(last.payload)


def test_a_case_passes_when_exactly_the_expected_workflows_start(db: Database, new_actor: ActorFactory) -> None:
    actor, colleague = new_actor(), None
    colleague = new_actor(tenant=actor.tenant)
    wanted = publish(actor, "wanted")
    draft = EventDraft("TICKET_CREATED", TICKET)
    with database.write(actor) as conn:
        saved_cases.save(conn, actor, name="  a   ticket ", draft=draft, expected_workflows=[wanted])
    [first] = cases(actor)
    with database.write(actor) as conn:
        saved_cases.save(conn, actor, name="a ticket", draft=draft, expected_workflows=[wanted], replaces=first)
    with database.read(colleague) as conn:
        (case,) = saved_cases.of_event(conn, tenant=actor.tenant, event_type="TICKET_CREATED")
        assert case.name == "a ticket" and saved_cases.run(conn, colleague, case=case).passed
    unwanted = publish(actor, "unwanted")
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_definitions SET is_paused = true WHERE workflow_id = :w"), {"w": wanted})
    with database.read(actor) as conn:
        result = saved_cases.run(conn, actor, case=case)
    assert (result.passed, result.unexpected, result.missing) == (False, {unwanted}, {wanted})
    with database.write(actor) as conn:
        saved_cases.delete(conn, actor, case_id=case.case_id)
        with pytest.raises(NotFound, match="it may have been deleted meanwhile"):
            saved_cases.delete(conn, actor, case_id=case.case_id)


@pytest.mark.parametrize("claimed", ["own.v2", None])
def test_a_case_claims_the_schema_that_it_was_saved_under(
    db: Database, new_actor: ActorFactory, claimed: str | None
) -> None:
    actor = new_actor()
    for ref, field in (("own.v1", "one"), ("own.v2", "two")):
        add_schema(db, actor.tenant, ref, {"type": "object", "required": [field]})
    add_entry(db, actor.tenant, "OWN", ref="own.v1")
    wanted = publish(actor, "wanted", event="OWN", ref=claimed or "own.v1")
    draft = EventDraft("OWN", {"two": 2} if claimed else {"one": 1}, schema_ref=claimed)
    for replaces in (None, "itself"):
        with database.write(actor) as conn:
            before = saved_cases.of_event(conn, tenant=actor.tenant, event_type="OWN")
            saved_cases.save(
                conn,
                actor,
                name="one",
                draft=draft,
                expected_workflows=[wanted],
                replaces=before[0] if replaces else None,
            )
        with database.read(actor) as conn:
            [case] = saved_cases.of_event(conn, tenant=actor.tenant, event_type="OWN")
            assert case.schema_ref == claimed and saved_cases.run(conn, actor, case=case).passed


def cases(actor: Actor) -> list[SavedCase]:
    with database.read(actor) as conn:
        return saved_cases.of_event(conn, tenant=actor.tenant, event_type="TICKET_CREATED")


def test_a_case_is_replaced_only_as_it_was_looked_at(new_actor: ActorFactory) -> None:
    """Everybody of the tenant shares them."""
    ada = new_actor()
    ben = new_actor(tenant=ada.tenant)

    def save(actor: Actor, subject: str, replaces: SavedCase | None) -> None:
        draft = EventDraft("TICKET_CREATED", {"subject": subject})
        with database.write(actor) as conn:
            saved_cases.save(conn, actor, name="One", draft=draft, expected_workflows=[], replaces=replaces)

    save(ada, "first", None)
    [looked_at] = cases(ada)
    with pytest.raises(Conflict, match=r"^There is a test case One by now"):
        save(ben, "second", None)
    save(ben, "third", looked_at)
    with pytest.raises(Conflict, match=r"^There is a test case One by now"):
        save(ada, "fourth", looked_at)
    assert [case.payload for case in cases(ada)] == [{"subject": "third"}]


def test_cases_refuse_readers_and_empty_names(new_actor: ActorFactory) -> None:
    reader, manager = new_actor("read"), new_actor()
    draft = EventDraft("TICKET_CREATED", TICKET)
    with database.write(reader) as conn, pytest.raises(PermissionDenied):
        saved_cases.save(conn, reader, name="x", draft=draft, expected_workflows=[])
    with database.write(manager) as conn, pytest.raises(InvalidInput, match="name"):
        saved_cases.save(conn, manager, name="  ", draft=draft, expected_workflows=[])
