"""The activity page as a person uses it: narrow down, open a row, come back, watch, take a file along."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from lib import database
from lib.settings import Settings
from tests.e2e.conftest import RunningApp, settled

pytestmark = pytest.mark.browser

# A filter of the list, and a heading of the record, tell which of the two is on the page.
LIST = "Event"
RECORD = "Match trace"


def open_first_row(page: Page) -> None:
    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("canvas").first).to_be_visible()
    table.click(position={"x": 70, "y": 56})
    expect(page.get_by_role("heading", name=re.compile(RECORD))).to_be_visible()


def add(app: RunningApp, name: str, at: datetime | None = None) -> None:
    """An event of this type for each tenant."""
    database.start(Settings(data_dir=app.data_dir, database_url=None))
    try:
        with database.operate() as conn:
            conn.execute(
                text(
                    "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, created_at)"
                    " SELECT tenant, :name, '{}', '{}', coalesce(:at, app_now()) FROM tenants"
                ),
                {"name": name, "at": at},
            )
    finally:
        database.stop()


def test_a_row_opens_its_record_and_the_way_back_keeps_the_filters(page: Page) -> None:
    page.goto("/activity?event=TICKET_CREATED&status=matched")
    expect(page).to_have_url(re.compile("eventStatus=Matched"))
    open_first_row(page)
    expect(page).to_have_url(re.compile("eventId="))
    expect(page.get_by_role("heading", name="Ticket Created")).to_be_visible()
    expect(page.get_by_text("A run was started.").first).to_be_visible()
    expect(page.get_by_text('"ticketId"')).to_be_visible()
    address = page.url
    page.get_by_role("button", name="Activity", exact=True).click()
    expect(page.get_by_role("combobox", name=LIST, exact=True)).to_be_visible()
    expect(page).not_to_have_url(re.compile("eventId"))
    expect(page).to_have_url(re.compile("event=TICKET_CREATED"))
    expect(page).to_have_url(re.compile("eventStatus=Matched"))
    page.goto(address)
    expect(page.get_by_role("heading", name="Ticket Created")).to_be_visible()


def test_filters_of_other_pages_do_not_get_in_the_way(page: Page) -> None:
    page.goto("/?status=beta&source=system")
    expect(page.get_by_role("combobox", name="Status")).to_have_value("Beta")
    settled(page)
    page.get_by_test_id("stSidebarNav").get_by_text("Activity").click()
    expect(page.get_by_role("combobox", name=LIST, exact=True)).to_be_visible()
    expect(page.get_by_role("radio", name="All")).to_be_checked()
    page.get_by_role("radio", name="Error").click()
    expect(page).to_have_url(re.compile("eventStatus=Error"))
    settled(page)
    page.get_by_test_id("stSidebarNav").get_by_text("Event catalog").click()
    expect(page.get_by_role("combobox", name="Status")).to_have_value("Beta")
    expect(page).to_have_url(re.compile("status=Beta"))
    expect(page.get_by_text("Beta").first).to_be_visible()


def test_the_next_page_is_older(page: Page) -> None:
    page.goto("/activity")
    expect(page.get_by_text(re.compile(r"^50 of [\d,]+\+? events"))).to_be_visible()
    first = page.get_by_text(re.compile(r"^50 of [\d,]+\+? events")).inner_text()
    page.get_by_role("button", name="Older").click()
    expect(page).to_have_url(re.compile("before="))
    expect(page.get_by_text(first)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Newest")).to_be_enabled()
    open_first_row(page)  # at the first click, though the page before had its first row chosen or not
    page.go_back()
    expect(page).to_have_url(re.compile("before=[^&]*$"))
    expect(page.get_by_role("button", name="Newest")).to_be_enabled()
    page.get_by_role("button", name="Newest").click()
    expect(page.get_by_text(first)).to_be_visible()


def test_arrow_keys_choose_and_o_opens(page: Page) -> None:
    page.goto("/activity?event=TICKET_CREATED")
    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("canvas").first).to_be_visible()
    settled(page)
    chosen = page.get_by_role("button", name="Open event")
    expect(chosen).to_be_disabled()
    table.click(position={"x": 700, "y": 56})
    expect(chosen).to_be_enabled()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[id^=glide-cell-][id$='-1']:focus")).to_have_count(1)  # in the second row, whatever column
    settled(page)
    expect(page).not_to_have_url(re.compile("eventId="))
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name=re.compile(RECORD))).to_be_visible()


def test_back_undoes_a_filter(page: Page) -> None:
    page.goto("/activity")
    expect(page.get_by_text(re.compile(r"^50 of [\d,]+\+? events"))).to_be_visible()
    for status in ("Error", "Matched"):
        settled(page)
        page.get_by_role("radio", name=status, exact=True).click()
        expect(page).to_have_url(re.compile(f"eventStatus={status}"))
    settled(page)
    page.go_back()
    expect(page.get_by_role("radio", name="Error")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("radio", name="All")).to_be_checked()
    expect(page).not_to_have_url(re.compile("eventStatus"))
    page.go_forward()
    expect(page.get_by_role("radio", name="Error")).to_be_checked()


def test_a_value_of_the_payload_finds_its_events(page: Page) -> None:
    page.goto("/activity?event=TICKET_STATUS_CHANGED")
    open_first_row(page)
    ticket = re.search(r'"ticketId":\s*"([^"]+)"', page.get_by_test_id("stCode").inner_text())
    assert ticket
    page.goto("/activity")
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("textbox", name="Payload field").fill("ticketId")
    page.get_by_role("textbox", name="Payload field").press("Enter")
    expect(page.get_by_text("Until then all events are listed")).to_be_visible()
    page.get_by_role("textbox", name="Equals").fill(ticket[1])
    page.get_by_role("textbox", name="Equals").press("Enter")
    expect(page.get_by_text(re.compile(r"^\d+( of [\d,]+\+?)? events? ·"))).to_be_visible()
    expect(page).to_have_url(re.compile(f"value={ticket[1]}"))


def test_auto_refresh_shows_what_arrives(page: Page, app: RunningApp) -> None:
    new = f"NEW_{uuid4().hex[:8].upper()}"  # also when the test is tried once more
    page.goto(f"/activity?event={new}&live=true")
    expect(page.get_by_text("No event matches these filters")).to_be_visible()
    add(app, new)
    expect(page.get_by_text(re.compile(r"Refreshed at .* 1 event"))).to_be_visible()
    open_first_row(page)


def test_what_is_filtered_can_be_taken_along(page: Page) -> None:
    page.goto("/activity?status=Matched&event=TICKET_CREATED")
    expect(page.get_by_text(re.compile(r"^\d+( of [\d,]+\+?)? events? ·"))).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Export").click()
    files = {}
    for kind in ("csv", "json"):
        link = page.locator(f".st-key-export-{kind}").get_by_role("link")
        expect(link).to_be_visible()
        answer = page.request.get(str(link.get_attribute("href")))
        assert answer.headers["content-disposition"].endswith(f'.{kind}"')
        files[kind] = answer.body().decode("utf-8-sig" if kind == "csv" else "utf-8")
    rows = list(csv.DictReader(io.StringIO(files["csv"], newline="")))
    items = json.loads(files["json"])
    assert rows and {row["status"] for row in rows} == {"matched"}
    assert [row["event_id"] for row in rows] == [item["event_id"] for item in items]
    assert json.loads(rows[0]["payload"]) == items[0]["payload"]


def test_a_raw_payload_takes_a_reason(page: Page) -> None:
    page.goto("/activity?event=CONTACT_CREATED")
    open_first_row(page)
    expect(page.get_by_text("[redacted]").first).to_be_visible()
    page.get_by_role("button", name="Raw payload").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reveal").click()
    expect(dialog.get_by_text("Reason must have")).to_be_visible()
    dialog.get_by_label("Reason").fill("The customer asked, ticket 42")
    dialog.get_by_role("button", name="Reveal").click()
    expect(dialog.get_by_test_id("stCode")).to_contain_text("email")
    expect(dialog.get_by_test_id("stCode")).not_to_contain_text("[redacted]")
    settled(page)
    expect(dialog.get_by_role("button", name="Reveal")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    assert dialog.get_by_test_id("stCode").locator("pre").evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    closes = dialog.locator("[class*=st-key-acts-of-]").get_by_role("button", name="Close")
    code, end = dialog.get_by_test_id("stCode").bounding_box(), closes.bounding_box()
    assert code and end and code["y"] + code["height"] < end["y"]
    closes.click()
    expect(dialog).to_have_count(0)


def test_an_hour_that_comes_twice_says_which_one_it_is(page: Page, app: RunningApp) -> None:
    for hour in (0, 1):
        add(app, "IN_THE_NIGHT", datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
    browser = page.context.browser
    assert browser
    context = browser.new_context(timezone_id="Europe/Berlin", base_url=app.url)
    berlin = context.new_page()
    berlin.goto("/activity?event=IN_THE_NIGHT")
    expect(berlin.get_by_text("2026-10-25 02:30 CEST to 02:30 CET")).to_be_visible()
    settled(berlin)
    open_first_row(berlin)
    expect(berlin.get_by_text("2026-10-25 02:30:00.000 CET Europe/Berlin")).to_be_visible()
    context.close()


def test_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/activity")
    expect(page.get_by_text(re.compile(r"^50 of [\d,]+\+? events"))).to_be_attached()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_an_event_with_a_failed_run_leads_to_the_whole_life_of_its_key(page: Page) -> None:
    page.goto("/activity?eventRuns=failed&time=Last+30+days")
    expect(page).to_have_url(re.compile("eventRuns=Failed"))
    settled(page)
    open_first_row(page)
    page.get_by_role("link", name="Timeline of its key").click()
    expect(page.get_by_role("heading", name="Timeline", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/timeline\?.*key=[0-9a-f-]{36}"))
    expect(page.get_by_text(re.compile(r"^\d+ entries ·"))).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    field = page.get_by_role("textbox", name="Correlation key")
    field.fill("<img src=x onerror=alert(1)>")
    field.press("Enter")
    expect(page.get_by_text("Nothing has this key")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nothing has this key")).to_be_visible()
    page.go_back()


def test_a_field_of_the_payload_is_named_before_its_value_and_the_list_stays(page: Page) -> None:
    page.goto("/activity")
    settled(page)
    page.get_by_test_id("stMain").get_by_role("button", name=re.compile("Find")).click()
    field = page.get_by_role("textbox", name=re.compile("Payload field"))
    field.fill("ticketId")
    field.press("Enter")
    expect(page.get_by_text("Until then all events are listed")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
