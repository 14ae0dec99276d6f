"""The box that finds anything, from the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.conftest import RunningApp, database_of, settled
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser


def press(page: Page, keys: str) -> Locator:
    """Press the keys until they are heard, as Streamlit hears none while it still draws the page; the box.

    Whoever hears them asks for the page at once. So if nothing is asked for, nobody has heard them; and what is drawn
    of it has the box.
    """
    box = page.get_by_role("dialog").get_by_role("searchbox", name="Find")
    asked = page.locator("[data-testid=stApp]:not([data-test-script-state=notRunning])").or_(box)

    def is_heard() -> bool:
        settled(page)
        page.keyboard.press(keys)
        try:
            asked.first.wait_for(timeout=2000)
            settled(page)
            box.wait_for(timeout=5000)
        except PlaywrightTimeout:
            return False
        return True

    wait_for(is_heard)
    return box


@pytest.mark.parametrize("keys", ["Control+k", "/"])
def test_a_type_is_found_and_opened_from_the_keyboard(page: Page, keys: str) -> None:
    page.goto("/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(press(page, keys)).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    # At once, as who knows the name types it: Enter waits until what was written is found.
    page.keyboard.type("ticket created")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("event.*eventType=TICKET_CREATED"))
    expect(page.get_by_role("heading", name="Ticket Created")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_arrows_go_through_what_was_found(page: Page) -> None:
    page.goto("/runs")
    box = press(page, "Control+k")
    box.fill("ticket created")
    dialog = page.get_by_role("dialog")
    first = dialog.get_by_role("button", name="Ticket Created").first
    second = dialog.get_by_role("button", name="Note Created").first
    expect(second).to_be_visible()
    settled(page)
    # Whoever is among what was found stays there, though the box had the cursor only now.
    first.focus()
    page.wait_for_timeout(1500)  # longer than the box takes the cursor back
    expect(first).to_be_focused()
    for key, place in (("ArrowDown", second), ("ArrowUp", first), ("ArrowUp", box), ("ArrowDown", first)):
        page.keyboard.press(key)
        expect(place).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("event.*eventType=TICKET_CREATED"))


def test_the_list_behind_the_box_shows_the_rest(page: Page) -> None:
    page.goto("/?category=Billing")
    expect(page.get_by_text("of 21 results")).to_be_visible()
    press(page, "Control+k").fill("ticket")
    page.get_by_role("dialog").get_by_role("link", name="39 more event types").click()
    expect(page.get_by_text("of 44 results")).to_be_visible()
    expect(page).to_have_url(re.compile("q=ticket"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_key_narrows_the_list_that_is_behind_the_box(page: Page, app: RunningApp) -> None:
    with database_of(app) as conn:
        row = conn.execute("SELECT correlation_key FROM workflow_runtime_events WHERE correlation_key <> '' LIMIT 1")
        [key] = row.fetchone() or ()
    page.goto("/activity?eventStatus=Matched")
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    press(page, "Control+k").fill(key)
    page.get_by_role("dialog").get_by_role("link", name=key).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Timeline of this key")).to_be_visible()
    expect(page).to_have_url(re.compile(f"[?&]eventKey={key}"))
    expect(page).not_to_have_url(re.compile("eventStatus"))


def test_it_opens_over_the_drawer_which_comes_back(page: Page) -> None:
    page.goto("/?eventType=TICKET_CREATED")
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    press(page, "Control+k")
    settled(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
