"""The schema registry: who may register what, which refs are taken, what is found, and what uses it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.schema_registry import PAGE_SIZE, RegistryFilters, RegistryPage
from lib.database import Connection, Database
from lib.errors import InvalidInput, PermissionDenied, SchemaConflict
from lib.schemas.outline import outline
from lib.serialization import strict_json
from lib.workflows import schema_impact
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import attach, edit, publish
from tests.support.hostile_texts import TEXTS
from tests.support.tenant_catalog import add_entry
from tests.support.workflow_runs import log_step

DEVICE = {"type": "object", "properties": {"deviceId": {"type": "string"}, "clientId": {"type": "string"}}}
NESTED = {"type": "object", "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}}}
NESTED["$defs"] = {"line": {"anyOf": [{"type": "object", "properties": {"ClientIdOfLine": {"type": "integer"}}}]}}


def register(actor: Actor, schemas: dict[str, Any], **named: Any) -> list[str]:
    with database.write(actor) as conn:
        return schema_registry.register(conn, actor, schemas=schemas, **named)


def found(actor: Actor, **filters: Any) -> RegistryPage:
    with database.read(actor) as conn:
        return schema_registry.families(conn, tenant=actor.tenant, filters=RegistryFilters(**filters))


def names(actor: Actor, **filters: Any) -> list[str]:
    return [one.family for one in found(actor, **filters).families]


def versions(actor: Actor, family: str) -> list[str]:
    with database.read(actor) as conn:
        return [one.schema_ref for one in schema_registry.versions(conn, tenant=actor.tenant, family=family)]


# -- registering ----------------------------------------------------------------------------------


def test_an_admin_registers_and_the_trail_says_so(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    assert register(admin, {"acme.Device.v2": DEVICE, "acme.Device.v1": DEVICE}) == ["acme.Device.v1", "acme.Device.v2"]
    assert versions(admin, "acme.Device") == ["acme.Device.v2", "acme.Device.v1"]
    with db.owner.connect() as conn:
        acts = conn.execute(
            text("SELECT action, target_id, user_id FROM audit_logs WHERE tenant = :t ORDER BY target_id"),
            {"t": admin.tenant},
        ).all()
    assert acts == [("schema.registered", f"acme.Device.v{n}", admin.user_id) for n in (1, 2)]


@pytest.mark.parametrize(("permission", "may", "may_inline"), [("read", 0, 0), ("manage", 0, 1), ("admin", 1, 1)])
def test_who_may_register(new_actor: ActorFactory, permission: str, may: bool, may_inline: bool) -> None:
    actor = new_actor(permission)
    for allowed, ref, named in ((may, "acme.A.v1", {}), (may_inline, "inline.A.v1", {"inline_of": "A"})):
        if allowed:
            assert register(actor, {ref: DEVICE}, **named) == [ref]
        else:
            with pytest.raises(PermissionDenied):
                register(actor, {ref: DEVICE}, **named)
            assert versions(actor, schema_registry.family_of(ref)) == []


def test_the_same_again_changes_nothing_and_another_schema_is_refused(new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {"acme.A.v1": DEVICE})
    assert register(admin, {"acme.A.v1": dict(reversed(DEVICE.items()))}) == []
    with pytest.raises(SchemaConflict, match=r"acme\.A\.v1 is registered .* as acme\.A\.v2"):
        register(admin, {"acme.A.v1": {"type": "object"}, "acme.B.v1": DEVICE})
    assert versions(admin, "acme.B") == [], "nothing is half saved"
    with database.read(admin) as conn:
        assert schema_registry.schema(conn, tenant=admin.tenant, ref="acme.A.v1") == DEVICE


def test_a_page_cannot_change_or_delete_what_is_registered(new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {"acme.A.v1": DEVICE})
    for statement in ("UPDATE payload_schemas SET schema = '{}'", "DELETE FROM payload_schemas"):
        with pytest.raises(DBAPIError, match="permission denied"), database.write(admin) as conn:
            conn.execute(text(statement))


def test_the_systems_families_are_the_systems(new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    for ref in ("payload.TicketCreated.v2", "payload.TicketCreated.v999"):
        with pytest.raises(InvalidInput, match=r"system's family payload\.TicketCreated"):
            register(admin, {ref: DEVICE})
    with database.read(admin) as conn:
        system = schema_registry.exact(conn, tenant=admin.tenant, refs=["payload.TicketCreated.v1"])
    assert register(admin, system) == [], "what it has already is no change"
    with pytest.raises(SchemaConflict):
        register(admin, {"payload.TicketCreated.v1": DEVICE})


TYPED = st.sampled_from(sorted(TEXTS.values())) | st.text(max_size=30)
BAD_REFS = [
    *("", "v1", "acme", "acme.A", "acme.A.v0", "acme.A.v01", "acme.A.v1234567890", "acme..A.v1", ".acme.v1"),
    *(
        "acme.A.v1.",
        "acme A.v1",
        "acme/A.v1",
        "ácme.A.v1",
        "1acme.A.v1",
        f"a{'b' * 200}.v1",
        "acme.A.V1",
        "acme.A.v1\n",
    ),
    *("acme.\u0000.v1", "acme.😀.v1", "../a.v1", "inline.A.v1", "acme.A.v١"),
]
BAD_SCHEMAS: list[tuple[Any, str]] = [
    (None, "must be an object"),
    ([], "must be an object"),
    (True, "must be an object"),
    ({"type": "strin"}, "at /type"),
    ({"properties": []}, "at /properties"),
    ({"pattern": "("}, "regular expression"),
    ({"$ref": "https://a.example/x"}, "nothing is fetched"),
    ({"$ref": "#/$defs/none"}, "not in it"),
    ({"allOf": [{"$ref": "#"}]}, "without end"),
    ({"minimum": "1"}, "at /minimum"),
    ({"title": "a\u0000b"}, "NUL|U\\+0000|null"),
    ({"description": "x" * 300_000}, "large|bytes|long"),
]


@pytest.mark.parametrize("ref", BAD_REFS)
def test_a_bad_ref_is_refused_with_a_sentence(new_actor: ActorFactory, ref: str) -> None:
    admin = new_actor("admin")
    with pytest.raises(InvalidInput) as refused:
        register(admin, {"acme.Good.v1": DEVICE, ref: DEVICE})
    assert refused.value.field == "schema ref" and refused.value.sentence.isprintable()
    assert versions(admin, "acme.Good") == []


@pytest.mark.parametrize(("schema", "cause"), BAD_SCHEMAS, ids=[str(n) for n in range(len(BAD_SCHEMAS))])
def test_what_is_no_schema_is_refused_with_its_cause(new_actor: ActorFactory, schema: Any, cause: str) -> None:
    admin = new_actor("admin")
    with pytest.raises(InvalidInput, match=cause) as refused:
        register(admin, {"acme.Good.v1": DEVICE, "acme.Bad.v1": schema})
    assert "acme.Bad.v1" in refused.value.field
    assert versions(admin, "acme.Good") == []


def test_an_inline_ref_is_of_its_event_alone(new_actor: ActorFactory) -> None:
    manager = new_actor()
    register(manager, {"inline.A_B.v1": DEVICE}, inline_of="A_B")
    for ref, event_type in (("inline.A_B.v1", "A"), ("acme.A.v1", "A"), ("inline.A.B.v1", "A")):
        with pytest.raises(InvalidInput, match=r"must be inline\.A with a version"):
            register(manager, {ref: DEVICE}, inline_of=event_type)
    assert names(manager, kind="event") == ["inline.A_B"]
    assert found(manager, kind="event").families[0].inline_of == "A_B"
    assert "inline.A_B" not in names(manager, kind="tenant")


def test_another_tenant_sees_nothing_of_it(new_actor: ActorFactory) -> None:
    admin, stranger = new_actor("admin"), new_actor("admin")
    register(admin, {"acme.Device.v1": DEVICE})
    assert names(stranger, search="acme") == [] and versions(stranger, "acme.Device") == []
    assert register(stranger, {"acme.Device.v1": {"type": "object"}}) == ["acme.Device.v1"], "its names are its own"
    with database.read(stranger) as conn:
        assert schema_registry.exact(conn, tenant=admin.tenant, refs=["acme.Device.v1"]) == {}


def test_numbers_are_kept_as_they_were_written(new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {"acme.A.v1": {"type": "number", "maximum": 9007199254740993, "multipleOf": 0.1}})
    with database.read(admin) as conn:
        (kept,) = schema_registry.exact(conn, tenant=admin.tenant, refs=["acme.A.v1"]).values()
    assert kept["maximum"] == 9007199254740993


# -- finding --------------------------------------------------------------------------------------


def test_families_are_found_by_words_and_kind(new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(
        admin, {"acme.Device.v1": DEVICE, "acme.Device.v10": DEVICE, "acme.Device.v9": DEVICE, "acme.Line.v1": NESTED}
    )
    assert names(admin, kind="tenant") == ["acme.Device", "acme.Line"]
    (device,) = found(admin, search="device ACME").families
    assert (device.newest, device.version, device.versions, device.kind) == ("acme.Device.v10", 10, 3, "tenant")
    assert names(admin, search="payload ticketcreated") == ["payload.TicketCreated"]
    assert "acme.Device" not in names(admin, kind="system")
    everything = found(admin)
    assert everything.total > 100 and len(everything.families) == PAGE_SIZE and everything.pages > 2
    assert names(admin, page=2)[0] != names(admin)[0] and names(admin, page=9999) == names(admin)


def test_a_field_is_found_at_any_depth_by_a_part_of_its_name(new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {"acme.Line.v1": NESTED, "acme.Device.v1": DEVICE, "acme.Device.v2": {"type": "object"}})
    matched = {one.family: one.fields for one in found(admin, field="CLIENTID", kind="tenant").families}
    assert matched == {"acme.Device": ("clientId",), "acme.Line": ("lines[].ClientIdOfLine",)}
    assert next(iter(matched)) == "acme.Device", "just this name comes first"
    assert found(admin, field="clientid", kind="tenant").families[0].newest == "acme.Device.v1", "v2 has it no more"
    assert names(admin, field="nosuchfield") == []


def carrying(conn: Connection, actor: Actor, field: str) -> list[tuple[str, str]]:
    """(event type, path) of the events whose payload has a field with this text in its name."""
    found = schema_registry.families(conn, tenant=actor.tenant, filters=RegistryFilters(field=field)).families
    return [(event_type, path) for one in found for event_type, _ in one.events for path in one.fields]


def test_which_events_carry_a_field(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {"acme.Line.v1": NESTED})
    add_entry(db, admin.tenant, "LINES", ref="acme.Line.v1")
    with database.read(admin) as conn:
        carried = carrying(conn, admin, "clientIdOfLine")
        tickets = carrying(conn, admin, "ticketId")
    assert carried == [("LINES", "lines[].ClientIdOfLine")]
    assert ("TICKET_CREATED", "ticketId") in tickets


def test_every_field_that_the_outline_shows_is_found(new_actor: ActorFactory) -> None:
    """The text that is searched holds each name that the list of fields has, of every system schema."""
    actor = new_actor()
    with database.read(actor) as conn:
        rows = conn.execute(
            text("SELECT CAST(schema AS text) AS schema, field_names FROM registered_schemas WHERE tenant = :t"),
            {"t": actor.tenant},
        ).all()
        for row in rows:
            waiting = list(outline(strict_json.loads(row.schema)))
            for one in waiting:
                waiting.extend(one.children)
                assert f"\n{one.name.lower()}\n" in row.field_names
    assert len(rows) > 100


@given(search=TYPED, field=TYPED, page=st.integers(-3, 10**12))
def test_any_filter_gives_an_answer(search: str, field: str, page: int, new_actor: ActorFactory) -> None:
    actor = new_actor()
    try:
        answer = found(actor, search=search, field=field, page=page)
    except InvalidInput as error:
        assert error.field in ("search", "field")
    else:
        assert len(answer.families) <= PAGE_SIZE and 1 <= answer.page <= answer.pages
    with database.read(actor) as conn:
        schema_registry.versions(conn, tenant=actor.tenant, family=search)


def test_a_page_takes_the_same_statements_whatever_it_holds(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {f"acme.F{number}.v1": DEVICE for number in range(120)})
    counts = set()
    for filters in ({"kind": "tenant", "field": "clientid"}, {"search": "acme.F1.", "field": "clientid"}):
        statements: list[str] = []

        def note(*given: Any, into: list[str] = statements) -> None:
            into.append(given[2])

        event.listen(db.app, "before_cursor_execute", note)
        try:
            found(admin, **filters)
        finally:
            event.remove(db.app, "before_cursor_execute", note)
        counts.add(len(statements))
    assert len(counts) == 1 and counts.pop() < 10


def test_what_uses_a_schema(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    register(admin, {"acme.Device.v1": DEVICE, "acme.Mine.v1": DEVICE})
    add_entry(db, admin.tenant, "DEVICE", name="Device", ref="acme.Device.v1")
    workflow = attach(admin, "Reacts", "DEVICE")
    with database.read(admin) as conn:
        used = schema_registry.uses(conn, tenant=admin.tenant, refs=["acme.Device.v1"])
    assert used.events == (("acme.Device.v1", "DEVICE", "Device"),)
    assert {(one.workflow_id, one.role) for one in used.workflows} == {(workflow, "payload"), (workflow, "trigger")}
    (family,) = found(admin, search="acme.device").families
    assert family.events == (("DEVICE", "Device"),) and family.workflows == 1


# -- mappings that break --------------------------------------------------------------------------


def test_mappings_that_break_on_another_version_are_named(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    lacking = {"type": "object", "properties": {"deviceId": {"type": "integer"}}}
    register(
        admin, {"acme.Device.v1": DEVICE, "acme.Device.v2": lacking, "acme.Device.v3": DEVICE, "acme.Mine.v1": DEVICE}
    )
    add_entry(db, admin.tenant, "DEVICE", name="Device", ref="acme.Device.v1")
    workflow = attach(admin, "Reacts", "DEVICE")
    mapping = {name: {"$expr": f"event.payload.{name}"} for name in ("deviceId", "clientId")}
    trigger = {"type": "event", "eventName": "DEVICE", "sourcePayloadSchemaRef": "acme.Device.v1"}
    edit(
        admin,
        workflow,
        payloadSchemaRef="acme.Mine.v1",
        trigger={**trigger, "payloadMapping": mapping},
        steps=[log_step("a")],
    )
    publish(admin, workflow)
    with database.read(admin) as conn:
        broken = schema_impact.broken_mappings(
            conn, tenant=admin.tenant, old_ref="acme.Device.v1", new_ref="acme.Device.v2"
        )
        fine = schema_impact.broken_mappings(
            conn, tenant=admin.tenant, old_ref="acme.Device.v1", new_ref="acme.Device.v3"
        )
        unknown = schema_impact.broken_mappings(
            conn, tenant=admin.tenant, old_ref="acme.Device.v1", new_ref="acme.None.v1"
        )
    assert [(one.workflow_id, one.name, one.event_type) for one in broken] == [(workflow, "Reacts", "DEVICE")]
    assert {(read.field, read.change) for read in broken[0].reads} == {
        ("clientId", "removed"),
        ("deviceId", "changed in type"),
    }
    assert fine == unknown == []
