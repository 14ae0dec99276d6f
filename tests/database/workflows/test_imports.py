"""What an import does to a catalog: said before, done for what is chosen, all or nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import event

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries, exports, schema_registry
from lib.catalog.definitions import EntryDefinition
from lib.catalog.interchange import reading
from lib.catalog.interchange.writing import ExportedEntry
from lib.database import Database
from lib.errors import Conflict, InvalidInput, PermissionDenied
from lib.schemas import compatibility
from lib.workflows import imports, own_events
from lib.workflows.imports import ImportResult, PlannedChange
from tests.conftest import ActorFactory
from tests.support import catalog_entries
from tests.unit.catalog.interchange.test_writing import FORMATS

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "rack": {"type": "integer"}},
    "required": ["id"],
}


def document(*events: Mapping[str, Any], **schemas: Any) -> dict[str, str]:
    named = {ref.replace("__", "."): schema for ref, schema in schemas.items()}
    return {"given.json": json.dumps({"event_catalog": 1, "events": events, "schemas": named})}


def entry(event_type: str = "DEVICE_LOST", **said: Any) -> dict[str, Any]:
    return {"event_type": event_type, "name": "Device lost", "category": "Devices", "schema": SCHEMA, **said}


def plan(actor: Actor, files: Mapping[str, str | bytes], **options: Any) -> list[PlannedChange]:
    with database.read(actor) as conn:
        return imports.plan(conn, tenant=actor.tenant, document=reading.read(files), **options)


def apply(actor: Actor, planned: list[PlannedChange], chosen: Collection[str] | None = None) -> ImportResult:
    keys = [change.key for change in planned] if chosen is None else chosen
    with database.write(actor) as conn:
        return imports.apply(conn, actor, plan=planned, chosen=keys, source="given.json")


def kinds(planned: list[PlannedChange]) -> dict[str, str]:
    return {change.name: change.kind for change in planned}


def own_types(actor: Actor) -> list[str]:
    with database.read(actor) as conn:
        given = exports.read(conn, tenant=actor.tenant)
    return [one.event_type for one in given if one.source == "tenant"]


def exported(actor: Actor, event_type: str) -> ExportedEntry:
    with database.read(actor) as conn:
        return exports.read(conn, tenant=actor.tenant, event_types=[event_type])[0]


def test_a_new_event_is_planned_applied_and_then_unchanged(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    files = document(entry(owner="field", tags=["x"], correlation_paths=["id"], example={"id": "1"}, status="beta"))
    [change] = plan(actor, files)
    assert (change.kind, change.key, change.title, change.reason) == ("new", "event DEVICE_LOST", "Device lost", "")
    assert own_types(actor) == []  # a plan writes nothing
    assert apply(actor, [change]) == ImportResult(new=("DEVICE_LOST",))
    made = exported(actor, "DEVICE_LOST")
    assert (made.owner, made.tags, made.status, made.schema) == ("field", ("x",), "beta", SCHEMA)
    assert made.payload_schema_ref is None and made.source == "tenant"
    assert kinds(plan(actor, files)) == {"DEVICE_LOST": "unchanged"}
    assert apply(actor, plan(actor, files)) == ImportResult()


def test_a_long_type_without_a_name_gets_a_shorter_one(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    long = "DEVICE_" * 28 + "LOST"
    [change] = plan(actor, document({"event_type": long, "category": "Devices"}))
    assert (change.kind, change.reason) == ("new", "")
    apply(actor, [change])
    assert exported(actor, long).name == ("Device " * 20)[:120].rstrip()


def test_a_change_is_told_with_its_verdict(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    apply(actor, plan(actor, document(entry())))
    closed = {**SCHEMA, "required": ["id", "rack"]}
    grown = {**SCHEMA, "properties": {**SCHEMA["properties"], "row": {"type": "string"}}}
    other = {**SCHEMA, "properties": {"id": {"type": "integer"}}}
    for schema, verdict in ((closed, "FORWARD"), (grown, "FULL"), (other, "BREAKING")):
        [change] = plan(actor, document(entry(schema=schema)))
        assert (change.kind, change.changes, change.verdict) == ("changed", ("schema",), verdict)
    [change] = plan(actor, document({"event_type": "DEVICE_LOST", "owner": "field"}))
    assert (change.kind, change.changes, change.verdict) == ("changed", ("owner",), None)
    assert apply(actor, [change]) == ImportResult(changed=("DEVICE_LOST",))
    assert exported(actor, "DEVICE_LOST").schema == SCHEMA  # what a document does not say stays as it is


def test_a_new_version_of_a_schema_is_told_against_its_family(new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    first = {"type": "object", "properties": {"id": {"type": "string"}}}
    wider = {"type": "object", "properties": {"id": {"type": "string"}, "rack": {"type": "integer"}}}
    other = {"type": "object", "properties": {"id": {"type": "integer"}}}
    with database.write(actor) as conn:
        schema_registry.register(conn, actor, schemas={"acme.Device.v2": first, "acme.Device.v10": first})
    files = document(
        acme__Device__v11=wider,
        acme__Device__v12=other,
        acme__Device__v10=first,
        acme__New__v1=first,
        acme__New__v2=wider,
    )
    told = {change.name: (change.kind, change.changes, change.verdict) for change in plan(actor, files)}
    assert told == {
        "acme.Device.v10": ("unchanged", (), None),
        "acme.Device.v11": ("new", ("since acme.Device.v10",), compatibility.compare(first, wider).verdict()),
        "acme.Device.v12": ("new", ("since acme.Device.v11",), "BREAKING"),
        "acme.New.v1": ("new", (), None),
        "acme.New.v2": ("new", ("since acme.New.v1",), compatibility.compare(first, wider).verdict()),
    }


def test_a_system_event_that_is_changed_becomes_an_own_one(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    [change] = plan(actor, document({"event_type": "TICKET_CREATED", "owner": "desk"}))
    assert (change.kind, change.changes, change.version) == ("changed", ("owner",), None)
    before = exported(actor, "TICKET_CREATED")
    apply(actor, [change])
    assert exported(actor, "TICKET_CREATED") == replace(before, owner="desk", source="tenant")


def test_refs_are_registered_by_admins_and_inline_for_managers(db: Database, new_actor: ActorFactory) -> None:
    files = document(
        {"event_type": "A_B", "name": "A", "payload_schema_ref": "acme.Device.v1"},
        {"event_type": "C_D", "name": "C", "payload_schema_ref": "acme.Nobody.v1"},
        {"event_type": "E_F", "name": "E", "payload_schema_ref": "payload.TicketCreated.v1", "schema": SCHEMA},
        {"event_type": "G_H", "name": "G", "payload_schema_ref": "payload.TicketClosed.v1"},
        acme__Device__v1=SCHEMA,
        payload__Own__v1={"type": 7},
        payload__TicketCreated__v9=SCHEMA,
        no_ref=SCHEMA,
    )
    manager, admin = new_actor("manage"), new_actor("admin")
    planned = plan(manager, files)
    assert kinds(planned) == {
        "A_B": "new",
        "C_D": "invalid",
        "E_F": "invalid",
        "G_H": "new",
        "acme.Device.v1": "new",
        "payload.Own.v1": "invalid",
        "payload.TicketCreated.v1": "invalid",
        "payload.TicketCreated.v9": "invalid",
        "no_ref": "invalid",
    }
    reasons = {change.name: change.reason for change in planned}
    assert "no schema acme.Nobody.v1" in reasons["C_D"] and "never changes" in reasons["payload.TicketCreated.v1"]
    assert reasons["E_F"].startswith("The ref payload.TicketCreated.v1 is registered with another schema")
    with pytest.raises(PermissionDenied):
        apply(manager, planned)
    assert own_types(manager) == []
    assert apply(manager, planned, ["event A_B"]) == ImportResult(new=("A_B",))
    assert exported(manager, "A_B").payload_schema_ref is None and exported(manager, "A_B").schema == SCHEMA
    assert kinds(plan(manager, files))["A_B"] == "unchanged"
    planned = plan(admin, files)
    assert apply(admin, planned) == ImportResult(new=("A_B", "G_H"), registered=("acme.Device.v1",))
    assert exported(admin, "A_B").payload_schema_ref == "acme.Device.v1"
    with database.read(admin) as conn:
        assert schema_registry.exact(conn, tenant=admin.tenant, refs=["acme.Device.v1"]) == {"acme.Device.v1": SCHEMA}
    again = kinds(plan(admin, files))
    assert again["A_B"] == again["acme.Device.v1"] == "unchanged"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"event_type": "é!"}, "An event type has up to"),
        ({"event_type": "A" * 300}, "has 300 characters"),
        ({"event_type": "😀"}, "An event type has up to"),
        ({"name": "  "}, "The name must not be empty"),
        ({"name": "x" * 300}, "The name has 300 characters"),
        ({"category": " "}, "The category must not be empty"),
        ({"description": "x" * 3000}, "The description has 3000 characters"),
        ({"tags": ["x" * 50]}, "The tag x"),
        ({"tags": [f"t{n}" for n in range(30)]}, "There are 30 tags"),
        ({"correlation_paths": ["serial"]}, "The schema has no field serial"),
        ({"correlation_paths": [".."]}, "must name fields with dots"),
        ({"example": {"id": 1}}, "The example does not fit the schema"),
        ({"schema": {"type": "objekt"}}, "/type"),
        ({"schema": {"$schema": "https://example.com/mine"}}, "which is none of the drafts"),
        ({"schema": True}, "must be an object"),
        ({"schema": {"pattern": "("}}, "pattern"),
        ({"schema": {"required": "id"}}, "/required"),
        ({"schema": {"properties": []}}, "/properties"),
        ({"schema": {"const": "x" * 300_000}}, "at most 262,144"),
        ({"payload_schema_ref": "no such ref", "schema": None}, "The registry has no schema no such ref"),
    ],
)
def test_an_event_that_does_not_fit_is_invalid_with_a_reason(
    db: Database, new_actor: ActorFactory, given: dict[str, Any], words: str
) -> None:
    actor = new_actor("manage")
    bad = {name: value for name, value in {**entry("BAD_ONE"), **given}.items() if value is not None}
    files = {"given.json": json.dumps({"event_catalog": 1, "events": [bad, entry()]})}
    planned = plan(actor, files)
    assert [change.kind for change in planned] == ["invalid", "new"]
    assert words in planned[0].reason
    assert "\n" not in planned[0].reason
    assert apply(actor, planned) == ImportResult(new=("DEVICE_LOST",))


def test_what_others_say_is_left_out_where_it_does_not_fit(db: Database, new_actor: ActorFactory) -> None:
    message = {
        "name": "lampBroken",
        "title": "t" * 200,
        "description": "d" * 3000,
        "tags": [{"name": "x" * 60}, {"name": "ok"}],
        "correlationId": {"location": "$message.payload#/nobody"},
        "examples": [{"payload": {"id": 7}}],
        "payload": SCHEMA,
    }
    given = {
        "asyncapi": "3.0.0",
        "info": {"title": "Lamps", "version": "1"},
        "components": {"messages": {"x": message}},
    }
    actor = new_actor("manage")
    [change] = plan(actor, {"a.json": json.dumps(given)})
    assert change.kind == "new" and change.reason.count("Left out: ") == 2
    apply(actor, [change])
    made = exported(actor, "LAMP_BROKEN")
    assert (made.category, made.tags, made.example, made.correlation_paths) == ("Lamps", ("ok",), None, ())
    assert len(made.name) == 120 and len(made.description) == 2000
    assert kinds(plan(actor, {"a.json": json.dumps(given)})) == {"LAMP_BROKEN": "unchanged"}
    [change] = plan(new_actor("manage"), {"a.json": json.dumps(given)}, category="Street ")
    assert change.definition is not None and change.definition.category == "Street"


def test_an_import_is_all_or_nothing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    planned = plan(actor, document(entry("A_B"), entry("C_D")))
    with database.write(actor) as conn:
        own_events.create(conn, actor, definition=EntryDefinition("C_D", "C", category="C"))
    with pytest.raises(InvalidInput, match=r"C_D.*Nothing was imported"):
        apply(actor, planned)
    assert own_types(actor) == ["C_D"]
    planned = plan(actor, document(entry("A_B"), entry("C_D")))
    with database.write(actor) as conn:
        own_events.set_status(conn, actor, event_type="C_D", status="beta", expected_version=1)
    with pytest.raises(Conflict, match=r"C_D.*Nothing was imported"):
        apply(actor, planned)
    assert own_types(actor) == ["C_D"]


def test_readers_may_plan_and_not_apply(db: Database, new_actor: ActorFactory) -> None:
    reader = new_actor("read")
    planned = plan(reader, document(entry()))
    assert kinds(planned) == {"DEVICE_LOST": "new"}
    with pytest.raises(PermissionDenied):
        apply(reader, planned)


def test_another_tenant_sees_nothing_of_it(db: Database, new_actor: ActorFactory) -> None:
    one, other = new_actor("admin"), new_actor("admin")
    files = document(entry(schema=None, payload_schema_ref="acme.Device.v1"), acme__Device__v1=SCHEMA)
    files = {"given.json": files["given.json"].replace('"schema": null, ', "")}
    apply(one, plan(one, files))
    assert kinds(plan(one, files)) == {"DEVICE_LOST": "unchanged", "acme.Device.v1": "unchanged"}
    assert kinds(plan(other, files)) == {"DEVICE_LOST": "new", "acme.Device.v1": "new"}


def test_an_import_has_a_line_of_its_own_beside_that_of_each_entry(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    apply(actor, plan(actor, document(entry("A_B"))))
    files = document(entry("A_B", owner="x"), entry("C_D"), {"event_type": "E_F", "name": "E"}, acme__D__v1=SCHEMA)
    apply(actor, plan(actor, files), ["event A_B", "event C_D", "schema acme.D.v1"])
    with database.read(actor) as conn:
        rows = conn.exec_driver_sql(
            "SELECT action, target_id, detail FROM audit_logs WHERE user_id = %s", (actor.user_id,)
        ).all()
    assert Counter(row.action for row in rows) == {
        "event_type.defined": 2,
        "event_type.changed": 1,
        "schema.registered": 1,
        "catalog.imported": 2,
    }
    [last] = [row for row in rows if row.action == "catalog.imported" and row.detail["changed"]]
    assert last.target_id == "given.json" and last.detail == {"new": 1, "changed": 1, "registered": 1}


@pytest.mark.parametrize("name", FORMATS)
def test_the_whole_catalog_is_unchanged_when_it_comes_back(db: Database, new_actor: ActorFactory, name: str) -> None:
    actor = new_actor("admin")
    files = document(
        entry(owner="field", tags=["a,b", "=1"], example={"id": "=1+1"}, correlation_paths=["id"]),
        {"event_type": "TICKET_CREATED", "owner": "desk"},
        {"event_type": "NO.SCHEMA", "name": "No schema"},
        {"event_type": "WITH_REF", "name": "Ref", "payload_schema_ref": "acme.Device.v1"},
        entry("OLD_DRAFT", schema={"$schema": "http://json-schema.org/draft-04/schema#", **SCHEMA}),
        acme__Device__v1=SCHEMA,
    )
    apply(actor, plan(actor, files))
    with database.read(actor) as conn:
        given = exports.read(conn, tenant=actor.tenant)
        system = len(entries.event_types(conn, tenant=actor.tenant)) - 4
    assert len(given) == system + 4 and sum(one.source == "tenant" for one in given) == 5
    planned = plan(actor, {name: FORMATS[name](given)})
    assert {
        change.name: (change.kind, change.changes, change.reason) for change in planned if change.kind != "unchanged"
    } == {}
    assert sum(change.subject == "event" for change in planned) == len(given)


@pytest.mark.hypothesis
def test_what_another_tenant_exports_can_be_taken_over_whole(db: Database, new_actor: ActorFactory) -> None:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(catalog_entries.ENTRIES)
    def taken_over(drawn: ExportedEntry) -> None:
        example = None if drawn.schema else drawn.example  # hypothesis does not know what fits
        given_entry = replace(drawn, event_type="DRAWN", source="tenant", correlation_paths=(), example=example)
        for name, write in FORMATS.items():
            found = [change for change in plan(actor, {name: write([given_entry])}) if change.subject == "event"]
            if found[0].kind == "invalid":
                continue  # what hypothesis drew is no entry: its schema has a $ref that leads to no schema, say
            taken.add(str(given_entry.schema))
            with database.write(actor) as conn:
                imports.apply(conn, actor, plan=found, chosen=[found[0].key], source=name)
            assert kinds(plan(actor, {name: write([given_entry])}))["DRAWN"] == "unchanged"

    actor, taken = new_actor("admin"), set[str]()
    taken_over()
    assert len(taken) > 2


def test_a_document_with_300_events_is_planned_by_a_few_statements(db: Database, new_actor: ActorFactory) -> None:
    """Looking at a document again, as a team's pipeline does, must not ask for each event."""
    actor = new_actor("manage")
    files = document(*(entry(f"DEVICE_{n}") for n in range(300)))
    apply(actor, plan(actor, files))
    given, statements = reading.read(files), list[str]()
    with database.read(actor) as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
        planned = imports.plan(conn, tenant=actor.tenant, document=given)
    assert Counter(change.kind for change in planned) == {"unchanged": 300}
    assert len(statements) < 5
