"""How soon a browser shows the catalog and its answers, against bare Streamlit processes.

Opening, a click and a search are held against an empty page; the drawer, another page and another range of time
against pages that draw the like from constants, and so is opening once more, as an empty page does not even ask the
browser for the widgets that a catalog has. All are opened by turns in the same Chromium. Cold is a browser that
has nothing of the app in its cache. It is open when the cards are in sight, and whole with the last of the sidebar.
What is pressed is pressed in a page that has been drawn.

What is seen is looked for by the page itself in each frame: Playwright looks after 20 ms, 70, 170, 270 and then each
half second, so for it what takes 280 ms and what takes 700 take the same.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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

# When something is in sight, on the clock of the machine; false while it is not. It looks into components of our own.
_IN_SIGHT = """([selector, text]) => {
  const inside = [...document.querySelectorAll(".stBidiComponent *")].map((one) => one.shadowRoot).filter(Boolean);
  const found = [document, ...inside].flatMap((root) => [...root.querySelectorAll(selector)]);
  const isSeen = (one) => new RegExp(text).test(one.textContent) && one.getClientRects().length > 0;
  return found.some(isSeen) && performance.timeOrigin + performance.now();
}"""


@dataclass(frozen=True)
class Seen:
    """What is waited for: an element of this selector whose text has this pattern in it."""

    selector: str
    text: str = ""


_ATTACH = Seen("[data-act=attach]")
_LAST = Seen("[data-testid=stSidebar] label", "^Acting as")
# A browser draws in one go what it was sent at once, and is told before that the script has ended.
_IDLE = "() => new Promise((done) => requestIdleCallback(() => requestIdleCallback(done)))"


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
    cold = _until(page, Seen("button", "^Go$"), lambda: page.goto(url, wait_until="commit"))
    _drawn(page)
    click = _until(page, Seen("p", "^1 clicks$"), page.get_by_role("button", name="Go").click)
    _drawn(page)
    search = _search(page, "Search", Seen("p", f"^Found {_TERM}$"))
    return {"cold_open": cold, "cold_open_whole": cold, "click": click, "click_whole": click, "search": search}


def _look_at_alike(page: Page, url: str) -> Times:
    attach = Seen("button", "Attach")
    return {"cold_open_alike": _until(page, attach, lambda: page.goto(url, wait_until="commit"))}


def _open_catalog(page: Page, url: str) -> Times:
    return {"cold_open_alike": _until(page, _ATTACH, lambda: page.goto(url, wait_until="commit"))}


def _look_at_catalog(page: Page, url: str) -> Times:
    cold, cold_whole = _until_each(page, [_ATTACH, _LAST], lambda: page.goto(url, wait_until="commit"))
    _drawn(page)
    attach = page.get_by_role("button", name=re.compile("^Attach a workflow to")).first
    whole = Seen("[role=dialog] button", "Create and open designer")
    click, click_whole = _until_each(page, [Seen("[role=dialog]"), whole], attach.click)
    _close_dialog(page)
    found = re.compile(r"^Showing 1 to (\d+) of \1 results$")  # fewer than a page
    expect(page.get_by_text(found)).to_have_count(0)
    search = _search(page, "Search events", Seen("p", found.pattern))
    opening = {"cold_open": cold, "cold_open_whole": cold_whole}
    return {**opening, "click": click, "click_whole": click_whole, "search": search}


def _close_dialog(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    _drawn(page)


def _drawn(page: Page) -> None:
    """Wait until the page has drawn all that it was sent."""
    settled(page)
    page.evaluate(_IDLE)


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
    _drawn(page)
    drawer = _until(page, Seen("[role=dialog] *", "^Example payload$"), opens.click)
    _close_dialog(page)
    chart = Seen("[data-testid=stVegaLiteChart] :is(canvas, svg)")
    other_page = _until(page, chart, leads_on.click)
    _drawn(page)
    against = Seen("p", "^Changes are against the 30 days before")
    other_range = _until(page, against, page.get_by_text("30d", exact=True).click)
    return {"drawer": drawer, "page_change": other_page, "range_change": other_range}


def _search(page: Page, name: str, found: Seen) -> float:
    """From the last change of the text to the result; 200 ms of it wait for the typing to stop."""
    box = page.get_by_role("searchbox", name=name)
    return _until(page, found, lambda: box.fill(_TERM))


def _until(page: Page, seen: Seen, act: Callable[[], object]) -> float:
    """Milliseconds from the act until the first frame with this in it."""
    [took] = _until_each(page, [seen], act)
    return took


def _until_each(page: Page, seen: list[Seen], act: Callable[[], object]) -> list[float]:
    """The same for what comes one after the other."""
    begun = time.time() * 1000
    act()
    found = [
        page.wait_for_function(_IN_SIGHT, arg=[one.selector, one.text], polling="raf", timeout=_SLOW) for one in seen
    ]
    return [float(one.json_value()) - begun for one in found]
