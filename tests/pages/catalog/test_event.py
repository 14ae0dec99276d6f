"""The event page: everything about one event, whatever its schema looks like."""

from __future__ import annotations

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.catalog import redacted_fields
from lib.database import Database
from lib.ui.components.text import escape
from tests.conftest import ActorFactory
from tests.support.pages import label_of, open_page
from tests.support.tenant_catalog import add_entry


def open_event(event_type: str | None) -> AppTest:
    return open_page("event.py", **({"eventType": event_type} if event_type else {}))


def texts(app: AppTest) -> str:
    return "\n".join(m.value for m in app.markdown)


def test_shows_fields_with_type_requirement_meaning_and_sensitivity(new_actor: ActorFactory) -> None:
    new_actor("read")
    shown = texts(open_event("CONTACT_CREATED"))
    assert "**`contactId`** :gray-badge[uuid] :red-badge[required]" in shown
    assert "**`email`** :gray-badge[email] :orange-badge[:material/lock: sensitive]" in shown


def test_nested_fields_fold_and_fields_keep_their_authors_order(new_actor: ActorFactory) -> None:
    new_actor("read")
    app = open_event("INBOUND_EMAIL_RECEIVED")
    assert "2 fields of from" in [e.label for e in app.expander]
    shown = texts(app)
    assert shown.index("**`tenantId`**") < shown.index("**`providerId`**") < shown.index("**`attachments`**")


def test_attached_workflows_carry_version_and_badges(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_definitions (tenant, name, status, trigger, published_version, is_system,"
                " is_paused) VALUES (:t, 'Notify _all_', 'published',"
                ' \'{"type": "event", "eventName": "TICKET_CREATED"}\', 4, true, true),'
                " (:t, 'Only a draft', 'draft', '{\"eventName\": \"TICKET_CREATED\"}', NULL, false, false)"
            ),
            {"t": actor.tenant},
        )
    shown = texts(open_event("TICKET_CREATED"))
    line = next(x for x in shown.splitlines() if "Notify" in x)
    assert "**Notify \\_all\\_** :gray[v4]" in line and "System" in line and "Paused" in line
    assert "Only a draft" not in shown


@pytest.mark.parametrize(
    ("ref", "said"),
    [(None, "No schema is given for this event"), ("payload.Lost.v1", "`payload.Lost.v1` is not in the registry")],
)
def test_a_missing_or_unknown_schema_is_said(ref: str | None, said: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    add_entry(db, actor.tenant, "OURS", ref=ref)
    assert any(said in c.value for c in open_event("OURS").caption)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "array", "items": {"$ref": "#"}},
        {"properties": {"next": {"$ref": "#"}, "far": {"$ref": "https://example.com/x.json"}}},
        {"properties": {"![x](http://h/i.png)": {"description": "<img src=x> $x$ **b**", "enum": [None, 1, "`"]}}},
        {"properties": {"a": {"type": ["integer", "null"]}, "b": False, "c": {"items": {"properties": {"d": {}}}}}},
    ],
)
def test_any_schema_can_be_looked_at(schema: object, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    add_entry(db, actor.tenant, "ODD", schema=schema)
    shown = texts(open_event("ODD"))
    assert "![x](http" not in shown.replace("`![x](http", "")


@pytest.mark.usefixtures("new_actor")
def test_an_event_that_did_not_come_has_no_line_along_the_bottom(new_actor: ActorFactory) -> None:
    new_actor("read")
    card = open_event("CONTACT_CREATED").metric[0]
    assert (card.value, card.delta) == ("—", "no events")
    assert not card.proto.chart_data


def test_without_or_with_an_unknown_type_it_says_so(new_actor: ActorFactory) -> None:
    new_actor("read")
    without = open_event(None)
    assert without.title[0].value == "Choose an event"
    without.selectbox[0].select("TICKET_CREATED").run()
    assert without.title[0].value.endswith("Ticket Created")
    assert "There is no event `NOPE`" in texts(open_event("NOPE"))


def test_an_admin_has_further_fields_redacted_and_readers_see_which(db: Database, new_actor: ActorFactory) -> None:
    admin = new_actor("admin")
    app = open_event("TICKET_CREATED")
    assert "Only what the schema marks" in texts(app)
    app.button(key="redacted-fields").click().run()
    app.button(key="redacted-fields").click()  # AppTest runs whole pages, and a page opens its dialog at a click only
    app.multiselect(key="redacted-own").set_value(["/ticketId", "number"])
    app.button(key="save-redacted-fields").click().run()
    assert any("number must begin with /" in error.value for error in app.error)
    app.button(key="redacted-fields").click()
    app.multiselect(key="redacted-own").set_value(["/ticketId", "/items/*/serial"])
    app.multiselect(key="redacted-everywhere").set_value(["/site"])
    app.button(key="save-redacted-fields").click().run()
    assert "`/ticketId` `/items/*/serial` `/site`" in texts(app) and "from now on" not in texts(app)
    said = next(one for one in app.markdown if "Redacted as well" in one.value)
    assert "Last changed" in said.help and said.help.endswith(f" by {escape(admin.email)}")
    person = label_of(new_actor("read", tenant=admin.tenant), "Tenant")
    st.cache_data.clear()  # a second later
    reader = open_page("event.py", person=person, eventType="TICKET_CREATED")
    assert "`/ticketId`" in texts(reader) and not [b for b in reader.button if b.key == "redacted-fields"]
    with database.read(admin) as conn:
        found = redacted_fields.of_event(conn, admin, event_type="TICKET_CREATED")
    assert found.own == ("/ticketId", "/items/*/serial") and found.everywhere == ("/site",)
