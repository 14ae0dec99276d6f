"""The real app as its own process, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from lib import database, demo
from lib.catalog import system as system_catalog
from lib.settings import Settings
from lib.ui.people import acting_as

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


def start_app(data_dir: Path, *, events: int = 4000, **environment: str) -> RunningApp:
    """Start the app on a data directory, with a small demo in it, and wait until it serves."""
    if not (data_dir / "postgres").exists():
        database.start(Settings(data_dir=data_dir, database_url=None))
        with database.operate() as conn:
            system_catalog.load(conn)
            demo.load(conn, events=events)
        database.stop()
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
        env={**os.environ, "DATA_DIR": str(data_dir), **environment},
    )
    return RunningApp(f"http://localhost:{port}", data_dir, process, log)


def served(app: RunningApp) -> RunningApp:
    """Wait until the app serves; the same app."""
    deadline = time.monotonic() + 60
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


@pytest.fixture
def browser() -> Browser:
    """The one Chromium of this process."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here but is not installed")
        pytest.skip("Chromium is not installed (apt-get install chromium-headless-shell), so no browser test runs")
    if not _opened:
        expect.set_options(timeout=15_000)
        playwright = _chromium.enter_context(sync_playwright())
        _opened.append(playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS))
        _chromium.callback(_close)
    return _opened[0]


def _close() -> None:
    _contexts.clear()
    _opened.pop().close()


@contextmanager
def tab(browser: Browser, app: RunningApp, *, height: int = 1000, bypass_csp: bool = False) -> Iterator[Page]:
    """A tab at 1440 wide in front of this app, with nothing kept from other tests.

    The tabs of an app share a context, so Chromium compiles the app's scripts once and not in every test. Whatever
    happens in the tab must keep to the security policy, unless the browser is told to look past it.
    """
    kind = f"{app.url} {bypass_csp}"
    if kind not in _contexts:
        _contexts[kind] = browser.new_context(base_url=app.url, bypass_csp=bypass_csp)
    context = _contexts[kind]
    opened = context.new_page()
    violations: list[str] = []
    opened.on("console", lambda said: violations.append(said.text) if POLICY in said.text else None)
    opened.set_viewport_size({"width": 1440, "height": height})
    opened.set_default_timeout(20_000)
    yield opened
    if opened.url.startswith(app.url):
        opened.evaluate("localStorage.clear()")
    opened.close()
    assert violations == []
    if not context.pages:
        context.clear_cookies()


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
    with tab(browser, app) as opened:
        opened.on("request", lambda r: None if _own(r.url) else strangers.append(r.url))
        yield opened
        assert opened.locator("[data-testid=stException]").count() == 0
    assert strangers == []


def _own(url: str) -> bool:
    return url.startswith(("http://localhost:", "data:", "blob:", "chrome"))


def act_as(page: Page, label: str) -> None:
    """The page that this tab opens next is looked at as this person, as if a tab before had chosen them."""
    cookie = {"name": acting_as.KEY, "value": quote(label), "domain": "localhost", "path": "/"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
