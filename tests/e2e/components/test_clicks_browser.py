"""Two quick clicks on a button are one press, whatever stands there when the second one comes."""

from __future__ import annotations

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


def how_many(app: RunningApp, what: str) -> int:
    with database_of(app) as conn:
        row = conn.execute(f"SELECT count(*) FROM {what}").fetchone()
    assert row
    return int(row[0])


def errors(page: Page) -> int:
    """How many errors the page shows or tells."""
    settled(page)
    return page.get_by_text(re.compile("went wrong|already|meanwhile|Not saved|since you")).count()


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


def test_a_status_is_set_once(app: RunningApp, admin: Page, own: str) -> None:
    """The second click would be on Activate, which stands there by then."""
    admin.goto(f"/event?eventType={own}")
    settled(admin)
    admin.get_by_role("button", name="Deprecate").dblclick(delay=PACE)
    expect(admin.get_by_text("is deprecated now.")).to_have_count(1)
    assert errors(admin) == 0
    assert how_many(app, f"audit_logs WHERE target_id = '{own}'") == 1
