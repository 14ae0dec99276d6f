"""Dialogs under mouse and keyboard: what closes them, and what does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import RunningApp, settled
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
    """Cut the connection, and wait until the page has another one."""
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
