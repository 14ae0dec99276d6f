"""No page and no dialog keeps out who cannot see, sees little, has no mouse or holds a phone.

Each state is a page as it is opened, or with one of its dialogs, menus or popovers open. axe-core is read from its
package when the test runs. What Streamlit itself causes is named below, with the reason.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import ROOT, RunningApp, act_as, database_of, settled, start_app, stop_app, tab
from tests.support.foreign_documents import npm
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

#: The package of axe-core.
AXE = "axe-core@4.14.1"
ADMIN = "Ada Admin · Northwind IT"
OWN = "METER_READ"
ROW, HEAD, NAME = 36, 20, 80
#: Presses the first cell of the first row of the page's table.
FIRST_ROW = "the first row"
#: A workflow whose draft is not what is published.
CHANGED = "Escalate SLA breaches"


@dataclass(frozen=True)
class State:
    """An address, the buttons pressed there one after the other, and a text of what is open then."""

    address: str
    presses: tuple[str, ...] = ()
    opens: str = ""
    #: The module whose popover or menu is open.
    part: str = ""
    is_core: bool = False

    def __str__(self) -> str:
        return " > ".join((self.address, *self.presses))


STATES = [
    State("/", is_core=True),
    State("/?view=list"),
    State("/?category=Tickets", ("Save view",), "Save view"),
    State("/", ("^Manage$",), "Saved views"),
    State("/", ("^Manage$", "^Delete"), "Nobody else has this view", part="view_dialogs"),
    State("/", ("Find anything",), "Find anything"),
    State("/", ("Export and import",), "AsyncAPI", part="export_menu"),
    State("/", ("Attach a workflow to",), "Attach a workflow", is_core=True),
    State("/?unknownTypes=all", opens="Events that are not in the catalog"),
    State("/?eventType=TICKET_CREATED", opens="Payload schema"),
    State("/?eventType=TICKET_CREATED", ("^Attach$",), "will start the workflow", part="attach"),
    State("/?eventType=TICKET_CREATED", ("Redacted fields",), "from now on", part="redacted_fields"),
    State("/event?eventType=TICKET_CREATED", is_core=True),
    State("/event?eventType=TICKET_CREATED", ("^Attach$",), "Attach a workflow"),
    State("/event?eventType=TICKET_CREATED", ("Redacted fields",), "Redacted fields"),
    State("/event?eventType=TICKET_CREATED", ("^Detach",), "Detach workflow"),
    State(f"/event?eventType={OWN}", ("^Delete",), "Delete event"),
    State("/event"),
    State("/define"),
    State("/define?eventType=TICKET_CREATED", ("^Save",), "What this changes"),
    State(f"/define?eventType={OWN}", ("Infer from examples",), "payload", part="define_fields"),
    State("/import", is_core=True),
    State("/schemas"),
    State("/schemas", ("Register",), "Register a schema"),
    State("/schemas?ref=payload.TicketCreated.v1"),
    State("/schemas?ref=meter.Read.v1", ("New version",), "New version"),
    State("/simulate"),
    State("/simulate?eventType=TICKET_CREATED", is_core=True),
    State("/simulate?eventType=TICKET_CREATED", ("Fill with",), "Empty", part="setup"),
    State("/simulate?eventType=TICKET_CREATED", ("More for ticketId",), "Null", part="menu"),
    State("/simulate?eventType=TICKET_CREATED", ("Copy as curl",), "curl", part="curl"),
    State("/simulate?eventType=TICKET_CREATED", ("^JSON$",)),
    State("/simulate?eventType=TICKET_CREATED", ("Preview",)),
    State("/simulate?eventType=TICKET_CREATED", ("Fill with", "Empty payload", "Send event")),
    State("/metrics"),
    State("/metrics?eventType=TICKET_CREATED", is_core=True),
    State("/metrics?eventType=TICKET_CREATED", ("as a table",), "From", part="figures"),
    State("/metrics?eventType=TICKET_CREATED", ("UTC",), "zone", part="metrics_filters"),
    State("/activity"),
    State("/activity", ("^Find$",), "key", part="event_filters"),
    State("/activity", ("^Export",), "CSV", part="event_export"),
    State("/activity", (FIRST_ROW,)),
    State("/activity", (FIRST_ROW, "Raw payload"), "Raw payload"),
    State("/timeline"),
    State("/workflows"),
    State("/workflows", ("Acts on",), "Archive", part="workflow_list"),
    State("/runs"),
    State("/runs?runStatus=Failed", ("Run failed ones again",), "Run failed runs again"),
    State("/runs", ("^Find$",), "key", part="run_filters"),
    State("/runs?runStatus=Failed", (FIRST_ROW,)),
    State("/designer"),
    State("/workflows", ("Triage new tickets",), is_core=True),
    State("/workflows", ("Triage new tickets", "Acts on this workflow"), "Archive", part="menu"),
    State("/workflows", ("Triage new tickets", "Acts on this workflow", "Duplicate"), "Duplicate workflow"),
    State("/workflows", ("Triage new tickets", "Acts on this workflow", "Rename"), "Rename workflow"),
    State("/workflows", (CHANGED, "Acts on this workflow", "Delete draft"), "Delete draft"),
    State("/workflows", ("Triage new tickets", "Steps")),
    State("/workflows", ("Triage new tickets", "^Note it")),
    State("/workflows", ("Triage new tickets", "Steps", "Add step"), "Write log", part="steps_tab"),
    State("/workflows", ("Triage new tickets", "Versions")),
    State("/workflows", ("Acknowledge new tickets", "Versions", "Roll back"), "Roll back"),
    State("/workflows", ("Triage new tickets", "Details")),
    State("/workflows", ("Triage new tickets", "Code")),
    State("/workflows", ("Triage new tickets", "Dry run")),
    State("/audit"),
    State("/audit", ("^More",), "Origin", part="audit_filters"),
    State("/audit", ("^Export",), "CSV", part="audit_list"),
    State("/audit", (FIRST_ROW,)),
    State("/settings"),
    State("/settings", ("Add a member",), "Add a member"),
    State("/settings", (FIRST_ROW,), "Member"),
    State("/settings?section=tokens"),
    State("/settings?section=tokens", ("Create a token",), "Create a token"),
    State("/settings?section=tokens", (FIRST_ROW,), "API token"),
    State("/settings?section=egress"),
    State("/settings?section=retention"),
    State("/settings?section=redaction"),
    State("/me"),
]
#: Dialogs and popovers that no state opens, and why.
ELSEWHERE = {
    "Publish workflow": "opened by the journey below that publishes",
    "own_event_acts": "holds the rows that the page shows of the last hour, and comes an hour after a deletion",
}


@dataclass(frozen=True)
class Exempt:
    """A rule that a part of Streamlit breaks; `at` is a state in which it does."""

    rule: str
    selector: str
    at: str
    why: str


OF_STREAMLIT = [
    Exempt(
        "presentation-role-conflict",
        '[data-testid="stFileUploaderDropzone"]',
        "/import",
        "Its drop zone is named, though it is only there for the mouse; the button inside does the same.",
    ),
    Exempt(
        "scrollable-region-focusable",
        '[data-testid="stCode"] pre',
        "/workflows > Triage new tickets > Versions",
        "It gives code that scrolls no tabindex; browsers let the keyboard into what scrolls by themselves.",
    ),
    Exempt(
        "region",
        "[data-floating-ui-portal]",
        "/workflows > Acts on",
        "It draws popovers at the end of the document, outside of the page's landmarks.",
    ),
]
LOOK = """async ([exempt, rules]) => {
  const options = {resultTypes: ['violations'], elementRef: true};
  if (rules) options.runOnly = rules;
  const found = await axe.run(document, options);
  const by = (rule, node) => exempt.find(([name, part]) => name === rule.id && node.element.closest(part));
  const told = (rule, node) => [rule.impact, rule.id, node.html.slice(0, 300), node.failureSummary];
  const all = found.violations.flatMap(rule => rule.nodes.map(node => ({rule, node, by: by(rule, node)})));
  return {
    ours: all.filter(one => !one.by).map(one => told(one.rule, one.node)),
    exempt: all.filter(one => one.by).map(one => one.by[0]),
  };
}"""
# What reaches beyond the sides of the window. Inside a page, parts may scroll or shorten what they hold; none else may.
CUT = """() => {
  const roots = [document];
  const frames = '[data-testid=stMain], [role=dialog], body';
  const above = one => one.parentElement ?? one.getRootNode().host;
  const isScrolled = one => {
    for (let at = above(one); at && !at.matches(frames); at = above(at)) {
      const isInside = at.getBoundingClientRect().right <= innerWidth + 1;
      if (isInside && /auto|scroll|hidden|clip/.test(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };
  const cut = [];
  for (const one of [document.scrollingElement, ...document.querySelectorAll(frames)]) {
    if (one.scrollWidth > one.clientWidth + 1) cut.push(`${one.outerHTML.slice(0, 120)} is ${one.scrollWidth} wide`);
  }
  for (const root of roots) for (const one of root.querySelectorAll('*')) {
    if (one.shadowRoot) roots.push(one.shadowRoot);
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || (box.right <= innerWidth + 1 && box.left >= -1)) continue;
    if (one.closest('[data-testid=stSidebar]')) continue;
    if (!one.checkVisibility({visibilityProperty: true, opacityProperty: true}) || isScrolled(one)) continue;
    cut.push(`${one.outerHTML.slice(0, 120)} from ${Math.round(box.left)} to ${Math.round(box.right)}`);
  }
  return cut;
}"""
# Words that are fainter than 4.5:1. axe-core passes over what is disabled, what a chart says, hints in empty fields,
# and most of a dialog, as it does not know what is behind it. Diagrams have shapes behind their words, and keep out.
FAINT = """() => {
  const above = one => one.parentElement ?? one.getRootNode().host;
  const parsed = text => {
    const [a, b, c, alpha] = [...text.replace(/ok\\w+|srgb/, '').match(/[\\d.]+/g).map(Number), 1, 1].slice(0, 4);
    const scale = text.startsWith('color(') ? 255 : 1;
    return text.startsWith('okl') ? [a * 255, a * 255, a * 255, 1] : [a * scale, b * scale, c * scale, alpha];
  };
  const over = ([r, g, b, a], behind) => [r, g, b].map((n, i) => n * a + behind[i] * (1 - a));
  const bright = color => {
    const [r, g, b] = color.map(n => n / 255).map(n => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const roots = [document], faint = [];
  for (const root of roots) for (const one of root.querySelectorAll('*')) {
    if (one.shadowRoot) roots.push(one.shadowRoot);
    const hint = one.matches('input, textarea') && !one.value && one.placeholder;
    const said = [...one.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join('') || hint;
    const box = one.getBoundingClientRect(), inSvg = one.closest('svg');
    if (!said || box.width < 2 || box.height < 2 || one.matches('style, script, option')) continue;
    if (one.closest('foreignObject') || (inSvg && !inSvg.matches('.marks'))) continue;
    if (!one.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    const layers = [];
    let opacity = 1;
    for (let at = one; at; at = above(at)) {
      const style = getComputedStyle(at);
      layers.unshift(parsed(style.backgroundColor));
      opacity *= Number(style.opacity);
    }
    const behind = layers.reduce((under, color) => over(color, under), [255, 255, 255]);
    const style = getComputedStyle(one, hint ? '::placeholder' : null);
    const [r, g, b, alpha] = parsed(inSvg ? style.fill : style.color);
    const contrast = bright(over([r, g, b, alpha * opacity], behind)) / bright(behind);
    if (Math.max(contrast, 1 / contrast) < 4.5) faint.push(`${said.slice(0, 40)} ${contrast.toFixed(2)}`);
  }
  return faint;
}"""
# The contrast of what is not chosen yet: rings of radio buttons, tracks of switches. axe-core looks at words alone.
RINGS = """() => {
  const parsed = text => {
    const scale = text.startsWith('color(') ? 255 : 1;
    const [r, g, b, alpha] = [...text.replace('srgb', '').match(/[\\d.e-]+/g).map(Number), 1].slice(0, 4);
    return [r * scale, g * scale, b * scale, alpha];
  };
  const bright = color => {
    const [r, g, b] = color.map(n => n / 255).map(n => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const over = ([r, g, b, alpha], behind) => [r, g, b].map((n, i) => n * alpha + behind[i] * (1 - alpha));
  const told = (chosen, part) => [...document.querySelectorAll(`[role=dialog] ${chosen}`)].map(one => {
    const layers = [];
    for (let at = one.parentElement; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    const behind = layers.map(parsed).reduce((under, color) => over(color, under), [255, 255, 255]);
    const contrast = bright(over(parsed(getComputedStyle(one)[part]), behind)) / bright(behind);
    return Math.max(contrast, 1 / contrast);
  });
  return [
    ...told('[data-testid=stRadioOption]:not([data-selected]) > div > div:first-child', 'borderTopColor'),
    ...told('label:has([role=switch]):not([data-selected]) > div:first-of-type', 'backgroundColor'),
  ];
}"""
#: Roles of what a screen reader offers by its name.
NAMED = {
    *("button", "checkbox", "combobox", "dialog", "heading", "img", "image", "link", "menuitem", "navigation"),
    *("option", "radio", "radiogroup", "searchbox", "slider", "spinbutton", "switch", "tab", "table", "textbox"),
    *("DisclosureTriangle", "graphics-symbol"),
}
ICONS = {
    icon
    for path in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    for icon in re.findall(r":material/(\w+):", path.read_text(encoding="utf-8"))
}
MARKUP = re.compile(r"^\*|:[a-z]+\\?\[|\*\*|\[\*\]|:material/|\\[*_\[\]`]")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The demo with an event and a schema of the tenant's own, a saved view, and a draft that differs."""
    app = start_app(tmp_path_factory.mktemp("axe"))
    with database_of(app) as conn:
        conn.execute(
            "INSERT INTO event_catalog (tenant, event_type, name, description, category, status, payload_schema,"
            " correlation_paths) SELECT tenant, %s, 'Meter Read', '', 'Own', 'active', %s, '{}'"
            " FROM tenants WHERE name = 'Northwind IT'",
            (OWN, json.dumps({"type": "object", "properties": {"meter": {"type": "string"}}})),
        )
        conn.execute(
            "INSERT INTO payload_schemas (tenant, schema_ref, schema)"
            " SELECT tenant, 'meter.Read.v1', '{}' FROM tenants WHERE name = 'Northwind IT'"
        )
        conn.execute(
            "INSERT INTO saved_views (tenant, owner, page, name, folded_name, parameters, is_shared)"
            " SELECT tenant, user_id, 'runs', 'Failed', 'failed', %s, false"
            " FROM memberships JOIN tenants USING (tenant) JOIN users u USING (user_id)"
            " WHERE tenants.name = 'Northwind IT' AND u.name = 'Ada Admin'",
            (json.dumps({"runStatus": ["Failed"]}),),
        )
        conn.execute(
            "UPDATE workflow_definitions SET draft_definition = draft_definition || %s WHERE name = %s",
            (json.dumps({"description": "Another one"}), CHANGED),
        )
    yield app
    stop_app(app)


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    package: Path = npm(AXE, tmp_path_factory.mktemp("axe"))
    return (package / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def sheet(browser: Browser, shown: RunningApp) -> Iterator[Page]:
    """A tab that looks past the security policy: axe has to be put into the page."""
    with tab(browser, shown, bypass_csp=True) as opened:
        act_as(opened, ADMIN)
        opened.emulate_media(reduced_motion="reduce")
        yield opened


@pytest.fixture
def desk(browser: Browser, shown: RunningApp) -> Iterator[Page]:
    """A tab for a keyboard."""
    with tab(browser, shown) as opened:
        act_as(opened, ADMIN)
        yield opened


def visit(sheet: Page, address: str) -> None:
    sheet.goto(address)
    expect(sheet.get_by_test_id("stSidebar").get_by_text("Acting as")).to_be_visible(timeout=60_000)
    settled(sheet)
    expect(sheet.get_by_test_id("stSkeleton")).to_have_count(0)


def pressable(sheet: Page, name: str) -> Locator:
    roles = [sheet.get_by_role(role, name=re.compile(name)) for role in ("button", "radio", "menuitem", "link")]  # type: ignore[arg-type]
    within = roles[0]
    for other in roles[1:]:
        within = within.or_(other)
    return within.filter(visible=True).first


def reach(sheet: Page, state: State) -> None:
    """Open the address, and press one after the other until what is looked at is open."""
    visit(sheet, state.address)
    for name in state.presses:
        if name == FIRST_ROW:
            table = sheet.get_by_test_id("stDataFrame").first
            table.scroll_into_view_if_needed()
            box = table.bounding_box()
            assert box
            sheet.mouse.click(box["x"] + NAME, box["y"] + HEAD + ROW)
        else:
            pressable(sheet, name).click()
        settled(sheet)
    if state.opens:
        opened = sheet.get_by_role("dialog").or_(sheet.get_by_role("menu"))
        expect(opened.filter(has_text=re.compile(state.opens, re.IGNORECASE)).last).to_be_visible()
    expect(sheet.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(sheet.locator("[aria-busy=true]")).to_have_count(0)
    expect(sheet.get_by_test_id("stException")).to_have_count(0)
    settled(sheet)


def looked_at(sheet: Page, rules: list[str] | None = None, needed: Set[str] = frozenset()) -> dict[str, Any]:
    """What axe finds; for a while what is being drawn anew is faded, so once more if it is not as expected."""
    exempt = [[one.rule, one.selector] for one in OF_STREAMLIT]
    found: dict[str, Any] = {"ours": [], "exempt": []}

    def is_fine() -> bool:
        found.update(sheet.evaluate(LOOK, [exempt, rules]))
        return not found["ours"] and needed <= set(found["exempt"])

    with contextlib.suppress(AssertionError):
        wait_for(is_fine, 6)
    return found


def faint_words(sheet: Page) -> list[str]:
    """What cannot be read well; looked at again for a while, as colours change step by step."""
    found: list[str] = []

    def are_none() -> bool:
        found[:] = sheet.evaluate(FAINT)
        return not found

    with contextlib.suppress(AssertionError):
        wait_for(are_none, 6)
    return found


def names(sheet: Page) -> list[tuple[str, str]]:
    """Role and name of all that the browser tells a screen reader."""
    told = sheet.context.new_cdp_session(sheet).send("Accessibility.getFullAXTree")["nodes"]
    heard = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in told if not one["ignored"]]
    return [(role, name) for role, name in heard if role in NAMED]


def misnamed(name: str) -> bool:
    """Whether a name is empty, holds markup, or the name that an icon has in its font."""
    words = set(re.findall(r"\w+", name))
    drawn = any("_" in icon for icon in words & ICONS) or any(f"{icon} icon" in name for icon in words & ICONS)
    return not name.strip() or drawn or bool(MARKUP.search(name))


@pytest.mark.parametrize(
    "state", [pytest.param(one, marks=() if one.is_core else pytest.mark.slow, id=str(one)) for one in STATES]
)
def test_a_state_is_open_to_everyone(sheet: Page, axe: str, state: State) -> None:
    reach(sheet, state)
    sheet.evaluate(axe)
    needed = {one.rule for one in OF_STREAMLIT if one.at == str(state)}
    found = looked_at(sheet, needed=needed)
    assert found["ours"] == []
    assert needed <= set(found["exempt"]), "exempt for nothing"
    heard = names(sheet)
    assert len(heard) > 3
    assert [one for one in heard if misnamed(one[1])] == []
    sheet.emulate_media(color_scheme="dark")
    expect(sheet.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    assert looked_at(sheet, ["color-contrast", "link-in-text-block"])["ours"] == []
    sheet.set_viewport_size({"width": 390, "height": 844})
    settled(sheet)
    with contextlib.suppress(AssertionError):
        wait_for(lambda: sheet.evaluate(CUT) == [], 6)  # charts are drawn anew
    assert sheet.evaluate(CUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", [State("/", ("^Manage$", "^Delete"), "Nobody else has this view"), State("/import")])
def test_words_that_axe_passes_over_can_be_read_too(sheet: Page, state: State, scheme: Any) -> None:
    sheet.emulate_media(color_scheme=scheme)
    reach(sheet, state)
    assert faint_words(sheet) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("state", "choices"),
    [
        (State("/settings", ("Add a member",), "Add a member"), 2),
        (State("/?category=Tickets", ("Save view",), "Save view"), 2),
    ],
)
def test_what_is_not_chosen_yet_is_found(sheet: Page, state: State, choices: int, scheme: Any) -> None:
    sheet.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    reach(sheet, state)
    wait_for(lambda: len(sheet.evaluate(RINGS)) == choices and min(sheet.evaluate(RINGS)) >= 3, 10)


def test_each_exception_stands_at_a_state() -> None:
    assert {one.at for one in OF_STREAMLIT} <= {str(one) for one in STATES}


def test_each_page_has_a_state() -> None:
    tree = ast.parse((ROOT / "pages" / "shell.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page"]
    pages = {ast.literal_eval(call.args[0]) for call in calls}
    assert pages == {path.name for path in (ROOT / "pages").glob("*.py")} - {"shell.py"}
    shown = {re.sub(r"\?.*", "", one.address).strip("/") or "catalog" for one in STATES}
    assert {page.removesuffix(".py") for page in pages} == shown


def test_each_dialog_popover_and_menu_is_opened_by_a_state() -> None:
    dialogs, parts = set(), set()
    for path in (ROOT / "lib" / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "dialogs.dialog":
                title = node.args[0]
                dialogs.add(title.value if isinstance(title, ast.Constant) else "Payload schema")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("popover", "menu_button"):
                    parts.add(path.stem)
    assert len(dialogs) > 10 and len(parts) > 10
    assert dialogs - {one.opens for one in STATES} - set(ELSEWHERE) == set()
    assert parts == ({one.part for one in STATES} - {""}) | (set(ELSEWHERE) & parts)
