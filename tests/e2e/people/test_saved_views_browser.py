"""A saved view from the first filter on: saved, opened by itself, cleared, shared, and seen by somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RunningApp, act_as, database_of, picture, settled

pytestmark = pytest.mark.browser

ADA, RAE = "Ada Admin · Northwind IT", "Rae Reader · Northwind IT"
FAILED, CLEARED = re.compile(r"/runs\?.*runStatus=Failed"), re.compile(r"/runs(\?tenant=[0-9a-f-]+)?$")


@pytest.fixture(autouse=True)
def as_before(app: RunningApp) -> Iterator[None]:
    """Afterwards no page opens with a view for other tests of this app."""
    yield
    with database_of(app) as conn:
        conn.execute("DELETE FROM saved_views")


def views(page: Page) -> Locator:
    return page.locator(".st-key-saved-views")


def go(page: Page, name: str) -> None:
    """Go to a page by the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    settled(page)


def fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_view_is_saved_opens_its_page_is_cleared_and_shared(page: Page) -> None:
    act_as(page, ADA)
    page.goto("/runs?runStatus=failed")
    expect(page).to_have_url(FAILED)
    settled(page)

    # Saved, and what the page opens with.
    views(page).get_by_role("button", name="Save view").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("Failures 🚀")
    dialog.get_by_text("Open Runs with it, for me").click()
    settled(page)
    picture(page, "view-save")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)
    link = views(page).get_by_role("link", name="Failures 🚀")
    expect(link).to_have_attribute("href", re.compile(r"runs\?runStatus=Failed&tenant="))
    expect(page.locator(".st-key-saved-view-shown")).to_contain_text("Failures")

    # One leaves and returns: the filters are there, and Back leads away.
    go(page, "Workflows")
    go(page, "Runs")
    expect(page).to_have_url(FAILED)
    expect(page.get_by_role("button", name="Failed").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Workflows")).to_be_visible()
    page.go_forward()
    expect(page).to_have_url(FAILED)
    settled(page)

    # Cleared, they stay cleared, whatever is pressed on the page.
    page.get_by_role("button", name="Clear filters").click()
    expect(page).to_have_url(CLEARED)
    settled(page)
    expect(page.locator(".st-key-saved-view-shown")).to_have_count(0)
    page.go_back()
    expect(page).to_have_url(FAILED)
    page.go_forward()
    expect(page).to_have_url(CLEARED)
    settled(page)

    # A link on the page to itself is followed whole.
    page.goto("/runs?runTime=Last+24+hours")
    expect(views(page)).to_be_visible()
    settled(page)
    views(page).get_by_role("link", name="Failures 🚀").click()
    expect(page).to_have_url(re.compile(r"/runs\?runStatus=Failed&tenant=[0-9a-f-]+$"))
    expect(page.locator(".st-key-saved-view-shown")).to_be_visible()
    settled(page)
    expect(page.get_by_role("button", name="Last 24 hours")).to_have_count(0)

    # Shared, it is there for somebody else.
    views(page).get_by_role("button", name="Manage").click()
    dialog.get_by_text("Everyone in Northwind IT sees it").click()
    settled(page)
    picture(page, "view-manage")
    opens = dialog.get_by_role("link", name="Open it")
    expect(opens).to_have_css("background-color", "rgba(0, 0, 0, 0)")  # it leads to this page, and is no place
    expect(opens.locator("p")).to_have_css("font-weight", "400")
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog).to_have_count(0)
    page.goto("about:blank")  # a page that is left keeps its person
    act_as(page, RAE)
    page.goto("/runs?runTime=Last+hour")
    theirs = views(page).get_by_role("link", name="Failures 🚀")
    expect(theirs).to_be_visible()
    settled(page)
    theirs.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("Runs · shared by Ada Admin")
    theirs.click()
    expect(page).to_have_url(FAILED)
    settled(page)
    picture(page, "view-shared")
    for width in (1440, 390):
        fits(page, width)
