"""The security policy in a browser: it stops what it is for, and lets components of the app be drawn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import POLICY, ROOT, RunningApp, free_port, launch_app, served, stop_app
from tests.support.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.browser

PATHS = ["/", "/metrics", "/nowhere", "/_stcore/health", "/_stcore/host-config", "/static/css/none.css", "/healthz"]


@dataclass
class Elsewhere:
    """A site of somebody else that shows the app in a frame, and what it was asked for."""

    url: str
    heard: list[str]


@pytest.fixture
def elsewhere(app: RunningApp) -> Iterator[Elsewhere]:
    heard: list[str] = []

    class Framing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{app.url}/" width="900" height="700"></iframe>'.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Framing)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Elsewhere(f"http://127.0.0.1:{server.server_port}", heard)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_policy(app: RunningApp, path: str) -> None:
    try:
        answer = urlopen(Request(app.url + path, headers={"Accept": "text/html"}), timeout=PATIENCE)
    except OSError as error:  # an answer that is an error has the headers too
        answer = error  # type: ignore[assignment]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_frame_around_the_app_stays_empty(browser: Browser, elsewhere: Elsewhere) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(elsewhere.url)
    page.wait_for_load_state("networkidle")
    assert any("frame" in text for text in said)
    assert page.frames[1].locator("[data-testid=stApp]").count() == 0
    page.close()


def test_what_is_injected_neither_runs_nor_asks_elsewhere(
    browser: Browser, app: RunningApp, elsewhere: Elsewhere
) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if POLICY in message.text else None)
    page.goto(app.url)
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()
    assert said == []
    page.evaluate(
        """elsewhere => {
          const made = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));
          made('script', {textContent: 'window.ran = true'});
          made('script', {src: elsewhere});
          made('img', {src: elsewhere});
          made('iframe', {src: elsewhere});
          fetch(elsewhere).catch(() => {});
        }""",
        elsewhere.url,
    )
    wait_for(lambda: page.evaluate("window.ran === undefined") and len(said) >= 5)
    assert elsewhere.heard == []
    page.close()


def test_a_component_of_the_app_is_drawn_under_the_policy(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(
        dedent("""
            import streamlit as st

            drawn = st.components.v2.component(
                "two_lines",
                html="<p id='here'>not yet</p>",
                js="export default ({parentElement}) => {parentElement.querySelector('#here').textContent = 'drawn'}",
            )
            drawn()
        """)
    )
    (tmp_path / "own_app.py").write_text(
        dedent(f"""
            import sys
            sys.path.insert(0, {str(ROOT)!r})
            from pathlib import Path
            import streamlit as st
            from starlette.middleware import Middleware
            from lib.api import WebSecurity

            index = Path(st.__file__).parent / "static" / "index.html"
            app = st.App({str(tmp_path / "page.py")!r}, middleware=[Middleware(WebSecurity, documents=[index])])
        """)
    )
    running = launch_app(tmp_path, free_port(), program=("streamlit", "run", str(tmp_path / "own_app.py")))
    try:
        served(running)
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if POLICY in message.text else None)
        page.goto(running.url)
        expect(page.get_by_text("drawn", exact=True)).to_be_visible()
        assert said == []
        page.close()
    finally:
        stop_app(running)
