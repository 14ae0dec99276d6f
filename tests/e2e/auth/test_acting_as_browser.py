"""Without sign-in each tab acts as somebody, through a reload too, and no address says as whom."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import RunningApp, settled, tab

pytestmark = pytest.mark.browser

READER, ADMIN = "Rae Reader · Northwind IT", "Ada Admin · Northwind IT"


def choose(page: Page, label: str) -> None:
    settled(page)
    box = page.get_by_role("combobox", name="Acting as")
    box.click()
    box.fill(label)
    page.get_by_role("option", name=label).click()
    settled(page)


def test_each_tab_keeps_its_person_through_a_reload(page: Page, browser: Browser, app: RunningApp) -> None:
    page.goto("/runs")
    choose(page, READER)
    expect(page.get_by_test_id("stSidebar").get_by_text("read permission")).to_be_visible()
    page.keyboard.press("Control")  # as whoever opens another tab with the keyboard
    with tab(browser, app) as other:
        other.goto("/")
        expect(
            other.get_by_test_id("stSidebar").get_by_text("read permission")
        ).to_be_visible()  # a new tab goes on as the one before
        choose(other, ADMIN)
        expect(other.get_by_test_id("stSidebar").get_by_text("admin permission")).to_be_visible()
        for one, permission in ((page, "read"), (other, "admin"), (page, "read")):
            one.reload()
            expect(one.get_by_test_id("stSidebar").get_by_text(f"{permission} permission")).to_be_visible()
            assert "Rae" not in one.url and "Ada" not in one.url and "tenant=" in one.url
