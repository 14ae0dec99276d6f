"""Every act of the catalog's cards and rows, with a mouse and without one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RunningApp, act_as, database_of, picture, settled
from tests.support.waiting import wait_for
from tests.unit.components.test_statuses import contrast

pytestmark = pytest.mark.browser

MARKUP = '<img src=x onerror=alert(1)> **b** [l](javascript:alert(1)) :red[r] "quoted"'


def opened(page: Page, address: str = "/?sort=name") -> Locator:
    """The cards at this address, by category and name unless it says otherwise."""
    page.goto(address)
    expect(page.get_by_text(re.compile(r"Showing \d+ to"))).to_be_visible()
    cards = page.locator(".card")
    expect(cards.first).to_be_visible()
    settled(page)
    return cards


def seconds(duration: str) -> float:
    """1 min 15 s → 75."""
    parts = duration.split()
    return sum(
        float(n) * {"ms": 0.001, "s": 1, "min": 60, "h": 3600}[unit]
        for n, unit in zip(parts[::2], parts[1::2], strict=True)
    )


def focused(page: Page) -> str:
    """The name or label of what has the focus, also inside the component."""
    return str(
        page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              return at?.querySelector('h2')?.textContent ?? at?.getAttribute('aria-label') ?? at?.textContent ?? '';
            }"""
        )
    )


def test_twelve_cards_in_four_columns_are_in_sight(page: Page) -> None:
    cards = opened(page)
    boxes = [box for box in (card.bounding_box() for card in cards.all()) if box]
    seen = [box for box in boxes if box["y"] + box["height"] <= 1000]
    assert len(boxes) == 24 and len(seen) >= 12
    assert len({round(box["x"]) for box in boxes}) == 4
    assert all(abs(box["height"] - 220) <= 4 for box in boxes)
    picture(page, "catalog")


def test_a_click_draws_what_it_changes_and_nothing_else(page: Page) -> None:
    said: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: said.append(bytes(frame))))
    opened(page, "/")
    parts = {
        b"Explore, manage, and design": "page",
        b"Search by name, type or tag": "filters",
        b'"entries"': "cards",
    }

    def drawn() -> set[str]:
        settled(page)
        return {part for words, part in parts.items() if any(words in frame for frame in said)}

    assert drawn() == {"page", "filters", "cards"}
    said.clear()
    page.get_by_role("button", name="Attach a workflow to Ticket Created").click()
    expect(page.get_by_role("dialog").get_by_text("will start the workflow")).to_be_visible()
    assert said and not drawn()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Ticket Created", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    assert drawn() == {"cards"}  # the one that is open is marked
    said.clear()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("searchbox", name="Search events").fill("archived")
    expect(page.get_by_role("link", name="Client Archived", exact=True)).to_be_visible()
    assert drawn() == {"filters", "cards"}
    # What the search asks for now is what is saved.
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("dialog").get_by_text("archived")).to_be_visible()
    assert drawn() == {"page", "filters", "cards"}


def test_the_mouse_on_a_card_has_that_card_styled_and_no_other(page: Page, tmp_path: Path) -> None:
    elements = opened(page).first.evaluate("card => card.getRootNode().querySelectorAll('*').length")
    assert elements > 500
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # all fields have their scripts
    page.mouse.move(700, 5)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    browser = page.context.browser
    assert browser
    browser.start_tracing(page=page, path=tmp_path / "trace.json", categories=["devtools.timeline"])
    page.locator(".card").first.hover()
    settled(page)
    browser.stop_tracing()
    events = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    styled = [event["args"].get("elementCount", 0) for event in events if event["name"] == "UpdateLayoutTree"]
    assert 0 < max(styled) < 100


@pytest.mark.usefixtures("owned")
def test_a_phone_has_one_column_on_a_page_that_ends(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    cards = opened(page, "/")
    assert len({card.bounding_box()["x"] for card in cards.all()}) == 1  # type: ignore[index]
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight") <= 6500
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_a_card_opens_the_drawer_without_loading_the_page(page: Page) -> None:
    opened(page)
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Asset Created", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    expect(page).to_have_url(re.compile("eventType=ASSET_CREATED"))
    assert page.evaluate("window.stayed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("eventType"))


def test_the_body_of_a_card_is_the_link_too(page: Page) -> None:
    cards = opened(page)
    box = cards.nth(1).locator(".spark").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()


def test_a_middle_click_opens_another_tab_with_the_drawer(page: Page) -> None:
    opened(page)
    with page.context.expect_page() as other:
        page.get_by_role("link", name="Asset Created", exact=True).click(button="middle")
    expect(other.value.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    assert "eventType=ASSET_CREATED" in other.value.url
    other.value.close()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(("button", "heading"), [("Simulate", "Simulate Asset Created"), ("Metrics", "Asset Created")])
def test_the_buttons_lead_to_their_pages(button: str, heading: str, page: Page) -> None:
    opened(page)
    page.get_by_role("button", name=f"{button} Asset Created", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/{button.lower()}\?.*eventType=ASSET_CREATED"))
    expect(page.get_by_role("heading", name=re.compile(heading)).first).to_be_visible()


def test_attach_opens_its_dialog(page: Page) -> None:
    opened(page)
    page.get_by_role("button", name="Attach a workflow to Asset Created", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("ASSET_CREATED will start the workflow")).to_be_visible()
    expect(dialog.get_by_role("button", name="Create and open designer")).to_be_enabled()


def test_a_reader_is_told_whom_to_ask(page: Page) -> None:
    act_as(page, "Rae Reader · Northwind IT")
    opened(page)
    attach = page.get_by_role("button", name="Attach a workflow to Asset Created", exact=True)
    expect(attach).to_be_disabled()
    expect(attach).to_have_accessible_description(re.compile("you need manage. Ask an admin of Northwind IT"))
    attach.click(force=True)
    expect(page.get_by_role("tooltip")).to_have_text(re.compile("Ask an admin of Northwind IT"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Asset Created", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()


def test_arrows_lead_from_card_to_card_and_enter_opens(page: Page) -> None:
    opened(page)
    page.get_by_role("link", name="Asset Assigned", exact=True).focus()
    for key, name in (
        ("ArrowRight", "Asset Created"),
        ("ArrowDown", "Contract Created"),
        ("ArrowUp", "Asset Created"),
        ("ArrowLeft", "Asset Assigned"),
        ("ArrowLeft", "Asset Assigned"),
        ("End", "Email Provider Connected"),
        ("Home", "Asset Assigned"),
    ):
        page.keyboard.press(key)
        assert focused(page).startswith(name) or key == "End", key
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    expect(page).to_have_url(re.compile("eventType=ASSET_CREATED"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    wait_for(lambda: focused(page) == "Asset Created", 15)  # where one was when the drawer opened


def test_tab_goes_through_a_card_and_on_to_the_next(page: Page) -> None:
    opened(page)
    page.get_by_role("link", name="Asset Assigned", exact=True).focus()
    walked = []
    for _ in range(4):
        page.keyboard.press("Tab")
        walked.append(focused(page))
    assert walked == [
        "Simulate Asset Assigned",
        "Metrics Asset Assigned",
        "Attach a workflow to Asset Assigned",
        "Asset Created",
    ]


def test_the_focus_stays_when_the_page_is_drawn_again(page: Page) -> None:
    opened(page)
    page.get_by_role("button", name="Metrics Asset Created").focus()
    page.keyboard.press("r")  # Streamlit's key for drawing the page again
    settled(page)
    assert focused(page) == "Metrics Asset Created"


def test_a_card_reads_as_its_name_with_its_figures(page: Page) -> None:
    opened(page, "/")
    first = page.get_by_role("link", name="Ticket Created", exact=True)
    expect(first).to_have_accessible_description(
        re.compile(r"^TICKET_CREATED, Active, [\d,]+ executions, [\d.]+ % success, .+ average, 2 published workflows$")
    )
    expect(page.get_by_role("list", name="Events").get_by_role("listitem")).to_have_count(24)
    expect(page.get_by_role("heading", name="Ticket Created", exact=True, level=2)).to_be_visible()


def test_the_most_active_come_first_and_what_has_no_traffic_is_a_line(page: Page) -> None:
    opened(page, "/")
    counts = [int(text.replace(",", "")) for text in page.locator(".figure:first-child b").all_text_contents()]
    assert counts == sorted(counts, reverse=True) and counts[-1] > 0
    expect(page.get_by_text(re.compile(r"^\d+ events without traffic in the last 7 days$"))).to_be_visible()
    page.get_by_role("button", name="Show them").click()
    expect(page).to_have_url(re.compile("traffic=Without"))
    expect(page.locator(".figure:first-child b").first).to_have_text("—")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".figure:first-child b").first).to_have_text(f"{counts[0]:,}")
    expect(page).not_to_have_url(re.compile("traffic"))


@pytest.mark.parametrize(
    ("figure", "address", "shows"),
    [
        ("Events, 7 days", r"/metrics", "Metrics"),
        ("Started a run", r"/activity\?.*eventStatus=Matched", "Activity"),
        ("Skipped", r"/activity\?.*eventStatus=Unmatched", "Activity"),
        ("Failed runs", r"/runs\?.*runStatus=Failed", "Runs"),
        ("Stopped coming", r"/\?.*traffic=Stopped", "Workflow Event Catalog"),
    ],
)
def test_a_figure_of_the_health_line_leads_to_what_is_behind_it(
    figure: str, address: str, shows: str, page: Page
) -> None:
    opened(page, "/")
    page.evaluate("window.stayed = true")
    page.get_by_role("navigation", name="The last 7 days").get_by_role("link", name=re.compile(figure)).click()
    expect(page).to_have_url(re.compile(address))
    expect(page.get_by_role("heading", name=shows, level=1)).to_be_visible()
    expect(page.get_by_text("left out")).to_have_count(0)
    assert page.evaluate("window.stayed")


@pytest.mark.usefixtures("failed_run")
def test_the_failed_runs_that_are_counted_are_those_that_are_listed(page: Page) -> None:
    link = page.get_by_role("link", name=re.compile("Failed runs"))

    def counted_and_listed() -> tuple[int, int]:
        opened(page, "/")
        counted = link.locator(".value").inner_text()
        page.goto(str(link.get_attribute("href")))
        listed = page.get_by_text(re.compile(r"^(\d+ of )?[\d,]+ runs? ·")).inner_text()
        return int(counted.replace(",", "")), int(listed.split(" run")[0].split(" of ")[-1].replace(",", ""))

    def agree() -> bool:
        counted, listed = counted_and_listed()
        return counted == listed > 0

    wait_for(agree)  # what was read before is kept for a second, and runs of other tests may end meanwhile


def test_headings_of_the_list_sort_all_pages(page: Page) -> None:
    opened(page, "/?view=list")
    values = page.locator("tbody tr td:nth-child(4)")
    expect(page.get_by_role("columnheader", name="Executions")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Success").click()
    expect(page).to_have_url(re.compile(r"sort=Lowest\+success"))
    expect(page.get_by_role("columnheader", name="Success")).to_have_attribute("aria-sort", "ascending")
    settled(page)
    rates = [float(text.removesuffix(" %")) for text in values.all_text_contents() if text != "—"]
    assert rates == sorted(rates) and len(rates) > 3
    page.get_by_role("button", name="Avg").click()
    expect(page).to_have_url(re.compile(r"sort=Longest"))
    settled(page)
    averages = [seconds(text) for text in page.locator("tbody tr td:nth-child(5)").all_text_contents() if text != "—"]
    assert averages == sorted(averages, reverse=True) and len(averages) > 3
    page.reload()
    expect(page.get_by_role("columnheader", name="Avg")).to_have_attribute("aria-sort", "descending")


def test_the_list_shows_whole_figures_and_opens_events(page: Page) -> None:
    opened(page, "/?view=list")
    expect(page.locator("tbody tr")).to_have_count(50)
    cut = page.locator("td.number span").evaluate_all(
        "all => all.filter((one) => one.scrollWidth > one.offsetWidth + 1).length"
    )
    assert cut == 0
    page.get_by_role("link", name="Ticket Created", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Payload schema")).to_be_visible()
    picture(page, "catalog-list")


# Text of a cell or a heading that is wider than its place, or reaches beyond the table's frame.
HIDDEN = """() => {
  const roots = [...document.querySelectorAll('*')].map((one) => one.shadowRoot);
  const root = roots.find((one) => one?.querySelector('table'));
  const frame = root.querySelector('.scrolled').getBoundingClientRect();
  const parts = [...root.querySelectorAll('th > *, td > *')].filter((one) => one.clientWidth);
  const isHidden = (one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > frame.right;
  return parts.filter(isHidden).map((one) => one.textContent);
}"""


def test_the_list_fits_the_screen_with_source_and_description(page: Page) -> None:
    rows = opened(page, "/?view=list")
    assert page.evaluate(HIDDEN) == []
    for said in ("Active", "System", "Schema", "TICKET_CREATED", "A new ticket was opened"):
        expect(rows.filter(has_text="TICKET_CREATED").get_by_text(said).first).to_be_in_viewport()


def test_on_a_phone_the_list_shows_how_often_each_event_came(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    row = opened(page, "/?view=list").filter(has_text="TICKET_CREATED")
    name, came = row.locator("th").bounding_box(), row.locator("td").first.bounding_box()
    assert name and came and came["x"] >= name["x"] + name["width"] - 1 and came["x"] + came["width"] <= 390
    assert row.locator("th > *").evaluate_all("all => all.every((one) => one.scrollWidth <= one.clientWidth + 1)")


def test_arrows_lead_from_row_to_row(page: Page) -> None:
    rows = opened(page, "/?view=list&sort=name")
    rows.first.get_by_role("link").focus()
    page.keyboard.press("ArrowDown")
    assert "Asset Created" in focused(page)


@pytest.mark.parametrize("view", ["grid", "list"])
def test_the_next_page_begins_at_its_top(view: str, page: Page) -> None:
    opened(page, f"/?view={view}&sort=name")
    page.get_by_test_id("stPagination").get_by_text("2", exact=True).click()
    expect(page.get_by_text(re.compile(r"Showing (25|51) to"))).to_be_visible()
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_in_viewport()


# What stands below the cards comes after them; on a busy machine that may take a while.
LATE = """addEventListener('popstate', () => {
  const style = document.createElement('style');
  style.textContent = '[data-testid=stPagination] { display: none }';
  document.head.append(style);
  setTimeout(() => style.remove(), 700);
}, { once: true })"""
DOWN = "document.querySelector('[data-testid=stMain]').scrollTop"


@pytest.mark.parametrize("meanwhile", ["0", LATE], ids=["at once", "late"])
def test_back_from_metrics_finds_the_place(meanwhile: str, page: Page) -> None:
    opened(page, "/?sort=name&page=2")
    wanted = page.locator(".card").nth(20)
    page.get_by_test_id("stPagination").scroll_into_view_if_needed()
    settled(page)
    down = page.evaluate(DOWN)
    assert down > 300
    wanted.get_by_role("button", name=re.compile("Metrics")).click()
    expect(page).to_have_url(re.compile("/metrics"))
    settled(page)
    page.evaluate(meanwhile)
    page.go_back()
    expect(page.get_by_text(re.compile("Showing 25 to 48"))).to_be_visible()
    expect(wanted).to_be_in_viewport()
    wait_for(lambda: abs(page.evaluate(DOWN) - down) < 2)


#: Words of the components with their colour and what lies behind them, one pair of colours once.
PAIRS = """() => {
  const parsed = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    const scale = text.startsWith('color(') ? 255 : 1;
    return [...numbers.slice(0, 3).map((n) => n * scale), numbers[3] ?? 1];
  };
  const over = ([r, g, b, a], behind) => [r, g, b].map((n, i) => n * a + behind[i] * (1 - a));
  const behindOf = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement ?? at.getRootNode().host) {
      const color = parsed(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.unshift(color);
    }
    return layers.reduce((behind, color) => over(color, behind), [255, 255, 255]);
  };
  const found = {};
  const hosts = [...document.querySelectorAll('*')].filter((one) => one.shadowRoot);
  for (const one of hosts.flatMap((host) => [...host.shadowRoot.querySelectorAll('*')])) {
    const said = [...one.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join('');
    if (!said || one.matches('style, [hidden], [hidden] *')) continue;
    const behind = behindOf(one);
    const color = over(parsed(getComputedStyle(one).color), behind);
    found[JSON.stringify([color, behind])] = [color, behind, said.slice(0, 30)];
  }
  return Object.values(found);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/", "/?view=list", "/?category=Billing"])
def test_all_words_stand_out_from_what_is_behind_them(address: str, scheme: Any, page: Page) -> None:
    page.emulate_media(color_scheme=scheme)
    opened(page, address)
    pairs = page.evaluate(PAIRS)
    assert len(pairs) >= 4
    faint = {said: ratio for color, behind, said in pairs if (ratio := contrast(color, behind)) < 4.5}
    assert faint == {}


@pytest.fixture
def odd_events(app: RunningApp) -> Iterator[None]:
    """Events of the demo's tenant with a name of 300 characters and no description, and with markup for a name."""
    rows = [("ODD_LONG", "Ab" * 150), ("ODD_WORDS", "long words " * 27), ("ODD_MARKUP", MARKUP)]
    with database_of(app) as conn:
        for event_type, name in rows:
            conn.execute(
                "INSERT INTO event_catalog (tenant, event_type, name, description, category, status, correlation_paths)"
                " SELECT tenant, %s, %s, '', 'Own', 'active', '{}' FROM tenants WHERE name = 'Northwind IT'",
                (event_type, name),
            )
    yield
    with database_of(app) as conn:
        conn.execute("DELETE FROM event_catalog WHERE event_type LIKE 'ODD_%%'")


@pytest.mark.usefixtures("odd_events")
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("view", ["grid", "list"])
def test_odd_names_are_words_and_break_no_card(view: str, width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    cards = opened(page, f"/?q=odd&view={view}")
    expect(cards).to_have_count(3)
    expect(page.get_by_role("link", name=MARKUP, exact=True)).to_be_visible()
    images = page.evaluate("[...document.querySelectorAll('*')].map((one) => one.shadowRoot?.querySelector('img'))")
    assert not any(images)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    boxes = [box for box in (card.bounding_box() for card in cards.all()) if box]
    assert len({round(box["height"]) for box in boxes}) == 1
    if view == "grid":
        assert len({round(box["width"]) for box in boxes}) == 1
    picture(page, f"catalog-odd-{view}")
    page.get_by_role("link", name=MARKUP, exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
