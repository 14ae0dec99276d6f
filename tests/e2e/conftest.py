"""The real app as its own process, and a real Chromium in front of it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from lib import database, demo
from lib.catalog import system as system_catalog
from lib.database import embedded_server
from lib.settings import Settings
from lib.ui.people import acting_as
from tests.conftest import NOT_FOR_LONG

ROOT = Path(__file__).resolve().parents[2]
# The shell draws the same pages at a third of the work: it has no window, no tabs, no extensions.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# What Chromium says in the console of whatever the security policy refuses.
POLICY = "Content Security Policy"


@dataclass
class RunningApp:
    """The app under test."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(data_dir: Path, *, events: int = 0) -> Path:
    """Give a new folder of the run a database with the system's catalog, and a demo of so many events; the folder."""
    of_the_run = data_dir.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else data_dir.parent
    _copy(_prepared(of_the_run, events), data_dir)
    return data_dir


def _prepared(folder: Path, events: int) -> Path:
    """Such a data directory in this folder, made by whoever asks first."""
    ready, made = folder / f"prepared-{events}", folder / f"prepared-{events}.new"
    with (folder / f"prepared-{events}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.exists():
            return ready
        made.mkdir(exist_ok=True)
        if events:
            _copy(_prepared(folder, 0), made)
        database.start(Settings(data_dir=made, database_url=None))
        with database.operate() as conn:
            system_catalog.load(conn)
            if events:
                demo.load(conn, events=events)
        database.stop()
        if not events:
            with (made / "postgres" / "postgresql.conf").open("a") as settings:
                settings.writelines(f"{name} = off\n" for name in NOT_FOR_LONG)
        return made.rename(ready)


def _copy(ready: Path, folder: Path) -> None:
    # With its owner, whom the server runs as.
    subprocess.run(["cp", "-a", f"{ready}/.", folder], check=True)


def start_app(data_dir: Path, *, events: int = 20_000, **environment: str) -> RunningApp:
    """Start the app on a data directory, with a small demo in it, and wait until it serves."""
    if not (data_dir / "postgres").exists():
        prepare(data_dir, events=events)
    return served(launch_app(data_dir, free_port(), **environment))


def launch_app(
    data_dir: Path, port: int, *, program: Sequence[str] = ("streamlit", "run", "app.py"), **environment: str
) -> RunningApp:
    """Start the app's process on that port, or another program's; `served` waits for it."""
    log = data_dir / "app.log"
    process = subprocess.Popen(
        [sys.executable, "-m", *program, "--server.port", str(port)],
        cwd=ROOT,
        stdout=log.open("ab"),
        stderr=subprocess.STDOUT,
        # No events but the test's own, as tests count them.
        env={**os.environ, "DATA_DIR": str(data_dir), "DEMO_EVENTS_PER_MINUTE": "0", **environment},
    )
    return RunningApp(f"http://localhost:{port}", data_dir, process, log)


def served(app: RunningApp) -> RunningApp:
    """Wait until the app serves; the same app."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            urlopen(f"{app.url}/_stcore/health", timeout=2).read()
            return app
        except (URLError, OSError):
            assert app.process.poll() is None, app.log.read_text()
            time.sleep(0.1)
    stop_app(app)
    raise AssertionError(app.log.read_text())


def stop_app(app: RunningApp) -> None:
    app.process.terminate()
    try:
        app.process.wait(20)
    except subprocess.TimeoutExpired:
        app.process.kill()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    running = start_app(tmp_path_factory.mktemp("app"))
    yield running
    stop_app(running)


# The Chromium of this process, while browser tests follow each other. Not a fixture of the session: its event loop
# must not run while other tests start an engine.
_chromium = ExitStack()
_opened: list[Browser] = []
_contexts: dict[str, BrowserContext] = {}
# A tab of each that no test is in.
_idle: dict[str, Page] = {}


@pytest.fixture
def browser() -> Browser:
    """The one Chromium of this process."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here but is not installed")
        pytest.skip("Chromium is not installed (apt-get install chromium-headless-shell), so no browser test runs")
    if not _opened:
        expect.set_options(timeout=30_000)
        playwright = _chromium.enter_context(sync_playwright())
        _opened.append(playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS))
        _chromium.callback(_close)
    return _opened[0]


def _close() -> None:
    _idle.clear()
    _contexts.clear()
    _opened.pop().close()


@contextmanager
def tab(browser: Browser, app: RunningApp, *, height: int = 1000, bypass_csp: bool = False) -> Iterator[Page]:
    """A tab at 1440 wide in front of this app, with nothing kept from other tests.

    Tests that follow each other use one tab: a new one would have a process of its own, which compiles the app's
    scripts once more. Whatever happens in the tab must keep to the security policy, unless the browser is told to look
    past it.
    """
    kind = f"{app.url} {bypass_csp}"
    if kind not in _contexts:
        _contexts[kind] = browser.new_context(base_url=app.url, bypass_csp=bypass_csp)
    context = _contexts[kind]
    opened = _idle.pop(kind, None) or context.new_page()
    violations: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if POLICY in said.text:
            violations.append(said.text)

    opened.on("console", note)
    opened.set_viewport_size({"width": 1440, "height": height})
    opened.set_default_timeout(40_000)
    yield opened
    opened.remove_listener("console", note)
    _leave(opened, app, kind)
    assert violations == []
    if context.pages == [one for one in (_idle.get(kind),) if one]:
        context.clear_cookies()


def _leave(opened: Page, app: RunningApp, kind: str) -> None:
    """Have the next test find the tab as if it were new, at an address of the app that runs nothing."""
    try:
        if opened.url.startswith(app.url):
            opened.evaluate("localStorage.clear(), sessionStorage.clear()")
        opened.goto(f"{app.url}/_stcore/health")
        opened.emulate_media(media="null", color_scheme="null", reduced_motion="null")
        opened.mouse.move(0, 0)
    except PlaywrightError:  # the app is gone, or the page is
        opened.close()
    else:
        if kind in _idle:
            opened.close()
        else:
            _idle[kind] = opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Close Chromium after the last of the browser tests."""
    yield
    if nextitem is None or not nextitem.get_closest_marker("browser"):
        _chromium.close()


@pytest.fixture
def page(browser: Browser, app: RunningApp) -> Iterator[Page]:
    """A page at 1440 wide that fails its test if it ever shows a traceback or asks anyone but the app."""
    strangers: list[str] = []

    def note(asked: Request) -> None:
        if not _own(asked.url):
            strangers.append(asked.url)

    with tab(browser, app) as opened:
        opened.on("request", note)
        yield opened
        opened.remove_listener("request", note)
        assert opened.locator("[data-testid=stException]").count() == 0
    assert strangers == []


def _own(url: str) -> bool:
    return url.startswith(("http://localhost:", "data:", "blob:", "chrome"))


@contextmanager
def database_of(app: RunningApp) -> Iterator[psycopg.Connection]:
    """The database of a running app as its superuser; what is written is committed at the end."""
    server = embedded_server.start(app.data_dir)
    try:
        with psycopg.connect(server.url().replace("+psycopg", "")) as conn:
            yield conn
    finally:
        server.stop()


@pytest.fixture
def failed_run(app: RunningApp) -> None:
    """One more run of this week failed: the demo is small, and other tests run failed ones again."""
    with database_of(app) as conn:
        done = conn.execute(
            "UPDATE workflow_runs SET status = 'FAILED' WHERE run_id = (SELECT run_id FROM workflow_runs"
            " JOIN tenants USING (tenant) WHERE tenants.name = 'Northwind IT' AND status = 'SUCCEEDED'"
            " AND origin = 'live' AND triggered_at BETWEEN now() - interval '6 days' AND now() - interval '1 day'"
            " ORDER BY triggered_at DESC LIMIT 1)"
        )
        assert done.rowcount == 1


@pytest.fixture
def owned(app: RunningApp) -> Iterator[None]:
    """An event of the demo's tenant with an owner and a tag, so that the catalog has the filters for these."""
    with own_event(app, "OWNED", owner="Field team", tags=["hardware"]):
        yield


@contextmanager
def own_event(
    app: RunningApp,
    event_type: str,
    *,
    schema: Mapping[str, Any] | None = None,
    owner: str | None = None,
    tags: Sequence[str] = (),
) -> Iterator[None]:
    """An event type that the demo's first tenant has defined, gone afterwards."""
    name = event_type.replace("_", " ").title()
    with database_of(app) as conn:
        conn.execute(
            "INSERT INTO event_catalog (tenant, event_type, name, description, category, status, payload_schema,"
            " correlation_paths, owner, tags) SELECT tenant, %s, %s, '', 'Own', 'active', %s, '{}', %s, %s"
            " FROM tenants WHERE name = 'Northwind IT'",
            (event_type, name, None if schema is None else json.dumps(schema), owner, list(tags)),
        )
    try:
        yield
    finally:
        with database_of(app) as conn:
            conn.execute("DELETE FROM event_catalog WHERE event_type = %s", (event_type,))


def act_as(page: Page, label: str) -> None:
    """The page that this tab opens next is looked at as this person, as if a tab before had chosen them."""
    cookie = {"name": acting_as.KEY, "value": quote(label), "domain": "localhost", "path": "/"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def settled(page: Page) -> None:
    """Wait until the page has nothing more to draw: a click on what is about to be redrawn is lost."""
    # A wait for an element looks at every frame, where Playwright's expectations look after ever longer waits. A script
    # would too, but the security policy refuses it.
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(state="attached")


def picture(page: Page, name: str) -> None:
    """With SHOTS=folder, save how the page looks at 1440 and 390, light and dark, for someone to look at."""
    if not (folder := os.environ.get("SHOTS")):
        return
    for width, height in ((390, 844), (1440, 1000)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(700)  # for the eye alone: charts and menus move to their places
            page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png")
