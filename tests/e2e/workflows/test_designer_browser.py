"""The designer in a browser: its diagram by mouse and keyboard, the fields of a step, and where nothing is chosen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.settings import Settings
from tests.database.workflows.test_records import attach, edit
from tests.e2e.conftest import RunningApp, act_as, picture, settled, start_app, stop_app, tab
from tests.support.waiting import wait_for
from tests.support.workflow_runs import expr, log_step

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror=alert(1)> **bold** [a](javascript:1) `x` "'
STEPS = [
    log_step("first", "Some words"),
    {
        "id": "late",
        "type": "control.if",
        "config": {
            "condition": expr("payload.ticketId = 'T-1'"),
            "then": [log_step("yes", "Yes"), {"id": "pause", "type": "time.wait", "config": {"seconds": 5}}],
            "else": [log_step("no", "No")],
        },
    },
    {"id": "each", "type": "control.forEach", "config": {"items": expr("[1, 2]"), "steps": [log_step("in", "In")]}},
    log_step("last", expr("payload.nope")) | {"name": HOSTILE},
]


@dataclass(frozen=True)
class Desk:
    app: RunningApp
    workflow: UUID


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The app with one workflow of branches, a loop, a wait and a warning."""
    data_dir = tmp_path_factory.mktemp("diagram")
    database.start(Settings(data_dir=data_dir, database_url=None))
    with database.operate() as conn:
        system_catalog.load(conn)
        tenant = actors.add_tenant(conn, name="Fresh")
        max_ = actors.add_member(conn, tenant=tenant, email="max@example.com", name="Max", permission="manage")
        actors.add_member(conn, tenant=tenant, email="rae@example.com", name="Rae", permission="read")
    actor = Actor(tenant=tenant, user_id=max_, email="max@example.com", permission="manage")
    workflow = attach(actor, "Tell the desk")
    edit(actor, workflow, steps=STEPS)
    database.stop()
    app = start_app(data_dir, DEMO="0")
    yield Desk(app, workflow)
    stop_app(app)


@pytest.fixture
def page(browser: Browser, made: Desk) -> Iterator[Page]:
    with tab(browser, made.app, height=1000) as opened:
        act_as(opened, "Max · Fresh")
        yield opened
        assert opened.locator("[data-testid=stException]").count() == 0


def design(page: Page, made: Desk, at: str = "trigger") -> Locator:
    """The diagram of the workflow, at a tab of the designer."""
    page.goto(f"/designer?workflowId={made.workflow}&tab={at}")
    found = page.get_by_role("navigation", name="Diagram of the workflow")
    expect(found).to_be_visible()
    settled(page)
    return found


def node(diagram: Locator, path: str) -> Locator:
    return diagram.locator(f'button[data-path="{path}"]')


def test_a_click_on_a_node_opens_the_form_of_its_step(page: Page, made: Desk) -> None:
    diagram = design(page, made)
    expect(node(diagram, "/trigger")).to_have_attribute("aria-current", "true")
    picture(page, "diagram")
    node(diagram, "/steps/1/config/else/0").click()
    expect(page.get_by_role("textbox", name="Id")).to_have_value("no")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_in_viewport()
    expect(node(diagram, "/steps/1/config/else/0")).to_have_attribute("aria-current", "true")
    expect(diagram.locator("[aria-current]")).to_have_count(1)
    expect(page).to_have_url(re.compile("tab=steps"))
    settled(page)
    picture(page, "diagram-step")
    node(diagram, "/trigger").click()
    expect(page.get_by_role("combobox", name="Starts when")).to_be_focused()
    expect(page).to_have_url(re.compile("tab=trigger"))


def test_a_step_that_is_out_of_sight_is_scrolled_to(page: Page, made: Desk) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    diagram = design(page, made)
    node(diagram, "/steps/3").click()  # the diagram stands below the form here
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value(HOSTILE)
    expect(name).to_be_in_viewport()
    expect(name).to_be_focused()


def test_every_node_is_reached_by_keys(page: Page, made: Desk) -> None:
    diagram = design(page, made)
    node(diagram, "/trigger").focus()
    for key, path in (
        ("ArrowDown", "/steps/0"),
        ("ArrowDown", "/steps/1"),
        ("ArrowDown", "/steps/1/config/then/0"),
        ("ArrowRight", "/steps/1/config/else/0"),
        ("ArrowLeft", "/steps/1/config/then/0"),
        ("Tab", "/steps/1/config/then/1"),
        ("ArrowUp", "/steps/1/config/then/0"),
        ("End", "/steps/3"),
        ("Home", "/trigger"),
    ):
        page.keyboard.press(key)
        expect(node(diagram, path)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    expect(page.get_by_role("textbox", name="Id")).to_have_value("last")


def test_what_a_step_says_is_text_and_its_marks_are_words(page: Page, made: Desk) -> None:
    diagram = design(page, made)
    last = node(diagram, "/steps/3")
    expect(last.locator("b")).to_have_text(re.compile(re.escape(HOSTILE[:20])))
    expect(last).to_have_accessible_name(re.compile(r"1 warning$"))
    assert diagram.locator("img, a, script").count() == 0
    expect(node(diagram, "/steps/1")).to_have_accessible_name("If payload.ticketId = 'T-1'")
    for words in ("yes", "no", "each", "next", "done", "End"):
        expect(diagram.get_by_text(words, exact=True)).to_be_visible()
    # A line leads to each end: as many as nodes and words that something leads to.
    assert diagram.locator("svg .head").count() == diagram.locator("[data-id]").count() - 2


BRIGHT = "one => getComputedStyle(one).color.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)"


def test_a_diagram_follows_the_theme_without_being_drawn_anew(page: Page, made: Desk) -> None:
    words = node(design(page, made), "/steps/0").locator("b")
    page.emulate_media(color_scheme="light")
    wait_for(lambda: words.evaluate(BRIGHT) < 150)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: words.evaluate(BRIGHT) > 600)


def test_a_diagram_can_be_read_on_a_phone(page: Page, made: Desk) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    diagram = design(page, made)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    last = node(diagram, "/steps/1/config/else/0")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
    assert last.locator("b").evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 12


def test_a_reader_looks_at_each_step(page: Page, made: Desk) -> None:
    act_as(page, "Rae · Fresh")
    diagram = design(page, made)
    node(diagram, "/steps/0").click()
    expect(page.get_by_text("message: Some words")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Write log")).first).to_be_focused()


def test_fields_are_found_and_put_into_a_step(page: Page, made: Desk) -> None:
    diagram = design(page, made, "steps")
    node(diagram, "/steps/1/config/else/0").click()
    expect(page.get_by_role("textbox", name="Id")).to_have_value("no")
    settled(page)
    page.get_by_role("button", name="More for Message").click()
    page.get_by_role("menuitem", name=re.compile("Insert payload.ticketId")).click()
    written = page.get_by_role("textbox", name=re.compile("^Message"))
    expect(written).to_have_value('"No" & payload.ticketId')
    settled(page)
    picture(page, "field-picker")
    written.press("End")
    written.type(" & '!'")  # changed where it stands
    written.press("Enter")
    expect(node(diagram, "/steps/1/config/else/0")).to_contain_text("\"No\" & payload.ticketId & '!'")
    written.fill("")
    written.press("Enter")
    box = page.get_by_role("combobox", name=re.compile("^Message"))
    box.click()
    box.fill("each")
    expect(page.get_by_role("option", name=re.compile("steps.first.output"))).to_have_count(0)
    box.fill("correlation")
    page.get_by_role("option", name=re.compile("event.correlationKey")).click()
    expect(node(diagram, "/steps/1/config/else/0")).to_contain_text("event.correlationKey")


FRAMES = """open => [...open.querySelectorAll('[data-testid=stVerticalBlock], [data-testid=stExpander], details')]
  .map(one => [one.dataset.testid ?? one.tagName, getComputedStyle(one)])
  .filter(([, style]) => parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== 'none')
  .filter(([, style]) => !/, 0\\)$/.test(style.borderTopColor))
  .map(([name]) => name)"""


def test_an_open_step_has_one_frame(page: Page, made: Desk) -> None:
    node(design(page, made, "steps"), "/steps/0").click()
    shown = page.locator(".st-key-place-steps-0")
    expect(shown.get_by_role("textbox", name="Name", exact=True)).to_be_visible()
    expect(shown.get_by_role("radiogroup", name=re.compile("^Message"))).to_be_visible()
    settled(page)
    assert shown.evaluate(FRAMES) == []


def test_without_a_workflow_or_a_key_there_is_a_next_step(page: Page, made: Desk) -> None:
    page.goto("/designer")
    expect(page.get_by_role("heading", level=1, name="Designer")).to_be_visible()
    settled(page)
    picture(page, "designer-start")
    page.get_by_role("link", name="Tell the desk").click()
    expect(page.get_by_role("heading", name="Tell the desk")).to_be_visible()
    page.goto("/timeline")
    expect(page.get_by_role("heading", level=1, name="Timeline")).to_be_visible()
    settled(page)
    picture(page, "timeline-start")
    page.get_by_test_id("stMain").get_by_role("link", name="Activity").click()
    expect(page.get_by_role("heading", level=1, name="Activity")).to_be_visible()


def test_why_a_button_is_disabled_is_read_without_a_mouse(page: Page, made: Desk) -> None:
    act_as(page, "Rae · Fresh")
    page.goto("/event?eventType=TICKET_CREATED")
    expect(page.get_by_role("button", name="Simulate")).to_be_disabled()
    expect(page.get_by_text("You have read permission")).to_have_count(1)
    expect(page.get_by_text("You have read permission")).to_be_visible()
    picture(page, "reasons")


def test_lines_of_json_are_numbered_and_the_wrong_one_is_marked(page: Page, made: Desk) -> None:
    page.goto("/simulate?eventType=TICKET_CREATED")
    settled(page)
    page.get_by_role("radio", name="JSON").click()
    field = page.get_by_role("textbox", name="Payload as JSON")
    expect(field).to_have_css("background-image", re.compile("^url.*svg"))
    expect(field).to_have_css("line-height", "20px")
    field.fill(json.dumps({"a": 1, "b": 2}, indent=2).replace('"b"', "b"))
    field.press("Control+Enter")
    expect(page.get_by_text(re.compile(r"\bline 3\b")).first).to_be_visible()
    # The second background is the mark, at the height of the third line.
    expect(field).to_have_css("background-image", re.compile("linear-gradient"))
    expect(field).to_have_css("background-position", re.compile("50px$"))
    picture(page, "json-lines")
    page.goto(f"/designer?workflowId={made.workflow}&tab=code")
    code = page.get_by_role("textbox", name="Definition")
    expect(code).to_have_css("background-image", re.compile("^url.*svg"))
