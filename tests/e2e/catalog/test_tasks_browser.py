"""Tasks of analysts and workflow owners, from the catalog's first screen, with the clicks that each may take.

Two more begin at the figures: from an incident to its failed runs, and from a drop to the act that caused it
(tests/e2e/metrics/test_metrics_browser.py).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.components.test_find_box_browser import press
from tests.e2e.conftest import RunningApp, act_as, settled, start_app, stop_app, tab
from tests.support.clicks import clicks, count_clicks

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app with a demo of its own, as tasks attach and detach."""
    running = start_app(tmp_path_factory.mktemp("tasks"))
    yield running
    stop_app(running)


@pytest.fixture
def page(browser: Browser, hub: RunningApp) -> Iterator[Page]:
    """A manager in front of the first screen."""
    with tab(browser, hub) as opened:
        count_clicks(opened)
        act_as(opened, "Max Manager · Northwind IT")
        first_screen(opened)
        yield opened
        assert opened.locator("[data-testid=stException]").count() == 0


def first_screen(page: Page) -> None:
    page.goto("/")
    expect(card(page, "TICKET_CREATED")).to_be_visible()
    settled(page)
    page.evaluate("sessionStorage.removeItem('presses')")


def card(page: Page, event_type: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_text(event_type, exact=True))


def click(page: Page, what: Locator) -> None:
    """Click where nothing more is about to be drawn."""
    expect(what).to_be_visible()
    settled(page)
    what.click()
    settled(page)


def write(page: Page, what: Locator, text: str) -> None:
    """Click into a field, write, and send it with Enter."""
    click(page, what)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    settled(page)


def find(page: Page, words: str, name: str) -> None:
    """Open an event's page from the keyboard alone."""
    press(page, "/")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(words)
    found = page.get_by_role("dialog").get_by_role("button", name=name).first
    expect(found).to_be_visible()
    settled(page)
    found.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/event\?.*eventType={words}"))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    settled(page)


def test_simulate_with_one_field_changed_until_its_run_is_open(page: Page) -> None:
    click(page, card(page, "TICKET_CREATED").get_by_role("button", name=re.compile("^Simulate")))
    write(page, page.get_by_role("textbox", name=re.compile("^ticketId")), "5a7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2")
    click(page, page.get_by_role("button", name="Send event"))
    click(page, page.get_by_role("link", name=re.compile("Succeeded")).first)
    expect(page).to_have_url(re.compile(r"/runs\?.*runId="))
    assert clicks(page) <= 4


def test_why_an_event_started_nothing_last_week(page: Page) -> None:
    click(page, card(page, "TICKET_STATUS_CHANGED").get_by_role("button", name=re.compile("^Metrics")))
    click(page, page.get_by_role("radio", name="Last week"))
    expect(page.get_by_text("No workflow is attached to this event, so its events start nothing.")).to_be_visible()
    assert clicks(page) <= 2


def test_attach_map_add_two_steps_publish_then_detach_and_undo(page: Page) -> None:
    click(page, card(page, "TICKET_UPDATED").get_by_role("button", name=re.compile("^Attach")))
    click(page, page.get_by_role("button", name=re.compile("Create and open designer")))
    click(page, page.get_by_role("radio", name="Mapped"))
    write(page, page.get_by_role("combobox", name="Expression").first, "$uppercase(event.payload.ticketId)")
    click(page, page.get_by_role("radio", name="Steps"))
    click(page, page.get_by_role("button", name=re.compile("Add step")))
    click(page, page.get_by_role("menuitem").filter(has_text="HTTP request"))
    write(page, page.get_by_role("textbox", name=re.compile("^URL")), "https://example.com/hook")
    click(page, page.get_by_role("button", name=re.compile("Add step")))
    click(page, page.get_by_role("menuitem").filter(has_text="Write log"))
    click(page, page.get_by_role("button", name="Publish v1"))
    click(page, page.get_by_role("dialog").get_by_role("button", name=re.compile("Publish$")))
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    assert clicks(page) <= 12

    first_screen(page)
    find(page, "TICKET_UPDATED", "Ticket Updated")
    click(page, page.get_by_role("button", name="Detach"))
    click(page, page.get_by_role("dialog").get_by_role("button", name=re.compile("Detach and publish")))
    expect(page.get_by_text("Attached workflows · 0")).to_be_visible()
    click(page, page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("Attached workflows · 1")).to_be_visible()
    assert clicks(page) <= 3


def test_every_event_whose_payload_field_has_a_value_as_a_file(page: Page) -> None:
    click(page, page.get_by_role("link", name="Activity"))
    said = page.get_by_text(re.compile(r"^[\d,]+( of [\d,]+\+?)? events? ·"))
    of_all = said.inner_text()
    click(page, page.get_by_role("button", name="Find", exact=True))
    write(page, page.get_by_role("textbox", name="Payload field"), "bounceType")
    page.keyboard.press("Tab")  # to the help, and on
    page.keyboard.press("Tab")
    page.keyboard.type("hard")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("value=hard"))
    expect(said).not_to_have_text(of_all)
    settled(page)
    told = said.inner_text()
    click(page, page.get_by_role("button", name="Export"))
    with page.expect_download() as file:
        page.locator(".st-key-export-csv").get_by_role("link").click()
    rows = list(csv.DictReader(io.StringIO(file.value.path().read_text("utf-8-sig"), newline="")))
    assert rows and told.split(" events")[0].split(" of ")[-1].replace(",", "") == str(len(rows)), told
    assert clicks(page) <= 5
