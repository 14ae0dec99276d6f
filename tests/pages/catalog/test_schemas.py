"""The registry's pages: what is found, what a version says, how two compare, and who may add one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text as sql
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.database import Database
from lib.ui.components.text import escape
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import attach, edit, publish
from tests.support.hostile_texts import TEXTS
from tests.support.pages import label_of, open_page
from tests.support.statements import within_a_second
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import log_step

S, INT = {"type": "string"}, {"type": "integer"}
V1: dict[str, Any] = {"type": "object", "properties": {"deviceId": S, "clientId": S}}
V2: dict[str, Any] = {"type": "object", "properties": {"deviceId": S, "clientId": S, "note": S}}
V3: dict[str, Any] = {"type": "object", "properties": {"deviceId": INT, "note": S}, "required": ["note"]}


def register(actor: Actor, schemas: dict[str, Any], **named: Any) -> None:
    with database.write(actor) as conn:
        schema_registry.register(conn, actor, schemas=schemas, **named)


@pytest.fixture
def curator(new_actor: ActorFactory) -> Actor:
    actor = new_actor("admin")
    register(actor, {"acme.Device.v1": V1, "acme.Device.v2": V2, "acme.Device.v3": V3})
    return actor


def texts(app: AppTest) -> str:
    return "\n".join(one.value for one in [*app.markdown, *app.caption])


def schemas(*, person: str | None = None, **query: str) -> AppTest:
    return open_page("schemas.py", person=person, **query)


def listed(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Schema"]) if app.dataframe else []


# -- the list -------------------------------------------------------------------------------------


def test_the_url_says_what_is_listed(curator: Actor) -> None:
    assert "50 of 156 schemas" in texts(schemas())
    assert listed(schemas(schemaSearch="acme")) == ["acme.Device"]
    assert "acme.Device" not in listed(schemas(schemaKind="system"))
    assert listed(schemas(schemaKind="Tenant")) == ["acme.Device"]
    app = schemas(schemaField="CLIENTid", schemaKind="tenant")
    (row,) = app.dataframe[0].value.to_dict("records")
    # The newest version that still has the field.
    assert (row["Fields"], row["Newest"], row["Versions"]) == ("clientId", "v2", 3)
    assert (
        schemas(schemaPage="2").dataframe[0].value.iloc[0]["Schema"] != schemas().dataframe[0].value.iloc[0]["Schema"]
    )


def test_nothing_found_offers_everything(curator: Actor) -> None:
    app = schemas(schemaSearch="no such schema")
    assert "No schema matches these filters" in texts(app)
    app.button(key="all-schemas").click().run()
    assert "50 of 156 schemas" in texts(app) and "schemaSearch" not in app.query_params


#: What a URL can carry.
WRITABLE = [name for name, text in TEXTS.items() if text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)]


@pytest.mark.parametrize("name", WRITABLE)
def test_any_address_gives_an_answer(name: str, new_actor: ActorFactory) -> None:
    new_actor("read")
    for parameter in ("schemaSearch", "schemaField", "schemaKind", "schemaPage", "ref"):
        app = schemas(**{parameter: TEXTS[name]})
        assert not app.error, parameter
    app = schemas(**{"ref": "payload.TicketCreated.v1", "from": TEXTS[name], "to": TEXTS[name], "reading": TEXTS[name]})
    assert not app.error and app.title[0].value == "payload.TicketCreated"


# -- one schema -----------------------------------------------------------------------------------


def test_a_version_is_shown_with_its_fields_and_who_uses_it(db: Database, curator: Actor) -> None:
    add_entry(db, curator.tenant, "DEVICE", name="Device *gone*", ref="acme.Device.v2")
    attach(curator, "Reacts", "DEVICE")
    app = schemas(ref="acme.Device.v2")
    assert app.title[0].value == "acme.Device"
    assert "**`clientId`**" in texts(app)
    assert "version 2 of 3" in texts(app)
    assert {one.label for one in app.button if str(one.key).startswith("version-")} == {
        f"acme.Device.v{number}" for number in (1, 2, 3)
    }
    assert escape(curator.email) in texts(app)
    app.button(key="version-acme.Device.v1").click().run()
    assert "version 1 of 3" in texts(app) and app.query_params["ref"] == "acme.Device.v1"
    app = schemas(ref="acme.Device.v1")
    assert "No event carries this version" in texts(app)


def test_the_view_is_in_the_url(curator: Actor) -> None:
    assert schemas(ref="acme.Device.v1", schemaView="json").code[0].value == json.dumps(V1, indent=2)
    assert json.loads(schemas(ref="acme.Device.v1", schemaView="Tree").json[0].value) == V1


def test_an_unknown_ref_offers_the_nearest(curator: Actor) -> None:
    app = schemas(ref="acme.Devise.v1")
    assert "There is no schema `acme.Devise.v1`" in texts(app)
    app.button(key="near-acme.Device.v1").click().run()
    assert app.title[0].value == "acme.Device" and app.query_params["ref"] == "acme.Device.v1"


def test_an_unknown_version_of_a_known_family_shows_the_newest_and_says_so(curator: Actor) -> None:
    app = schemas(ref="acme.Device.v9")
    assert app.title[0].value == "acme.Device"
    assert any("is left out" in one.value for one in app.warning)


def test_back_to_the_list_with_its_filters(curator: Actor) -> None:
    app = schemas(ref="acme.Device.v1", schemaSearch="acme")
    next(one for one in app.button if one.label == "Schemas").click().run()
    assert listed(app) == ["acme.Device"] and "ref" not in app.query_params


def test_a_schema_of_one_event_leads_to_it(new_actor: ActorFactory) -> None:
    manager = new_actor()
    register(manager, {"inline.DEVICE_GONE.v1": V1}, inline_of="DEVICE_GONE")
    app = schemas(ref="inline.DEVICE_GONE.v1")
    assert "Of one event" in texts(app)
    assert not [one for one in app.button if one.key == "new-schema"], "its versions are made in the event"


def test_another_tenants_schema_is_missing(curator: Actor, new_actor: ActorFactory) -> None:
    stranger = new_actor("admin", name="Stranger")
    app = schemas(ref="acme.Device.v1", person=label_of(stranger, "Stranger"))
    assert "There is no schema `acme.Device.v1`" in texts(app)


# -- two versions ---------------------------------------------------------------------------------


def test_two_versions_with_the_verdict_in_both_readings(curator: Actor) -> None:
    friendly = texts(schemas(**{"ref": "acme.Device.v2", "from": "acme.Device.v1", "to": "acme.Device.v2"}))
    assert "Full" in friendly and "In the strict reading: Forward" in friendly
    app = schemas(**{"ref": "acme.Device.v2", "from": "acme.Device.v1", "to": "acme.Device.v2", "reading": "strict"})
    assert "Optional property added to open content model" in texts(app) and "strict only" in texts(app)
    assert app.query_params["reading"] == "Strict"


def test_by_default_a_version_is_compared_with_the_one_before(curator: Actor) -> None:
    app = schemas(ref="acme.Device.v3")
    assert [one.value for one in app.selectbox if one.label.endswith("version")] == ["acme.Device.v2", "acme.Device.v3"]
    said = texts(app)
    assert "Breaking" in said and "note is required now, and was not before." in said and "`/deviceId`" in said
    assert "Required attribute added" in said and "REQUIRED" not in said


def test_the_mappings_that_break_are_named(db: Database, curator: Actor) -> None:
    add_schema(db, curator.tenant, "mine.v1", V1)
    add_entry(db, curator.tenant, "DEVICE", ref="acme.Device.v2")
    workflow = attach(curator, "Reacts", "DEVICE")
    mapping = {name: {"$expr": f"event.payload.{name}"} for name in ("deviceId", "clientId")}
    trigger = {"type": "event", "eventName": "DEVICE", "sourcePayloadSchemaRef": "acme.Device.v2"}
    edit(
        curator,
        workflow,
        payloadSchemaRef="mine.v1",
        trigger={**trigger, "payloadMapping": mapping},
        steps=[log_step("a")],
    )
    publish(curator, workflow)
    said = texts(schemas(ref="acme.Device.v3"))
    assert "**1 published workflow** would read in vain" in said
    assert "`clientId` (removed)" in said and "`deviceId` (changed in type)" in said
    assert "No mapping of a published workflow breaks" in texts(
        schemas(**{"ref": "acme.Device.v2", "from": "acme.Device.v1"})
    )


# -- a new version --------------------------------------------------------------------------------


@pytest.mark.parametrize(("permission", "may"), [("read", False), ("manage", False), ("admin", True)])
def test_who_may_add_one(permission: str, may: bool, curator: Actor, new_actor: ActorFactory) -> None:
    who = new_actor(permission, tenant=curator.tenant)
    for query in ({}, {"ref": "acme.Device.v1"}):
        button = schemas(**query, person=label_of(who, "Tenant")).button(key="new-schema")
        assert button.disabled is not may
        assert may or f"You have {permission} permission" in button.help


def test_the_systems_schemas_get_no_versions_here(curator: Actor) -> None:
    app = schemas(ref="payload.TicketCreated.v1")
    assert not [one for one in app.button if one.key == "new-schema"], "nobody could ever press it"
    assert "with releases" in texts(app)


def opened(app: AppTest) -> AppTest:
    """The page with its dialog. AppTest runs whole pages, and a page opens its dialog at a click only."""
    app.button(key="new-schema").click().run()
    assert not app.exception
    return app


def dialog(app: AppTest, text: str) -> AppTest:
    next(one for one in opened(app).text_area if one.label == "JSON Schema").set_value(text)
    return opened(app)


def save(app: AppTest) -> AppTest:
    app.button(key="new-schema").click()
    app.button(key="register-schema").click().run()
    return app


def registered(curator: Actor) -> int:
    """How many schemas the tenant has."""
    with database.read(curator) as conn:
        return int(conn.execute(sql("SELECT count(*) FROM payload_schemas")).scalar_one())


def test_a_new_version_is_judged_before_it_is_saved(curator: Actor) -> None:
    app = dialog(schemas(ref="acme.Device.v3"), json.dumps({**V3, "required": ["note", "deviceId"]}))
    assert "It becomes `acme.Device.v4`." in texts(app)
    assert "deviceId is required now, and was not before." in texts(app)
    save(app)
    assert app.query_params["ref"] == "acme.Device.v4"
    with database.read(curator) as conn:
        kept = schema_registry.schema(conn, tenant=curator.tenant, ref="acme.Device.v4")
    assert kept == {**V3, "required": ["note", "deviceId"]}
    app = opened(app)
    assert "It becomes `acme.Device.v5`." in texts(app)
    (area,) = [one for one in app.text_area if one.label == "JSON Schema"]
    assert json.loads(area.value) == kept, "the next one begins with the newest"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("type: object", "JSON"),
        ('{"type": "object",}', "JSON"),
        ('{"type": "strin"}', "is not a JSON Schema at /type"),
        ("[]", "must be an object"),
        ('{"type": "object", "type": "object"}', "more than once"),
        ('{"$ref": "https://a.example/x"}', "nothing is fetched"),
    ],
)
def test_what_is_no_schema_cannot_be_saved(text: str, said: str, curator: Actor) -> None:
    before = registered(curator)
    app = dialog(schemas(ref="acme.Device.v3"), text)
    assert any(said in one.value.replace("\\", "") for one in app.error)
    save(app)
    assert any(said in one.value.replace("\\", "") for one in app.error) and registered(curator) == before


def test_a_schema_of_a_new_family_needs_a_ref(curator: Actor) -> None:
    app, before = dialog(schemas(), json.dumps(V1)), registered(curator)
    assert "Give the schema a ref." in texts(app)
    save(app)
    assert [one.value for one in app.error] == ["Give the schema a ref first."]
    assert "Give the schema a ref." not in texts(app), "it is said once"
    for ref, said in (("acme", "end in a version"), ("inline.A.v1", "belong to one event")):
        app.text_input(key="new-schema-ref").set_value(ref)
        opened(app)
        save(app)
        assert any(said in one.value for one in app.error) and registered(curator) == before
    app.text_input(key="new-schema-ref").set_value("payload.TicketCreated.v2")
    opened(app)
    save(app)
    assert any("system" in one.value for one in app.error), "refused in the act, too"
    app.text_input(key="new-schema-ref").set_value("acme.Line.v1")
    opened(app)
    save(app)
    assert app.query_params["ref"] == "acme.Line.v1"


# -- the way in -----------------------------------------------------------------------------------


def test_the_event_page_leads_to_the_schema(db: Database, curator: Actor) -> None:
    add_entry(db, curator.tenant, "DEVICE", ref="acme.Device.v2")
    links = [one.proto for one in open_page("event.py", eventType="DEVICE").get("page_link")]
    (link,) = [one for one in links if one.page == "schemas"]
    assert (
        link.label == "Versions and uses of the schema"
        and link.query_string == f"ref=acme.Device.v2&tenant={curator.tenant}"
    )


def test_ten_thousand_schemas_cost_no_more_statements(db: Database, curator: Actor) -> None:
    from sqlalchemy import event

    def statements_of(**query: str) -> int:
        statements: list[str] = []

        def note(_c: object, _cur: object, statement: str, *_: object) -> None:
            if not statement.startswith("BEGIN") and "set_config" not in statement:
                statements.append(statement)

        schemas(**query)
        event.listen(db.app, "before_cursor_execute", note)
        with within_a_second():
            schemas(**query)
        event.remove(db.app, "before_cursor_execute", note)
        return len(statements)

    few = statements_of(), statements_of(schemaField="clientId")
    register(curator, {f"acme.F{number}.v1": V1 for number in range(300)})
    assert (statements_of(), statements_of(schemaField="clientId")) == few and max(few) <= 7
