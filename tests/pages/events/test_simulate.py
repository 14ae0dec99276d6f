"""The simulate page: form and JSON in step, preview before send, nothing typed is ever lost."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion, saved_cases
from lib.events.simulation import EventDraft
from lib.sandbox import sampling
from lib.ui.components.text import escape
from lib.ui.people import acting_as
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, count, publish
from tests.database.workflows.test_own_events import GOOD, SCHEMA, TYPE
from tests.database.workflows.test_own_events import change as redefine
from tests.database.workflows.test_own_events import create as define
from tests.support.pages import label_of, open_page
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import step


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
def test_moments_are_in_the_viewers_zone(actor: Actor) -> None:
    with database.write(actor) as conn:
        preferences.put(conn, actor, name="timeZone", value="Asia/Kolkata")
    app = open_simulate()
    press(app, "Send event")
    assert re.search(r"\[Sent\] +\d\d:\d\d:\d\d Asia/Kolkata", said(app))
    event = open_page("event.py", eventType="TICKET_CREATED")
    assert "UTC" not in said(event)


@pytest.mark.own_database
def test_what_was_filled_in_stays_in_its_tenant(actor: Actor, new_actor: ActorFactory) -> None:
    new_actor("manage", name="Others")
    app = open_simulate()
    switch(app, "JSON")
    json_area(app).set_value(json.dumps({**TICKET, "title": "Ours alone"})).run()
    press(app, "Preview")
    chooser = app.selectbox(key=acting_as.KEY)
    chooser.set_value(next(label for label in chooser.options if "Others" in label)).run()
    assert not app.exception
    app.switch_page("simulate.py").run()
    app.query_params["eventType"] = "TICKET_CREATED"
    app.run()
    assert not app.exception
    everything = f"{[area.value for area in app.text_area]} {[text.value for text in app.text_input]} {said(app)}"
    assert app.text_area or app.text_input
    assert "Ours alone" not in everything and "Would start" not in everything


@pytest.mark.own_database
def test_preview_names_the_workflow_and_send_starts_it(actor: Actor, db: Database) -> None:
    app = open_simulate()
    press(app, "Preview")
    assert "Would start" in said(app) and "Triage" in said(app)
    assert count(db, "workflow_runtime_events") == 0
    press(app, "Send event")
    assert "Event sent" in said(app)
    [row] = [link.proto for link in app.get("page_link") if "Triage" in link.proto.label]
    assert "Queued" in row.label and row.query_string.startswith("runId=")
    run_id = row.query_string.removeprefix("runId=").partition("&")[0]
    assert [c.value for c in app.caption if c.value.startswith("Run ")] == [f"Run `{run_id}`"], "to be copied"
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
    assert any("→ 3 │ }" in c.value for c in app.code)
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


def test_the_schema_ref_follows_the_catalog_unless_another_was_picked(actor: Actor) -> None:
    define(actor)
    wider = {**SCHEMA, "properties": {**SCHEMA["properties"], "room": {"type": "string"}}}
    app = open_simulate(TYPE)

    def box() -> Any:
        return next(one for one in app.selectbox if one.label == "Payload schema ref")

    assert box().value == f"inline.{TYPE}.v1"
    redefine(actor, replace(GOOD, payload_schema=wider), 1)
    app.run()
    assert box().value == f"inline.{TYPE}.v2"
    assert [one.label for one in app.text_input if one.label.startswith("room")], "the form is of the new schema"
    assert f"What you typed is in the form of `inline.{TYPE}.v1`" in app.toast[0].value
    press(app, "Send event")
    assert "Event sent" in said(app) and "the catalog says" not in said(app)
    box().select(f"inline.{TYPE}.v1").run()
    redefine(actor, GOOD, 2)
    app.run()
    assert box().value == f"inline.{TYPE}.v1"
    press(app, "Send event")
    assert "the catalog says" in said(app)


def test_a_form_keeps_what_was_put_into_it_when_the_example_changes(actor: Actor) -> None:
    define(actor)
    untouched, typed, filled, written = (open_simulate(TYPE) for _ in range(4))

    def field(app: AppTest) -> Any:
        return next(t for t in app.text_input if t.label.startswith("deviceId"))

    field(typed).set_value("typed").run()
    next(m for m in filled.menu_button if m.label == "Fill with").click("Empty payload").run()
    switch(written, "JSON")
    json_area(written).set_value('{"deviceId": "written"}').run()
    redefine(actor, replace(GOOD, example={"deviceId": "other"}), 1)
    for app in (untouched, typed, filled):
        app.run()
    switch(written, "Form")
    assert [field(app).value for app in (untouched, typed, filled, written)] == ["other", "typed", "", "written"]
    press(typed, "Send event")
    assert "Event sent" in said(typed) and field(typed).value == "typed"


def test_a_test_case_is_saved_run_and_fails_when_the_workflow_is_gone(actor: Actor, db: Database) -> None:
    app = open_simulate()
    next(t for t in app.text_input if t.label == "Name").set_value("Plain ticket").run()
    press(app, "Save test case")
    case = next(one for one in app.markdown if "Plain ticket" in one.value)
    assert f"Added by {escape(actor.email)}, last saved 20" in case.value and not case.help, "a sign for it may wrap"
    press(app, "Run all")
    assert "Pass" in said(app)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE workflow_definitions SET is_paused = true")
    press(app, "Run all")
    assert "Fail" in said(app) and "The workflow is paused." in said(app)


@pytest.mark.own_database
def test_a_test_case_brings_its_schema_back_into_the_form(actor: Actor, db: Database) -> None:
    for ref, field in (("own.v1", "one"), ("own.v2", "two")):
        shape = {"type": "object", "required": [field], "properties": {field: {"type": "string"}}}
        add_schema(db, actor.tenant, ref, shape)
    add_entry(db, actor.tenant, "OWN", ref="own.v1")

    def ref_of(app: AppTest) -> Any:
        return next(s for s in app.selectbox if s.label == "Payload schema ref")

    def field(app: AppTest, name: str) -> Any:
        return next(t for t in app.text_input if t.label.startswith(name))

    app = open_simulate("OWN")
    assert ref_of(app).value == "own.v1"
    ref_of(app).set_value("own.v2").run()
    field(app, "two").set_value("kept").run()
    field(app, "Name").set_value("Newer").run()
    press(app, "Save test case")
    app = open_simulate("OWN")
    assert ref_of(app).value == "own.v1" and field(app, "one")
    with database.read(actor) as conn:
        [case] = saved_cases.of_event(conn, tenant=actor.tenant, event_type="OWN")
    app.button(key=f"case-use-{case.case_id}").click().run()
    assert not app.exception and not app.warning
    assert ref_of(app).value == "own.v2" and field(app, "two").value == "kept"
    press(app, "Send event")
    with db.owner.connect() as conn:
        sent = conn.exec_driver_sql("SELECT payload_schema_ref FROM workflow_runtime_events").scalar_one()
    assert sent == "own.v2"


def test_a_test_case_of_a_name_that_there_is_says_what_it_would_replace(
    actor: Actor, new_actor: ActorFactory, db: Database
) -> None:
    ben = new_actor(tenant=actor.tenant)
    app = open_simulate()
    next(t for t in app.text_input if t.label == "Name").set_value("Plain").run()
    with database.write(ben) as conn:
        draft = EventDraft("TICKET_CREATED", {"of": "Ben"})
        saved_cases.save(conn, ben, name="Plain ticket", draft=draft, expected_workflows=[])
    next(t for t in app.text_input if t.label == "Name").set_value("Plain  ticket")
    press(app, "Save test case")  # with the last letter just typed

    def payloads() -> list[Any]:
        with database.read(actor) as conn:
            found = saved_cases.of_event(conn, tenant=actor.tenant, event_type="TICKET_CREATED")
        return [case.payload for case in found]

    assert payloads() == [{"of": "Ben"}] and not app.exception
    assert f"There is a test case of this name, added by {escape(ben.email)} and last saved" in "\n".join(
        one.value for one in app.caption
    )
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE event_test_cases SET updated_at = updated_at + interval '1 hour'")
    press(app, "Replace test case")  # it is another one by now
    assert payloads() == [{"of": "Ben"}]
    press(app, "Replace test case")
    assert payloads() != [{"of": "Ben"}]


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


@pytest.mark.own_database
def test_a_reader_previews_and_sends_nothing(actor: Actor, new_actor: ActorFactory, db: Database) -> None:
    reader = new_actor("read", tenant=actor.tenant)
    app = open_page("simulate.py", person=label_of(reader, "Tenant"), eventType="TICKET_CREATED")
    send = app.button(key="send")
    assert send.disabled and "you need manage" in send.help
    press(app, "Preview")
    assert "Would start" in said(app) and "Its run would succeed" in said(app)
    assert not [t for t in app.text_input if t.label == "Name"], "nor saves a test case"
    assert count(db, "workflow_runtime_events") == count(db, "audit_logs") == 0


def test_a_preview_says_that_a_run_would_fail(actor: Actor) -> None:
    failing = step("ask", "action.call", action="http.request", input={"method": "GET", "url": "http://127.0.0.1/"})
    publish(actor, "Ask inside", definition={"steps": [failing]})
    app = open_simulate()
    press(app, "Preview")
    notes = [m.value for m in app.markdown if "Its run would" in m.value]
    assert len(notes) == 2
    assert "Its run would fail: Step ask" in next(note for note in notes if "fail" in note)


@pytest.mark.parametrize(
    ("text", "why"), [('{\n  "ticketId": 5,\n}', "line 3"), ("", "the payload is empty"), ("{", "line 1")]
)
def test_what_is_no_json_is_not_offered_to_be_sent_although_invalid(text: str, why: str, actor: Actor) -> None:
    app = open_simulate()
    switch(app, "JSON")
    json_area(app).set_value(text).run()
    next(t for t in app.toggle if t.label == "Send although invalid").set_value(True).run()
    press(app, "Send event")
    told = next(e.value for e in app.error if e.value.startswith("Not sent: "))
    assert why in told and "schema" not in told and "although invalid" not in told
    assert "Event sent" not in said(app)


def test_the_event_that_was_sent_is_in_the_url_and_found_again(actor: Actor) -> None:
    app = open_simulate()
    press(app, "Send event")
    [event_id] = app.query_params["sent"] if isinstance(app.query_params["sent"], list) else [app.query_params["sent"]]
    again = open_simulate(sent=event_id)
    assert "Event sent" in said(again) and event_id in said(again) and "has changed since" not in said(again)
    assert [link.proto.label for link in again.get("page_link") if "Triage" in link.proto.label]
    for nonsense in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        app = open_simulate(sent=nonsense)
        assert "Event sent" not in said(app) and "no event of this type" in said(app)
    other = open_simulate("TICKET_CLOSED", sent=event_id)
    assert "Event sent" not in said(other) and "no event of this type" in said(other)


def test_without_an_event_the_latest_and_the_busiest_are_offered(actor: Actor, new_actor: ActorFactory) -> None:
    app = open_simulate("TICKET_CLOSED")
    press(app, "Send event")
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type="TICKET_CREATED", payload=TICKET)
    app = open_simulate(None)
    offered = [b.label for b in app.button if str(b.key).startswith("start-")]
    assert offered == ["Ticket Closed", "Ticket Created :gray[1]"]
    app.button(key="start-You-TICKET_CLOSED").click().run()
    assert not app.exception and "Simulate Ticket Closed" in app.title[0].value


def test_the_command_sends_this_event(actor: Actor) -> None:
    app = open_simulate()
    command = next(c.value for c in app.code if c.value.startswith("curl"))
    body = json.loads(shlex.split(command)[-1])
    assert body["type"] == "TICKET_CREATED" and body["data"]["ticketId"] == TICKET["ticketId"]


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
