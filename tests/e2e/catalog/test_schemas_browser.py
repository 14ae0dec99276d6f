"""The schema registry as a person uses it: find a field, register a schema, see what a new version breaks, share it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RunningApp, database_of, settled

pytestmark = pytest.mark.browser

V1: dict[str, Any] = {"type": "object", "properties": {"deviceId": {"type": "string"}, "clientId": {"type": "string"}}}
V2: dict[str, Any] = {**V1, "properties": {**V1["properties"], "deviceId": {"type": "integer"}}, "required": ["note"]}


@pytest.fixture
def as_before(app: RunningApp) -> Iterator[None]:
    """Afterwards the schema is not there: a test that is tried once more registers it anew."""
    yield
    with database_of(app) as conn:
        conn.execute("DELETE FROM payload_schemas WHERE schema_ref LIKE 'journey.%'")


def write(dialog: Locator, schema: Any) -> None:
    text = dialog.get_by_role("textbox", name="JSON Schema")
    text.fill(json.dumps(schema) if not isinstance(schema, str) else schema)
    text.press("Control+Enter")


def test_which_events_carry_a_field(page: Page) -> None:
    page.goto("/schemas")
    expect(page.get_by_text(re.compile(r"50 of \d+ schemas"))).to_be_visible()
    page.get_by_role("searchbox", name="Field").press_sequentially("clientId")
    expect(page).to_have_url(re.compile("schemaField=clientId"))
    expect(page.get_by_text(re.compile(r"^\d+ schemas · Headings"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("searchbox", name="Field")).to_have_value("clientId")


@pytest.mark.usefixtures("as_before")
def test_a_schema_is_registered_and_a_breaking_version_says_so_before_it_is_saved(page: Page) -> None:
    page.goto("/schemas")
    page.get_by_role("button", name="Register schema").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Ref").fill("journey.DeviceOffline.v1")
    write(dialog, '{"type": "strin"}')
    expect(dialog.get_by_text("is not a JSON Schema at /type")).to_be_visible()
    dialog.get_by_role("button", name="Register").click()
    settled(page)
    expect(dialog.get_by_text("is not a JSON Schema at /type")).to_be_visible()
    write(dialog, V1)
    expect(dialog.get_by_text("is not a JSON Schema at /type")).to_have_count(0)
    dialog.get_by_role("button", name="Register").click()
    expect(page).to_have_url(re.compile(r"ref=journey\.DeviceOffline\.v1"))
    expect(page.get_by_role("heading", name="journey.DeviceOffline")).to_be_visible()

    page.get_by_role("button", name="New version").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="New version")).to_be_visible()
    expect(dialog.get_by_text("It becomes")).to_be_visible()
    lines = dialog.get_by_role("textbox", name="JSON Schema")
    expect(lines).to_have_css("background-image", re.compile("^url.*svg"))  # they are numbered
    write(dialog, V2)
    expect(dialog.get_by_text("note is required now, and was not before.")).to_be_visible()
    expect(dialog.get_by_text("Neither version's readers can be sure")).to_be_visible()
    dialog.get_by_role("button", name="Register").click()
    expect(page).to_have_url(re.compile(r"ref=journey\.DeviceOffline\.v2"))
    expect(page.get_by_text("deviceId takes integer now, and took string.").first).to_be_visible()

    # The other way round, in the strict reading: the URL has it all.
    settled(page)
    page.get_by_role("radiogroup", name="Reading").get_by_text("Strict").click()
    expect(page).to_have_url(re.compile("reading=Strict"))
    page.reload()
    expect(page.get_by_text("Neither version's readers can be sure")).to_be_visible()
    page.get_by_role("button", name="journey.DeviceOffline.v1").click()
    expect(page.get_by_text("version 1 of 2")).to_be_visible()
    page.get_by_role("button", name="Schemas", exact=True).click()
    expect(page.get_by_role("heading", name="Schemas")).to_be_visible()


def test_the_event_page_leads_to_its_schema_and_back(page: Page) -> None:
    page.goto("/event?eventType=TICKET_CREATED")
    page.get_by_role("link", name="Versions and uses of the schema").click()
    expect(page).to_have_url(re.compile(r"/schemas\?.*ref=payload\.TicketCreated\.v1"))
    expect(page.get_by_role("heading", name="payload.TicketCreated")).to_be_visible()
    expect(page.get_by_role("button", name="New version")).to_have_count(0)  # it comes with the catalog
    page.get_by_role("link", name="Ticket Created").click()
    expect(page).to_have_url(re.compile(r"/event\?.*eventType=TICKET_CREATED"))
