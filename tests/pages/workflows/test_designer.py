"""The designer as AppTest sees it: every tab, edits that save themselves, conflicts, refusals, junk."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion, saved_cases
from lib.events.simulation import EventDraft
from lib.mapping.expressions import DIGITS
from lib.sandbox import sampling
from lib.serialization import strict_json
from lib.ui.components.text import escape
from lib.ui.designer import trigger_tab
from lib.ui.designer.state import Draft
from lib.workflows import backfill, definition_text, versions
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import (
    EVENT,
    attach,
    audited,
    detach,
    edit,
    example,
    get,
    make_system,
    publish,
    published,
)
from tests.pages.events.test_simulate import SLOW
from tests.pages.workflows.test_workflows import texts
from tests.support import work
from tests.support.pages import label_of, open_page
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import log_step

TABS = ("Trigger", "Steps", "Details", "Code", "Dry run", "Versions")


def design(workflow: UUID, tab: str = "Trigger") -> AppTest:
    return show(open_page("designer.py", workflowId=str(workflow)), tab)


def show(app: AppTest, tab: str) -> AppTest:
    app.segmented_control(key="designer-tab").set_value(tab).run()
    assert not app.exception
    return app


def widget(elements: Any, ending: str) -> Any:
    return next(element for element in elements if str(element.key).endswith(ending))


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_draws(tab: str, new_actor: ActorFactory) -> None:
    app = design(published(new_actor(), "Alpha"), tab)
    assert "Alpha" in texts(app)


def test_the_mapping_says_where_digits_are_lost(new_actor: ActorFactory) -> None:
    app = design(published(new_actor(), "Alpha"), "Trigger")
    (heading,) = [heading for heading in app.header if heading.value == "Payload mapping"]
    assert heading.proto.help == DIGITS


def test_details_say_who_made_it_and_since_when_it_is_valid(new_actor: ActorFactory) -> None:
    actor = new_actor()
    facts = texts(design(attach(actor, "Alpha"), "Details"))
    assert f"Created by]  {escape(actor.email)}" in facts and "Found valid]  never published" in facts
    app = design(published(actor, "Beta"), "Details")
    assert re.search(r"Found valid\]  20[\d: -]{14} UTC", texts(app)) and "changed since" not in texts(app)
    widget(app.text_area, "description").set_value("What it is for").run()
    assert re.search(r"Found valid\]  20[\d: -]{14} UTC, the draft has changed since", texts(app))


def test_the_open_tab_is_in_the_url(new_actor: ActorFactory) -> None:
    workflow = str(published(new_actor(), "Alpha"))
    assert open_page("designer.py", workflowId=workflow).segmented_control(key="designer-tab").value == "Trigger"
    app = open_page("designer.py", workflowId=workflow, tab="dry run")
    assert app.segmented_control(key="designer-tab").value == "Dry run"
    assert show(app, "Versions").query_params["tab"] == "versions"
    app = open_page("designer.py", workflowId=workflow, tab="nonsense")
    assert not app.exception and app.segmented_control(key="designer-tab").value == "Trigger"
    assert "`tab` in the address is left out: `nonsense` is not one of Trigger, Steps," in app.warning[0].value


def test_a_draft_saves_itself_and_says_what_is_missing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow, "Details")
    assert "The workflow needs at least one step." in texts(app) and app.button(key="publish").disabled
    widget(app.text_area, "description").set_value("What it is for").run()
    assert get(actor, workflow).draft["description"] == "What it is for"
    assert audited(db, workflow) == ["workflow.created", "workflow.draft_saved"]
    app.run()
    assert audited(db, workflow)[1:] == ["workflow.draft_saved"], "drawing again saves nothing"


def test_a_valid_draft_says_whether_there_is_something_to_publish(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    assert "Valid. Nothing to publish: same as v1." in texts(design(workflow))
    edit(actor, workflow, description="Other")
    assert "Valid. Ready to be published." in texts(design(workflow))


def test_looking_changes_nothing_whatever_the_draft_holds(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    draft = get(actor, workflow).draft
    del draft["description"]
    odd = {
        "ticketId": 5,
        "tenantId": None,
        "createdAt": {"$expr": 7},
        "createdByUserId": {"$expr": "event.payload.("},
        "gone.x": [1],
        "other": {"a": 1},
    }
    draft["trigger"]["payloadMapping"] = odd
    draft["steps"] = [log_step("a"), {"id": "b", "type": "control.return", "config": {}, "name": " "}]
    with db.owner.begin() as conn:
        statement = text("UPDATE workflow_definitions SET draft_definition = CAST(:d AS jsonb)")
        conn.execute(statement, {"d": strict_json.dumps(draft)})
    app = open_page("designer.py", workflowId=str(workflow))
    for tab in TABS:
        show(app, tab)
    show(app, "Steps")
    for opener in ("open/steps/0", "open/steps/1"):
        widget(app.button, opener).click().run()
    assert get(actor, workflow).draft == draft and audited(db, workflow) == ["workflow.created"]


def test_choosing_another_schema_asks_for_a_mapping_and_maps_by_name(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    schema = {"type": "object", "required": ["ticketId"], "properties": {"ticketId": {"type": "string"}}}
    add_schema(db, actor.tenant, "mine.v1", schema)
    app = design(workflow)
    widget(app.selectbox, "-schema").set_value("mine.v1").run()
    assert "ticketId is required by the workflow's schema and is not mapped." in texts(app)
    next(b for b in app.button if b.label.startswith("Map 1")).click().run()
    draft = get(actor, workflow).draft
    assert draft["trigger"]["payloadMapping"] == {"ticketId": {"$expr": "event.payload.ticketId"}}
    assert "The workflow would get" in texts(app)


def test_an_expression_says_what_it_gives_for_the_sample_or_why_nothing(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    trigger = get(actor, workflow).draft["trigger"]

    def said(expression: str) -> str:
        edit(actor, workflow, trigger={**trigger, "payloadMapping": {"ticketId": {"$expr": expression}}})
        return texts(design(workflow))

    assert ':gray[gives] `"TICKET"`' in said("$uppercase('ticket')")
    assert ":gray[gives] :orange[nothing]" in said("event.payload.createdByUserId[5]")
    refused = said("$uppercase(5)")
    sentence = "ticketId: argument 1 of $uppercase is a number, which it does not take, at character 11."
    assert escape(sentence) in refused and "gives" not in refused


def test_someone_elses_draft_is_shown_beside_mine_and_either_can_go_on(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow, "Details")
    edit(actor, workflow, description="Theirs")
    widget(app.text_area, "description").set_value("Mine").run()
    assert "saved this draft while you were editing" in texts(app)
    assert any("Theirs" in code.value for code in app.code) and any("Mine" in code.value for code in app.code)
    assert get(actor, workflow).draft["description"] == "Theirs", "nothing is overwritten"
    next(b for b in app.button if b.label == "Keep mine").click().run()
    assert get(actor, workflow).draft["description"] == "Mine"


def test_rolling_back_during_a_conflict_keeps_what_is_not_saved(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    edit(actor, workflow, description="Second")
    publish(actor, workflow)
    app = design(workflow, "Details")
    edit(actor, workflow, description="Theirs")
    widget(app.text_area, "description").set_value("Mine").run()
    show(app, "Versions")
    app.button(key="roll-back-1").click().run()
    app.button(key="roll-back-1").click()
    app.button(key="roll-back-confirm").click().run()
    assert get(actor, workflow).published_version == 3
    assert "saved this draft while you were editing" in texts(app)
    next(b for b in app.button if b.label == "Keep mine").click().run()
    assert get(actor, workflow).draft["description"] == "Mine"


def test_a_draft_in_conflict_is_not_deleted(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = design(workflow, "Details")
    edit(actor, workflow, description="Theirs")
    widget(app.text_area, "description").set_value("Mine").run()
    app.menu_button(key="designer-menu").click("delete").run()
    confirm = app.button(key="delete-confirm")
    assert confirm.disabled and confirm.help == "Someone else changed the draft: look at their changes first."
    next(b for b in app.button if b.label == "Keep mine").click().run()
    assert get(actor, workflow).draft["description"] == "Mine"
    app.menu_button(key="designer-menu").click("delete").run()
    assert not app.button(key="delete-confirm").disabled


@contextmanager
def saves_refused(db: Database) -> Iterator[None]:
    """Somebody holds the workflows so that they can be read, and a save takes too long."""
    database.use(dataclasses.replace(db, statement_timeout_ms=200))
    try:
        with db.owner.begin() as conn:
            conn.execute(text("SELECT FROM workflow_definitions FOR UPDATE"))
            yield
    finally:
        database.use(db)


@pytest.mark.parametrize(("act", "opened"), [("delete", None), ("down", 1), ("duplicate", 1), ("log.write", 2)])
def test_a_step_is_changed_in_its_own_form_after_a_save_that_failed(
    act: str, opened: int | None, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a", "one"), log_step("b", "two")])
    app = design(workflow, "Steps")
    widget(app.button, "open/steps/0").click().run()
    menu = widget(app.menu_button, "add/steps" if act == "log.write" else "acts/steps/0")
    with saves_refused(db):
        menu.click(act).run()
    app.run()
    steps = get(actor, workflow).draft["steps"]
    assert len(steps) == {"delete": 1, "down": 2}.get(act, 3), "it is written later"
    icons = [widget(app.button, f"open/steps/{place}").icon for place in range(len(steps))]
    assert [at for at, icon in enumerate(icons) if icon == ":material/expand_more:"] == [opened] * (opened is not None)
    for place, step in enumerate(steps):
        if widget(app.button, f"open/steps/{place}").icon == ":material/chevron_right:":
            widget(app.button, f"open/steps/{place}").click().run()
        message = next(one for one in app.text_input if one.label == "Message *")
        assert widget(app.text_input, f"id/steps/{place}").value == step["id"]
        assert message.value == step["config"]["input"]["message"]
        message.set_value(f"typed {place}").run()
        steps[place]["config"]["input"]["message"] = f"typed {place}"
    assert get(actor, workflow).draft["steps"] == steps


def test_code_that_waits_for_the_database_is_in_the_forms_too(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a", "one")])
    app = design(workflow, "Steps")
    widget(app.button, "open/steps/0").click().run()
    show(app, "Code")
    written = definition_text.write({**get(actor, workflow).draft, "steps": [log_step("a", "other")]}, "yaml")
    widget(app.text_area, "code-yaml").set_value(written).run()
    with saves_refused(db):
        next(b for b in app.button if b.label == "Apply").click().run()
    show(app.run(), "Steps")
    assert get(actor, workflow).draft["steps"] == [log_step("a", "other")]
    assert next(one for one in app.text_input if one.label == "Message *").value == "other"


def test_an_edit_that_waits_for_the_database_is_not_replaced_by_a_colleagues(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow, "Details")
    with saves_refused(db):
        widget(app.text_area, "description").set_value("Mine").run()
        app.run()
    edit(actor, workflow, description="Theirs")
    app.run()
    assert "saved this draft while you were editing" in texts(app)
    next(b for b in app.button if b.label == "Keep mine").click().run()
    assert get(actor, workflow).draft["description"] == "Mine"


def test_a_draft_changed_elsewhere_is_announced(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow, "Details")
    edit(actor, workflow, description="Theirs")
    app.run()
    assert "changed this draft since you opened it" in texts(app)
    next(b for b in app.button if b.label == "Show the changes").click().run()
    assert widget(app.text_area, "description").value == "Theirs"


def test_code_goes_both_ways_and_a_mistake_keeps_the_text(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow, "Code")
    changed = {**get(actor, workflow).draft, "steps": [log_step("typed")]}
    area = widget(app.text_area, "code-yaml")
    area.set_value("name: [").run()
    next(b for b in app.button if b.label == "Apply").click().run()
    assert "is not YAML" in texts(app) and widget(app.text_area, "code-yaml").value == "name: ["
    widget(app.text_area, "code-yaml").set_value(definition_text.write(changed, "yaml")).run()
    next(b for b in app.button if b.label == "Apply").click().run()
    assert get(actor, workflow).draft["steps"] == [log_step("typed")]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"description": None}, "The description must be text."),
        ({"description": ["x"]}, "The description must be text."),
        ({"name": "a\nb"}, "The name must be on one line, without control characters."),
        ({"name": None}, "The name must have 1 to 120 characters."),
    ],
)
def test_code_with_a_text_that_is_none_is_not_saved(
    given: dict[str, Any], sentence: str, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    before = get(actor, workflow)
    app = design(workflow, "Code")
    widget(app.text_area, "code-yaml").set_value(definition_text.write({**before.draft, **given}, "yaml")).run()
    next(b for b in app.button if b.label == "Apply").click().run()
    assert sentence in texts(app)
    assert get(actor, workflow) == before


def test_code_that_is_not_applied_is_kept_and_holds_publishing_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = design(workflow, "Code")
    assert not app.button(key="publish").disabled
    typed = widget(app.text_area, "code-yaml").value.replace("id: a", "id: typed")
    widget(app.text_area, "code-yaml").set_value(typed)
    show(app, "Steps")  # one click sends the text and chooses the tab
    assert "code not applied yet" in texts(app)
    assert app.button(key="publish").disabled and "YAML under Code is not applied" in app.button(key="publish").help
    show(app, "Code")
    assert widget(app.text_area, "code-yaml").value == typed
    next(b for b in app.button if b.label == "Discard").click().run()
    assert "id: a" in widget(app.text_area, "code-yaml").value and not app.button(key="publish").disabled
    widget(app.text_area, "code-yaml").set_value(typed).run()
    assert app.button(key="publish").disabled
    widget(app.text_area, "code-yaml").set_value(typed.replace("id: typed", "id: a")).run()  # as it was
    assert not app.button(key="publish").disabled and "not applied" not in texts(app)
    widget(app.text_area, "code-yaml").set_value(f"# A comment changes nothing\n{typed}").run()
    next(b for b in app.button if b.label == "Apply").click().run()
    assert get(actor, workflow).draft["steps"][0]["id"] == "typed" and not app.button(key="publish").disabled
    assert "not applied" not in texts(app)


def test_what_is_typed_is_saved_by_the_click_that_leaves_it(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    trigger = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": "T-1"}}
    edit(actor, workflow, trigger=trigger, steps=[log_step("a"), log_step("b")])
    app = design(workflow, "Details")
    widget(app.text_input, "-name").set_value("Renamed")
    widget(app.text_area, "description").set_value("What it is for")
    show(app, "Trigger")
    widget(app.text_input, "value-ticketId").set_value("T-2")
    widget(app.selectbox, "mode-tenantId").set_value("Expression")
    show(app, "Steps")
    widget(app.button, "open/steps/0").click().run()
    widget(app.text_input, "name/steps/0").set_value("First")
    next(field for field in app.text_input if field.value == "done").set_value("typed")
    widget(app.button, "open/steps/1").click()  # another step, whose form takes the place of this one
    show(app, "Details")
    draft = get(actor, workflow).draft
    assert (draft["name"], draft["description"]) == ("Renamed", "What it is for")
    assert draft["trigger"]["payloadMapping"] == {"ticketId": "T-2", "tenantId": {"$expr": ""}}
    assert draft["steps"] == [{**log_step("a", "typed"), "name": "First"}, log_step("b")]


def test_what_is_typed_reaches_its_step_when_the_same_click_moves_it(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a"), log_step("b")])
    app = design(workflow, "Steps")
    widget(app.button, "open/steps/1").click().run()
    next(field for field in app.text_input if field.value == "done").set_value("typed")
    widget(app.menu_button, "acts/steps/0").click("delete").run()
    assert get(actor, workflow).draft["steps"] == [log_step("b", "typed")]


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, 0.0), (1, 1.0), (False, 0)])
def test_an_edit_that_python_calls_no_change_is_one(before: Any, after: Any, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    back = {"id": "r", "type": "control.return", "config": {"output": before}}
    edit(actor, workflow, steps=[log_step("a"), back])
    publish(actor, workflow)
    app = design(workflow, "Code")
    lines = [f"output: {strict_json.dumps(value)}" for value in (before, after)]
    widget(app.text_area, "code-yaml").set_value(widget(app.text_area, "code-yaml").value.replace(*lines)).run()
    next(b for b in app.button if b.label == "Apply").click().run()
    saved = get(actor, workflow)
    assert strict_json.dumps(saved.draft["steps"][1]["config"]) == strict_json.dumps({"output": after})
    assert saved.draft_differs and not app.button(key="publish").disabled
    assert any(f"+       {lines[1]}" in code.value for code in show(app, "Versions").code)
    publish(actor, workflow)
    with database.write(actor) as conn:
        versions.roll_back(conn, actor, workflow_id=workflow, to_version=1, expected_version=2)
    assert strict_json.dumps(get(actor, workflow).draft["steps"][1]["config"]) == strict_json.dumps({"output": before})


def test_other_changes_show_in_the_code_unless_text_waits_there(new_actor: ActorFactory) -> None:
    workflow = attach(new_actor(), "Alpha")
    app = design(workflow, "Code")
    show(app, "Details")
    widget(app.text_area, "description").set_value("Meanwhile").run()
    show(app, "Code")
    assert "description: Meanwhile" in widget(app.text_area, "code-yaml").value
    assert "not applied" not in texts(app)


@pytest.mark.parametrize(
    "steps", ["junk", [1], [{"id": "a"}], [{"id": "a", "type": ["x"], "config": {}}], {"a": 1}, [log_step("x"), None]]
)
def test_whatever_a_draft_holds_the_designer_opens_with_its_code(
    steps: Any, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    with db.owner.begin() as conn:
        draft = {**get(actor, workflow).draft, "steps": steps, "trigger": 7}
        statement = text("UPDATE workflow_definitions SET draft_definition = CAST(:d AS jsonb)")
        conn.execute(statement, {"d": strict_json.dumps(draft)})
    app = open_page("designer.py", workflowId=str(workflow))
    assert app.segmented_control(key="designer-tab").options[0].endswith("Code")


def test_a_reader_and_a_manager_of_a_system_workflow_look_at_everything_and_change_nothing(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = attach(actor, "Guarded")
    trigger = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": "T-1", "gone": 1}}
    inner = {"id": "if", "type": "control.if", "config": {"condition": {"$expr": "true"}, "then": [log_step("b")]}}
    edit(actor, workflow, trigger=trigger, steps=[log_step("a", "Words to read"), inner])
    reader = new_actor("read", tenant=actor.tenant)
    make_system(db, workflow)
    before = get(actor, workflow)
    app = open_page("designer.py", workflowId=str(workflow))
    for person in (actor, reader):
        app.selectbox(key="acting_as").set_value(label_of(person, "Tenant")).run()
        assert f"have {person.permission}" in texts(app) and "You can look at everything." in texts(app)
        for tab in TABS:
            show(app, tab)
            fields = [*app.selectbox, *app.text_input, *app.text_area]
            looking = ("acting_as", "version", "with", "code-language")
            free = [one.key for one in fields if not one.disabled and "sample-" not in one.key]
            assert set(free) <= set(looking), tab
            assert app.button(key="publish").disabled
            acts = [one.key for one in app.menu_button if not one.disabled]
            assert acts == [], tab
        show(app, "Trigger")
        assert widget(app.text_input, "value-ticketId").value == "T-1" and "`gone` is mapped" in texts(app)
        show(app, "Steps")
        widget(app.button, "open/steps/0").click().run()
        assert any("message: Words to read" in one.value for one in app.code)
    assert get(actor, workflow) == before


def test_an_old_version_is_compared_and_can_be_brought_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    edit(actor, workflow, description="Second")
    publish(actor, workflow, "Better words")
    app = design(workflow, "Versions")
    assert "Better words" in texts(app)
    app.selectbox(key="version").set_value("v1").run()
    assert any("+ description: Second" in code.value for code in app.code)
    came = open_page("designer.py", workflowId=str(workflow), tab="versions", version="v1")
    assert came.selectbox(key="version").value == "v1", "as a run of it links to"
    came.selectbox(key="with").set_value("v1").run()
    assert "This is what v1 says." in texts(came) and any("payloadSchemaRef" in code.value for code in came.code)
    app.button(key="roll-back-1").click().run()
    assert "What version 1 says is published once more, as version 3." in texts(app)
    assert "**Changes in description** :gray[· 1 line out, " in texts(app)
    shown = app.code[-1].value
    assert "-description: Second" in shown and "@@" not in shown and "version:" not in shown
    assert str(workflow) not in shown, "both have the same id"
    app.button(key="roll-back-confirm-cancel").click().run()
    assert "roll-back-confirm" not in {button.key for button in app.button} and not app.exception
    assert get(actor, workflow).published_version == 2
    app.button(key="roll-back-1").click().run()
    app.button(key="roll-back-1").click()
    app.button(key="roll-back-confirm").click().run()
    assert get(actor, workflow).published_version == 3


def test_a_dry_run_shows_the_steps_that_would_run(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    assign = {"id": "set", "type": "transform.assign", "config": {"assign": {"vars.id": {"$expr": "payload.ticketId"}}}}
    steps = [{**log_step("note"), "name": "Write it down"}]
    each = {"id": "each", "type": "control.forEach", "config": {"items": {"$expr": "[1, 2]"}, "steps": steps}}
    edit(actor, workflow, steps=[assign, each])
    app = design(workflow, "Dry run")
    assert any("start and succeed after" in s.value for s in app.success), texts(app)
    assert "Write it down · 1" in texts(app) and "Write it down · 2" in texts(app), "as the run names them"
    assert ":material/terminal: Write it down" in texts(app), "with the icon that the steps have beside it"


@pytest.mark.parametrize("tab", ["Dry run", "Trigger"])
def test_what_the_draft_is_tried_with_stays_as_it_was_chosen(tab: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    if tab == "Trigger":
        mapping = {"ticketId": {"$expr": "event.payload.ticketId"}}
        edit(actor, workflow, trigger={**get(actor, workflow).draft["trigger"], "payloadMapping": mapping})
    with database.write(actor) as conn:
        case = EventDraft(EVENT, example(db))
        saved_cases.save(conn, actor, name="Plain", draft=case, expected_workflows=[])
    recorded(actor, example(db))
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE workflow_runtime_events SET created_at = created_at - interval '1 hour'"))
    app = design(workflow, tab)

    def box() -> Any:
        return next(one for one in app.selectbox if one.label == "Try with")

    before = texts(app)
    box().select("Last recorded (redacted)").run()
    assert "Recorded" in texts(app) and "Recorded" not in before
    recorded(actor, example(db))
    app.run()
    assert box().value == "Last recorded (redacted)"
    box().select("Saved: Plain").run()
    show(app, "Steps")
    widget(app.menu_button, "add/steps").click("http.request").run()  # draws everything anew
    show(app, tab)
    assert box().value == "Saved: Plain"


def test_a_dry_run_says_that_its_sample_took_too_long(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "TIMEOUT_MS", 100)
    actor = new_actor()
    add_entry(db, actor.tenant, "SLOW", schema=SLOW)
    app = design(attach(actor, "Alpha", "SLOW"), "Dry run")
    assert "A sample of this schema takes more than 0.1 seconds of computing time." in texts(app)
    assert "This is a value with the required fields, unchecked." in texts(app)


def test_hostile_names_stay_words(new_actor: ActorFactory) -> None:
    actor = new_actor()
    hostile = "<img src=x onerror=alert(1)> [x](javascript:1) `$`"
    workflow = published(actor, hostile)
    for tab in TABS:
        design(workflow, tab)
    assert "[x](javascript" not in texts(open_page("workflows.py"))


def test_a_large_definition_is_drawn_with_reasonable_work(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Large")
    edit(actor, workflow, steps=[log_step(f"step{n}", {"$expr": f"payload.ticketId & '{n}'"}) for n in range(60)])
    app = design(workflow, "Steps")
    assert work.calls(app.run) < 650_000


def test_a_changed_event_schema_is_shown_on_both_pages_and_taken_over(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    add_schema(db, actor.tenant, "new.v2", {"type": "object", "properties": {"ticketId": {"type": "string"}}})
    add_entry(db, actor.tenant, "TICKET_CREATED", ref="new.v2")
    said = "schema changed from `payload.TicketCreated.v1` to `new.v2`; it no longer validates"
    assert said in texts(open_page("event.py", eventType="TICKET_CREATED"))
    app = design(workflow)
    assert said in texts(app)
    next(b for b in app.button if b.label == "Use the event's present schema").click().run()
    trigger = get(actor, workflow).draft["trigger"]
    assert trigger["sourcePayloadSchemaRef"] == "new.v2" and trigger["payloadMapping"] == {}
    assert "schema changed from" not in texts(app)


def test_publishing_offers_a_replay_only_if_events_were_missed(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db))
    said = {}
    for event in ("EMAIL_BOUNCED", EVENT):
        workflow = attach(actor, event, event)
        edit(actor, workflow, steps=[log_step("a")])
        app = design(workflow, "Steps")
        app.button(key="publish").click().run()
        app.button(key="publish").click()  # a whole run, unlike a browser's, draws the dialog only if asked again
        app.button(key="publish-confirm").click().run()
        assert get(actor, workflow).published_version == 1
        said[event] = texts(app)
    assert "Replay missed events?" not in said["EMAIL_BOUNCED"]
    assert f"**1 live event** of `{EVENT}` started nothing." in said[EVENT]


def recorded(actor: Actor, *payloads: Any, event_type: str = EVENT) -> list[UUID]:
    """Live events with these payloads; their ids."""
    found = []
    for payload in payloads:
        with database.write(actor) as conn:
            found.append(ingestion.submit_event(conn, actor, event_type=event_type, payload=payload).event_id)
    return [event_id for event_id in found if event_id]


def test_publishing_is_tried_with_real_events_first(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    good = example(db)
    recorded(actor, good, good)
    [bad] = recorded(actor, {**good, "ticketId": 7})
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = design(workflow, "Steps")
    app.button(key="publish").click().run()
    assert f"**2 of the last 3 real events** of `{EVENT}` would start it." in texts(app)
    assert "**1** fails at `/ticketId`: Must be text." in texts(app)
    links = [link for link in app.get("page_link") if str(bad) in link.proto.query_string]
    assert len(links) == 1
    app.button(key="publish").click()
    app.button(key="publish-confirm").click().run()
    assert get(actor, workflow).published_version == 1
    app = design(workflow, "Steps")
    assert "**2 of its last 3 real events** would start it." in texts(app)
    recorded(actor, good)
    assert "**3 of its last 4 real events** would start it." in texts(design(workflow, "Steps"))


def test_what_no_real_event_starts_is_published_only_anyway(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    recorded(actor, {}, {})
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = design(workflow, "Steps")
    app.button(key="publish").click().run()
    assert f":orange[:material/warning:] **0 of the last 2 real events** of `{EVENT}` would start it." in texts(app)
    assert f"It will start on every `{EVENT}`. **2 live events** came in the last 7 days." in texts(app)
    assert [one.value for one in app.warning if "As things are, it would start no run." in one.value]
    assert not [button for button in app.button if button.key == "publish-confirm"]
    assert app.button(key="publish-anyway").label == "Publish anyway"
    app.button(key="publish-anyway-cancel").click().run()
    assert get(actor, workflow).published_version is None and "becomes version 1" not in texts(app)
    app.button(key="publish").click().run()
    app.button(key="publish").click()
    app.button(key="publish-anyway").click().run()
    assert get(actor, workflow).published_version == 1
    edit(actor, workflow, steps=[log_step("b")])
    publish(actor, workflow)
    app = design(workflow, "Versions")
    app.button(key="roll-back-1").click().run()
    assert f"**0 of the last 2 real events** of `{EVENT}` would start it." in texts(app)
    app.button(key="roll-back-1").click()
    next(button for button in app.button if button.label == "Publish v3 anyway").click().run()
    assert get(actor, workflow).published_version == 3


def test_an_event_that_did_not_come_yet_is_said(new_actor: ActorFactory) -> None:
    workflow = published(new_actor())
    assert f"No real event of `{EVENT}` came yet" in texts(design(workflow, "Steps"))


def test_an_open_step_shows_that_it_is_open(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = design(workflow, "Steps")
    assert widget(app.button, "open/steps/0").icon == ":material/chevron_right:"
    widget(app.button, "open/steps/0").click().run()
    assert widget(app.button, "open/steps/0").icon == ":material/expand_more:"


def progress(app: AppTest) -> list[str]:
    return [bar.proto.text for bar in app.get("progress")]


def test_unmatched_events_are_offered_after_publishing_and_replayed_with_progress(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "BATCH_SECONDS", 60.0)  # whole batches, however busy the machine is
    actor = new_actor()
    for _ in range(backfill.BATCH + 5):
        with database.write(actor) as conn:
            ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db))
    workflow = published(actor, "Late")
    app = open_page("designer.py", workflowId=str(workflow))
    app.session_state["backfill-offered"] = workflow
    app.run()
    assert "Replay missed events?" in texts(app)
    assert "**45 live events** of `TICKET_CREATED` started nothing" in texts(app)
    app.button(key="backfill-start").click().run()
    assert progress(app) == ["Replaying `TICKET_CREATED`: 0 of 45, 0 started, 0 skipped, 0 failed"]
    with database.write(actor) as conn:
        begun = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow)
        assert begun and backfill.advance(conn, actor, backfill_id=begun.backfill_id)
    app.run()
    assert progress(app) == ["Replaying `TICKET_CREATED`: 40 of 45, 40 started, 0 skipped, 0 failed"]
    app.button(key="backfill-cancel").click().run()
    assert "Canceled after 40 events" in texts(app) and "**5 live events**" in texts(app)


def test_a_held_backfill_and_why_events_did_not_start_are_said(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.write(actor) as conn:
        for payload in (example(db), {**example(db), "ticketId": 5}):
            ingestion.submit_event(conn, actor, event_type=EVENT, payload=payload)
    workflow = published(actor, "Late")
    now = datetime.now(UTC)
    with database.write(actor) as conn:
        begun = backfill.start(conn, actor, workflow_id=workflow, since=now - timedelta(days=1), now=now)
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=True)
    app = open_page("designer.py", workflowId=str(workflow))
    assert "Held: the workflow is paused." in progress(app)[0] and "0 of 2" in progress(app)[0]
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow, paused=False)
        backfill.advance(conn, actor, backfill_id=begun.backfill_id)
    shown = texts(app.run())
    assert "Replayed 2 events: 1 started, 1 skipped, 0 failed." in shown
    why = "The payload does not fit the workflow's schema at /ticketId: Must be text."
    assert f"1 event: {escape(why)}" in shown


def test_an_ended_backfill_says_why_also_when_the_workflow_has_no_event_any_more(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=EVENT, payload=example(db))
    workflow = published(actor, "Late")
    now = datetime.now(UTC)
    with database.write(actor) as conn:
        backfill.start(conn, actor, workflow_id=workflow, since=now - timedelta(days=1), now=now)
    app = open_page("designer.py", workflowId=str(workflow))
    assert progress(app)
    detach(actor, workflow, 1)
    assert f"Canceled after 0 events because the workflow was detached from {escape(EVENT)}" in texts(app.run())
    app.button(key="backfill-close").click().run()
    assert "Canceled after" not in texts(app)


def test_who_comes_back_to_the_designer_begins_with_the_stored_draft(new_actor: ActorFactory) -> None:
    one = new_actor()
    two = new_actor(tenant=one.tenant)
    workflow, other = published(one, "Alpha"), published(one, "Other")
    app = design(workflow, "Details")
    leave = [("workflows.py", {}), ("designer.py", {"workflowId": str(other)})]
    for number, (page, query) in enumerate(leave):
        app.query_params.clear()
        app.query_params.update(query)
        app.switch_page(page).run()
        edit(two, workflow, description=f"Number {number}")
        app.query_params.update({"workflowId": str(workflow), "tab": "details"})
        app.switch_page("designer.py").run()
        assert widget(app.text_area, "description").value == f"Number {number}"
        assert "changed this draft since you opened it" not in texts(app)


def test_text_that_is_not_applied_yet_outlasts_leaving_the_designer(new_actor: ActorFactory) -> None:
    one = new_actor()
    workflow = published(one, "Alpha")
    app = design(workflow, "Code")
    widget(app.text_area, "code-yaml").set_value("name: Half").run()
    app.switch_page("workflows.py").run()
    edit(new_actor(tenant=one.tenant), workflow, description="Theirs")
    app.query_params["workflowId"] = str(workflow)
    app.switch_page("designer.py").run()
    assert "changed this draft since you opened it" in texts(app) and "code not applied yet" in texts(app)


def test_a_detach_is_undone_in_the_versions_and_the_draft_follows(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = design(workflow, "Versions")
    detach(actor, workflow, 1)
    app.run()
    app.button(key=f"undo-{workflow}").click().run()
    assert get(actor, workflow).event_type == EVENT
    shown = texts(app)
    assert "changed this draft since you opened it" not in shown and f"`{EVENT}`" in shown
    assert not [button for button in app.button if button.key == f"undo-{workflow}"]


def test_keeping_mine_when_the_workflow_was_archived_meanwhile_is_a_sentence(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = design(workflow, "Details")
    edit(actor, workflow, description="Theirs")
    widget(app.text_area, "description").set_value("Mine").run()
    with database.write(actor) as conn:
        workflow_changes.set_archived(conn, actor, workflow_id=workflow, archived=True)
    next(b for b in app.button if b.label == "Keep mine").click().run()
    assert [toast.value for toast in app.toast] == ["Alpha is archived; restore it before you change it."]
    assert "Alpha" in texts(app) and not app.exception


def test_a_callback_without_a_change_takes_nothing_from_the_draft(new_actor: ActorFactory) -> None:
    """Streamlit makes such calls for widgets of a run that was interrupted, as happens where the machine is busy."""
    actor = new_actor()
    workflow = published(actor)
    trigger = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": {"$expr": "event.payload.x"}}}
    edit(actor, workflow, trigger=trigger)
    stored = get(actor, workflow)
    draft = Draft(actor, stored, stored.draft, stored.draft_version)
    for callback, shown in (
        (trigger_tab._keep_event, EVENT),
        (trigger_tab._keep_schema, stored.draft["payloadSchemaRef"]),
        (partial(trigger_tab._keep_identity, schema={}), "Mapped"),
    ):
        st.session_state["control"] = shown
        callback(draft, "control")
        assert get(actor, workflow).draft == stored.draft


def test_the_menu_adds_an_action_directly_and_its_form_asks_for_nothing_that_is_fixed(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow, "Steps")
    menu = widget(app.menu_button, "add/steps")
    assert [option.split(" ", 1)[1] for option in menu.options][:2] == ["Write log", "HTTP request"]
    menu.click("http.request").run()
    assert [one.label for one in app.text_input if one.disabled] == [], "a field that cannot be filled is none"
    assert not [one for one in app.selectbox if one.label == "Action"]
    next(one for one in app.text_input if one.label == "URL *").set_value("https://example.com/hook").run()
    (step,) = get(actor, workflow).draft["steps"]
    assert step["id"] == "request" and step["config"]["action"] == "http.request"
    assert step["config"]["input"]["url"] == "https://example.com/hook"
    assert (
        f"**HTTP request** :gray[{escape('POST https://example.com/hook')}]" in widget(app.button, "open/steps/0").label
    )


def test_what_is_published_can_be_simulated_from_there(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    edit(actor, workflow, steps=[log_step("a")])
    app = design(workflow, "Steps")
    app.button(key="publish").click().run()
    assert f"It will start on every `{EVENT}`. None came in the last 7 days." in texts(app)
    app.button(key="publish").click()
    app.button(key="publish-confirm").click().run()
    assert "**Version 1 is published.**" in texts(app)
    [link] = [one for one in app.get("page_link") if "Simulate" in one.proto.label]
    assert link.proto.page == "simulate" and f"eventType={EVENT}" in link.proto.query_string
    app.button(key="published-close").click().run()
    assert "is published" not in texts(app)


def picked(app: AppTest, act: str, key: str, name: str | None = None) -> AppTest:
    """Pick in the workflow's menu, and press that button of the dialog."""
    app.menu_button(key="designer-menu").click(act).run()
    if name is not None:
        next(one for one in app.text_input if one.label == "Name" and "design-" not in one.key).set_value(name)
    app.menu_button(key="designer-menu").click(act)  # a whole run draws the dialog only if asked again
    return app.button(key=key).click().run()


def test_a_workflow_is_duplicated_and_the_copy_opened(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = picked(design(workflow, "Steps"), "duplicate", "duplicate-confirm", "Beta [x](y)")
    assert not app.exception and "Beta" in texts(app)
    with database.read(actor) as conn:
        found = {one.name: one for one in workflow_records.choices(conn, tenant=actor.tenant)}
    assert app.query_params["workflowId"] == str(found["Beta [x](y)"].workflow_id)
    assert get(actor, workflow).name == "Alpha"


@pytest.mark.parametrize(("act", "key"), [("duplicate", "duplicate-confirm"), ("rename", "rename-confirm")])
def test_a_name_that_cannot_be_is_refused_in_a_sentence(act: str, key: str, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    for name in (" ", "x" * 10_000):
        app = picked(design(workflow, "Steps"), act, key, name)
        assert "must have 1 to 120 characters" in "".join(one.value for one in app.error)
        assert get(actor, workflow).draft["name"] == "Alpha"


def test_a_workflow_is_renamed_in_its_draft(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    app = picked(design(workflow, "Steps"), "rename", "rename-confirm", "Beta")
    now = get(actor, workflow)
    assert (now.name, now.draft["name"]) == ("Alpha", "Beta") and app.title[0].value.startswith("Beta ")
    publish(actor, workflow)
    assert get(actor, workflow).name == "Beta"


def test_a_draft_is_deleted_after_a_look_at_what_is_lost(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = published(actor, "Alpha")
    assert "Delete draft" not in "".join(design(workflow, "Details").menu_button(key="designer-menu").options)
    edit(actor, workflow, description="Other words")
    app = design(workflow, "Details")
    app.menu_button(key="designer-menu").click("delete").run()
    assert "will say again what version 1 says" in texts(app)
    assert any("+description: Other words" in one.value for one in app.code)
    picked(app, "delete", "delete-confirm")
    assert not get(actor, workflow).draft_differs
    assert widget(app.text_area, "description").value == get(actor, workflow).draft["description"]


def test_a_workflow_is_simulated_from_its_menu(new_actor: ActorFactory) -> None:
    workflow = attach(new_actor(), "Alpha")
    app = design(workflow, "Details")
    app.menu_button(key="designer-menu").click("simulate").run()
    assert not app.exception and app.query_params["eventType"] == EVENT
    assert any(one.label == "Send event" for one in app.button)


def test_a_mapping_to_the_same_schema_begins_with_every_field(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    app = design(workflow)
    widget(app.segmented_control, "identity").set_value("Mapped").run()
    made = get(actor, workflow).draft["trigger"]["payloadMapping"]
    assert made["ticketId"] == {"$expr": "event.payload.ticketId"} and made.keys() >= example(db).keys()
    assert "The workflow would get" in texts(app) and "is not mapped" not in texts(app)


def test_a_choice_that_takes_a_mapping_away_gives_it_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    trigger = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": "T-1"}}
    edit(actor, workflow, trigger=trigger)
    app = design(workflow)

    def chosen(event: str) -> Any:
        widget(app.selectbox, "-event").set_value(event).run()
        return get(actor, workflow).draft["trigger"]

    def taken(how: str) -> Any:
        widget(app.segmented_control, "identity").set_value(how).run()
        return get(actor, workflow).draft["trigger"]

    as_it_comes = {name: value for name, value in trigger.items() if name != "payloadMapping"}
    assert chosen("No trigger") is None and chosen(EVENT) == trigger
    assert chosen("TICKET_CLOSED")["eventName"] == "TICKET_CLOSED" and chosen(EVENT) == trigger
    assert taken("As it comes") == as_it_comes and taken("Mapped") == trigger
    assert taken("As it comes") == as_it_comes
    assert chosen("No trigger") is None and chosen(EVENT) == as_it_comes
    assert taken("Mapped") == trigger


def test_a_mapping_that_an_earlier_session_took_away_is_the_published_one(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    draft = get(actor, workflow).draft
    by_name: dict[str, Any] = {name: {"$expr": f"event.payload.{name}"} for name in example(db)}
    mapped = {**draft["trigger"], "payloadMapping": {**by_name, "ticketId": example(db)["ticketId"]}}
    edit(actor, workflow, trigger=mapped, steps=[log_step("a")])
    publish(actor, workflow)
    edit(actor, workflow, trigger=draft["trigger"])
    app = design(workflow)
    widget(app.segmented_control, "identity").set_value("Mapped").run()
    assert get(actor, workflow).draft["trigger"] == mapped
    edit(actor, workflow, trigger=None)
    app = design(workflow)
    widget(app.selectbox, "-event").set_value(EVENT).run()
    assert get(actor, workflow).draft["trigger"] == mapped


def test_a_text_stays_when_it_becomes_an_expression_and_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = attach(actor, "Alpha")
    trigger = {**get(actor, workflow).draft["trigger"], "payloadMapping": {"ticketId": 'A "new" ticket'}}
    edit(actor, workflow, trigger=trigger, steps=[log_step("a", "Words to keep")])
    app = design(workflow)

    def mapped(mode: str) -> Any:
        widget(app.selectbox, "mode-ticketId").set_value(mode).run()
        return get(actor, workflow).draft["trigger"]["payloadMapping"]["ticketId"]

    assert mapped("Expression") == {"$expr": r'"A \"new\" ticket"'}
    assert mapped("Value") == 'A "new" ticket'
    show(app, "Steps")
    widget(app.button, "open/steps/0").click().run()

    def message(branch: int) -> Any:
        next(one for one in app.segmented_control if one.label == "Message *").set_value(branch).run()
        return get(actor, workflow).draft["steps"][0]["config"]["input"]["message"]

    assert message(1) == {"$expr": '"Words to keep"'}
    next(one for one in app.text_input if one.label == "Message *").set_value("payload.ticketId").run()
    assert message(0) == "Words to keep", "what was entered there is kept for the way back"
    assert message(1) == {"$expr": "payload.ticketId"}
