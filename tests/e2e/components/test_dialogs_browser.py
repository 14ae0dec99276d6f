"""Dialogs under mouse and keyboard: what closes them, and what does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import RunningApp, database_of, settled
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

# Every connection that the page opens, so that a test can cut it.
CONNECTIONS = """
window.connections = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.connections.push(this); }
};
"""
OPEN = 1


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
    line.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    settled(line)  # the server knows
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
    """Afterwards there is no workflow that a test has made."""
    yield
    with database_of(app) as conn:
        conn.execute("DELETE FROM workflow_definitions WHERE name LIKE 'Made by Enter'")


def test_enter_does_what_the_dialog_is_for(app: RunningApp, page: Page, tidied: None) -> None:
    page.goto("/event?eventType=TICKET_CREATED")
    page.get_by_role("button", name="Attach", exact=True).first.click()
    dialog(page, "Attach a workflow").get_by_label("Name").fill("Made by Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Made by Enter")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_cancel_stands_before_what_a_dialog_does(page: Page, width: int) -> None:
    page.goto("/settings?section=members")
    page.get_by_role("button", name="Add a member").click()
    opened = dialog(page, "Add a member")
    page.set_viewport_size({"width": width, "height": 900})
    frame, does, cancel = (
        one.bounding_box()
        for one in (
            opened.get_by_test_id("stForm"),
            opened.get_by_role("button", name=re.compile("Add$")),
            opened.get_by_role("button", name="Cancel"),
        )
    )
    assert frame and does and cancel
    end = frame["x"] + frame["width"]
    assert abs(does["x"] + does["width"] - end) < 2
    if width == 1440:
        assert cancel["x"] + cancel["width"] < does["x"] and cancel["y"] == does["y"]
    else:
        assert cancel["y"] > does["y"] and cancel["width"] == does["width"] == pytest.approx(frame["width"], abs=2)
    opened.get_by_role("button", name="Cancel").click()
    expect(opened).to_have_count(0)
