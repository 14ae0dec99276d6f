"""The simulate page: form and JSON in step, preview before send, nothing typed is ever lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion
from lib.sandbox import sampling
from lib.ui.components.text import escape
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, count, publish
from tests.support.pages import open_page
from tests.support.tenant_catalog import add_entry


def open_simulate(event_type: str | None = "TICKET_CREATED", **query: str) -> AppTest:
    return open_page("simulate.py", **({"eventType": event_type} if event_type else {}), **query)


def press(app: AppTest, label: str) -> None:
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception


def said(app: AppTest) -> str:
    return "\n".join(m.value for m in [*app.markdown, *app.caption])


def switch(app: AppTest, mode: str) -> None:
    next(c for c in app.segmented_control if str(c.key).endswith("-mode")).set_value(mode).run()
    assert not app.exception


def json_area(app: AppTest) -> Any:
    return next(a for a in app.text_area if a.label == "Payload as JSON")


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    made = new_actor("manage")
    publish(made, "Triage")
    return made


@pytest.mark.own_database
def test_preview_names_the_workflow_and_send_starts_it(actor: Actor, db: Database) -> None:
    app = open_simulate()
    press(app, "Preview")
    assert "Would start" in said(app) and "Triage" in said(app)
    assert count(db, "workflow_runtime_events") == 0
    press(app, "Send event")
    assert "Event sent" in said(app) and "Started" in said(app)
    assert count(db, "workflow_runtime_events") == count(db, "workflow_runs") == count(db, "audit_logs") == 1


def test_a_result_says_when_the_payload_is_another_one_by_now(actor: Actor) -> None:
    app = open_simulate()
    press(app, "Send event")
    assert "has changed since" not in said(app)
    field = next(t for t in app.text_input if t.label.startswith("ticketId"))
    field.set_value("2b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2").run()
    assert "Event sent" in said(app) and "The payload has changed since." in said(app)
    press(app, "Send event")
    assert "has changed since" not in said(app)


def test_a_send_that_starts_nothing_offers_to_attach_a_workflow(actor: Actor) -> None:
    app = open_simulate("TICKET_CLOSED")
    press(app, "Send event")
    assert app.button(key="result-attach-TICKET_CLOSED").help == "Attach a workflow"
    app = open_simulate()
    press(app, "Send event")
    assert not [b for b in app.button if "attach" in str(b.key)]


def test_form_and_json_show_the_same_value(actor: Actor) -> None:
    app = open_simulate()
    field = next(t for t in app.text_input if t.label.startswith("ticketId"))
    field.set_value("2b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2").run()
    switch(app, "JSON")
    shown = json.loads(json_area(app).value)
    assert shown["ticketId"] == "2b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2"
    changed = {**shown, "ticketId": "3b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2", "own": [1]}
    json_area(app).set_value(json.dumps(changed)).run()
    switch(app, "Form")
    field = next(t for t in app.text_input if t.label.startswith("ticketId"))
    assert field.value == "3b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2"
    switch(app, "JSON")
    assert json.loads(json_area(app).value)["own"] == [1]


def test_json_that_cannot_be_read_stays_with_its_line(actor: Actor) -> None:
    app = open_simulate()
    switch(app, "JSON")
    broken = '{\n  "ticketId": 5,\n}'
    json_area(app).set_value(broken).run()
    assert "line 3" in app.error[0].value
    switch(app, "Form")
    assert json_area(app).value == broken, "the text is still there, and still the mode"
    assert "The form cannot show this JSON" in said(app)


def test_a_violation_names_its_line(actor: Actor) -> None:
    app = open_simulate()
    switch(app, "JSON")
    json_area(app).set_value('{\n  "tenantId": "x",\n  "ticketId": 5\n}').run()
    assert "Line 2" in said(app) and "Line 3" in said(app)


@pytest.mark.own_database
def test_an_invalid_payload_is_sent_only_on_purpose(actor: Actor, db: Database) -> None:
    app = open_simulate()
    switch(app, "JSON")
    json_area(app).set_value('{"ticketId": 5}').run()
    press(app, "Send event")
    assert "Not sent" in app.error[0].value and count(db, "workflow_runtime_events") == 0
    assert json_area(app).value == '{"ticketId": 5}'
    next(t for t in app.toggle if t.label == "Send although invalid").set_value(True).run()
    press(app, "Send event")
    assert count(db, "workflow_runtime_events") == 1 and "Skipped" in said(app)


def test_fill_with_the_last_recorded_payload_or_that_of_an_event(actor: Actor) -> None:
    ticket = "9b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2"
    with database.write(actor) as conn:
        sent = ingestion.submit_event(conn, actor, event_type="TICKET_CREATED", payload={**TICKET, "ticketId": ticket})
    app = open_simulate(fromEvent=str(sent.event_id))
    assert next(t for t in app.text_input if t.label.startswith("ticketId")).value == ticket
    for junk in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        app = open_simulate(fromEvent=junk)
        assert next(t for t in app.text_input if t.label.startswith("ticketId")).value != ticket


def test_the_correlation_key_says_what_would_be_derived(actor: Actor) -> None:
    field = next(t for t in open_simulate().text_input if t.label == "Correlation key")
    assert field.placeholder == "1b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2"


def test_a_test_case_is_saved_run_and_fails_when_the_workflow_is_gone(actor: Actor, db: Database) -> None:
    app = open_simulate()
    next(t for t in app.text_input if t.label == "Name").set_value("Plain ticket").run()
    press(app, "Save test case")
    case = next(one for one in app.markdown if "Plain ticket" in one.value)
    assert case.help.startswith(f"Added by {escape(actor.email)}, last saved 20")
    press(app, "Run all")
    assert "Pass" in said(app)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE workflow_definitions SET is_paused = true")
    press(app, "Run all")
    assert "Fail" in said(app) and "The workflow is paused." in said(app)


def test_a_test_case_names_a_workflow_that_is_detached_or_gone(actor: Actor, db: Database) -> None:
    app = open_simulate()
    next(t for t in app.text_input if t.label == "Name").set_value("Plain ticket").run()
    press(app, "Save test case")
    assert "Saved" in app.toast[0].value and next(t for t in app.text_input if t.label == "Name").value == ""
    for change, told in (
        ("UPDATE workflow_definitions SET trigger = NULL", "Triage (detached)"),
        ("UPDATE workflow_definitions SET status = 'archived'", "Triage (archived)"),
        ("UPDATE event_test_cases SET expected_workflows = ARRAY[gen_random_uuid()]", "a workflow that is gone"),
    ):
        with db.owner.begin() as conn:
            conn.exec_driver_sql(change)
        press(app, "Run all")
        assert told in said(app).replace("\\", "")


def test_a_reader_is_told_what_is_missing(new_actor: ActorFactory, db: Database) -> None:
    new_actor("read")
    app = open_simulate()
    assert "you need manage" in app.info[0].value
    assert not [b for b in app.button if b.label == "Send event"]


def test_another_event_is_chosen_in_the_head(actor: Actor) -> None:
    app = open_simulate(fromEvent="00000000-0000-0000-0000-000000000000")
    app.selectbox(key="simulate-event").select("TICKET_CLOSED").run()
    assert not app.exception and "Simulate Ticket Closed" in app.title[0].value
    assert "fromEvent" not in app.query_params


def test_without_an_event_one_chooses_it(actor: Actor) -> None:
    assert open_simulate(None).title[0].value == "Choose an event"
    assert "There is no event" in said(open_simulate("NOPE"))


#: A sample of it takes minutes: the schema asks itself twice for each further name.
SLOW = {
    "required": ["n"],
    "properties": {"n": {"const": 1}},
    "unevaluatedProperties": {"pattern": "^a", "$ref": "#"},
    "oneOf": [{"oneOf": [{"minProperties": 3}]}, {"required": ["none"]}],
}


def test_a_sample_that_takes_too_long_is_said_where_it_is_used(
    db: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "TIMEOUT_MS", 100)
    add_entry(db, actor.tenant, "SLOW", schema=SLOW)
    app = open_simulate("SLOW")
    assert "A sample of this schema takes more than 0.1 seconds" in said(app)
    switch(app, "JSON")
    assert json.loads(json_area(app).value)["n"] == 1
    next(m for m in app.menu_button if m.label == "Fill with").click("Generated sample").run()
    assert not app.exception and "takes more than 0.1 seconds" in app.toast[0].value
