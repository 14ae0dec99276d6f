"""What one is about to click stays where it is: nothing on a page moves once the page is there, and no table is cut."""

from __future__ import annotations

import ast
import re
from typing import TypedDict

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.e2e.conftest import ROOT, RunningApp, database_of, settled

pytestmark = pytest.mark.browser

# Web Vitals calls less than this good.
BOUND = 0.1
# Chromium's own measure, except for what the frame around the pages does: Streamlit draws a page at its full width and
# then makes room for the sidebar, which moves all there is (0.2), and the sidebar's parts push each other.
# A tab may be told several times.
WATCH = """
if (!window.shifts) {
  window.shifts = [];
  const told = (source) =>
    `${(source.node?.textContent ?? "").slice(0, 40)}: ${source.previousRect.top} to ${source.currentRect.top}`;
  new PerformanceObserver((seen) => {
    for (const shift of seen.getEntries()) {
      const moved = shift.sources.map((source) => source.node).filter(Boolean);
      const inSidebar = (node) => (node.closest ? node : node.parentElement)?.closest(".stSidebar");
      const isFrame = (node) => node.contains(document.querySelector(".stMainBlockContainer"));
      if (!shift.hadRecentInput && !moved.some((node) => isFrame(node) || inSidebar(node)))
        window.shifts.push({ value: shift.value, moved: shift.sources.map(told) });
    }
  }).observe({ type: "layout-shift", buffered: true });
}
"""
# How far a table reaches beyond its frame: those of Streamlit, and that of the catalog's component.
CUT = """() => {
  const inside = (one) => [...(one.shadowRoot?.querySelectorAll('.scrolled') ?? [])];
  const lists = [...document.querySelectorAll('*')].flatMap(inside);
  return [...document.querySelectorAll('.dvn-scroller'), ...lists]
    .map((one) => one.scrollWidth - one.clientWidth)
    .filter((beyond) => beyond > 1);
}"""
#: Addresses of every page. What stands in braces is the id of one such thing.
ADDRESSES = [
    "/",
    "/?view=list",
    "/event?eventType=TICKET_CREATED",
    "/define",
    "/import",
    "/schemas",
    "/schemas?ref=payload.TicketCreated.v1",
    "/simulate",
    "/simulate?eventType=TICKET_CREATED",
    "/metrics",
    "/metrics?show=Schema+conformance",
    "/metrics?eventType=TICKET_CREATED",
    "/activity",
    "/activity?eventId={event}",
    "/timeline?key={key}",
    "/workflows",
    "/designer?workflowId={workflow}",
    "/runs",
    "/runs?runStatus=Failed",
    "/runs?runId={run}",
    "/audit",
    "/audit?auditId={act}",
    "/settings",
    "/settings?section=tokens",
    "/settings?section=redaction",
    "/me",
]
SIZES = {1440: 1000, 390: 844}


class Shift(TypedDict):
    """How far something moved, by how much of the screen, and what it reads."""

    value: float
    moved: list[str]


@pytest.fixture(scope="module")
def things(app: RunningApp) -> dict[str, str]:
    """The ids that the addresses name: of an event that started runs, one of these, its workflow, and an act."""
    with database_of(app) as conn:
        row = conn.execute(
            "SELECT run_id, workflow_id, event_id, e.correlation_key FROM workflow_runs r JOIN tenants USING (tenant)"
            " JOIN workflow_runtime_events e ON e.tenant = r.tenant AND event_id = trigger_event_id"
            " WHERE name = 'Northwind IT' AND e.correlation_key IS NOT NULL ORDER BY run_id DESC LIMIT 1"
        ).fetchone()
        act = conn.execute(
            "SELECT audit_id FROM audit_logs JOIN tenants USING (tenant) WHERE name = 'Northwind IT' LIMIT 1"
        ).fetchone()
    assert row and act
    return dict(zip(("run", "workflow", "event", "key", "act"), (*map(str, row), str(act[0])), strict=True))


# A tab for each width, kept for all pages, so Chromium compiles the app's scripts once and not for every page.
_tabs: dict[int, Page] = {}


def tab_of(browser: Browser, app: RunningApp, width: int) -> Page:
    """The tab of this width, in which pages were opened before that have the widgets of all others."""
    kept = _tabs.get(width)
    if kept is None or kept.context.browser is not browser:
        context = browser.new_context(base_url=app.url, viewport={"width": width, "height": SIZES[width]})
        context.add_init_script(WATCH)
        kept = _tabs[width] = context.new_page()
        for address in ("/metrics", "/define?eventType=TICKET_CREATED", "/import", "/workflows"):
            open_and_settle(kept, address)
    return kept


def open_and_settle(page: Page, address: str) -> None:
    """Open it and wait until all of it is there."""
    page.goto(address)
    expect(page.get_by_test_id("stMainBlockContainer").get_by_role("heading").first).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_moves_once_the_page_is_there(
    browser: Browser, app: RunningApp, things: dict[str, str], address: str, width: int
) -> None:
    page = tab_of(browser, app, width)
    open_and_settle(page, address.format_map(things))
    page.wait_for_timeout(600)  # what would move later is what is asked for
    shifts: list[Shift] = page.evaluate("window.shifts")
    assert sum(shift["value"] for shift in shifts) < BOUND, shifts
    if width == max(SIZES):
        assert page.evaluate(CUT) == [], "a table is cut"


PLACES = """() => [...document.querySelectorAll('.st-key-catalog-filters > *, .st-key-catalog-entries')]
  .map((one) => one.getBoundingClientRect()).flatMap(({ x, y }) => [x, y])"""


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("width", SIZES)
def test_the_filters_of_the_catalog_have_their_lines_before_their_scripts(page: Page, width: int) -> None:
    scripts = re.compile(r"/(ButtonGroup|Button|Selectbox|TextInput)\.[^/]*\.js$")
    page.route(scripts, lambda _: None)  # held, until nobody listens to it any more
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    page.goto("/")
    waiting = page.locator(".st-key-catalog-filters [data-testid=stSkeleton]")
    expect(page.locator(".card").first).to_be_attached()
    settled(page)
    expect(waiting).to_have_count(9)
    before = page.evaluate(PLACES)
    page.unroute(scripts)
    expect(waiting).to_have_count(0)
    assert page.evaluate(PLACES) == pytest.approx(before, abs=1)


class HeldAfterCards:
    """A websocket of the app that keeps what comes after the catalog's cards until it is let through."""

    def __init__(self, page: Page) -> None:
        self._held: list[str | bytes] = []
        self._is_holding = False
        page.route_web_socket(re.compile("/_stcore/stream"), self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        self._browser = browser
        browser.connect_to_server().on_message(self._pass)

    def _pass(self, frame: str | bytes) -> None:
        if self._is_holding:
            self._held.append(frame)
            return
        self._browser.send(frame)
        self._is_holding = isinstance(frame, bytes) and b"catalog_entries" in frame and b"TICKET_" in frame

    def let_through(self) -> None:
        for frame in self._held:
            self._browser.send(frame)
        self._held.clear()
        self._is_holding = False


STANDING = """() => ['h1', '.st-key-catalog-health', '.st-key-catalog-entries']
  .map((one) => document.querySelector(one)).map((one) => one.getBoundingClientRect()).flatMap(({ x, y }) => [x, y])"""


@pytest.mark.parametrize("width", [1440, 1180, 768, 390])
def test_cards_are_there_before_the_filters_and_do_not_move(browser: Browser, app: RunningApp, width: int) -> None:
    # Of its own: a tab that others use would keep holding frames.
    context = browser.new_context(base_url=app.url, viewport={"width": width, "height": 1000})
    page = context.new_page()
    rest = HeldAfterCards(page)
    page.goto("/")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(400)  # what moves meanwhile is what is asked for
    fields = page.locator("[data-testid=stTextInput], [data-testid=stSelectbox]")
    assert fields.count() == 0
    before = page.evaluate(STANDING)
    rest.let_through()
    expect(page.get_by_role("button", name="Clear")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    assert fields.count() == 5
    assert page.evaluate(STANDING) == pytest.approx(before, abs=1)
    context.close()


#: What the page has when it tells that its cards can be seen.
AT_FIRST_SIGHT = """
window.sights = [];
const ask = window.fetch;
window.fetch = (url, ...more) => {
  const count = (kind) => document.querySelectorAll(kind).length;
  if (String(url).includes("/_seen/")) {
    const inside = [...document.querySelectorAll(".stBidiComponent *")].map((one) => one.shadowRoot).filter(Boolean);
    const cards = inside.flatMap((root) => [...root.querySelectorAll(".card")]);
    window.sights.push({ cards: cards.length, fields: count(".st-key-catalog-filters > [class*=st-key-]") });
  }
  return ask(url, ...more);
};
"""


def test_the_rest_waits_until_the_cards_are_seen_once(browser: Browser, app: RunningApp) -> None:
    context = browser.new_context(base_url=app.url, viewport={"width": 1440, "height": 1000})
    context.add_init_script(AT_FIRST_SIGHT)
    page = context.new_page()
    open_and_settle(page, "/")
    assert page.evaluate("window.sights") == [{"cards": 24, "fields": 0}]
    page.get_by_role("link", name="My page").click()
    expect(page.get_by_role("heading", name="My page")).to_be_visible()
    page.get_by_role("link", name="Event catalog").click()
    expect(page.get_by_role("button", name="Clear")).to_be_visible()
    settled(page)
    assert page.evaluate("window.sights.length") == 1
    context.close()


#: The height of each field, and of what stands in its place.
HEIGHTS = """() => Object.fromEntries([...document.querySelectorAll('.stMain .stElementContainer')]
  .filter((one) => one.checkVisibility() && one.querySelector('label, [data-testid=stSkeleton]'))
  .map((one) => [one.className.match(/st-key-\\S+/)?.[0] ?? 'choice', one.getBoundingClientRect().height]))"""


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("address", ["/simulate", "/simulate?eventType=TICKET_CREATED", "/define", "/settings", "/me"])
def test_fields_have_their_height_before_their_scripts(page: Page, address: str, width: int) -> None:
    scripts = re.compile(r"/(ButtonGroup|MultiSelect|Multiselect|Selectbox|TextArea|TextInput)\.[^/]*\.js$")
    page.route(scripts, lambda _: None)  # held, until nobody listens to it any more
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    page.goto(address)
    expect(page.get_by_test_id("stMainBlockContainer").get_by_role("heading").first).to_be_visible()
    settled(page)
    waiting = page.locator(".stMain [data-testid=stSkeleton]")
    expect(waiting.first).to_be_attached()
    before = page.evaluate(HEIGHTS)
    page.unroute(scripts)
    expect(waiting).to_have_count(0)
    after = page.evaluate(HEIGHTS)
    assert after and {key: before[key] for key in after} == pytest.approx(after, abs=2)


def test_every_page_is_looked_at() -> None:
    tree = ast.parse((ROOT / "pages" / "shell.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page"]
    pages = {ast.literal_eval(call.args[0]).removesuffix(".py") for call in calls}
    assert pages == {address.partition("?")[0].strip("/") or "catalog" for address in ADDRESSES}
