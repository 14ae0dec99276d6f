"""The catalog as a person uses it: look, search, open, share, come back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningApp, act_as, database_of, own_event, settled

pytestmark = pytest.mark.browser

# Of the demo's events those with traffic come first, and the others are folded away.
WITH_TRAFFIC = re.compile(r"Showing 1 to 24 of [4-9]\d results")
SECOND_PAGE = re.compile(r"Showing 25 to 48 of [4-9]\d results")


def test_a_stranger_finds_ticket_created_and_opens_it(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()
    expect(page.get_by_text("Operational").first).to_be_visible()
    expect(page.get_by_text("Demo data").first).to_be_visible()
    page.get_by_role("searchbox", name="Search events").press_sequentially("ticket created")
    expect(page).to_have_url(re.compile(r"q=ticket\+created"))
    expect(page.get_by_text(re.compile(r"Showing 1 to \d of \d results?"))).to_be_visible()
    page.get_by_role("link", name="Ticket Created", exact=True).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Acknowledge new tickets")).to_be_visible()
    expect(page).to_have_url(re.compile("eventType=TICKET_CREATED"))
    page.reload()
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("eventType"))
    expect(page.get_by_role("searchbox", name="Search events")).to_have_value("ticket created")


def test_a_card_that_a_search_is_about_to_replace_does_what_it_was_clicked_for(page: Page) -> None:
    page.goto("/")
    simulate = page.get_by_role("button", name="Simulate Ticket Message Added")
    expect(simulate).to_be_visible()
    settled(page)
    simulate.scroll_into_view_if_needed()
    box = simulate.bounding_box()
    assert box is not None
    page.get_by_role("searchbox", name="Search events").fill("ticket created")
    # By the mouse, which does not wait until the page has settled.
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name=re.compile("Simulate Ticket Message Added"))).to_be_visible()


def test_filters_live_in_the_url_and_come_back_with_it(page: Page) -> None:
    page.goto("/?category=Tickets&sort=name&page=1")
    expect(page.get_by_text("Showing 1 to 24 of 24 results")).to_be_visible()
    expect(page).to_have_url(re.compile(r"sort=Category"))
    page.get_by_role("radiogroup", name="Source").get_by_text("System").click()
    expect(page).to_have_url(re.compile("source=System"))
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text(WITH_TRAFFIC)).to_be_visible()
    expect(page).not_to_have_url(re.compile("category|source|sort"))


def test_the_next_page_is_one_click_away_and_survives_a_reload(page: Page) -> None:
    page.goto("/")
    page.get_by_test_id("stPagination").get_by_text("2", exact=True).click()
    expect(page.get_by_text(SECOND_PAGE)).to_be_visible()
    page.reload()
    expect(page.get_by_text(SECOND_PAGE)).to_be_visible()


def test_the_event_page_is_reached_from_the_drawer_and_by_its_address(page: Page) -> None:
    page.goto("/?eventType=CONTACT_CREATED")
    page.get_by_role("dialog").get_by_text("Open as page").click()
    expect(page).to_have_url(re.compile(r"/event\?.*eventType=CONTACT_CREATED"))
    expect(page.get_by_role("heading", name=re.compile("Contact Created"))).to_be_visible()
    page.goto("/event?eventType=TICKET_CRATED")
    page.get_by_role("button", name="Ticket Created").click()
    expect(page.get_by_role("heading", name=re.compile("Ticket Created"))).to_be_visible()


def test_a_reader_sees_everything_and_may_change_nothing(page: Page) -> None:
    act_as(page, "Rae Reader · Northwind IT")
    page.goto("/")
    expect(page.get_by_text("You have read permission").filter(visible=True)).to_be_visible()
    expect(page.get_by_role("button", name="Simulate").first).to_be_disabled()
    expect(page.get_by_role("button", name="Attach").first).to_be_disabled()


def test_a_drawer_shows_what_became_of_the_event_meanwhile(app: RunningApp, page: Page) -> None:
    with own_event(app, "SEEN_TWICE"):
        page.goto("/?eventType=SEEN_TWICE")
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_role("button", name="Delete")).to_be_visible()
        settled(page)
        with database_of(app) as conn:
            conn.execute(
                "UPDATE event_catalog SET status = 'beta', version = version + 1 WHERE event_type = 'SEEN_TWICE'"
            )
        drawer.get_by_role("button", name="Deprecate").click()
        expect(page.get_by_text("changed SEEN_TWICE meanwhile")).to_be_visible()
        expect(drawer.get_by_text("Beta").first).to_be_visible()
        settled(page)
        with database_of(app) as conn:
            conn.execute("UPDATE event_catalog SET deleted_at = now() WHERE event_type = 'SEEN_TWICE'")
        drawer.get_by_role("button", name="Deprecate").click()
        expect(drawer).to_have_count(0)
        expect(page.get_by_role("button", name="Undo").first).to_be_visible()


def test_hostile_words_stay_words(page: Page) -> None:
    page.goto("/?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&eventType=%3Cscript%3Ealert(1)%3C/script%3E")
    expect(page.get_by_text("There is no event")).to_be_visible()
    expect(page.get_by_text("No event matches these filters")).to_be_visible()


def test_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/?eventType=TICKET_CREATED")
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
