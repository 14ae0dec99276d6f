"""The line above the catalog about events that it does not know, their list, and schemas from pasted payloads."""

from __future__ import annotations

import json
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import unknown_events
from lib.events.judging import SentEvent
from lib.ui.components.text import code
from tests.conftest import ActorFactory
from tests.support import pages
from tests.support.tenant_catalog import add_entry


def send(actor: Actor, times: int = 1, event_type: str = "DEVICE_OFFLINE", source: str = "/rmm", **data: Any) -> None:
    with database.write(actor) as conn:
        sent = [SentEvent(event_type, data or {"deviceId": f"d-{n}"}, source) for n in range(times)]
        unknown_events.add(conn, actor, sent=sent)


def open_catalog() -> AppTest:
    st.cache_data.clear()  # a second later
    app = pages.new_session().run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join([one.value for one in (*app.markdown, *app.caption, *app.info)])


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def test_without_unknown_events_nothing_is_said(new_actor: ActorFactory) -> None:
    new_actor()
    app = open_catalog()
    assert "not in the catalog" not in said(app)
    assert not [one for one in app.button if str(one.key).startswith("unknown")]


def test_the_line_names_the_most_frequent_type_and_leads_to_its_definition(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    send(actor, 214)
    send(actor, 1, "ORDER_PLACED", "/shop")
    app = open_catalog()
    assert "**214 events** of `DEVICE_OFFLINE` came from `/rmm` and are not in the catalog." in said(app)
    assert not app.button(key="unknown-define-first-DEVICE_OFFLINE").disabled
    assert app.button(key="unknown-all").label == "All 2 types"
    add_entry(db, actor.tenant, "DEVICE_OFFLINE")
    app = open_catalog()
    assert "**1 event** of `ORDER_PLACED` came from `/shop` and is not in the catalog." in said(app)
    assert app.button(key="unknown-all").label == "Details"


def test_the_list_has_sources_times_and_a_sample_of_each(new_actor: ActorFactory) -> None:
    actor = new_actor()
    send(actor, 3, password="hunter2hunter2", deviceId="d-1")
    for source in ("/a", "/b", "/c", "/d"):
        send(actor, 1, "ORDER_PLACED", source)
    app = press(open_catalog(), "unknown-all")
    assert "`DEVICE_OFFLINE` **3 events**" in said(app) and "Came from `/rmm`. First " in said(app)
    assert "from `/a`, `/b`, `/c` and 1 other source" in said(app)
    assert "came without data" not in said(app)
    zones = [one.value.count("UTC") for one in (*app.caption, *app.markdown)]
    assert sum(zones) == 1, "the zone is named once"
    shown = [json.loads(one.value) for one in app.code]
    assert {"deviceId": "d-1", "password": "[redacted]"} in shown
    app.text_input(key="unknown-search").set_value("order").run()
    assert "`DEVICE_OFFLINE` **3" not in said(app) and "`ORDER_PLACED` **4 events**" in said(app)
    app.text_input(key="unknown-search").set_value("nothing like it").run()
    assert "No type fits the search." in said(app)
    press(app, "unknown-done")
    assert "unknownTypes" not in app.query_params


def test_events_without_data_are_said_to_be_so(new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.write(actor) as conn:
        unknown_events.add(conn, actor, sent=[SentEvent("PING", None, "/rmm")])
    app = press(open_catalog(), "unknown-all")
    assert "The latest one came without data." in said(app) and "too large" not in said(app)


def test_a_long_list_is_shown_in_parts(new_actor: ActorFactory) -> None:
    actor = new_actor()
    for n in range(25):
        send(actor, 1, f"TYPE_{n:02}")
    app = press(open_catalog(), "unknown-all")

    def listed() -> int:
        return len([one for one in app.button if str(one.key).startswith("unknown-dismiss-")])

    assert listed() == 10 and app.button(key="unknown-more").label == "Show more of 25 types"
    press(app, "unknown-more")
    assert listed() == 20
    press(app, "unknown-more")
    assert listed() == 25 and not [one for one in app.button if one.key == "unknown-more"]


def test_a_type_is_dismissed_and_brought_back(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    send(actor)
    app = press(press(open_catalog(), "unknown-all"), "unknown-dismiss-DEVICE_OFFLINE")
    assert "is in the catalog, or was dismissed" in said(app)
    app = pages.new_session().run()  # at once
    assert "not in the catalog." not in said(app)
    assert app.button(key="unknown-all").label == "1 unknown type dismissed"
    press(app, "unknown-all")
    assert app.button(key="unknown-dismiss-DEVICE_OFFLINE").label == "Bring back"
    press(app, "unknown-dismiss-DEVICE_OFFLINE")
    assert "**1 event** of `DEVICE_OFFLINE`" in said(open_catalog())
    with db.owner.connect() as conn:
        statement = text("SELECT action FROM audit_logs WHERE tenant = :t ORDER BY audit_id")
        found = list(conn.execute(statement, {"t": actor.tenant}).scalars())
    assert found == ["event_type.dismissed", "event_type.brought_back"]


def test_a_reader_sees_everything_and_changes_nothing(new_actor: ActorFactory) -> None:
    reader = new_actor("read")
    manager = new_actor("manage", tenant=reader.tenant)
    send(manager)
    app = press(open_catalog(), "unknown-all")
    for key in ("unknown-define-first", "unknown-define-list", "unknown-dismiss"):
        button = app.button(key=f"{key}-DEVICE_OFFLINE")
        assert button.disabled and "you need manage" in button.help


HOSTILE = [
    "# A heading",
    "**bold** :red[red] :material/home: $x$",
    "[link](javascript:alert(1))",
    "<script>alert(1)</script>",
    "`code` ``more``",
    "\u202eevil \u2028 \x07",
    "😀" * 60,
    "x" * 256,
    "a]b",
    "' OR 1=1 --",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_types_and_sources_stay_text(new_actor: ActorFactory, name: str) -> None:
    actor = new_actor()
    send(actor, 1, name, name, key=name)
    app = open_catalog()
    assert f"of {code(name)} came from {code(name)} and is not" in said(app)
    press(app, "unknown-all")
    assert f"{code(name)} **1 event**" in said(app)
    press(app, f"unknown-dismiss-{name}")
    assert "is in the catalog, or was dismissed" in said(app)


def _infer() -> None:
    import streamlit as st

    from lib.ui.catalog import infer_schema

    def then(schema: str) -> None:
        st.session_state["schema"] = schema

    infer_schema.draw(key="infer", then=then)
    st.text_area("Schema", key="schema")


def test_pasted_payloads_become_a_schema_to_be_edited() -> None:
    app = AppTest.from_function(_infer).run()
    app.text_area(key="infer-payloads").set_value(
        '{"id": 1, "pin": 1}\n{"id": 9007199254740993, "at": "2026-03-02"}'
    ).run()
    press(app, "infer-infer")
    schema = json.loads(app.text_area(key="schema").value)
    assert schema["properties"]["id"] == {"type": "integer"} and schema["required"] == ["id"]
    assert schema["properties"]["pin"] == {"x-sensitive": True}
    assert schema["properties"]["at"] == {"type": "string", "format": "date"}
    assert "Inferred from 2 payloads" in said(app)
    app.text_area(key="infer-payloads").set_value('{"id": 1}\n{"id": }').run()
    press(app, "infer-infer")
    assert "Line 2" in said(app) and json.loads(app.text_area(key="schema").value) == schema


@pytest.mark.parametrize("pasted", ["", "nonsense", "[]", '{"a": "\\u0000"}', "[" * 5000])
def test_what_cannot_be_inferred_from_is_told(pasted: str) -> None:
    app = AppTest.from_function(_infer).run()
    app.text_area(key="infer-payloads").set_value(pasted).run()
    press(app, "infer-infer")
    assert ":red[:material/error: " in said(app) and not app.text_area(key="schema").value
