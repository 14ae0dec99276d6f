"""What somebody does in the browser is in the audit trail at once, and is found, opened and fetched there."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled
from tests.e2e.runs.test_runs_browser import NAME, click_cell

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def act(page: Page) -> Iterator[None]:
    """Somebody paused a workflow, or resumed it. Afterwards it is as it was: other tests have its runs counted."""
    pause_or_resume(page)
    yield
    pause_or_resume(page)


def pause_or_resume(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto("/workflows")
    settled(page)
    page.get_by_test_id("stPopover").first.get_by_role("button").click()
    page.get_by_role("button", name=re.compile("Pause|Resume")).last.click()
    expect(page.get_by_text(re.compile("is paused|starts runs again"))).to_be_visible()


def test_an_act_is_found_opened_and_leads_to_its_object(page: Page) -> None:
    page.goto("/audit")
    settled(page)
    click_cell(page, NAME, 1)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Ada Admin (paused|resumed) .*\\.$"))
    expect(page).to_have_url(re.compile("auditId="))
    page.get_by_role("link", name=re.compile("Open workflow")).click()
    expect(page).to_have_url(re.compile("/designer.*workflowId="))
    page.get_by_role("link", name=re.compile("History")).click()
    expect(page).to_have_url(re.compile("/audit.*object="))
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("More · 1"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ acts? · "))).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/designer"))


def test_the_file_is_fetched_and_that_is_an_act(page: Page) -> None:
    page.goto("/audit?actOrigin=page")
    settled(page)
    page.get_by_role("button", name=re.compile("Export")).click()
    link = page.get_by_role("link", name=re.compile("CSV"))
    expect(link).to_be_visible()
    answer = page.request.get(str(link.get_attribute("href")))
    rows = list(csv.DictReader(answer.text().removeprefix("\ufeff").splitlines()))
    assert rows and {row["origin"] for row in rows} == {"page"}
    page.goto("/audit?act=export.started")
    expect(page.get_by_text(re.compile(r"^\d+ acts? · "))).to_be_visible()


def test_a_phone_shows_the_trail_and_an_act(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.goto("/audit")
    settled(page)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert page.evaluate(overflow) <= 0
    click_cell(page, NAME, 1)
    expect(page.get_by_text("Object id")).to_be_visible()
    assert page.evaluate(overflow) <= 0
