"""The settings under mouse and keyboard: a token from the dialog to its first event and its end, and members."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RunningApp, act_as, database_of, picture, settled

pytestmark = pytest.mark.browser

ROW, HEAD = 36, 20
NAME = 30  # within the shortest name, as only that is the button


@pytest.fixture(autouse=True)
def as_before(app: RunningApp) -> Iterator[None]:
    """Afterwards the tenant has the members and tokens that it had, and its reader no time zone of their own."""
    yield
    with database_of(app) as conn:
        conn.execute("DELETE FROM api_tokens WHERE name LIKE 'Ticket desk%'")
        conn.execute("DELETE FROM memberships USING users u WHERE u.user_id = memberships.user_id AND u.name = 'Grace'")
        conn.execute(
            "DELETE FROM user_preferences p USING users u WHERE u.user_id = p.user_id"
            " AND u.email = 'rae@northwind.example'"
        )


def click_name(page: Page, row: int) -> None:
    """Click the first cell of a row; rows count from 1."""
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_have_count(1)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + NAME, box["y"] + HEAD + row * ROW)


def post(app: RunningApp, token: str, event_type: str = "NOTE_CREATED") -> int:
    """Send an event with this token; the status of the answer."""
    event = {"specversion": "1.0", "id": str(uuid4()), "source": "/test", "type": event_type, "data": {}}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    try:
        with urlopen(Request(f"{app.url}/api/v2/events", json.dumps(event).encode(), headers)) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def shown_token(dialog: Locator) -> str:
    """The token that the dialog shows, whole, and the way to copy it."""
    expect(dialog.get_by_text("shown this once")).to_be_visible()
    shown = dialog.get_by_test_id("stCode")
    shown.hover()
    expect(shown.get_by_role("button", name="Copy to clipboard")).to_be_visible()
    token = shown.inner_text().strip()
    expect(dialog.get_by_role("button", name=re.compile("Create|Rotate"))).to_have_count(0)
    assert re.fullmatch(r"wec_[0-9a-f]{32}_[\w-]{43,}", token)
    return token


def choose(page: Page, dialog: Locator, label: str, option: str) -> None:
    dialog.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_token_is_made_used_rotated_and_revoked(page: Page, app: RunningApp) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    page.goto("/settings?section=tokens")
    page.get_by_role("button", name="Create a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("Ticket desk")
    dialog.get_by_role("combobox", name=re.compile("Event types")).fill("NOTE_CREATED")
    page.get_by_role("option", name="NOTE_CREATED", exact=True).click()
    page.keyboard.press("Escape")  # closes the list of types
    settled(page)
    picture(page, "token-create")
    dialog.get_by_role("button", name="Create", exact=False).last.click()
    first = shown_token(dialog)
    picture(page, "token-shown")
    assert (post(app, first), post(app, first, "TICKET_CREATED")) == (202, 403)
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    settled(page)
    picture(page, "settings-tokens")
    click_name(page, 1)
    expect(dialog).to_be_visible()
    settled(page)
    picture(page, "token-change")
    dialog.get_by_text("Rotate", exact=True).first.click()
    choose(page, dialog, "The old one ends", "At once")
    settled(page)
    picture(page, "token-rotate")
    dialog.get_by_role("button", name="Rotate").last.click()
    second = shown_token(dialog)
    assert (post(app, first), post(app, second)) == (401, 202)
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    settled(page)
    click_name(page, 1)
    dialog.get_by_text("Revoke", exact=True).first.click()
    expect(dialog.get_by_text("at once and for good")).to_be_visible()
    settled(page)
    picture(page, "token-revoke")
    dialog.get_by_role("button", name="Revoke").last.click()
    expect(page.get_by_text("was revoked")).to_be_visible()
    assert post(app, second) == 401
    assert first not in page.content() and second not in page.content()


def test_a_member_is_added_and_removed(page: Page) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    page.goto("/settings")
    expect(page.get_by_role("heading", name=re.compile(r"Members · \d"))).to_be_visible()
    settled(page)
    picture(page, "settings-members")
    page.get_by_role("button", name="Add a member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="E-mail").fill("grace@northwind.example")
    dialog.get_by_role("textbox", name="Name").fill("Grace")
    settled(page)
    picture(page, "member-add")
    dialog.get_by_role("button", name="Add").last.click()
    expect(page.get_by_text("Grace belongs to this tenant now")).to_be_visible()
    expect(dialog).to_have_count(0)
    settled(page)
    expect(page.get_by_role("heading", name="Members · 4")).to_be_visible()
    click_name(page, 3)  # after the admin and the manager, before the other reader
    expect(dialog.get_by_text("grace@northwind.example")).to_be_visible()
    settled(page)
    picture(page, "member")
    dialog.get_by_text("Remove", exact=True).click()
    expect(dialog.get_by_text("They will see nothing of this tenant any more")).to_be_visible()
    settled(page)
    picture(page, "member-remove")
    expect(dialog.locator("[class*=st-key-acts-of-]")).to_have_count(1)
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Grace was removed")).to_be_visible()


@pytest.mark.parametrize("section", ["sessions", "egress", "retention", "redaction"])
def test_every_section_fits_a_phone(page: Page, section: str) -> None:
    act_as(page, "Ada Admin · Northwind IT")
    page.goto(f"/settings?section={section}")
    expect(page.get_by_text("things need a look")).to_be_visible()
    settled(page)
    picture(page, f"settings-{section}")
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_a_reader_is_told_whom_to_ask_and_has_a_page_of_their_own(page: Page) -> None:
    act_as(page, "Rae Reader · Northwind IT")
    page.goto("/settings")
    expect(page.get_by_text("Ask an admin of Northwind IT (Ada Admin)")).to_be_visible()
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    picture(page, "settings-reader")
    page.get_by_role("link", name="Your own page").click()
    expect(page.get_by_text("rae@northwind.example")).to_be_visible()
    settled(page)
    picture(page, "me")
    page.get_by_role("combobox", name="Time zone").fill("Kolkata")
    page.get_by_role("option", name="Asia/Kolkata").click()
    expect(page.get_by_text("Times are in Asia/Kolkata now")).to_be_visible()
