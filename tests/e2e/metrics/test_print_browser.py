"""The metrics on paper: what one pressed is a line of text, charts and tables are whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import RunningApp, settled, tab

pytestmark = pytest.mark.browser

OVERVIEW = "/metrics?range=30d&tz=Europe/Berlin"
EVENT = f"{OVERVIEW}&eventType=TICKET_CREATED"
# As wide as paper of A4 on its side between the margins.
PAPER = 1032


@pytest.fixture
def paper(browser: Browser, app: RunningApp) -> Iterator[Page]:
    with tab(browser, app) as opened:
        yield opened


def on_paper(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(media="screen", color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    expect(page.locator("table.printed").last).to_be_attached()
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg.marks").last).to_be_visible()
    settled(page)
    expect(page.locator(".printed").first).to_be_hidden()
    page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": PAPER, "height": 740})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("address", "title"), [(OVERVIEW, "Metrics"), (EVENT, "Ticket Created")])
def test_paper_has_what_is_read_and_not_what_is_pressed(paper: Page, address: str, title: str, scheme: str) -> None:
    on_paper(paper, address, scheme)
    expect(paper.get_by_role("heading", level=1)).to_have_text(title)
    told = paper.locator("p.printed").first
    expect(told).to_be_visible()
    expect(told).to_contain_text("Northwind IT · ")
    expect(told).to_contain_text("(these 30 days), by day · Europe/Berlin · live events · compared with the 30 days")
    expect(paper.get_by_test_id("stSidebar")).to_be_hidden()
    for pressed in ("button", "combobox", "radio", "switch", "checkbox", "textbox"):
        assert paper.get_by_role(pressed).count() == 0, pressed  # type: ignore[arg-type]
    assert paper.locator("canvas").locator("visible=true").count() == 0, "a canvas has the rows in sight alone"
    text, behind = paper.evaluate(
        "[getComputedStyle(document.querySelector('h1')).color, getComputedStyle(document.querySelector('.stApp'))"
        ".backgroundColor]"
    )
    assert (text, behind) == ("rgb(20, 23, 36)", "rgba(0, 0, 0, 0)")
    pdf = paper.pdf(prefer_css_page_size=True)
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", pdf)) < 10


@pytest.mark.parametrize("address", [OVERVIEW, EVENT])
def test_charts_are_as_wide_as_the_paper_and_not_cut_by_a_page(paper: Page, address: str) -> None:
    on_paper(paper, address, "light")
    charts = paper.get_by_test_id("stVegaLiteChart")
    assert charts.count() >= 1
    for chart in charts.all():
        svg, frame = chart.locator("svg.marks").bounding_box(), chart.bounding_box()
        assert svg and frame and 0 <= svg["x"] and svg["x"] + svg["width"] <= PAPER
        assert frame["height"] <= svg["height"] + 12, "no white above and below"
        inside = "e => getComputedStyle(e.closest('.stElementContainer')).breakInside"
        assert chart.evaluate(inside) == "avoid"


def test_tables_have_all_rows(paper: Page) -> None:
    on_paper(paper, OVERVIEW, "light")
    told = paper.get_by_text(re.compile(r"^of \d+ event types$")).inner_text()
    rows = paper.locator("table.printed").last.locator("tbody tr")
    assert rows.count() == int(told.split()[1]) > 16, "the table of the screen has 16 in sight"
    expect(rows.last).to_be_visible()
    on_paper(paper, EVENT, "light")
    assert paper.locator("table.printed").last.locator("tbody tr").count() == 25


def test_what_the_list_is_narrowed_to_is_told(paper: Page) -> None:
    on_paper(paper, f"{EVENT}&outcome=Matched", "light")
    expect(paper.get_by_text(re.compile(r"^Filtered to .* · matched$"))).to_be_visible()
