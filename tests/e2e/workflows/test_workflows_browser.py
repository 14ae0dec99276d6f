"""From an event to a running workflow and back: attach, map, add a step, publish, simulate, detach, undo."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from lib import database
from lib.auth import actors
from lib.settings import Settings
from tests.e2e.conftest import RunningApp, act_as, picture, prepare, settled, start_app, stop_app, tab
from tests.support import locks
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

NOTICE = {
    "type": "object",
    "required": ["ticketId", "text"],
    "properties": {"ticketId": {"type": "string"}, "text": {"type": "string"}},
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app on a database with one tenant and nothing in it but the system's catalog and a schema."""
    data_dir = prepare(tmp_path_factory.mktemp("fresh"))
    database.start(Settings(data_dir=data_dir, database_url=None))
    with database.operate() as conn:
        tenant = actors.add_tenant(conn, name="Fresh")
        actors.add_member(conn, tenant=tenant, email="max@example.com", name="Max", permission="manage")
        actors.add_member(conn, tenant=tenant, email="rae@example.com", name="Rae", permission="read")
        statement = "INSERT INTO payload_schemas (tenant, schema_ref, schema) VALUES (:t, 'payload.Notice.v1', :s)"
        conn.execute(text(statement), {"t": tenant, "s": json.dumps(NOTICE)})
    database.stop()
    running = start_app(data_dir, DEMO="0")
    yield running
    stop_app(running)


@pytest.fixture
def desk(browser: Browser, fresh: RunningApp) -> Iterator[Page]:
    with tab(browser, fresh, height=1100) as page:
        yield page
        assert page.locator("[data-testid=stException]").count() == 0


@pytest.fixture
def other(browser: Browser, fresh: RunningApp) -> Iterator[Page]:
    """The tab of somebody else, or a second one of the same person."""
    with tab(browser, fresh, height=1100) as page:
        yield page


def simulate(page: Page) -> None:
    page.goto("/simulate?eventType=TICKET_CREATED")
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Event sent")).to_be_visible()


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=re.compile(re.escape(option))).first.click()
    settled(page)


def test_attach_map_publish_run_detach_undo_run(desk: Page) -> None:
    page = desk
    page.goto("/?q=ticket+created")
    page.get_by_role("button", name=re.compile("^Attach a workflow to")).first.click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Tell the desk")
    page.get_by_role("button", name=re.compile("Create and open designer")).click()
    expect(page.get_by_role("heading", name="Tell the desk")).to_be_visible()
    expect(page).to_have_url(re.compile("/designer.*workflowId="))
    expect(page.get_by_role("button", name=re.compile("Publish v1"))).to_be_disabled()
    expect(page.get_by_text("Event and workflow share a schema")).to_be_visible()

    choose(page, "Payload schema of the workflow", "payload.Notice.v1")
    expect(page.get_by_text("text is required by the workflow's schema and is not mapped.").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name=re.compile("Map 1 by name")).click()
    expect(page.get_by_role("combobox", name="Expression")).to_have_value(re.compile(r"event\.payload\.ticketId"))
    settled(page)
    page.get_by_role("combobox", name="Source").nth(1).click()
    page.get_by_role("option", name="Value").click()
    page.get_by_role("textbox", name="Value").fill("A new ticket")
    page.get_by_role("textbox", name="Value").press("Enter")
    settled(page)
    expect(page.get_by_text("The workflow would get")).to_be_visible()

    settled(page)
    page.get_by_role("radio", name="Steps").click()
    settled(page)
    page.get_by_role("button", name=re.compile("Add step")).click()
    page.get_by_role("menuitem").filter(has_text=re.compile("Write log$")).click()
    expect(page.get_by_text("Valid. Ready to be published.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Publish v1")).click()
    page.get_by_role("dialog").get_by_role("textbox", name="Change note").fill("First")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Publish$")).click()
    expect(page.get_by_role("heading", name=re.compile("Tell the desk v1"))).to_be_visible()

    simulate(page)
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    page.goto("/runs")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()

    page.goto("/event?eventType=TICKET_CREATED")
    expect(page.get_by_text("Attached workflows · 1")).to_be_visible()
    page.get_by_role("button", name="Detach").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("No other workflow is attached.")).to_be_visible()
    dialog.get_by_role("button", name=re.compile("Detach and publish v2")).click()
    expect(page.get_by_text("Attached workflows · 0")).to_be_visible()
    expect(page.get_by_text("Tell the desk was detached by Max, a moment ago.")).to_be_visible()

    simulate(page)
    expect(page.get_by_text("Unmatched").first).to_be_visible()
    expect(page.get_by_text("No published workflow is attached to this event")).to_be_visible()

    # Undone in another session than the one that detached, in the drawer.
    page.goto("/?eventType=TICKET_CREATED")
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Undo").click()
    expect(drawer.get_by_text("Attached workflows · 1")).to_be_visible()
    expect(drawer.get_by_text("Tell the desk v3")).to_be_visible()
    expect(page.get_by_text("Attached again, as version 3.")).to_be_visible()
    simulate(page)
    expect(page.get_by_text("Succeeded").first).to_be_visible()


def test_a_publish_while_the_dialog_is_open_refuses_the_detach_until_it_is_confirmed_again(
    desk: Page, other: Page
) -> None:
    page = desk
    page.goto("/event?eventType=TICKET_CREATED")
    page.get_by_role("button", name="Detach").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=re.compile("Detach and publish v4"))).to_be_visible()
    settled(page)
    other.goto("/workflows")
    other.get_by_role("link", name=re.compile("^Tell the desk")).click()
    settled(other)
    other.get_by_role("radio", name="Versions").click()
    settled(other)
    other.get_by_role("button", name="Roll back").first.click()
    other.get_by_role("dialog").get_by_role("button", name="Publish v4").click()
    expect(other.get_by_role("heading", name=re.compile("Tell the desk v4"))).to_be_visible()
    settled(other)
    dialog.get_by_role("button", name=re.compile("Detach and publish v4")).click()
    expect(dialog.get_by_text("Max published version 4 of Tell the desk meanwhile")).to_be_visible()
    picture(page, "detach-refused")
    dialog.get_by_role("button", name="Close").click()  # version 4 has no trigger: there is nothing left to detach
    expect(dialog).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Attached workflows · 0")).to_be_visible()


def test_a_lost_race_in_the_list_is_said_and_leaves_the_page(desk: Page, other: Page) -> None:
    for page in (desk, other):
        page.goto("/workflows")
        page.get_by_role("button", name="Acts on").first.click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
    other.get_by_role("button", name="Archive").click()
    expect(other.get_by_text("Tell the desk was archived.")).to_be_visible()
    desk.get_by_role("button", name="Pause").click()
    expect(desk.get_by_text("Tell the desk is archived; restore it before you change it.")).to_be_visible()
    expect(desk.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()
    other.goto("/workflows?workflowStatus=Archived")
    other.get_by_role("button", name="Acts on").first.click()
    other.get_by_role("button", name="Restore").click()
    expect(other.get_by_text("Tell the desk was restored.")).to_be_visible()


def test_a_reader_sees_the_designer_and_can_change_nothing(desk: Page) -> None:
    page = desk
    act_as(page, "Rae · Fresh")
    page.goto("/workflows")
    page.get_by_role("link", name=re.compile("^Tell the desk")).click()
    expect(page.get_by_text("You have read permission")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Publish"))).to_be_disabled()
    expect(page.get_by_role("combobox", name="Payload schema of the workflow")).to_be_disabled()
    page.get_by_role("radio", name="Steps").click()
    page.get_by_role("button", name=re.compile("Write log")).first.click()
    expect(page.get_by_text("message: Something happened")).to_be_visible()
    expect(page.get_by_role("button", name="Add step")).to_have_count(0)
    page.goto("/event?eventType=TICKET_CREATED")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.get_by_role("button", name="Attach", exact=True)).to_be_disabled()


def test_two_people_edit_one_draft_and_both_versions_are_shown(desk: Page, other: Page) -> None:
    for page in (desk, other):
        page.goto("/workflows")
        page.get_by_role("link", name=re.compile("^Tell the desk")).click()
        settled(page)
        page.get_by_role("radio", name="Details").click()
        settled(page)
        expect(page.get_by_role("textbox", name="Description")).to_be_visible()
    other.get_by_role("textbox", name="Description").fill("The other was first")
    other.get_by_role("textbox", name="Description").press("Control+Enter")
    expect(other.get_by_text("Unpublished changes")).to_be_visible()
    desk.get_by_role("textbox", name="Description").fill("Mine")
    desk.get_by_role("textbox", name="Description").press("Control+Enter")
    expect(desk.get_by_text("saved this draft while you were editing")).to_be_visible()
    expect(desk.get_by_text("The other was first").first).to_be_visible()
    desk.get_by_role("button", name="Keep mine").click()
    expect(desk.get_by_text("saved this draft while you were editing")).to_have_count(0)
    other.reload()
    settled(other)
    other.get_by_role("radio", name="Details").click()
    settled(other)
    expect(other.get_by_role("textbox", name="Description")).to_have_value("Mine")


def test_text_is_saved_by_the_click_that_leaves_it(desk: Page) -> None:
    page = desk

    def tab(name: str) -> None:
        page.get_by_role("radio", name=name).click()
        settled(page)

    page.goto("/?q=ticket+created")
    page.get_by_role("button", name=re.compile("^Attach a workflow to")).first.click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Typed into")
    page.get_by_role("button", name=re.compile("Create and open designer")).click()
    expect(page.get_by_role("heading", name="Typed into")).to_be_visible()
    settled(page)
    tab("Details")
    page.get_by_role("textbox", name="Description").fill("Typed under Details")
    tab("Trigger")
    tab("Mapped")
    page.get_by_role("combobox", name="Source").first.click()
    page.get_by_role("option", name="Value").click()
    page.get_by_role("textbox", name="Value").fill("Typed under Trigger")
    tab("Steps")
    page.get_by_role("button", name=re.compile("Add step")).click()
    page.get_by_role("menuitem").filter(has_text=re.compile("Write log$")).click()
    page.get_by_role("textbox", name=re.compile("Message")).fill("Typed under Steps")
    tab("Code")
    code = page.get_by_role("textbox", name="Definition")
    for name in ("Details", "Trigger", "Steps"):
        expect(code).to_have_value(re.compile(f"Typed under {name}"))
    page.reload()
    expect(code).to_have_value(re.compile("Typed under Steps"))


def test_an_edit_waits_for_the_save_of_the_one_before(desk: Page, fresh: RunningApp) -> None:
    """The second click begins a run of its own while the first still saves. That is no conflict with oneself."""
    page = desk
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto("/?q=ticket+created")
    page.get_by_role("button", name=re.compile("^Attach a workflow to")).first.click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Quick edits")
    page.get_by_role("button", name=re.compile("Create and open designer")).click()
    expect(page.get_by_role("heading", name="Quick edits")).to_be_visible()
    page.get_by_role("radio", name="Details").click()
    expect(page.get_by_role("textbox", name="Description")).to_be_visible()
    settled(page)
    database.start(Settings(data_dir=fresh.data_dir, database_url=None))
    try:
        with database.current().owner.connect() as holding:
            holding.execute(text("LOCK TABLE workflow_definitions IN SHARE ROW EXCLUSIVE MODE"))
            page.get_by_role("textbox", name="Description").fill("The first edit")
            page.get_by_role("textbox", name="Description").press("Control+Enter")
            wait_for(lambda: locks.waiting(database.current()) == 1)
            before = len(sent)
            page.get_by_role("textbox", name="Name").fill("The second edit")
            page.get_by_role("textbox", name="Name").press("Enter")
            while len(sent) == before:
                page.wait_for_timeout(20)
            page.wait_for_timeout(1000)  # nothing is to be seen of an edit that waits
            assert locks.waiting(database.current()) == 1
            holding.rollback()
    finally:
        database.stop()
    expect(page.get_by_role("heading", name="The second edit")).to_be_visible()
    expect(page.get_by_text("saved this draft while you were editing")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="The second edit")).to_be_visible()
    expect(page.get_by_role("textbox", name="Description")).to_have_value("The first edit")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_fit(desk: Page, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 900})
    for path in ("/workflows", "/runs"):
        desk.goto(path)
        expect(desk.get_by_test_id("stMainBlockContainer")).to_be_visible()
        expect(desk.get_by_role("heading").first).to_be_visible()
        overflow = desk.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0
