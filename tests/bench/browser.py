"""How soon a browser shows the catalog and its answers, against bare Streamlit processes.

Opening, a click and a search are held against an empty page; the drawer, another page and another range of time
against pages that draw the like from constants, and so is opening once more, as an empty page does not even ask the
browser for the widgets that a catalog has. All are opened by turns in the same Chromium. Cold is a browser that
has nothing of the app in its cache.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from lib import database
from lib.auth.actors import Actor
from tests.bench.pages import bare
from tests.e2e.conftest import CHROMIUM, FLAGS, settled, start_app, stop_app

_ROUNDS = 9
_HEIGHT, _WIDTH = 1000, 1440
_TERM = "invoice"
_SLOW = 60_000

Times = dict[str, float]


def figures(_: Actor) -> Iterator[tuple[str, float]]:
    """Milliseconds of what the module measures, of ours and of theirs, and how many times theirs ours takes."""
    server = database.current().server
    assert server is not None
    if CHROMIUM is None:
        raise SystemExit("Chromium is not installed (apt-get install chromium-headless-shell).")
    app = start_app(server.data_dir, DEMO="0")
    try:
        with (
            bare("search", server.data_dir) as empty,
            bare("catalog", server.data_dir) as alike,
            bare("moves", server.data_dir) as twin,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            looks = (
                ("empty", empty.url, _look_at_empty, app.url, _look_at_catalog),
                ("alike", alike.url, _look_at_alike, app.url, _open_catalog),
                ("bare", twin.url, _move_about_twin, app.url, _move_about),
            )
            for called, their_url, theirs, our_url, ours in looks:
                rounds = [
                    (_fresh(browser, their_url, theirs), _fresh(browser, our_url, ours)) for _ in range(_ROUNDS + 1)
                ][1:]  # the first one warms the servers
                yield from _compared(called, rounds)
            browser.close()
    finally:
        stop_app(app)


def _compared(called: str, rounds: list[tuple[Times, Times]]) -> Iterator[tuple[str, float]]:
    for name in rounds[0][0]:
        theirs, ours = (statistics.median(one[name] for one in side) for side in zip(*rounds, strict=True))
        yield f"browser_{name}_ms", ours
        yield f"browser_{name}_{called}_ms", theirs
        yield f"browser_{name}_ratio", ours / theirs


def _fresh(browser: Browser, url: str, look: Callable[[Page, str], Times]) -> Times:
    """What it takes in a browser that has nothing in its cache, coming from another site as people do.

    From an empty tab, the browser would take a new process only for a page that asks to be alone in one, as ours does.
    """
    context = browser.new_context(viewport={"width": _WIDTH, "height": _HEIGHT})
    page = context.new_page()
    page.set_default_timeout(_SLOW)
    try:
        page.goto(url.replace("localhost", "127.0.0.1") + "/_stcore/health")
        return look(page, url)
    finally:
        context.close()


def _look_at_empty(page: Page, url: str) -> Times:
    go = page.get_by_role("button", name="Go")
    cold = _until(go, lambda: page.goto(url, wait_until="commit"))
    settled(page)
    click = _until(page.get_by_text("1 clicks", exact=True), go.click)
    settled(page)
    search = _search(page, "Search", page.get_by_text(f"Found {_TERM}", exact=True))
    return {"cold_open": cold, "click": click, "search": search}


def _look_at_alike(page: Page, url: str) -> Times:
    attach = page.get_by_role("button", name="Attach").first
    return {"cold_open_alike": _until(attach, lambda: page.goto(url, wait_until="commit"))}


def _open_catalog(page: Page, url: str) -> Times:
    return {"cold_open_alike": _until(_attach(page), lambda: page.goto(url, wait_until="commit"))}


def _attach(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Attach a workflow to")).first


def _look_at_catalog(page: Page, url: str) -> Times:
    attach = _attach(page)
    cold = _until(attach, lambda: page.goto(url, wait_until="commit"))
    settled(page)
    click = _until(page.get_by_role("dialog"), attach.click)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    found = page.get_by_text(re.compile(r"^Showing 1 to (\d+) of \1 results$"))  # fewer than a page
    expect(found).to_have_count(0)
    return {"cold_open": cold, "click": click, "search": _search(page, "Search events", found)}


def _move_about_twin(page: Page, url: str) -> Times:
    page.goto(url)
    return _moves(
        page,
        opens=page.get_by_role("button", name="Open the drawer"),
        leads_on=page.get_by_role("button", name="Go to the metrics"),
    )


def _move_about(page: Page, url: str) -> Times:
    page.goto(url)
    return _moves(
        page,
        opens=page.locator(".card .open").first,
        leads_on=page.get_by_role("button", name=re.compile("^Metrics ")).first,
    )


def _moves(page: Page, *, opens: Locator, leads_on: Locator) -> Times:
    opens.wait_for()
    settled(page)
    drawer = _until(page.get_by_role("dialog").get_by_text("Example payload"), opens.click)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    chart = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first
    other_page = _until(chart, leads_on.click)
    settled(page)
    other_range = _until(
        page.get_by_text(re.compile("^Changes are against the 30 days before")),
        page.get_by_text("30d", exact=True).click,
    )
    return {"drawer": drawer, "page_change": other_page, "range_change": other_range}


def _search(page: Page, name: str, found: Locator) -> float:
    """From the last change of the text to the result; 200 ms of it wait for the typing to stop."""
    box = page.get_by_role("searchbox", name=name)
    return _until(found, lambda: box.fill(_TERM))


def _until(seen: Locator, act: Callable[[], object]) -> float:
    """Milliseconds from the act until this is seen."""
    begun = time.perf_counter()
    act()
    seen.wait_for()
    return (time.perf_counter() - begun) * 1000
