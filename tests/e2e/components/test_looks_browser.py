"""What is beside each other, how large it is drawn, and that nothing of it is cut: on a phone, and on a desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import RunningApp, settled
from tests.e2e.runs.test_runs_browser import NAME, click_cell

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


def visit(page: Page, address: str, heading: str) -> None:
    page.goto(address)
    expect(page.get_by_test_id("stMain").get_by_role("heading", name=heading).first).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def box(found: Locator) -> dict[str, float]:
    at = found.bounding_box()
    assert at
    return {**at}


@pytest.mark.parametrize(
    ("address", "heading", "before"),
    [
        ("/workflows", "Workflows", "Own"),
        ("/schemas", "Schemas", "Of one event"),
        ("/", "Workflow Event Catalog", "List"),
    ],
)
def test_what_clears_the_filters_is_not_alone_in_a_line(page: Page, address: str, heading: str, before: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, address, heading)
    clear, choice = (
        box(page.get_by_role("button", name="Clear", exact=True)),
        box(page.get_by_role("radio", name=before)),
    )
    assert choice["y"] < clear["y"] + clear["height"] / 2 < choice["y"] + choice["height"]
    assert clear["x"] + clear["width"] <= PHONE["width"]


@pytest.mark.parametrize(
    ("address", "heading", "choices"),
    [
        ("/activity", "Activity", ["All", "Matched", "Unmatched", "Error"]),
        ("/schemas", "Schemas", ["All", "System", "Tenant", "Of one event"]),
    ],
)
def test_four_choices_stay_in_one_line_on_a_phone(page: Page, address: str, heading: str, choices: list[str]) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, address, heading)
    lines = {box(page.get_by_role("radio", name=one, exact=True))["y"] for one in choices}
    assert len(lines) == 1


def test_code_is_as_large_in_small_text_as_elsewhere(page: Page) -> None:
    visit(page, "/workflows", "Workflows")
    small = page.get_by_test_id("stMain").get_by_text("TICKET_CREATED", exact=True).first
    expect(small).to_have_css("font-size", "11.25px")  # three quarters of 15
    visit(page, "/metrics?eventType=TICKET_CREATED", "Ticket Created")
    caption = page.get_by_test_id("stCaptionContainer").get_by_text("TICKET_CREATED", exact=True)
    expect(caption).to_have_css("font-size", "11.25px")


def test_a_menu_that_is_an_icon_alone_has_no_arrow_beside_it(page: Page) -> None:
    visit(page, "/simulate?eventType=TICKET_CREATED", "Simulate Ticket Created")
    menu = page.get_by_role("button", name="More for ticketId")
    expect(menu).to_be_visible()
    expect(menu.get_by_text("expand_more")).to_be_hidden()
    expect(page.get_by_role("button", name="Fill with").get_by_text("expand_more")).to_be_visible()


def test_a_field_of_many_lines_has_its_height_before_it_is_drawn(page: Page) -> None:
    visit(page, "/define?copy=TICKET_CREATED", "Ticket Created")
    page.get_by_role("radio", name="Inline JSON Schema").click()
    expect(page.get_by_label("JSON Schema", exact=True)).to_be_visible()
    settled(page)
    areas = page.locator(".st-key-labelled-definition .stElementContainer:has(> .stTextArea)")
    expect(areas).to_have_count(2)
    for area in areas.all():
        kept = float(area.evaluate("one => parseFloat(getComputedStyle(one).minHeight)"))
        assert kept == pytest.approx(box(area)["height"], abs=1)


def test_what_stands_in_place_of_a_list_is_in_its_middle_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, "/?search=zzzz", "No event matches")
    hint = page.get_by_text("Try fewer words, another category")
    assert box(hint)["height"] > 30  # it breaks
    expect(hint).to_have_css("text-align", "center")


def test_the_way_to_other_pages_ends_where_the_cards_end(page: Page) -> None:
    visit(page, "/", "Workflow Event Catalog")
    last = box(page.get_by_role("button", name="Next page"))
    health = box(page.locator(".st-key-catalog-health"))
    assert last["x"] + last["width"] == pytest.approx(health["x"] + health["width"], abs=2)


def test_two_lines_that_are_folded_away_stand_apart(page: Page) -> None:
    visit(page, "/", "Workflow Event Catalog")
    first, second = page.get_by_role("button", name="Show them"), page.get_by_text("1 deprecated event")
    assert box(second)["x"] - box(first)["x"] - box(first)["width"] > 20


EDGES = """one => ['Top', 'Right', 'Bottom', 'Left'].map(side => getComputedStyle(one)[`border${side}Color`])
  .filter(color => color === 'transparent' || /, 0\\)$/.test(color))"""


def test_choices_that_break_into_lines_have_all_their_edges(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, "/metrics?range=Today", "Metrics")
    choices = page.get_by_role("radiogroup", name="Range").get_by_role("radio")
    assert len({box(one)["y"] for one in choices.all()}) > 1
    assert [one.evaluate(EDGES) for one in choices.all()] == [[]] * choices.count()


def test_that_enter_takes_it_is_not_said_on_what_is_typed(page: Page) -> None:
    visit(page, "/?category=Tickets", "Workflow Event Catalog")
    page.get_by_role("button", name="Save view").click()
    name = page.get_by_role("dialog").get_by_role("textbox", name="Name")
    name.fill("What all of us look at in the morning")
    said, field = box(page.get_by_test_id("InputInstructions")), box(name)
    above = box(page.get_by_role("dialog").get_by_test_id("stMarkdownContainer").filter(has_text="Event catalog").first)
    assert above["y"] + above["height"] <= said["y"] and said["y"] + said["height"] <= field["y"]


def test_the_head_of_the_catalog_has_two_whole_lines_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, "/", "Workflow Event Catalog")
    title = box(page.get_by_role("heading", name="Workflow Event Catalog"))
    define = box(page.get_by_role("button", name="Define Custom Event"))
    export = box(page.get_by_role("button", name="Export and import"))
    state = box(page.locator(".st-key-catalog-state"))
    assert abs(state["x"] - title["x"]) < 30 and state["y"] + state["height"] < define["y"]
    assert define["y"] == export["y"] and define["x"] == title["x"]
    assert abs(export["x"] + export["width"] - (PHONE["width"] - define["x"])) < 2


@pytest.mark.parametrize("width", [1200, 1280])
def test_the_head_of_the_catalog_is_one_line_from_a_small_laptop_on(width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, "/", "Workflow Event Catalog")
    title = box(page.get_by_role("heading", name="Workflow Event Catalog"))
    export = box(page.get_by_role("button", name="Export and import"))
    assert export["x"] > title["x"] + title["width"] and export["y"] < title["y"] + title["height"]


@pytest.mark.parametrize("width", [1200, 1280, 1300])
@pytest.mark.parametrize(
    ("address", "heading", "first", "last"),
    [
        ("/", "Workflow Event Catalog", "q", "clear-filters"),
        ("/activity", "Activity", "event", "find"),
        ("/runs", "Runs", "runStatus", "run-find"),
        ("/audit", "Audit trail", "actSearch", "audit-more"),
        ("/workflows", "Workflows", "workflowSearch", "workflow-clear"),
        ("/schemas", "Schemas", "schemaSearch", "clear-schema-filters"),
    ],
)
def test_filters_are_one_line_from_a_small_laptop_on(
    address: str, heading: str, first: str, last: str, width: int, page: Page
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, address, heading)
    ends = [box(page.locator(f".st-key-{key}").first) for key in (first, last)]
    begins, bottoms = [end["x"] for end in ends], [end["y"] + end["height"] for end in ends]
    assert begins[0] < begins[1] and bottoms[0] == pytest.approx(bottoms[1], abs=4)


def test_what_is_found_reads_below_its_name_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, "/", "Workflow Event Catalog")
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("searchbox").fill("ticket")
    rows = page.get_by_role("dialog").locator("[class*=st-key-finding-]")
    expect(rows).not_to_have_count(0)
    settled(page)
    for row in rows.all():
        name, about = box(row.get_by_role("button")), box(row.get_by_test_id("stCaptionContainer"))
        assert about["y"] >= name["y"] + name["height"] / 2 and about["x"] - name["x"] < 30


@pytest.mark.parametrize("width", [1440, 390])
def test_two_branches_fit_beside_each_other(width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    visit(page, "/workflows", "Workflows")
    page.get_by_role("link", name="Escalate SLA breaches").click()
    diagram = page.locator(".flow")
    expect(diagram.get_by_text("Remind the assignee")).to_be_visible()
    assert diagram.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_the_menu_of_a_workflow_begins_where_menus_begin(page: Page) -> None:
    visit(page, "/workflows", "Workflows")
    page.get_by_role("button", name="Acts on Escalate").click()
    menu = page.get_by_test_id("stPopoverBody")
    pause, archive = (
        box(menu.get_by_role("button", name=one).get_by_test_id("stIconMaterial")) for one in ("Pause", "Archive")
    )
    assert pause["x"] == archive["x"]


def test_the_ids_of_a_run_stay_in_one_line(page: Page) -> None:
    visit(page, "/runs", "Runs")
    click_cell(page, NAME, 1)
    ids = page.locator(".st-key-run-ids code")
    expect(ids).to_have_count(2)
    for size in (PHONE, {"width": 1440, "height": 1000}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        settled(page)
        assert all(box(one)["height"] < 25 for one in ids.all())


# Where each line that the text takes begins.
STARTS = """one => {
  const range = document.createRange(); range.selectNodeContents(one);
  const lines = {};
  for (const at of range.getClientRects())
    if (at.width > 1) lines[Math.round(at.top / 10)] = Math.min(at.left, lines[Math.round(at.top / 10)] ?? 9999);
  return Object.values(lines);
}"""


def test_a_long_line_of_a_diff_goes_on_to_the_right_of_the_marks(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit(page, "/event?eventType=TICKET_CREATED", "Ticket Created")
    page.get_by_role("button", name="Detach", exact=True).first.click()
    lines = page.get_by_role("dialog").locator("code.language-diff > span")
    expect(lines.first).to_be_visible()
    first, *others = lines.filter(has_text="description: Prepares").evaluate(STARTS)
    assert others and min(others) > first + 20


def test_the_sidebar_of_a_phone_is_closed_in_a_page_that_is_loaded(browser: Browser, app: RunningApp) -> None:
    context = browser.new_context(base_url=app.url, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    visit(page, "/runs", "Runs")
    sidebar = page.get_by_role("button", name="Collapse sidebar")
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(sidebar).to_be_in_viewport()
    page.reload()
    visit(page, "/runs", "Runs")
    expect(sidebar).not_to_be_in_viewport()
    page.set_viewport_size({"width": 1440, "height": 1000})  # there it stays as one leaves it
    visit(page, "/runs", "Runs")
    page.get_by_test_id("stSidebarHeader").hover()
    sidebar.click()
    expect(sidebar).not_to_be_in_viewport()
    visit(page, "/activity", "Activity")
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
    context.close()
