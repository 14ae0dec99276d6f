"""Dialogs under mouse and keyboard: what closes them, and what does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.e2e.conftest import RunningApp, database_of, settled
from tests.support.waiting import wait_for
from tests.unit.components.test_theme import contrast

pytestmark = pytest.mark.browser

# Every connection that the page opens, so that a test can cut it, and how often the page has said something.
CONNECTIONS = """
window.connections = [];
window.said = 0;
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.connections.push(this); }
  send(...given) { super.send(...given); window.said += 1; }
};
"""
OPEN = 1
PHONE: ViewportSize = {"width": 390, "height": 844}
# What is drawn behind a button and what is written on it, as 0 to 255 each, whatever the style calls them.
COLORS = """one => ['backgroundColor', 'color'].map(part => {
  const context = document.createElement('canvas').getContext('2d');
  context.fillStyle = getComputedStyle(one)[part];
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
})"""


@pytest.fixture
def line(browser: Browser, app: RunningApp) -> Iterator[Page]:
    """A page of its own whose connections can be cut."""
    context = browser.new_context(base_url=app.url, viewport={"width": 1440, "height": 1000})
    context.add_init_script(CONNECTIONS)
    yield context.new_page()
    context.close()


def cut(page: Page) -> None:
    """Cut the connection, and wait until the page has another one, over which nothing is drawn until one acts."""
    with page.expect_websocket():
        page.evaluate("connections.forEach(one => one.close())")
    wait_for(lambda: page.evaluate("connections.at(-1).readyState") == OPEN)
    settled(page)


def dialog(page: Page, title: str) -> Locator:
    """The dialog of this name, which is open."""
    found = page.get_by_role("dialog", name=title)
    expect(found).to_be_visible()
    settled(page)
    return found


def test_a_lost_connection_leaves_a_dialog_open(line: Page) -> None:
    line.goto("/settings?section=members")
    line.get_by_role("button", name="Add a member").click()
    adding = dialog(line, "Add a member")
    adding.get_by_label("Name").fill("Grace")
    cut(line)
    adding.get_by_label("E-mail").fill("not an address")
    adding.get_by_role("button", name="Add", exact=True).click()
    expect(adding.get_by_text("must be an address")).to_be_visible()
    expect(adding.get_by_label("Name")).to_have_value("Grace")


@pytest.mark.parametrize(
    ("address", "opener", "title", "pressed"),
    [
        ("/event?eventType=TICKET_CREATED", "Attach", "Attach a workflow", "Existing workflow"),
        ("/runs", "Run failed ones again", "Run failed runs again", "The newest published version"),
    ],
)
def test_what_is_pressed_after_a_lost_connection_is_drawn_in_the_dialog(
    line: Page, failed_run: None, address: str, opener: str, title: str, pressed: str
) -> None:
    line.goto(address)
    expect(line.get_by_role("button", name=opener, exact=True).first).to_be_visible()
    settled(line)
    line.get_by_role("button", name=opener, exact=True).first.click()
    opened = dialog(line, title)
    cut(line)
    chosen = opened.get_by_role("radio", name=pressed)
    opened.get_by_text(pressed, exact=True).click()
    expect(chosen).to_be_checked()
    settled(line)
    expect(opened).to_be_visible()
    said = line.evaluate("said")
    line.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    wait_for(lambda: line.evaluate("said") > said)  # the server is told
    settled(line)
    cut(line)
    expect(opened).to_have_count(0)


def test_a_dialog_stays_where_it_was_opened(line: Page) -> None:
    line.goto("/settings?section=members")
    settled(line)
    line.get_by_test_id("stSidebar").get_by_role("link", name="Workflows").click()
    expect(line.get_by_role("heading", level=1, name="Workflows")).to_be_visible()
    line.go_back()
    line.get_by_role("button", name="Add a member").click()
    opened = dialog(line, "Add a member")
    line.go_forward()
    expect(line.get_by_role("heading", level=1, name="Workflows")).to_be_visible()
    expect(opened).to_have_count(0)
    line.go_back()
    expect(line.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    settled(line)
    expect(opened).to_have_count(0)


@pytest.fixture
def tidied(app: RunningApp) -> Iterator[None]:
    """Afterwards there is nothing that a test of Enter has made."""
    yield
    with database_of(app) as conn:
        conn.execute("DELETE FROM workflow_definitions WHERE name LIKE 'Made by Enter'")
        conn.execute("DELETE FROM saved_views WHERE name LIKE 'Made by Enter%'")
        conn.execute("DELETE FROM payload_schemas WHERE schema_ref = 'made.ByEnter.v1'")


def test_enter_does_what_the_dialog_is_for(app: RunningApp, page: Page, tidied: None) -> None:
    page.goto("/event?eventType=TICKET_CREATED")
    page.get_by_role("button", name="Attach", exact=True).first.click()
    dialog(page, "Attach a workflow").get_by_label("Name").fill("Made by Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Made by Enter")).to_be_visible()


def how_many(app: RunningApp, what: str) -> int:
    with database_of(app) as conn:
        row = conn.execute(f"SELECT count(*) FROM {what}").fetchone()
    assert row
    return int(row[0])


@pytest.mark.usefixtures("tidied")
def test_enter_makes_one_token(app: RunningApp, page: Page) -> None:
    """Its fields are in no form, and whoever presses Enter twice means one."""
    page.goto("/settings?section=tokens")
    settled(page)
    page.get_by_role("button", name="Create a token").click()
    opened = dialog(page, "Create a token")
    opened.get_by_label("Name").press_sequentially("Made by Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(opened.get_by_text("shown this once")).to_be_visible()
    settled(page)
    assert how_many(app, "api_tokens WHERE name = 'Made by Enter'") == 1
    done = opened.get_by_role("button", name="Done")
    done.focus()
    page.keyboard.press("Enter")
    expect(opened).to_have_count(0)
    wait_for(lambda: page.evaluate("document.activeElement.textContent").endswith("Create a token"))


@pytest.mark.usefixtures("tidied")
def test_enter_registers_a_schema(app: RunningApp, page: Page) -> None:
    """Its button was disabled until the server had seen a ref: the first click after typing did nothing."""
    page.goto("/schemas")
    page.get_by_role("button", name="Register schema").click()
    opened = dialog(page, "Register a schema")
    opened.get_by_role("button", name="Register").click()
    expect(opened.get_by_text("Give the schema a ref first.")).to_be_visible()
    settled(page)
    opened.get_by_label("Ref", exact=True).press_sequentially("made.ByEnter.v1")
    page.keyboard.press("Enter")
    expect(opened).to_have_count(0)
    expect(page).to_have_url(re.compile("ref=made.ByEnter.v1"))


@pytest.mark.usefixtures("tidied")
def test_enter_saves_and_changes_a_view(app: RunningApp, page: Page) -> None:
    page.goto("/runs?status=Failed")
    settled(page)
    page.get_by_role("button", name="Save view").click()
    saving = dialog(page, "Save view")
    saving.get_by_label("Name").press_sequentially("Made by Enter")
    page.keyboard.press("Enter")
    expect(saving).to_have_count(0)
    settled(page)
    page.get_by_role("button", name="Manage").click()
    changing = dialog(page, "Saved views")
    changing.get_by_label("Name", exact=True).fill("Made by Enter and again")
    page.keyboard.press("Enter")
    expect(changing).to_have_count(0)
    wait_for(lambda: how_many(app, "saved_views WHERE name = 'Made by Enter and again'") == 1)


@pytest.mark.parametrize("width", [1440, 390])
def test_cancel_stands_before_what_a_dialog_does(page: Page, width: int) -> None:
    """To the eye and to Tab alike."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/settings?section=members")
    page.get_by_role("button", name="Add a member").click()
    opened = dialog(page, "Add a member")
    settled(page)
    does, cancel = opened.get_by_role("button", name=re.compile("Add$")), opened.get_by_role("button", name="Cancel")

    def stand_in_a_row() -> bool:  # once the dialog has come to rest
        boxes = "(frame, acts) => [frame, ...acts].map(one => one.getBoundingClientRect().toJSON())"
        acts = [cancel.element_handle(), does.element_handle()]
        frame, first, last = opened.get_by_test_id("stForm").evaluate(boxes, acts)
        ends_with_it = abs(last["right"] - frame["right"]) < 2
        is_as_wide = width > 390 or abs(first["left"] - frame["left"]) < 2
        return ends_with_it and is_as_wide and first["right"] < last["left"] and first["top"] == last["top"]

    wait_for(stand_in_a_row)
    cancel.focus()
    page.keyboard.press("Tab")
    expect(does).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(opened).to_have_count(0)
    wait_for(lambda: page.evaluate("document.activeElement.textContent").endswith("Add a member"))


def test_why_nothing_was_done_is_in_sight_on_a_phone(page: Page) -> None:
    """It is said below the buttons, which may be at the end of the screen."""
    page.set_viewport_size({"width": 390, "height": 600})
    page.goto("/settings?section=members")
    page.get_by_role("button", name="Add a member").click()
    adding = dialog(page, "Add a member")
    adding.get_by_label("Name").fill("Grace")
    adding.get_by_label("E-mail").fill("not an address")
    adding.get_by_role("button", name="Add", exact=True).click()
    expect(adding.get_by_text("must be an address")).to_be_in_viewport(ratio=1)


def test_the_focus_goes_back_to_what_led_to_a_dialog(page: Page) -> None:
    """The item of a menu is gone by then: back to the menu."""
    page.goto("/workflows?q=Acknowledge")
    page.get_by_role("link", name=re.compile("Acknowledge new tickets")).first.click()
    menu = page.get_by_role("button", name=re.compile("Acts on this workflow"))
    expect(menu).to_be_visible()
    settled(page)
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name=re.compile("Rename")).click()
    opened = dialog(page, "Rename workflow")
    wait_for(lambda: page.evaluate("!!document.activeElement.closest('[role=dialog]')"))
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(menu).to_be_focused()


def open_dialog(page: Page, address: str, opener: str) -> Locator:
    """The dialog that this button opens at that address, with the buttons at its end."""
    page.goto(address)
    expect(page.get_by_role("button", name=re.compile(opener)).first).to_be_visible()
    settled(page)
    page.get_by_role("button", name=re.compile(opener)).first.click()
    found = page.get_by_role("dialog").locator("[class*=st-key-acts-of-]")
    expect(found).to_be_visible()
    settled(page)
    return found


@pytest.mark.parametrize("height", [844, 500])
@pytest.mark.parametrize(
    ("address", "opener"),
    [
        ("/event?eventType=TICKET_CREATED", "Detach$"),
        ("/?eventType=TICKET_CREATED", "Detach$"),
        ("/schemas", "Register schema"),
        ("/settings?section=tokens", "Create a token"),
    ],
)
def test_what_ends_a_dialog_is_in_sight_on_a_phone(page: Page, address: str, opener: str, height: int) -> None:
    """However long the dialog is, and however low the screen."""
    page.set_viewport_size({"width": PHONE["width"], "height": height})
    acts = open_dialog(page, address, opener)
    for act in acts.get_by_role("button").all():
        expect(act).to_be_in_viewport(ratio=1)
        act.click(trial=True)  # nothing is above it


def test_what_a_drawer_asks_comes_into_sight(page: Page) -> None:
    page.set_viewport_size(PHONE)
    acts = open_dialog(page, "/?eventType=TICKET_CREATED", "Detach$")
    expect(acts.get_by_role("button", name="Detach and publish")).to_be_in_viewport(ratio=1)
    asked = page.get_by_text("will no longer start from").first
    expect(asked).to_be_in_viewport(ratio=1)
    top = "one => one.getBoundingClientRect().top"
    line = page.locator("[class*=st-key-question-of-] hr")
    assert asked.evaluate(top) - line.evaluate(top) > 12  # which belongs to the words above it as little


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_takes_something_away_does_not_look_like_save(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    saves = open_dialog(page, "/settings?section=members", "Add a member").get_by_role("button").last
    usual, _ = saves.evaluate(COLORS)
    act = open_dialog(page, "/event?eventType=TICKET_CREATED", "Detach$").get_by_role("button").last
    behind, words = act.evaluate(COLORS)
    assert behind[0] > 2 * behind[2] and usual[0] < usual[2]
    assert contrast(tuple(behind), tuple(words)) >= 4.5
    act.hover()
    wait_for(lambda: act.evaluate(COLORS)[1] == [255, 255, 255])
    behind, words = act.evaluate(COLORS)
    assert contrast(tuple(behind), tuple(words)) >= 4.5
