"""A tenant's own events: who may do what, that nobody overwrites another, and that nothing is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.auth.acts import sentence
from lib.catalog import entries, own_entries, schema_registry
from lib.catalog.definitions import EntryDefinition
from lib.catalog.entries import CatalogFilters
from lib.catalog.own_entries import OwnEntry
from lib.database import Database
from lib.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from lib.events import ingestion
from lib.operations import upkeep
from lib.workflows import changes, own_events, validation, versions
from lib.workflows.own_events import Effects, EntryUse
from tests.conftest import ActorFactory
from tests.support.locks import await_waiting
from tests.support.tenant_catalog import add_entry
from tests.support.workflow_runs import log_step

TYPE = "DEVICE_OFFLINE"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["deviceId"],
    "properties": {"deviceId": {"type": "string"}, "rack": {"type": "integer"}},
}
CHANGED: dict[str, Any] = {"type": "object", "properties": {"deviceId": {"type": "integer"}}}
GOOD = EntryDefinition(
    TYPE,
    "Device offline",
    "It has not been heard of.",
    "Devices",
    "active",
    "Field team",
    ("hardware",),
    ("deviceId",),
    {"deviceId": "4711"},
    payload_schema=SCHEMA,
)


def create(actor: Actor, definition: EntryDefinition = GOOD) -> None:
    with database.write(actor) as conn:
        own_events.create(conn, actor, definition=definition)


def change(actor: Actor, definition: EntryDefinition, version: int, event_type: str = TYPE) -> int:
    with database.write(actor) as conn:
        return own_events.change(conn, actor, event_type=event_type, definition=definition, expected_version=version)


def delete(actor: Actor, version: int, event_type: str = TYPE) -> str:
    with database.write(actor) as conn:
        return own_events.delete(conn, actor, event_type=event_type, expected_version=version)


def set_status(actor: Actor, status: Any, version: int) -> int:
    with database.write(actor) as conn:
        return own_events.set_status(conn, actor, event_type=TYPE, status=status, expected_version=version)


def restore(actor: Actor, event_type: str = TYPE) -> None:
    with database.write(actor) as conn:
        own_events.restore(conn, actor, event_type=event_type)


def own(actor: Actor, event_type: str = TYPE) -> OwnEntry | None:
    with database.read(actor) as conn:
        return own_entries.get(conn, tenant=actor.tenant, event_type=event_type)


def entry(actor: Actor, event_type: str = TYPE) -> entries.CatalogEntry | None:
    with database.read(actor) as conn:
        return entries.entry(conn, tenant=actor.tenant, event_type=event_type)


def effects(actor: Actor, definition: EntryDefinition) -> Effects:
    with database.read(actor) as conn:
        return own_events.effects(conn, tenant=actor.tenant, definition=definition)


def use(actor: Actor, event_type: str = TYPE) -> EntryUse:
    with database.read(actor) as conn:
        return own_events.use(conn, tenant=actor.tenant, event_type=event_type, now=datetime.now(UTC))


def send(actor: Actor, payload: Any, event_type: str = TYPE, origin: Any = "live") -> Any:
    with database.write(actor) as conn:
        return ingestion.submit_event(conn, actor, event_type=event_type, payload=payload, origin=origin)


def published(actor: Actor, steps: list[dict[str, Any]] | None = None, event_type: str = TYPE, **trigger: Any) -> None:
    """A published workflow that the event triggers; it takes the payload as it is unless the trigger has a mapping."""
    with database.write(actor) as conn:
        workflow = changes.create_for_event(conn, actor, event_type=event_type, name=f"On {event_type}")
        draft = {"name": f"On {event_type}", "payloadSchemaRef": None, "steps": steps or [log_step("note")]}
        made = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
        assert made is not None
        ref = made.payload_schema_ref
        fired = {"type": "event", "eventName": event_type, "sourcePayloadSchemaRef": ref, **trigger}
        saved = changes.save_draft(
            conn,
            actor,
            workflow_id=workflow,
            definition={**draft, "payloadSchemaRef": ref, "trigger": fired},
            expected_draft_version=1,
        )
        versions.publish(conn, actor, workflow_id=workflow, expected_draft_version=saved, expected_version=None)


def trail(db: Database, actor: Actor) -> list[Any]:
    with db.owner.connect() as conn:
        query = text("SELECT * FROM audit_logs WHERE tenant = :t ORDER BY audit_id")
        return list(conn.execute(query, {"t": actor.tenant}))


def test_an_own_event_with_an_inline_schema_is_a_full_member(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    made = entry(actor)
    assert made is not None and made.source == "tenant" and made.schema == SCHEMA
    assert made.payload_schema_ref == f"inline.{TYPE}.v1"
    assert (made.owner, made.tags, made.correlation_paths) == ("Field team", ["hardware"], ["deviceId"])
    published(actor)
    started = send(actor, {"deviceId": "4711"})
    assert [match.outcome for match in started.matches] == ["started"]
    skipped = send(actor, {"deviceId": 3})
    assert [match.outcome for match in skipped.matches] == ["skipped"]


def test_a_changed_inline_schema_is_the_next_one_and_the_old_one_stays(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    assert change(actor, replace(GOOD, name="Gone"), 1) == 2
    assert (own(actor) or 0).payload_schema_ref == f"inline.{TYPE}.v1"  # type: ignore[union-attr]
    assert change(actor, replace(GOOD, example=None, payload_schema=json.dumps(CHANGED)), 2) == 3
    assert change(actor, GOOD, 3) == 4
    now = own(actor)
    assert now is not None and now.payload_schema_ref == f"inline.{TYPE}.v3" and now.is_inline
    with database.read(actor) as conn:
        found = [
            schema_registry.schema(conn, tenant=actor.tenant, ref=f"inline.{TYPE}.v{number}") for number in (1, 2, 3)
        ]
        shared = schema_registry.some_refs(conn, tenant=actor.tenant, search="", most=1000, with_inline=False)
    assert found == [SCHEMA, CHANGED, SCHEMA]
    assert not [ref for ref in shared if ref.startswith("inline.")] and "payload.TicketCreated.v1" in shared


def test_what_changes_nothing_leaves_no_version_and_no_line(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    assert change(actor, GOOD, 1) == 1
    kept = replace(GOOD, payload_schema=None, payload_schema_ref=f"inline.{TYPE}.v1")
    assert change(actor, kept, 1) == 1
    assert len(trail(db, actor)) == 1
    assert change(actor, replace(kept, example={"deviceId": "4712"}), 1) == 2
    line = trail(db, actor)[-1]
    assert line.detail == {"before": {"example": "given"}, "after": {"example": "another one"}}


def test_every_act_is_told_with_before_and_after(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    change(actor, replace(GOOD, owner=None, tags=("a", "b")), 1)
    set_status(actor, "beta", 2)
    assert delete(actor, 3) == "deleted"
    restore(actor)
    lines = trail(db, actor)
    assert [sentence(one.action, who="Ada", target_id=one.target_id, detail=one.detail) for one in lines] == [
        "Ada defined the event DEVICE_OFFLINE.",
        "Ada changed the event DEVICE_OFFLINE.",
        "Ada changed the status of the event DEVICE_OFFLINE from active to beta.",
        "Ada deleted the event DEVICE_OFFLINE.",
        "Ada restored the event DEVICE_OFFLINE.",
    ]
    assert lines[0].detail["after"]["payloadSchemaRef"] == f"inline.{TYPE}.v1"
    assert lines[1].detail["before"] == {"owner": "Field team", "tags": ["hardware"]}
    assert lines[1].detail["after"] == {"owner": None, "tags": ["a", "b"]}
    assert lines[3].detail["before"]["status"] == "beta" and lines[4].detail["after"]["status"] == "beta"
    assert "4711" not in json.dumps([one.detail for one in lines]), "an example is a payload"


ACTS: dict[str, Callable[[Actor], object]] = {
    "create": lambda actor: create(actor, replace(GOOD, event_type="ANOTHER")),
    "change": lambda actor: change(actor, replace(GOOD, name="Other"), 1),
    "set_status": lambda actor: set_status(actor, "beta", 1),
    "delete": lambda actor: delete(actor, 1),
    "restore": lambda actor: restore(actor, "GONE"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("permission", ["read", "manage", "admin"])
def test_acts_need_manage(act: str, permission: str, db: Database, new_actor: ActorFactory) -> None:
    boss = new_actor("manage")
    create(boss)
    create(boss, replace(GOOD, event_type="GONE"))
    delete(boss, 1, "GONE")
    actor = new_actor(permission, tenant=boss.tenant)
    before = [line.action for line in trail(db, boss)]
    if permission == "read":
        with pytest.raises(PermissionDenied, match="you need manage"):
            ACTS[act](actor)
    else:
        ACTS[act](actor)
    after = [line.action for line in trail(db, boss)]
    assert len(after) == len(before) + 1
    assert (after.count("act.refused") > before.count("act.refused")) == (permission == "read")


@pytest.mark.parametrize("act", [act for act in ACTS if act != "create"])
def test_another_tenants_events_answer_as_missing(act: str, db: Database, new_actor: ActorFactory) -> None:
    ours, stranger = new_actor("admin"), new_actor("admin")
    create(ours)
    create(ours, replace(GOOD, event_type="GONE"))
    delete(ours, 1, "GONE")
    before = trail(db, ours)
    with pytest.raises(NotFound):
        ACTS[act](stranger)
    assert trail(db, ours) == before and entry(stranger) is None
    create(stranger)  # the same type is free there
    assert (own(ours) or 0).version == (own(stranger) or 0).version == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("event_type", ["NO_SUCH", "TICKET_CREATED", "", "\0", "\ud800", "x" * 10_000])
def test_what_is_no_own_event_cannot_be_changed(event_type: str, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for act in (
        lambda: change(actor, GOOD, 1, event_type),
        lambda: delete(actor, 1, event_type),
        lambda: restore(actor, event_type),
    ):
        with pytest.raises(NotFound):
            act()


def test_bad_input_names_the_first_problem_and_saves_nothing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with pytest.raises(InvalidInput, match=r"name: The name must not be empty\. And 1 more"):
        create(actor, replace(GOOD, name=" ", payload_schema={"type": "nix"}))
    create(actor)
    with pytest.raises(InvalidInput, match="/type: Must be one of"):
        change(actor, replace(GOOD, name="Other", payload_schema={"type": "nix"}), 1)
    with pytest.raises(InvalidInput, match="status: must be one of"):
        set_status(actor, "live", 1)
    with pytest.raises(InvalidInput, match="of your own already"):
        create(actor)
    now = own(actor)
    assert now is not None and (now.name, now.version) == ("Device offline", 1) and len(trail(db, actor)) == 1
    with db.owner.connect() as conn:
        count = text("SELECT count(*) FROM payload_schemas WHERE tenant = :t")
        assert conn.execute(count, {"t": actor.tenant}).scalar_one() == 1


def test_of_two_who_edit_the_second_is_told_by_name_and_nothing_is_overwritten(new_actor: ActorFactory) -> None:
    ada = new_actor()
    bob = new_actor(tenant=ada.tenant)
    create(ada)
    change(ada, replace(GOOD, name="Ada's"), 1)
    for act in (
        lambda: change(bob, replace(GOOD, name="Bob's"), 1),
        lambda: set_status(bob, "draft", 1),
        lambda: delete(bob, 1),
    ):
        with pytest.raises(Conflict, match=rf"{ada.email} changed {TYPE} meanwhile; nothing of yours was saved"):
            act()
    now = own(ada)
    assert now is not None and (now.name, now.version, now.updated_by) == ("Ada's", 2, ada.email)


def test_of_two_who_define_at_once_one_is_told(db: Database, new_actor: ActorFactory) -> None:
    ada = new_actor()
    bob = new_actor(tenant=ada.tenant)
    with database.write(ada) as conn:
        own_events.create(conn, ada, definition=GOOD)
        found: list[BaseException] = []

        def second() -> None:
            try:
                create(bob)
            except BaseException as error:
                found.append(error)

        other = threading.Thread(target=second)
        other.start()
        await_waiting(db)
    other.join()
    assert [type(one) for one in found] == [Conflict] and "already has an event of that type" in str(found[0])


def test_an_override_takes_the_systems_place_and_its_deletion_gives_it_back(new_actor: ActorFactory) -> None:
    actor, stranger = new_actor(), new_actor()
    before = entry(actor, "TICKET_CREATED")
    send(actor, {}, "TICKET_CREATED")
    create(actor, replace(GOOD, event_type="TICKET_CREATED", name="Our ticket"))
    now = entry(actor, "TICKET_CREATED")
    assert now is not None and (now.name, now.source, now.schema) == ("Our ticket", "tenant", SCHEMA)
    assert entry(stranger, "TICKET_CREATED") == before
    assert use(actor, "TICKET_CREATED").overrides and not use(actor, "TICKET_CREATED").keeps_it
    assert delete(actor, 1, "TICKET_CREATED") == "deleted", "nothing is lost: the system has it"
    assert entry(actor, "TICKET_CREATED") == before
    restore(actor, "TICKET_CREATED")
    assert (entry(actor, "TICKET_CREATED") or 0).name == "Our ticket"  # type: ignore[union-attr]


def test_what_has_traffic_is_deprecated_and_tests_are_no_traffic(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    send(actor, {"deviceId": "a"}, origin="simulated")
    assert not use(actor).keeps_it and use(actor).events == 0
    send(actor, {"deviceId": "a"})
    assert (use(actor).events, use(actor).recent_events) == (1, 1)
    assert delete(actor, 1) == "deprecated"
    now = entry(actor)
    assert now is not None and now.status == "deprecated"
    assert delete(actor, 2) == "deprecated" and (own(actor) or 0).version == 2  # type: ignore[union-attr]
    assert set_status(actor, "active", 2) == 3


def test_what_a_workflow_reacts_to_or_waits_for_is_deprecated(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    create(actor, replace(GOOD, event_type="AWAITED"))
    wait = {"id": "w", "type": "event.wait", "config": {"eventName": "AWAITED", "correlationKey": "payload.deviceId"}}
    published(actor, steps=[wait])
    assert [one.name for one in use(actor).attached] == [f"On {TYPE}"]
    assert use(actor, "AWAITED").awaited_by == (f"On {TYPE}",)
    assert delete(actor, 1) == delete(actor, 1, "AWAITED") == "deprecated"


def test_a_deleted_event_is_seen_by_nobody_and_its_type_is_free(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    delete(actor, 1)
    assert entry(actor) is None and own(actor) is None
    with pytest.raises(NotFound):
        send(actor, {"deviceId": "a"})
    with database.read(actor) as conn:
        found = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(), now=datetime.now(UTC))
        assert (
            validation.surroundings(conn, tenant=actor.tenant, definition={"trigger": {"eventName": TYPE}}).event
            is None
        )
    assert [(one.event_type, one.deleted_by) for one in found.deleted] == [(TYPE, actor.email)]
    create(actor, replace(GOOD, name="The second"))
    now = own(actor)
    assert now is not None and now.payload_schema_ref == f"inline.{TYPE}.v2", "refs are never used again"
    with pytest.raises(Conflict, match="already has an event of that type"):
        restore(actor)
    assert delete(actor, 1) == "deleted"
    restore(actor)
    assert (own(actor) or 0).name == "The second", "the one that was deleted last"  # type: ignore[union-attr]


def test_who_comes_second_is_told_what_became_of_the_event(new_actor: ActorFactory) -> None:
    ada = new_actor()
    ben = new_actor(tenant=ada.tenant)
    create(ada)
    delete(ben, 1)
    told = rf"^Device offline was deleted by {ben.email}, so nothing was changed\. Its page offers to undo that\.$"
    for act in (
        lambda: change(ada, replace(GOOD, name="Other"), 1),
        lambda: set_status(ada, "deprecated", 1),
        lambda: delete(ada, 1),
    ):
        with pytest.raises(NotFound, match=told):
            act()
    restore(ben)
    with pytest.raises(Conflict, match=r"is in the catalog already: somebody brought it back"):
        restore(ada)


@pytest.mark.own_database
def test_after_seven_days_it_is_gone_for_good(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    create(actor, replace(GOOD, event_type="LATER"))
    delete(actor, 1)
    delete(actor, 1, "LATER")
    with db.owner.begin() as conn:
        conn.execute(
            text("UPDATE event_catalog SET deleted_at = deleted_at - :week WHERE event_type = :e"),
            {"week": timedelta(days=7), "e": TYPE},
        )
    with pytest.raises(NotFound, match="deleted in the last 7 days"):
        restore(actor)
    upkeep._remove_deleted_events()
    with db.owner.connect() as conn:
        assert conn.execute(text("SELECT array_agg(event_type) FROM event_catalog")).scalar_one() == ["LATER"]
    restore(actor, "LATER")


def test_the_effects_name_what_breaks_in_whom(new_actor: ActorFactory) -> None:
    actor = new_actor()
    assert effects(actor, GOOD) == Effects(None, None, ())
    create(actor)
    published(actor)
    assert effects(actor, GOOD).broken == () and len(effects(actor, GOOD).attached) == 1
    broken = replace(GOOD, example=None, payload_schema=CHANGED)
    (one,) = effects(actor, broken).broken
    assert {(read.field, read.change) for read in one.reads} == {("deviceId", "changed in type"), ("rack", "removed")}
    assert (effects(actor, broken).before, effects(actor, broken).after) == (SCHEMA, CHANGED)
    named = replace(
        GOOD, example=None, payload_schema=None, payload_schema_ref="payload.TicketCreated.v1", correlation_paths=()
    )
    assert effects(actor, named).broken


def test_the_effects_name_the_mapping_that_reads_in_vain(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    mapping = {"deviceId": {"$expr": "event.payload.deviceId"}}
    published(actor, payloadMapping=mapping)
    (one,) = effects(actor, replace(GOOD, example=None, payload_schema=CHANGED)).broken
    assert [(read.target, read.field, read.change) for read in one.reads] == [
        ("deviceId", "deviceId", "changed in type")
    ]


def test_a_schema_that_an_old_row_holds_moves_to_the_registry(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, TYPE, schema=SCHEMA)
    before = own(actor)
    assert before is not None and before.payload_schema_ref is None and not before.is_inline
    assert change(actor, replace(GOOD, payload_schema=None, payload_schema_ref=None, correlation_paths=()), 1) == 2
    assert (entry(actor) or 0).schema is None, "it was said that there is none"  # type: ignore[union-attr]
    assert change(actor, GOOD, 2) == 3
    assert (entry(actor) or 0).payload_schema_ref == f"inline.{TYPE}.v1"  # type: ignore[union-attr]
