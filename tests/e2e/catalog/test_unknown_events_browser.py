"""Real traffic over HTTP: what the catalog does not know is offered to be defined, what it knows tries a workflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from lib import database
from lib.auth import actors, tokens
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.settings import Settings
from lib.workflows import changes, records
from tests.e2e.conftest import RunningApp, picture, prepare, settled, start_app, stop_app, tab
from tests.support.workflow_runs import log_step

pytestmark = pytest.mark.browser

EVENT = "TICKET_CREATED"


@dataclass
class Desk:
    """The app on a database with one tenant, a token of it and a draft that TICKET_CREATED is to start."""

    app: RunningApp
    token: str
    workflow: UUID

    def send(self, event_type: str, *payloads: Any, source: str = "/rmm") -> set[int]:
        """Send events; the statuses of the answers."""
        return {self._send(event_type, payload, source) for payload in payloads}

    def _send(self, event_type: str, payload: Any, source: str) -> int:
        event = {"specversion": "1.0", "id": str(uuid4()), "source": source, "type": event_type, "data": payload}
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/cloudevents+json"}
        try:
            with urlopen(Request(f"{self.app.url}/api/v2/events", json.dumps(event).encode(), headers)) as answer:
                return int(answer.status)
        except HTTPError as refused:
            return refused.code


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    data_dir = prepare(tmp_path_factory.mktemp("traffic"))
    database.start(Settings(data_dir=data_dir, database_url=None))
    with database.operate() as conn:
        tenant = actors.add_tenant(conn, name="Traffic")
        user = actors.add_member(conn, tenant=tenant, email="max@example.com", name="Max", permission="admin")
    actor = Actor(tenant, user, "max@example.com", "admin")
    with database.write(actor) as conn:
        token = tokens.create_token(conn, actor, name="rmm", permission="manage")
        workflow = changes.create_for_event(conn, actor, event_type=EVENT, name="Triage")
        draft = records.get(conn, tenant=tenant, workflow_id=workflow)
        steps = {**draft.draft, "steps": [log_step("note")]}
        changes.save_draft(
            conn, actor, workflow_id=workflow, definition=steps, expected_draft_version=draft.draft_version
        )
    database.stop()
    running = start_app(data_dir, DEMO="0")
    yield Desk(running, token, workflow)
    stop_app(running)


@pytest.fixture
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    with tab(browser, desk.app) as opened:
        yield opened
        assert opened.locator("[data-testid=stException]").count() == 0


def test_what_the_catalog_does_not_know_is_offered_dismissed_and_brought_back(desk: Desk, page: Page) -> None:
    devices = [{"deviceId": f"d-{n}", "since": "2026-03-02T10:00:00Z", "token": "s3cret-s3cret"} for n in range(14)]
    assert desk.send("DEVICE_OFFLINE", *devices) == {422}
    assert desk.send("ORDER_PLACED", {"orderNumber": 1}, source="/shop") == {422}
    page.goto("/")
    line = page.get_by_text("14 events of DEVICE_OFFLINE came from /rmm and are not in the catalog.")
    expect(line).to_be_visible()
    settled(page)
    page.get_by_role("button", name="All 2 types").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("ORDER_PLACED 1 event")).to_be_visible()
    assert "unknownTypes=all" in page.url
    settled(page)
    dialog.locator("summary").first.click()
    expect(dialog.get_by_text("d-9")).to_be_visible()
    expect(dialog.get_by_text("s3cret")).to_have_count(0)
    dialog.get_by_role("button", name="Dismiss").last.click()
    expect(dialog.get_by_text("ORDER_PLACED 1 event")).to_have_count(0)
    dialog.get_by_text("Show dismissed ones", exact=True).click()
    expect(dialog.get_by_role("button", name="Bring back")).to_be_visible()
    expect(dialog.get_by_text("DEVICE_OFFLINE 14 events")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Details")).to_be_visible()
    expect(page).not_to_have_url(re.compile("unknownTypes"))
    page.goto("/?unknownTypes=all")
    expect(page.get_by_role("dialog").get_by_text("DEVICE_OFFLINE 14 events")).to_be_visible()
    settled(page)
    picture(page, "unknown-list")
    page.goto("/")
    expect(line).to_be_visible()
    picture(page, "unknown-line")


def test_real_events_try_a_workflow_before_it_is_published(desk: Desk, page: Page) -> None:
    example = next(event.example for event in system_catalog.read() if event.event_type == EVENT)
    assert desk.send(EVENT, {**example, "ticketId": 7}, {}) == {202}
    page.goto(f"/designer?workflowId={desk.workflow}&edit=Steps")
    page.get_by_role("button", name="Publish v1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"0 of the last 2 real events of {EVENT} would start it.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Publish anyway")).to_be_visible()
    page.keyboard.press("Escape")
    assert desk.send(EVENT, *[example] * 3) == {202}
    page.get_by_role("button", name="Publish v1").click()
    expect(dialog.get_by_text(f"3 of the last 5 real events of {EVENT} would start it.")).to_be_visible()
    expect(dialog.get_by_text("1 fails at /ticketId: Must be text.")).to_be_visible()
    settled(page)
    picture(page, "gate-publish")
    dialog.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/activity.*eventId="))
    page.go_back()
    page.get_by_role("button", name="Publish v1").click()
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("3 of its last 5 real events would start it.")).to_be_visible()
    page.keyboard.press("Escape")  # the offer to replay what was missed
    settled(page)
    picture(page, "gate-published")
    assert desk.send(EVENT, example) == {202}
    page.reload()
    expect(page.get_by_text("4 of its last 6 real events would start it.")).to_be_visible()


def test_from_unknown_traffic_to_a_run_and_out_and_in_again(desk: Desk, page: Page, tmp_path: Path) -> None:
    """Define from traffic, attach, publish by real events, start, break, export, import."""
    sensors = [{"sensorId": f"s-{n}", "celsius": 20 + n, "at": "2026-03-02T10:00:00Z"} for n in range(20)]
    assert desk.send("SENSOR_HOT", *sensors[:12], source="/cellar") == {422}
    page.goto("/define?from=SENSOR_HOT")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Sensor Hot")
    expect(page.get_by_role("textbox", name="JSON Schema", exact=True)).to_have_value(re.compile("sensorId"))
    category = page.get_by_role("combobox", name="Category")
    category.click()
    category.fill("Sensors")
    category.press("Enter")
    category.press("Tab")
    settled(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=re.compile("Sensor Hot"))).to_be_visible()
    assert desk.send("SENSOR_HOT", *sensors[:4]) == {202}

    settled(page)
    page.get_by_role("button", name="Attach").click()
    page.get_by_role("button", name=re.compile("Create and open designer")).click()
    settled(page)
    page.get_by_role("radio", name="Steps").click()
    settled(page)
    page.get_by_role("button", name=re.compile("Add step")).click()
    page.get_by_role("menuitem").filter(has_text=re.compile("Write log$")).click()
    page.get_by_role("button", name="Publish v1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("4 of the last 4 real events of SENSOR_HOT would start it.")).to_be_visible()
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("4 of its last 4 real events would start it.")).to_be_visible()
    assert desk.send("SENSOR_HOT", sensors[5]) == {202}
    page.goto("/runs?runEvent=SENSOR_HOT")
    expect(page.get_by_text(re.compile("Showing 1 to 1 of 1|1 run"))).to_be_visible()

    page.goto("/define?eventType=SENSOR_HOT")
    schema = page.get_by_role("textbox", name="JSON Schema", exact=True)
    expect(schema).to_have_value(re.compile("sensorId"))
    settled(page)
    schema.fill('{"type": "object", "properties": {"sensorId": {"type": "integer"}}}')
    schema.press("Tab")
    settled(page)
    example = page.get_by_role("textbox", name="Example as JSON")
    example.fill("")
    example.press("Tab")
    settled(page)
    page.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("1 of them would break")).to_be_visible()
    expect(dialog.get_by_text("which would change in type")).to_be_visible()
    expect(dialog.get_by_text("0 of the last 5 real events of SENSOR_HOT fit the new schema.")).to_be_visible()
    picture(page, "journey-effects")
    page.keyboard.press("Escape")

    page.goto("/?q=SENSOR_HOT")
    settled(page)
    page.get_by_role("button", name="Export and import").click()
    address = page.get_by_role("link", name="AsyncAPI 3.0").get_attribute("href")
    exported = tmp_path / "events.yaml"
    exported.write_bytes(page.request.get(f"{desk.app.url}{address}").body())
    page.goto("/import")
    page.locator("input[type=file]").set_input_files(exported)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Unchanged (1)")).to_be_visible()
    settled(page)
    picture(page, "journey-import")
    expect(page.get_by_role("button", name="Import 0 events")).to_be_disabled()
