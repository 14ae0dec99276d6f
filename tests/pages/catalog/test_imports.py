"""The page that takes events in, and the menu that gives them out."""

from __future__ import annotations

import json

import streamlit as st
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.catalog import exports
from lib.database import Database
from lib.ui.people import acting_as
from tests.conftest import ActorFactory
from tests.support.pages import open_page

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
GIVEN = json.dumps(
    {
        "event_catalog": 1,
        "events": [
            {"event_type": "DEVICE_LOST", "name": "*Lost*", "schema": SCHEMA},
            {"event_type": "DEVICE_FOUND", "name": "Found", "payload_schema_ref": "acme.Device.v1"},
            {"event_type": "TICKET_CREATED"},
            {"event_type": "bad type"},
        ],
        "schemas": {"acme.Device.v1": SCHEMA},
    }
)


def preview(text: str = GIVEN) -> AppTest:
    app = open_page("import.py")
    assert app.button(key="import-read").disabled
    app.text_area(key="import-text").set_value(text).run()
    app.button(key="import-read").click().run()
    assert not app.exception
    return app


def own(actor: Actor) -> list[str]:
    with database.read(actor) as conn:
        return [one.event_type for one in exports.read(conn, tenant=actor.tenant) if one.source == "tenant"]


def test_a_document_is_previewed_and_taken_in(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    app = preview()
    rows = app.dataframe[0].value
    assert list(rows["Result"]) == ["New", "New", "Unchanged", "Invalid", "New"]
    assert list(rows["Import"]) == [True, True, False, False, True]
    assert rows["Name"][0] == "*Lost*" and "An event type has up to" in list(rows["Reason"])[3]
    assert own(actor) == []
    assert app.button(key="import-apply").label == "Import 2 events, 1 schema"
    app.button(key="import-apply").click().run()
    assert not app.exception and "2 new events" in app.toast[0].value and not app.dataframe
    assert own(actor) == ["DEVICE_FOUND", "DEVICE_LOST"]


def test_what_was_read_for_one_tenant_is_not_offered_to_another(db: Database, new_actor: ActorFactory) -> None:
    new_actor("admin")
    new_actor("admin", name="Others")
    app = preview()
    assert app.button(key="import-apply").label == "Import 2 events, 1 schema"
    chooser = app.selectbox(key=acting_as.KEY)
    chooser.set_value(next(label for label in chooser.options if "Others" in label)).run()
    app.switch_page("import.py").run()
    assert not app.exception and not app.dataframe
    assert "import-apply" not in {button.key for button in app.button}


def test_what_is_wrong_with_a_pasted_document_is_a_sentence(db: Database, new_actor: ActorFactory) -> None:
    new_actor("admin")
    app = preview("[1]")
    assert app.warning[0].value.startswith("Pasted text is none of what is read here")
    assert app.info[0].value == "Nothing to import."
    app = preview("event_type,name")
    assert app.info[0].value == "Nothing to import: no event and no schema in Pasted text." and not app.warning


def test_a_manager_takes_in_events_without_registering(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    app = preview()
    assert list(app.dataframe[0].value["Import"]) == [True, True, False, False, False]
    app.button(key="import-apply").click().run()
    assert own(actor) == ["DEVICE_FOUND", "DEVICE_LOST"]


def test_a_reader_sees_the_preview_and_whom_to_ask(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    app = preview()
    assert len(app.dataframe[0].value) == 5
    button = app.button(key="import-apply")
    assert button.disabled and "you need manage" in button.help
    assert own(actor) == []


def test_what_cannot_be_read_is_said(db: Database, new_actor: ActorFactory) -> None:
    new_actor("manage")
    app = preview("{")
    assert "is not JSON" in app.warning[0].value and app.info and not app.dataframe


def test_the_preview_is_narrowed_and_what_is_ticked_stays(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    app = preview()
    app.session_state["import-chosen"] = {"event DEVICE_LOST"}
    app.run()
    app.button_group(key="import-kind").set_value("new").run() if app.get("button_group") else None
    assert app.button(key="import-apply").label == "Import 1 event"
    app.button(key="import-apply").click().run()
    assert own(actor) == ["DEVICE_LOST"]


def test_the_catalog_offers_every_format(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    for form in ("asyncapi", "json schemas", "yaml", "csv"):
        pieces = list(exports.lines(actor, form=form))  # type: ignore[arg-type]
        assert sum(map(len, pieces)) > 100_000
    app = open_page("catalog.py")
    assert not app.exception
    assert st.session_state is not None
