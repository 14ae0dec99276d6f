"""While the app comes up for the first time, it says so: to browsers, to probes, and to clients by not failing them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningApp, free_port, launch_app, picture, stop_app
from tests.support.waiting import PATIENCE, wait_for

_STARTS_SECONDS = 150


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[RunningApp]:
    """An app that has begun to make its database and all else, and answers."""
    app = launch_app(tmp_path, free_port(), DEMO="0")
    wait_for(lambda: _status(app, "/healthz") == 200, seconds=_STARTS_SECONDS)
    yield app
    stop_app(app)


@pytest.mark.browser
def test_who_comes_early_is_told_and_led_in(page: Page, starting: RunningApp) -> None:
    early = _asked(starting, "/", accept="text/html")
    assert (early.status, early.headers["Retry-After"], early.headers["Cache-Control"]) == (503, "2", "no-store")
    assert "default-src 'self'" in early.headers["Content-Security-Policy"]
    ready = _asked(starting, "/readyz")
    assert (ready.status, json.loads(ready.read())["detail"]) == (503, "This process is starting.")
    page.goto(starting.url)
    expect(page.get_by_role("heading", name="The event catalog is starting")).to_be_visible()
    picture(page, "starting")
    # A client of the API waits, and is answered once all is up.
    assert _status(starting, "/api/v2/catalog", seconds=_STARTS_SECONDS) == 401
    assert _status(starting, "/readyz") == 200
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()


def test_a_start_that_is_told_to_end_ends_in_order(starting: RunningApp) -> None:
    assert _status(starting, "/readyz") == 503
    starting.process.terminate()
    assert starting.process.wait(_STARTS_SECONDS) == 0


def _status(app: RunningApp, path: str, *, seconds: float = PATIENCE) -> int | None:
    try:
        return _asked(app, path, seconds=seconds).status
    except OSError:
        return None


def _asked(app: RunningApp, path: str, *, accept: str = "*/*", seconds: float = PATIENCE) -> HTTPResponse | HTTPError:
    try:
        answer: HTTPResponse = urlopen(Request(app.url + path, headers={"Accept": accept}), timeout=seconds)
        return answer
    except HTTPError as error:
        return error
