"""Text of others stays text: no page loads or links what a stored value or a URL says in Markdown.

A canary counts what the browser asks it for. Nothing else stops the browser, which looks past the security policy here:
a control shows that it would be heard.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from lib import database, ui
from lib.settings import Settings
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import Choice, Flag, Names, Number, Place, Text
from tests.e2e.conftest import ROOT, RunningApp, free_port, launch_app, prepare, served, settled, stop_app, tab
from tests.support.hostile_tenant import EVENT, LINE_ENDS, WAYS_OUT, Hostile, short, store

pytestmark = pytest.mark.browser

# Parameters that a page reads together, for each page; those that lead it elsewhere stand alone.
PARAMETERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "/": (
        ("tenant",),
        ("signIn",),
        ("unknownTypes",),
        ("eventType", "q"),
        ("q", "category", "owner", "tag", "status", "traffic", "source", "sort", "view", "page", "show", "deprecated"),
    ),
    "/define": (("eventType",), ("copy",), ("from",), ("draft",)),
    "/simulate": (("eventType",), ("fromEvent",), ("sent",)),
    "/metrics": (
        ("eventType",),
        (
            "range",
            "from",
            "to",
            "since",
            "until",
            "step",
            "tz",
            "tests",
            "show",
            "slice",
            "outcome",
            "older",
            "newer",
        ),
    ),
    "/activity": (
        ("eventId",),
        (
            "event",
            "eventStatus",
            "eventRuns",
            "origin",
            "time",
            "eventKey",
            "field",
            "value",
            "id",
            "live",
            "before",
            "after",
        ),
        ("eventType", "status", "runStatus", "key", "range", "from", "to", "since", "until"),
    ),
    "/timeline": (("key", "before", "after"),),
    "/workflows": (
        ("workflowSearch", "workflowStatus", "workflowEvent", "workflowState", "workflowKind", "workflowPage"),
    ),
    "/runs": (
        ("runId",),
        ("workflowId",),
        (
            "runStatus",
            "runEvent",
            "runOrigin",
            "runTime",
            "runKey",
            "runError",
            "runSince",
            "runUntil",
            "runVersion",
            "before",
        ),
        ("status", "eventType", "origin", "time", "since", "until", "key"),
        ("event", "range", "from", "to"),
    ),
    "/designer": (("workflowId",), ("tab", "version", "with")),
    "/event": (("eventType",),),
    "/schemas": (
        ("ref",),
        ("schemaSearch", "schemaField", "schemaKind", "schemaPage"),
        ("schemaView", "reading", "from", "to"),
    ),
    "/audit": (
        ("auditId",),
        ("actBy", "act", "actOn", "object", "actOrigin", "actOutcome", "actTime", "actSearch", "before", "after"),
        ("person", "action", "kind", "search"),
    ),
    "/settings": (("section",),),
    "/me": (),
}
# What goes with a group so that the page gets as far as reading it.
GIVEN: dict[str, dict[str, str]] = {
    "fromEvent": {"eventType": EVENT},
    "sent": {"eventType": EVENT},
    "slice": {"eventType": EVENT},
    "tab": {"workflowId": "{workflow}"},
    "runVersion": {"workflowId": "{workflow}"},
}
# Names that the code reads by a variable, by module and variable.
BY_VARIABLE: dict[tuple[str, str], set[str]] = {
    ("define_start", "parameter"): {"eventType", "copy", "from"},
    ("dialogs", "self.parameter"): {"eventType", "unknownTypes"},
    ("metrics_slice", "name"): {"slice", "outcome", "older", "newer"},
    ("registry_comparison", "parameter"): {"from", "to"},
    ("metrics_filters", "name"): {"from", "to"},
    ("run_filters", "key"): {"runStatus", "runEvent", "runOrigin", "runTime", "runKey", "runError", "runVersion"},
    ("setup", "name"): {"fromEvent", "sent"},
    ("tenant_links", "name"): set(),  # all but bound ones are taken out
    ("time_range", "name"): {"since", "until", "from", "to", "runSince", "runUntil"},
    ("url_filters", "name"): set(),
    ("url_parameters", "key"): set(),
    ("views_seen", "self.thing"): {"ref", "eventId", "runId", "auditId"},
}
# Together where a renderer of Markdown takes none for the end of a line, as each load takes its time.
WAYS = ["".join(end * 2 for end in ends) for ends in (LINE_ENDS[:1], LINE_ENDS[1:2], LINE_ENDS[2:])]
_SLOW = 60_000
DOM = """canary => {
  // Components of ours draw in shadow roots.
  const roots = [document, ...[...document.querySelectorAll('*')].map(one => one.shadowRoot).filter(root => root)];
  const strange = roots.flatMap(root => [...root.querySelectorAll('[src], [href]')])
    .filter(one => !one.matches('script, link') && String(one.href || one.src).startsWith(canary));
  return strange.map(one => one.outerHTML.slice(0, 200));
}"""


@dataclass
class Canary:
    """A server on this machine that remembers what it was asked for."""

    url: str
    heard: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.heard.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    heard = Canary(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def hostile(canary: Canary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningApp, Hostile]]:
    """The app over a database that holds the hostile tenant alone."""
    folder = prepare(tmp_path_factory.mktemp("hostile"))
    database.start(Settings(data_dir=folder, database_url=None))
    made = store(canary.url)
    database.stop()
    app = served(launch_app(folder, free_port(), DEMO="0"))
    yield app, made
    stop_app(app)


@pytest.fixture
def sheet(browser: Browser, hostile: tuple[RunningApp, Hostile]) -> Iterator[Page]:
    """A tab high enough that a page is drawn to its end."""
    with tab(browser, hostile[0], height=2400, bypass_csp=True) as opened:
        yield opened


def visit(sheet: Page, address: str) -> None:
    """Open the address, and wait until the page's script has ended and what it drew is there."""
    sheet.goto(address, wait_until="commit")
    way_in = sheet.get_by_test_id("stSidebar").get_by_text("Acting as")
    foreign = sheet.get_by_role("heading", name="Not your tenant")
    expect(way_in.or_(foreign)).to_be_visible(timeout=_SLOW)
    settled(sheet)


def assert_inert(sheet: Page, canary: Canary, where: str) -> None:
    expect(sheet.get_by_test_id("stException")).to_have_count(0)
    expect(sheet.get_by_test_id("stSkeleton")).to_have_count(0, timeout=_SLOW)
    assert sheet.evaluate(DOM, canary.url) == [], where
    assert canary.heard == [], where


def test_the_canary_hears_an_image_and_the_look_finds_it(sheet: Page, canary: Canary) -> None:
    visit(sheet, "/event")
    with sheet.expect_request(f"{canary.url}/control"):
        sheet.evaluate("url => document.body.append(Object.assign(new Image(), {src: url}))", f"{canary.url}/control")
    sheet.wait_for_function("document.images[document.images.length - 1].complete")
    assert canary.heard == ["/control"]
    assert len(sheet.evaluate(DOM, canary.url)) == 1
    canary.heard.clear()


def test_every_parameter_that_the_code_reads_is_tried() -> None:
    modules = [*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in modules}
    constants: dict[str, str] = {}
    for module, tree in trees.items():
        for node in tree.body:
            constants |= {f"{module}.{name}": value for name, value in _constants(node)}
    read: set[str] = set()
    by_variable: set[tuple[str, str]] = set()
    for module, tree in trees.items():
        for key in _keys(tree):
            name = ast.unparse(key)
            if isinstance(key, ast.Constant):
                read.add(key.value)
            elif name.endswith(".key"):
                continue  # of a declared parameter
            elif constant := constants.get(name) or constants.get(f"{module}.{name}"):
                read.add(constant)
            elif not any(known.endswith(f".{name}") for known in constants):
                by_variable.add((module, name))
            else:  # imported by its name
                read |= {value for known, value in constants.items() if known.endswith(f".{name}")}
    assert by_variable == set(BY_VARIABLE)
    declared = set(_declared())
    assert len(declared) > 30
    tried = {name for groups in PARAMETERS.values() for group in groups for name in group}
    assert tried == read.union(declared, *BY_VARIABLE.values())


def _declared() -> Iterator[str]:
    """Names of the parameters that modules of lib.ui declare, and their aliases."""
    for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Choice | Text | Names | Flag | Place | Number):
                    yield one.key
                elif isinstance(one, UrlFilters):
                    yield from one.aliases


def _constants(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Names that a statement of a module gives to texts, also several at once."""
    if isinstance(node, ast.Assign):
        names, values = (getattr(one, "elts", [one]) for one in (node.targets[0], node.value))
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield name.id, value.value


_KINDS = {kind.__name__ for kind in (Choice, Text, Names, Flag, Place, Number)}


def _keys(tree: ast.Module) -> Iterator[ast.expr]:
    """What stands for a parameter's name: keys of widgets bound to the URL, and of reads and writes of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if "bind" in given:
                yield given["key"]
            if ast.unparse(node.func) in _KINDS:
                yield from node.args[:1]
            if isinstance(node.func, ast.Attribute) and _is_url(node.func.value):
                yield from node.args[:1]
        elif isinstance(node, ast.Subscript) and _is_url(node.value):
            yield node.slice
        elif isinstance(node, ast.Compare) and _is_url(node.comparators[0]):
            yield node.left


def _is_url(node: ast.expr) -> bool:
    return ast.unparse(node) == "st.query_params"


def ways_out(page: str) -> list[str]:
    return [*WAYS, *WAYS_OUT] if page == "/event" else WAYS


@pytest.mark.parametrize(
    ("page", "turn"),
    [
        pytest.param(page, turn, marks=[pytest.mark.slow] if turn else [])
        for page in PARAMETERS
        for turn in range(len(ways_out(page)))
    ],
)
def test_no_parameter_of_a_url_becomes_markdown(
    page: str, turn: int, sheet: Page, canary: Canary, hostile: tuple[RunningApp, Hostile]
) -> None:
    """Parameters that stand together try different ways; after as many turns as there are ways, each has tried all."""
    ways = ways_out(page)
    for group in PARAMETERS[page]:
        given = {key: value for name in group for key, value in GIVEN.get(name, {}).items()}
        given = {key: value.format(workflow=hostile[1].workflow) for key, value in given.items()}
        values = {
            name: f"x{short(canary.url, f'{turn}{place:x}', ways[(place + turn) % len(ways)])}"
            for place, name in enumerate(group)
        }
        visit(sheet, f"{page}?{urlencode({**given, **values})}")
        assert_inert(sheet, canary, f"{page} {group} turn {turn}")


@pytest.mark.parametrize(
    "address",
    [
        "/?q=hostile",
        "/?q=hostile&view=list",
        f"/?eventType={EVENT}",
        f"/event?eventType={EVENT}",
        "/event?eventType={type}",
        f"/define?eventType={EVENT}",
        f"/define?copy={EVENT}",
        "/define?from={type}",
        "/simulate",
        "/simulate?eventType={type}",
        "/metrics",
        "/metrics?show=Conformance",
        f"/metrics?eventType={EVENT}",
        "/metrics?eventType={type}",
        "/activity",
        "/activity?eventId={event}",
        "/workflows",
        "/runs",
        "/runs?runId={run}",
        "/runs?runId={waiting}",
        "/runs?workflowId={workflow}",
        "/me",
        "/schemas",
        "/audit",
        "/?unknownTypes=all",
        *(f"/settings?section={section}" for section in ("members", "tokens", "egress", "retention", "redaction")),
        "/designer?workflowId={draft}",
        *(
            f"/designer?workflowId={{workflow}}&tab={tab}"
            for tab in ("trigger", "steps", "details", "code", "dry+run", "versions")
        ),
    ],
)
def test_no_stored_value_becomes_markdown(
    address: str, sheet: Page, canary: Canary, hostile: tuple[RunningApp, Hostile]
) -> None:
    made = hostile[1]
    event_type = urlencode({"t": made.event_type})[2:]
    visit(
        sheet,
        address.format(
            type=event_type,
            **{name: str(getattr(made, name)) for name in ("event", "run", "waiting", "workflow", "draft")},
        ),
    )
    assert_inert(sheet, canary, address)
    # By the document, not the mouse: a page that follows a run never stands still.
    sheet.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(fold => fold.click())")
    expect(sheet.locator("details:not([open])")).to_have_count(0)
    settled(sheet)
    assert_inert(sheet, canary, f"folds of {address}")
