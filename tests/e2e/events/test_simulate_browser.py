"""The main job from a fresh database: find Ticket Created, simulate it, see a real run succeed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningApp, database_of, picture, settled
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser


def test_search_simulate_preview_send_and_the_run_succeeds(page: Page, app: RunningApp) -> None:
    page.goto("/")
    page.get_by_role("searchbox", name="Search events").press_sequentially("ticket created")
    expect(page.get_by_text("Showing 1 to 2 of 2 results")).to_be_visible()  # of the whole text, not of its start
    settled(page)
    picture(page, "1-search")
    page.get_by_role("button", name="Simulate").first.click()
    expect(page.get_by_role("heading", name=re.compile("Simulate Ticket Created"))).to_be_visible()
    ticket = page.get_by_role("textbox", name=re.compile("^ticketId"))
    ticket.fill("5a7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2")
    ticket.press("Enter")
    picture(page, "2-form")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Would start").first).to_be_visible()
    expect(page.get_by_text("Triage new tickets").first).to_be_visible()
    picture(page, "3-preview")
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Event sent")).to_be_visible()
    picture(page, "4-sent")
    expect(page.get_by_role("link", name=re.compile("Succeeded"))).to_have_count(2)
    picture(page, "5-succeeded")
    event_id = page.locator("code").filter(has_text=re.compile("^[0-9a-f]{8}-[0-9a-f]{4}-7")).first.inner_text()
    with database_of(app) as conn:
        row = conn.execute(
            "SELECT origin, correlation_key, (SELECT array_agg(outcome) FROM workflow_event_matches m"
            " WHERE m.event_id = e.event_id), (SELECT array_agg(status) FROM workflow_runs r"
            " WHERE r.trigger_event_id = e.event_id) FROM workflow_runtime_events e WHERE event_id = %s",
            (event_id,),
        ).fetchone()
    ended = ["SUCCEEDED", "SUCCEEDED"]
    assert row == ("simulated", "5a7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2", ["started", "started"], ended)


def test_an_unfinished_payload_survives_a_visit_elsewhere(page: Page) -> None:
    page.goto("/simulate?eventType=TICKET_CLOSED")
    reason = page.get_by_role("textbox", name=re.compile("^reason"))
    reason.fill("Half a thought")
    reason.press("Tab")
    page.get_by_role("link", name="Event catalog").click()
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("textbox", name=re.compile("^reason"))).to_have_value("Half a thought")


def kept(page: Page, words: str) -> None:
    """Wait until the tab keeps a draft with these words."""
    wait_for(lambda: words in page.evaluate("JSON.stringify({...sessionStorage})"))


def test_a_reload_keeps_the_draft_in_the_form_and_as_json_that_cannot_be_read(page: Page) -> None:
    page.goto("/simulate?eventType=TICKET_CLOSED")
    reason = page.get_by_role("textbox", name=re.compile("^reason"))
    reason.fill("Not sent before a reload")
    reason.press("Tab")
    kept(page, "Not sent before a reload")
    page.reload()
    expect(page.get_by_role("textbox", name=re.compile("^reason"))).to_have_value("Not sent before a reload")
    settled(page)
    page.get_by_role("radio", name="JSON").click()
    text = page.get_by_role("textbox", name="Payload as JSON")
    expect(text).to_be_visible()
    assert "mono" in text.evaluate("element => getComputedStyle(element).fontFamily").lower()
    broken = '{\n  "reason": "half,\n}'
    text.fill(broken)
    text.press("Control+Enter")
    expect(page.get_by_text(re.compile("→ 2 │"))).to_be_visible()
    picture(page, "simulate-broken")
    kept(page, "half")
    page.reload()
    expect(page.get_by_role("textbox", name="Payload as JSON")).to_have_value(broken)
    page.get_by_role("button", name="Send event").click()
    told = page.get_by_text(re.compile("^Not sent: the JSON"))
    expect(told).to_contain_text("line 2")
    expect(told).not_to_contain_text("although invalid")


def test_the_event_that_was_sent_is_in_the_url(page: Page) -> None:
    page.goto("/simulate?eventType=TICKET_CREATED")
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Event sent")).to_be_visible()
    expect(page).to_have_url(re.compile("sent=[0-9a-f-]{36}"))
    expect(page.get_by_role("link", name=re.compile("Succeeded .*Triage new tickets"))).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_text("Event sent")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Succeeded .*Triage new tickets"))).to_be_visible()
    settled(page)
    picture(page, "simulate-result")
    page.goto("/simulate")
    expect(page.get_by_text("You simulated lately")).to_be_visible()
    picture(page, "simulate-start")
    page.get_by_role("button", name=re.compile("Ticket Created")).first.click()
    expect(page.get_by_role("heading", name=re.compile("Simulate Ticket Created"))).to_be_visible()


def test_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/simulate?eventType=INBOUND_EMAIL_RECEIVED")
    expect(page.get_by_role("button", name="Send event")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
