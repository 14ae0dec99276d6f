"""An event of one's own from its definition to its end, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningApp, database_of, picture, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # a long way, and every step waits for the page

SCHEMA = {
    "type": "object",
    "required": ["deviceId"],
    "properties": {
        "deviceId": {"type": "string", "description": "The one that is not heard of."},
        "rack": {"type": "integer"},
    },
}


@pytest.fixture
def as_before(app: RunningApp) -> Iterator[None]:
    """Afterwards the catalog has neither the event nor its workflow: owners and tags bring filters to other tests."""
    yield
    with database_of(app) as conn:
        conn.execute("UPDATE workflow_definitions SET status = 'archived' WHERE name = 'Workflow: Device offline'")
        conn.execute("DELETE FROM event_catalog WHERE event_type IN ('DEVICE_OFFLINE', 'DEVICE_MOVED')")
        conn.execute("DELETE FROM payload_schemas WHERE schema_ref LIKE 'inline.DEVICE_OFFLINE.%'")


def type_into(page: Page, label: str, text: str) -> None:
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Tab")
    settled(page)


def add(page: Page, label: str, text: str) -> None:
    """Type what may be none of the options."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    box.press("Enter")
    box.press("Tab")
    settled(page)


@pytest.mark.usefixtures("as_before")
def test_define_simulate_break_detach_delete_and_undo(page: Page) -> None:
    page.goto("/")
    define = page.get_by_role("button", name="Define Custom Event")
    expect(define).to_be_visible(timeout=60_000)  # the first page of the app under test
    define.click()
    expect(page.get_by_role("heading", name="Define an event")).to_be_visible()
    page.get_by_role("textbox", name="Event type").press_sequentially("device offline")
    expect(page.get_by_text("Did you mean DEVICE_OFFLINE?")).to_be_visible()
    page.get_by_role("button", name="Use DEVICE_OFFLINE").click()
    expect(page.get_by_role("textbox", name="Event type")).to_have_value("DEVICE_OFFLINE")
    type_into(page, "Name", "Device offline")
    add(page, "Category", "Devices")
    add(page, "Owner", "Field team")
    add(page, "Tags", "hardware")
    page.get_by_role("radio", name="Inline JSON Schema").click()
    type_into(page, "JSON Schema", json.dumps({**SCHEMA, "type": "objekt"}, indent=2))
    expect(page.get_by_text("Line 2:")).to_be_visible()
    expect(page.get_by_role("textbox", name="JSON Schema")).to_have_css("background-image", re.compile("^url.*svg"))
    picture(page, "define-1-problem")
    type_into(page, "JSON Schema", json.dumps(SCHEMA, indent=2))
    expect(page.get_by_role("textbox", name=re.compile("^deviceId"))).to_be_visible()
    settled(page)
    box = page.get_by_role("combobox", name="Correlation paths")
    box.scroll_into_view_if_needed()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    box.click()  # scrolling would close the list again
    page.get_by_role("option", name="deviceId").click()
    box.press("Tab")
    expect(page.get_by_text(re.compile("gives .* in the sample"))).to_be_visible()
    settled(page)
    picture(page, "define-2-whole")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=re.compile("Device offline"))).to_be_visible()
    expect(page.get_by_text("Field team")).to_be_visible()
    picture(page, "define-3-event")

    page.goto("/?tag=hardware")
    expect(page.get_by_text("Showing 1 to 1 of 1 result")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Simulate").click()
    device = page.get_by_role("textbox", name=re.compile("^deviceId"))
    device.fill("4711")
    device.press("Tab")
    settled(page)
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Event sent")).to_be_visible()
    expect(page.get_by_text("4711").first).to_be_visible()

    page.goto("/event?eventType=DEVICE_OFFLINE")
    settled(page)
    page.get_by_role("button", name="Attach").click()
    page.get_by_role("button", name=re.compile("Create and open designer")).click()
    settled(page)
    page.get_by_role("radio", name="Steps").click()
    settled(page)
    page.get_by_role("button", name=re.compile("Add step")).click()
    page.get_by_role("menuitem").filter(has_text=re.compile("Write log$")).click()
    expect(page.get_by_role("button", name=re.compile("Publish v1"))).to_be_enabled()
    page.get_by_role("button", name=re.compile("Publish v1")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Publish$")).click()
    expect(page.get_by_role("heading", name="Workflow: Device offline v1")).to_be_visible()

    page.goto("/event?eventType=DEVICE_OFFLINE")
    settled(page)
    page.get_by_role("button", name="Edit", exact=False).first.click()
    expect(page.get_by_role("heading", name="Edit Device offline")).to_be_visible()
    settled(page)
    type_into(page, "JSON Schema", json.dumps({"type": "object", "properties": {"deviceId": {"type": "integer"}}}))
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 of them would break")).to_be_visible()
    expect(dialog.get_by_text("which would change in type")).to_be_visible()
    picture(page, "define-4-effects")
    dialog.get_by_role("button", name="Save anyway").click()
    expect(page.get_by_text("inline.DEVICE_OFFLINE.v2").first).to_be_visible()

    settled(page)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text("will be deprecated instead of deleted")).to_be_visible()
    picture(page, "define-5-in-use")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    page.get_by_role("button", name="Detach").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Detach and publish")).click()
    expect(page.get_by_text("Attached workflows · 0")).to_be_visible()

    page.goto("/?eventType=DEVICE_OFFLINE")
    drawer = page.get_by_role("dialog")
    settled(page)
    drawer.get_by_role("button", name="Delete").click()
    expect(drawer.get_by_text("You can undo this for 7 days.")).to_be_visible()
    picture(page, "define-6-drawer")
    settled(page)
    drawer.locator(".st-key-confirm-delete button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Device offline was deleted by")).to_be_visible()
    picture(page, "define-7-deleted")
    settled(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("It is back as it was.")).to_be_visible()
    page.goto("/event?eventType=DEVICE_OFFLINE")
    expect(page.get_by_role("heading", name=re.compile("Device offline"))).to_be_visible()


def test_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/define?eventType=INBOUND_EMAIL_RECEIVED")
    expect(page.get_by_role("heading", name=re.compile("Override"))).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


@pytest.mark.usefixtures("as_before")
def test_a_category_that_is_typed_otherwise_is_the_one_there_is(page: Page, app: RunningApp) -> None:
    page.goto("/define")
    type_into(page, "Event type", "DEVICE_MOVED")
    type_into(page, "Name", "Device moved")
    add(page, "Category", "  tickets ")
    page.get_by_role("radio", name="No schema").click()
    settled(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Device moved")).to_be_visible()
    with database_of(app) as conn:
        made = conn.execute("SELECT category FROM event_catalog WHERE event_type = 'DEVICE_MOVED'").fetchall()
    assert made == [("Tickets",)]
