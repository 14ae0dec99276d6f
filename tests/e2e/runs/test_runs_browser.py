"""The list of runs under mouse and keyboard, and what its page looks like on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from lib.ui.components.text import duration
from tests.e2e.conftest import RunningApp, act_as, database_of, settled

pytestmark = pytest.mark.browser

ROW, HEAD = 36, 20
NAME, STATUS, DURATION = 80, 225, 470
RISING = """() => [...document.querySelectorAll("[id^='glide-cell-3-']")]
  .map(cell => Number(cell.textContent))
  .every((seconds, place, all) => !place || all[place - 1] <= seconds)"""


def click_cell(page: Page, x: int, row: int) -> None:
    """Click into the table; rows count from 1."""
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_have_count(1)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + x, box["y"] + HEAD + row * ROW)


def test_a_run_opens_by_its_name_and_arrow_keys_only_choose_one(page: Page) -> None:
    page.goto("/runs?runStatus=Failed")
    chosen = page.get_by_role("button", name=re.compile("Open run"))
    expect(chosen).to_be_disabled()
    settled(page)
    click_cell(page, STATUS, 1)
    expect(chosen).to_be_enabled()
    told = page.get_by_test_id("stMarkdown").filter(has_text=re.compile("Failed"))
    first = told.inner_text()
    page.keyboard.press("ArrowDown")
    expect(told).not_to_have_text(first)
    assert "runId" not in page.url
    chosen.click()
    expect(page.get_by_text("Run id")).to_be_visible()
    expect(page).to_have_url(re.compile("runId="))
    page.go_back()
    settled(page)
    click_cell(page, NAME, 1)
    expect(page.get_by_text("Run id")).to_be_visible()


def test_the_first_click_after_older_opens_a_run_of_that_page(page: Page) -> None:
    page.goto("/runs")
    settled(page)
    page.get_by_role("button", name=re.compile("Older")).click()
    expect(page).to_have_url(re.compile("before="))
    settled(page)
    last = page.get_by_text(re.compile(r"^50 of [\d,]+\+? runs ·")).inner_text().split(" to ")[1][:16]
    click_cell(page, NAME, 1)
    expect(page.get_by_text("Run id")).to_be_visible()
    expect(page.get_by_text(last).first).to_be_visible()


def test_durations_sort_as_numbers_and_a_sorted_row_opens_its_own_run(page: Page) -> None:
    page.goto("/runs?runTime=Last+30+days&runStatus=Succeeded")
    settled(page)
    cells = page.locator("[id^='glide-cell-3-']")  # what the browser sorts by; beside it each is drawn as text
    expect(cells.nth(5)).to_have_text(re.compile(r"^[\d.]+$"))
    assert not page.evaluate(RISING)
    click_cell(page, DURATION, 0)
    page.wait_for_function(RISING)
    took = [float(seconds) for seconds in cells.all_text_contents()]
    assert len(took) > 10
    said = [duration(seconds) for seconds in took]
    assert said != sorted(said), "as text they would stand in another order"
    click_cell(page, NAME, 1)
    expect(page.get_by_text("Run id")).to_be_visible()
    expect(page.get_by_text(re.compile(rf"^Duration\s*{said[0]}$"))).to_be_visible()


def test_a_phone_shows_what_ran_and_how_it_went(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/runs?runStatus=Failed&runTime=Last+30+days")
    settled(page)
    click_cell(page, STATUS, 1)
    expect(page.get_by_role("button", name=re.compile("Open run"))).to_be_enabled()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_escape_in_a_select_box_keeps_a_choice_and_any_is_one(page: Page) -> None:
    page.goto("/runs?runStatus=Failed")
    settled(page)
    status = page.get_by_role("combobox", name="Status")
    status.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    settled(page)
    expect(page).to_have_url(re.compile("runStatus=Failed"))
    expect(status).to_have_value("Failed")
    status.click()
    page.get_by_role("option", name="Any status").click()
    expect(page).not_to_have_url(re.compile("runStatus"))
    expect(status).to_have_value("Any status")


def repeats(app: RunningApp) -> int:
    with database_of(app) as conn:
        row = conn.execute("SELECT count(*) FROM workflow_runs WHERE retry_of IS NOT NULL").fetchone()
    assert row
    return int(row[0])


@pytest.mark.usefixtures("failed_run")
def test_many_failed_runs_are_run_again_once_however_often_one_clicks(page: Page, app: RunningApp) -> None:
    before = repeats(app)
    page.goto("/runs?status=failed")
    settled(page)
    page.get_by_role("button", name="Run failed ones again").click()
    dialog = page.get_by_role("dialog")
    start = dialog.get_by_role("button", name=re.compile(r"^Run \d+ again"))
    expect(start).to_be_enabled()
    told = re.search(r"\d+", start.inner_text())
    assert told
    start.dblclick()
    done = dialog.get_by_text(re.compile("runs? (started|had been run again)"))
    expect(done.first).to_be_visible()
    assert repeats(app) - before == int(told[0]), "one repeat a run"


def test_a_reader_is_told_whom_to_ask_for_running_many_again(page: Page) -> None:
    act_as(page, "Rae Reader · Northwind IT")
    page.goto("/runs?status=failed")
    again = page.get_by_role("button", name="Run failed ones again")
    expect(again).to_be_disabled()
