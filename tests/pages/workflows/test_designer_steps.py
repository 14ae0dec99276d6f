"""The designer's diagram and the fields of its steps, as AppTest sees them."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from lib.ui.components.schema_fields.expressions import expression_box
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import attach, edit, get, publish, published
from tests.pages.workflows.test_designer import design, show, widget
from tests.pages.workflows.test_workflows import texts
from tests.support.catalog_page import drawn, send
from tests.support.pages import label_of, open_page
from tests.support.workflow_runs import log_step

DIAGRAM = "designer-diagram"
CHOICE = {"id": "if", "type": "control.if", "config": {"condition": {"$expr": "true"}, "then": [log_step("inner")]}}


ASSIGN = {"id": "set", "type": "transform.assign", "config": {"assign": {"vars.state": 1}}}


def choose(app: AppTest, path: Any) -> AppTest:
    send(app, DIAGRAM, "choose", path)
    assert not app.exception
    return app


def test_a_node_that_is_pressed_opens_the_form_of_its_step(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a"), CHOICE])
    app = design(workflow)
    assert drawn(app, DIAGRAM)["selected"] == "/trigger"
    choose(app, "/steps/1/config/then/0")
    assert app.query_params["tab"] == "steps" and drawn(app, DIAGRAM)["selected"] == "/steps/1/config/then/0"
    assert widget(app.text_input, "id/steps/1/config/then/0").value == "inner"
    choose(app, "/steps/0")
    assert widget(app.text_input, "id/steps/0").value == "a"
    choose(app, "/steps/0")
    assert widget(app.text_input, "id/steps/0").value == "a", "pressed again it stays open"
    choose(app, "/trigger")
    assert app.query_params["tab"] == "trigger" and drawn(app, DIAGRAM)["selected"] == "/trigger"


def test_what_is_no_node_opens_nothing(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = design(workflow)
    for junk in ("/steps/7", "", "/steps/0/config/then/0", 5, None, {"a": 1}):
        choose(app, junk)
        assert app.segmented_control(key="designer-tab").value == "Trigger", junk


def test_errors_and_warnings_are_marked_on_their_nodes(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a", {"$expr": "payload.nope"}), log_step("b", {"$expr": "("})])
    _, first, second, _ = drawn(design(workflow), DIAGRAM)["nodes"]
    assert [mark["words"] for mark in first["marks"]] == ["1 warning"]
    assert [mark["words"] for mark in second["marks"]] == ["1 error"]


def test_a_reader_may_look_at_each_step(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    reader = new_actor("read", tenant=actor.tenant)
    app = open_page("designer.py", person=label_of(reader, "Tenant"), workflowId=str(workflow))
    assert drawn(app, DIAGRAM)["isReadOnly"] is True
    choose(app, "/steps/0")
    assert app.query_params["tab"] == "steps" and not [one for one in app.text_input if one.label == "Name"]


def test_an_expression_is_offered_what_its_step_can_read(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    call = {"id": "call", "type": "action.call", "config": {"action": "http.request", "input": {"url": "x"}}}
    edit(actor, workflow, steps=[call, log_step("a", {"$expr": "payload.ticketId"}), log_step("b")])
    app = choose(design(workflow), "/steps/1")
    (box,) = [one for one in app.selectbox if one.label == "Message *"]
    offered = {option.partition("  (")[0] for option in box.options}
    assert {"payload.ticketId", "steps.call.output.status", "event.correlationKey"} <= offered
    assert not [option for option in box.options if "steps.a" in option or "steps.b" in option]
    box.set_value("steps.call.output.status").run()
    assert get(actor, workflow).draft["steps"][1] == log_step("a", {"$expr": "steps.call.output.status"})


def test_a_field_is_put_into_a_text_which_then_is_an_expression(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a", 'The "new" one: ')])
    app = choose(design(workflow), "/steps/0")
    menu = next(one for one in app.menu_button if "More for Message" in one.label)
    menu.click("insert:payload.ticketId").run()
    assert get(actor, workflow).draft["steps"][0] == log_step(
        "a", {"$expr": '"The \\"new\\" one: " & payload.ticketId'}
    )
    (written,) = [one for one in app.text_input if one.label == "Message *"]
    assert written.value == '"The \\"new\\" one: " & payload.ticketId'
    menu = next(one for one in app.menu_button if "More for Message" in one.label)
    menu.click("insert:event.name").run()
    message = get(actor, workflow).draft["steps"][0]["config"]["input"]["message"]
    assert message == {"$expr": '"The \\"new\\" one: " & payload.ticketId & event.name'}
    next(one for one in app.text_input if one.label == "Message *").set_value("").run()
    assert [one for one in app.selectbox if one.label == "Message *"], "emptied, it is chosen anew"
    next(one for one in app.segmented_control if one.label == "Message *").set_value(0).run()
    next(one for one in app.menu_button if "More for Message" in one.label).click("insert:event.name").run()
    message = get(actor, workflow).draft["steps"][0]["config"]["input"]["message"]
    assert message["$expr"].endswith("event.name")


def test_a_form_of_a_step_has_no_frames_of_its_own(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = choose(design(workflow), "/steps/0")
    parts = [one for one in app.expander if one.proto.label.startswith(("Input", "Retry"))]  # type: ignore[attr-defined]
    assert len(parts) == 2
    compact = type(parts[0].proto).COMPACT  # type: ignore[attr-defined]
    assert {part.proto.type for part in parts} == {compact}  # type: ignore[attr-defined]


def test_without_a_workflow_the_designer_offers_those_changed_last_and_a_new_one(new_actor: ActorFactory) -> None:
    actor = new_actor()
    assert "No workflows yet" in [one.value for one in open_page("designer.py").header]
    for name in ("Alpha", "Beta"):
        attach(actor, name)
    edit(actor, attach(actor, "Gone [x](y)"), description="latest")
    app = open_page("designer.py", workflowId="nonsense")
    assert [one.value for one in app.title] == ["Designer"]
    assert "`nonsense` in the address names no workflow." in app.warning[0].value
    links = [one.proto.label for one in app.get("page_link")]  # type: ignore[attr-defined]
    offered = [label for label in links if label.startswith("**")]
    assert offered == ["**Gone \\[x\\]\\(y\\)**", "**Beta**", "**Alpha**"]
    assert "New workflow from the catalog" in links


def test_steps_and_mapping_offer_by_the_same_field(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    trigger = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": {"$expr": ""}}}
    edit(actor, workflow, trigger=trigger, steps=[log_step("a", {"$expr": "payload.ticketId"})])
    app = design(workflow)
    mapped = widget(app.selectbox, "expression-ticketId")
    show(app, "Steps")
    (box,) = [one for one in choose(app, "/steps/0").selectbox if one.label == "Message *"]
    assert mapped.proto.placeholder == box.proto.placeholder and box.proto.accept_new_options
    assert expression_box.__module__.endswith("schema_fields.expressions")


def test_what_a_field_cannot_read_is_not_said_to_be_saved_and_holds_publishing_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    publish(actor, workflow)
    edit(actor, workflow, steps=[log_step("a"), ASSIGN])
    app = choose(design(workflow), "/steps/1")
    assert not app.button(key="publish").disabled and "cloud_done: saved" in texts(app)
    widget(app.text_area, ":json").set_value("open")
    show(app, "Details")  # one click sends the text and chooses the tab
    why = "What is typed in step `set` at `assign.vars.state` is not taken yet."
    assert app.button(key="publish").disabled and app.button(key="publish").help == f"{why} Correct it there first."
    assert "cloud_done: saved" not in texts(app) and "a field is not taken yet" in texts(app)
    assert "Valid." not in texts(app)
    show(app, "Steps")
    assert widget(app.text_area, ":json").value == "open"
    widget(app.text_area, ":json").set_value('"open"').run()
    assert not app.button(key="publish").disabled and "cloud_done: saved" in texts(app)
    assert get(actor, workflow).draft["steps"][1]["config"] == {"assign": {"vars.state": "open"}}


def test_a_key_that_is_taken_holds_publishing_back_whatever_its_value_becomes(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[{**ASSIGN, "config": {"assign": {"vars.a": "1", "vars.b": "2"}}}])
    app = choose(design(workflow), "/steps/0")
    keys = [one for one in app.text_input if one.label == "Field"]
    keys[1].set_value("vars.a").run()
    assert "`assign.vars.b` is not taken yet" in app.button(key="publish").help
    show(app, "Details")
    show(app, "Steps")
    assert [one.value for one in app.text_input if one.label == "Field"] == ["vars.a", "vars.a"]
    widget(app.text_area, ":json").set_value("open").run()
    keys = [one for one in app.text_input if one.label == "Field"]
    keys[1].set_value("vars.c").run()
    assert "`assign.vars.a` is not taken yet" in app.button(key="publish").help, "a new key reads no value"
    widget(app.text_area, ":json").set_value("3").run()
    assert not app.button(key="publish").disabled
    assert get(actor, workflow).draft["steps"][0]["config"] == {"assign": {"vars.a": 3, "vars.c": "2"}}


def test_what_a_field_cannot_read_outlasts_that_other_steps_move(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a"), ASSIGN, log_step("b")])
    app = choose(design(workflow), "/steps/1")
    widget(app.text_area, ":json").set_value("{").run()
    widget(app.text_input, "id/steps/1").set_value("renamed")
    widget(app.text_area, ":json").set_value("open").run()
    widget(app.menu_button, "acts/steps/0").click("delete").run()
    assert "step `renamed` at `assign.vars.state` is not taken yet" in app.button(key="publish").help
    edit(actor, workflow, description="Theirs")
    app.run()
    next(one for one in app.button if one.label == "Show the changes").click().run()
    choose(app, "/steps/0")
    assert widget(app.text_area, ":json").value == "open" and not app.toast
    edit(actor, workflow, steps=[{**ASSIGN, "id": "renamed", "config": {"assign": {"vars.state": 2}}}])
    app.run()
    next(one for one in app.button if one.label == "Show the changes").click().run()
    assert widget(app.text_area, ":json").value == "2" and "is not taken yet" not in texts(app)
    (lost,) = [one.value for one in app.toast]
    assert lost == (
        "What was typed in step `renamed` at `assign.vars.state` is lost: that step is gone or is another now."
    )


def test_what_a_field_cannot_read_goes_with_its_step(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a"), ASSIGN])
    app = choose(design(workflow), "/steps/1")
    widget(app.text_area, ":json").set_value("open").run()
    assert app.button(key="publish").disabled
    widget(app.menu_button, "acts/steps/1").click("delete").run()
    assert not app.button(key="publish").disabled and "cloud_done: saved" in texts(app)
    assert ["step `set`" in one.value for one in app.toast] == [True]


def test_what_a_field_cannot_read_outlasts_leaving_the_designer(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[ASSIGN])
    app = choose(design(workflow), "/steps/0")
    widget(app.text_area, ":json").set_value("open").run()
    app.switch_page("workflows.py").run()
    edit(actor, workflow, description="Theirs")
    app.query_params.update({"workflowId": str(workflow), "tab": "steps"})
    app.switch_page("designer.py").run()
    assert "changed this draft since you opened it" in texts(app) and "a field is not taken yet" in texts(app)
    assert widget(app.text_area, ":json").value == "open"


def test_what_a_field_cannot_read_goes_with_the_draft(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[ASSIGN])
    publish(actor, workflow)
    edit(actor, workflow, description="Other")
    app = choose(design(workflow), "/steps/0")
    widget(app.text_area, ":json").set_value("open").run()
    app.menu_button(key="designer-menu").click("delete").run()
    app.menu_button(key="designer-menu").click("delete")
    app.button(key="delete-confirm").click().run()
    assert "is not taken yet" not in texts(app) and widget(app.text_area, ":json").value == "1"
