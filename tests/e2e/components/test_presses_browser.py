"""Two quick clicks on a button that changes something: it is changed once, and nothing is said against the second."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningApp, act_as, database_of, own_event, settled

pytestmark = pytest.mark.browser

ADMIN = "Ada Admin · Northwind IT"
# Milliseconds between the two clicks.
PACE = 100


@pytest.fixture
def admin(page: Page) -> Page:
    act_as(page, ADMIN)
    return page


@pytest.fixture
def own(app: RunningApp) -> Iterator[str]:
    """An event of the tenant's own that nothing is attached to."""
    with own_event(app, "PRESSED_TWICE", schema={"type": "object"}):
        yield "PRESSED_TWICE"
        with database_of(app) as conn:
            conn.execute("DELETE FROM event_test_cases WHERE event_type = 'PRESSED_TWICE'")


def how_many(app: RunningApp, what: str) -> int:
    with database_of(app) as conn:
        row = conn.execute(f"SELECT count(*) FROM {what}").fetchone()
    assert row
    return int(row[0])


def errors(page: Page) -> int:
    """How many errors the page shows or tells."""
    settled(page)
    return page.get_by_text(re.compile("went wrong|already|meanwhile|Not saved|since you")).count()


def test_a_definition_is_saved_once(app: RunningApp, admin: Page) -> None:
    """The second click was refused, as there was such an event by then: it is the first one's."""
    admin.goto("/define")
    settled(admin)
    for label, text in (("Event type", "SAVED_TWICE"), ("Name", "Saved twice")):
        field = admin.get_by_role("textbox", name=label, exact=True)
        field.fill(text)
        field.press("Tab")
        settled(admin)
    box = admin.get_by_role("combobox", name="Category")
    box.click()
    box.fill("Own")
    box.press("Enter")
    box.press("Tab")
    settled(admin)
    admin.get_by_role("radio", name="No schema").click()
    settled(admin)
    try:
        admin.get_by_role("button", name="Save").dblclick(delay=PACE)
        expect(admin.get_by_role("heading", name=re.compile("Saved twice"))).to_be_visible()
        assert errors(admin) == 0
        assert how_many(app, "audit_logs WHERE target_id = 'SAVED_TWICE'") == 1
    finally:
        with database_of(app) as conn:
            conn.execute("DELETE FROM event_catalog WHERE event_type = 'SAVED_TWICE'")


def test_an_event_is_sent_once(app: RunningApp, admin: Page, own: str) -> None:
    """And again whenever one presses again, having seen what came of it."""
    sent = "workflow_runtime_events WHERE event_name = 'PRESSED_TWICE'"
    admin.goto(f"/simulate?eventType={own}")
    settled(admin)
    admin.get_by_role("button", name="Send event").dblclick(delay=PACE)
    expect(admin.get_by_text("Event sent")).to_be_visible()
    settled(admin)
    assert how_many(app, sent) == 1
    before = admin.url
    admin.get_by_role("button", name="Send event").click()
    expect(admin).not_to_have_url(before)
    settled(admin)
    assert how_many(app, sent) == 2


def test_a_test_case_is_saved_once(app: RunningApp, admin: Page, own: str) -> None:
    admin.goto(f"/simulate?eventType={own}")
    settled(admin)
    admin.get_by_text("Save this payload as a test case").click()
    name = admin.get_by_role("textbox", name="Name", exact=True)
    name.fill("Twice")
    name.press("Tab")
    settled(admin)
    admin.get_by_role("button", name="Save test case").dblclick(delay=PACE)
    expect(admin.get_by_text("1, shared in this tenant")).to_be_visible()
    assert errors(admin) == 0
    assert how_many(app, "event_test_cases WHERE name = 'Twice'") == 1


def test_a_status_is_set_once(app: RunningApp, admin: Page, own: str) -> None:
    """The second click said that somebody else had changed the event meanwhile."""
    admin.goto(f"/event?eventType={own}")
    settled(admin)
    admin.get_by_role("button", name="Deprecate").dblclick(delay=PACE)
    expect(admin.get_by_text("is deprecated now.")).to_have_count(1)
    assert errors(admin) == 0
    assert how_many(app, f"audit_logs WHERE target_id = '{own}'") == 1


def test_a_document_is_imported_once(app: RunningApp, admin: Page) -> None:
    """The second click ended in an error of ours, and hid what the first had done."""
    schema = {"$id": "https://example.com/imported.Twice.v1", "title": "Imported twice", "type": "object"}
    admin.goto("/import")
    settled(admin)
    admin.locator("textarea").first.fill(json.dumps(schema))
    admin.keyboard.press("Control+Enter")
    settled(admin)
    admin.get_by_role("button", name="Preview").click()
    button = admin.get_by_role("button", name=re.compile("Import 0 events, 1 schema"))
    expect(button).to_be_visible()
    settled(admin)
    button.dblclick(delay=PACE)
    expect(admin.get_by_text("registered 1 schema")).to_be_visible()
    assert errors(admin) == 0


def test_failed_runs_are_run_again_once(app: RunningApp, admin: Page, failed_run: None) -> None:
    """The second click told that they had been run again already."""
    admin.goto("/runs")
    settled(admin)
    admin.get_by_role("button", name="Run failed ones again").click()
    opened = admin.get_by_role("dialog")
    button = opened.get_by_role("button", name=re.compile(r"Run \d+ again"))
    expect(button).to_be_visible()
    settled(admin)
    button.dblclick(delay=PACE)
    expect(opened.get_by_text(re.compile("[1-9] runs? started"))).to_be_visible()
    settled(admin)
    expect(opened.get_by_text(re.compile("[1-9] runs? started"))).to_be_visible()
    assert errors(admin) == 0
