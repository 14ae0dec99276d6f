"""The metrics page as a person uses it: look, choose a bar, page through events, share the view."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RunningApp, act_as, database_of, picture, settled
from tests.support.clicks import clicks, count_clicks

pytestmark = pytest.mark.browser

EVENT = "/metrics?eventType=TICKET_CREATED"
BAR = "[aria-roledescription=bar]"


def open_event(page: Page, more: str = "") -> Locator:
    """Open the event's metrics; returns the chart of the volume."""
    page.goto(EVENT + more)
    expect(page.get_by_text("Volume over time", exact=True)).to_be_visible()
    expect(page.get_by_text("Recent events")).to_be_visible()
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("canvas, svg").first).to_be_visible()
    return chart


def test_from_a_card_to_its_metrics(page: Page) -> None:
    page.goto("/?q=TICKET_CREATED")
    page.get_by_role("button", name="Metrics").first.click()
    expect(page).to_have_url(re.compile(r"/metrics\?.*eventType=TICKET_CREATED"))
    expect(page.get_by_text("Success rate").first).to_be_visible()
    expect(page).to_have_title("Ticket Created · Metrics")


def test_drawing_across_bars_lists_their_events_and_the_url_is_the_view(page: Page) -> None:
    chart = open_event(page)
    box = chart.bounding_box()
    assert box
    height = box["y"] + box["height"] * 0.7
    page.mouse.move(box["x"] + box["width"] * 0.3, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.55, height, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("slice="))
    chip = page.get_by_role("button", name=re.compile(r"\d\d:\d\d–"))
    expect(chip).to_be_visible()
    shared = page.url
    told = chip.get_by_role("paragraph").inner_text()
    page.goto("/")
    page.goto(shared)
    expect(chip.get_by_role("paragraph")).to_have_text(told)
    chip.click()
    expect(page).not_to_have_url(re.compile("slice="))


def choose_tallest_bar(page: Page) -> None:
    """Click into it, beside the lines of acts: these lead elsewhere, and where they stand goes by the time of day."""
    chart = page.get_by_test_id("stVegaLiteChart").first
    chart.scroll_into_view_if_needed()
    expect(chart.locator(BAR).first).to_be_attached()
    settled(page)
    box = max((bar.bounding_box() or {"height": 0.0} for bar in chart.locator(BAR).all()), key=lambda b: b["height"])
    y = box["y"] + box["height"] / 2
    across = [box["x"] + box["width"] * share for share in (0.5, 0.25, 0.75)]
    on_bar = "([x, y, bar]) => document.elementFromPoint(x, y).matches(bar)"
    page.mouse.click(next(x for x in across if page.evaluate(on_bar, [x, y, BAR])), y)


def test_a_chosen_bar_is_marked_closed_and_chosen_again(page: Page) -> None:
    chart = open_event(page, "&step=Days")
    chip = page.get_by_role("button", name=re.compile(r"\d\d:\d\d–"))
    marked = chart.locator(f"{BAR}[opacity='1']")
    choose_tallest_bar(page)
    expect(chip).to_be_visible()
    expect(marked).to_have_count(1)
    page.reload()
    expect(chip).to_be_visible()
    expect(marked).to_have_count(1)
    settled(page)
    chip.click()
    expect(chip).to_be_hidden()
    expect(marked).to_have_count(3 * 8)
    choose_tallest_bar(page)
    expect(chip).to_be_visible()
    expect(marked).to_have_count(1)
    choose_tallest_bar(page)
    expect(chip).to_be_hidden()


def test_range_and_zone_are_in_the_url(page: Page) -> None:
    open_event(page)
    page.get_by_role("radio", name="24h").click()
    expect(page).to_have_url(re.compile("range=24h"))
    expect(page.get_by_text("against the 24 hours before")).to_be_visible()
    settled(page)
    page.get_by_role("radio", name="30d").click()
    expect(page.get_by_text("against the 30 days before")).to_be_visible()
    settled(page)
    page.get_by_text("Test traffic").click()
    expect(page).to_have_url(re.compile("tests=true"))
    settled(page)
    for url, range_ in (
        ("range=30d&tenant=[^&]*$", "30 days"),
        ("range=24h&tenant=[^&]*$", "24 hours"),
        ("CREATED&tenant=[^&]*$", "7 days"),
    ):
        page.go_back()
        expect(page).to_have_url(re.compile(url))
        expect(page.get_by_text(f"against the {range_} before")).to_be_visible()
        settled(page)
    expect(page.get_by_role("radio", name="7d")).to_be_checked()
    page.goto(EVENT + "&from=2026-01-01&to=2026-01-02&tz=Asia/Kathmandu")
    expect(page.get_by_text("No events in these 2 days")).to_be_visible()


def test_back_leads_to_the_view_one_came_from(page: Page) -> None:
    page.goto("/?q=ticket&category=Tickets")
    expect(page.get_by_role("button", name="Ticket Created").first).to_be_visible()
    settled(page)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/runs\?tenant=[^&]*$"))
    settled(page)
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?q=ticket&category=Tickets"))
    expect(page.get_by_role("searchbox", name="Search events")).to_have_value("ticket")
    expect(page.get_by_role("combobox", name="Category")).to_have_value("Tickets")
    open_event(page, "&range=30d")
    settled(page)
    page.get_by_role("link", name="Open in activity").click()
    expect(page).to_have_url(re.compile(r"/activity\?.*event=TICKET_CREATED.*since="))
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    settled(page)
    page.go_back()
    expect(page).to_have_url(re.compile(r"/metrics\?.*range=30d"))
    expect(page.get_by_text("against the 30 days before")).to_be_visible()


def test_numbers_as_a_table_and_as_csv(page: Page) -> None:
    open_event(page)
    with page.expect_download() as download:
        page.locator(".st-key-volume-csv button").first.click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == "From,Matched,Unmatched,Error,Total" and len(lines) == 9
    page.locator(".st-key-volume-table button").first.click()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stDataFrame")).to_be_visible()


def test_recent_events_older_and_newer(page: Page) -> None:
    open_event(page, "&range=30d")
    expect(page.get_by_role("button", name="Newer")).to_be_disabled()
    told = page.get_by_text(re.compile(r"events? · .* back to "))
    for _ in range(2):
        before = told.inner_text()
        page.get_by_role("button", name="Older").click()
        expect(told).not_to_have_text(before)
    expect(page).to_have_url(re.compile("older="))
    page.get_by_role("button", name="Newer").click()
    expect(page).to_have_url(re.compile("newer="))
    page.get_by_role("button", name="Newest").click()
    expect(page).not_to_have_url(re.compile("newer=|older="))
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    expect(table.locator("canvas").first).to_be_visible()
    table.click(position={"x": 240, "y": 60})  # a cell is looked at, not opened
    page.keyboard.press("ArrowDown")
    settled(page)
    expect(page).to_have_url(re.compile("/metrics"))
    table.click(position={"x": 70, "y": 60})
    expect(page).to_have_url(re.compile("/activity\\?eventId="))


def draw_across(page: Page, chart: Locator, left: float, right: float) -> None:
    """Draw across the chart, from one part of its width to another."""
    chart.scroll_into_view_if_needed()
    expect(chart.locator(BAR).first).to_be_attached()
    settled(page)
    box = chart.bounding_box()
    assert box
    height = box["y"] + box["height"] * 0.7
    page.mouse.move(box["x"] + box["width"] * left, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * right, height, steps=8)
    page.mouse.up()


def test_from_the_catalog_to_the_failed_runs_of_some_hours_in_three_clicks(page: Page) -> None:
    count_clicks(page)
    page.goto("/?q=TICKET_CREATED&range=30d")
    page.get_by_role("button", name="Metrics").first.click()
    expect(page.get_by_text("Volume over time", exact=True)).to_be_visible()
    settled(page)
    page.goto(page.url + "&range=30d")  # the demo is small: a week of it may have no failed run
    chart = page.get_by_test_id("stVegaLiteChart").first
    draw_across(page, chart, 0.1, 0.9)
    expect(page).to_have_url(re.compile("slice="))
    settled(page)
    link = page.get_by_role("link", name=re.compile(r"\d+ failed runs?$")).first
    failed = re.findall(r"\d+", link.inner_text())[0]
    link.click()
    expect(page).to_have_url(re.compile(r"/runs\?.*runStatus=Failed.*runEvent=TICKET_CREATED"))
    expect(page.get_by_text(re.compile(rf"^{failed} runs? ·"))).to_be_visible()
    assert clicks(page) <= 3


def test_drawing_across_all_events_zooms_in_and_back_leads_out(page: Page) -> None:
    page.goto("/metrics")
    expect(page.get_by_text("Volume over time", exact=True)).to_be_visible()
    draw_across(page, page.get_by_test_id("stVegaLiteChart").first, 0.4, 0.6)
    expect(page).to_have_url(re.compile(r"from=.*to="))
    expect(page.get_by_role("radio", name="Custom")).to_be_checked()
    settled(page)
    page.go_back()
    expect(page.get_by_role("radio", name="7d")).to_be_checked()
    expect(page.get_by_text("against the 7 days before")).to_be_visible()


@pytest.fixture(scope="module")
def paused(app: RunningApp) -> str:
    """Somebody paused the workflow of TICKET_CREATED yesterday: the id of the act."""
    with database_of(app) as conn:
        row = conn.execute(
            "INSERT INTO audit_logs (tenant, user_id, email, action, target_type, target_id, detail, origin, at)"
            " SELECT w.tenant, u.user_id, u.email, 'workflow.paused', 'workflow', w.workflow_id::text,"
            " jsonb_build_object('name', 'Morning triage'), 'page', now() - interval '30 hours'"
            " FROM tenants t JOIN workflow_definitions w USING (tenant) JOIN memberships m USING (tenant)"
            " JOIN users u USING (user_id) WHERE t.name = 'Northwind IT' AND u.name LIKE 'Ada %'"
            " AND w.trigger ->> 'eventName' = 'TICKET_CREATED' ORDER BY w.workflow_id LIMIT 1 RETURNING audit_id"
        ).fetchone()
    assert row
    return str(row[0])


def around_the_act() -> str:
    """The event's metrics of that day: only the latest acts are listed unfolded, and other tests act too."""
    since, until = (datetime.now(UTC) - timedelta(hours=hours) for hours in (40, 20))
    return f"{EVENT}&tz=UTC&from={since:%Y-%m-%dT%H:%M}&to={until:%Y-%m-%dT%H:%M}"


def test_from_a_drop_to_the_act_that_caused_it_in_three_clicks(page: Page, paused: str) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    count_clicks(page)
    page.goto("/?q=TICKET_CREATED")
    page.get_by_role("button", name="Metrics").first.click()
    chart = page.get_by_test_id("stVegaLiteChart").first
    head = chart.locator("[aria-roledescription=point][aria-label*='Morning triage paused']")
    expect(head).to_be_visible()
    settled(page)
    picture(page, "metrics-marks")
    head.click()
    expect(page).to_have_url(re.compile(f"/audit\\?auditId={paused}"))
    expect(page.get_by_role("heading", name=re.compile("Ada Admin paused"))).to_be_visible()
    assert clicks(page) <= 3


def test_below_the_chart_the_act_is_a_link(page: Page, paused: str) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    page.goto(around_the_act())
    page.get_by_role("link", name=re.compile("Morning triage paused · Ada Admin")).click()
    expect(page).to_have_url(re.compile(f"/audit\\?auditId={paused}"))


@pytest.mark.usefixtures("paused")
def test_on_a_phone_one_reads_all_of_what_was_done_and_by_whom(page: Page) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(around_the_act())
    link = page.get_by_role("link", name=re.compile("Morning triage paused · Ada Admin"))
    link.scroll_into_view_if_needed()
    cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > 390)"
    assert link.locator("xpath=descendant-or-self::*").evaluate_all(f"{cut}.length") == 0
    picture(page, "metrics-changes")


@pytest.mark.usefixtures("paused")
def test_below_the_chart_a_reader_sees_the_act_and_not_whose_it_is(page: Page) -> None:
    act_as(page, "Rae Reader · Northwind IT")
    page.goto(around_the_act())
    expect(page.get_by_text(re.compile(r"\d\d:\d\d · Workflow Morning triage paused$"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("paused"))).to_have_count(0)


def test_from_the_overview_to_an_event(page: Page) -> None:
    page.goto("/metrics")
    expect(page.get_by_text("Traffic by event", exact=True)).to_be_visible()
    page.get_by_role("radio", name="Schema conformance").click()
    expect(page.get_by_text("how many violate").or_(page.get_by_text("Schema conformance").last)).to_be_visible()
    expect(page).to_have_url(re.compile("show=Schema"))


@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_event(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
