"""SIGTERM ends the app in order: what is under way is answered, nothing new is taken, and viewers are told."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect
from websockets.exceptions import ConnectionClosed

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from lib.database import embedded_server
from lib.database.embedded_server import EmbeddedServer
from lib.settings import Settings
from tests.e2e.conftest import RunningApp, free_port, launch_app, prepare, served, settled, tab
from tests.support.api_client import STRUCTURED, event, new_token
from tests.support.viewer import viewing
from tests.support.waiting import wait_for

_SECONDS = 60
Launch = Callable[..., RunningApp]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The app's own server, held open here."""
    running = embedded_server.start(prepare(tmp_path_factory.mktemp("stop")))
    yield running
    running.stop()


@pytest.fixture
def launch(server: EmbeddedServer) -> Iterator[Launch]:
    """Starts the app; what still runs in the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int, **environment: str) -> RunningApp:
        app = served(launch_app(server.data_dir, port, DEMO="0", **environment))
        started.append(app.process)
        return app

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def token(server: EmbeddedServer) -> Iterator[str]:
    """A token of a new tenant; made once an app has made the tables."""
    database.start(Settings(database_url=server.url()))
    with database.operate() as conn:
        tenant = actors.add_tenant(conn, name=f"Stop {uuid4()}")
    yield new_token(Actor(tenant, uuid4(), "stop@example.com", "manage"))
    database.stop()


class HalfSent:
    """A request whose body is still on its way."""

    def __init__(self, port: int, token: str) -> None:
        body = json.dumps(event(type="NOTE_CREATED", data={})).encode()
        head = (
            f"POST /api/v2/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: {STRUCTURED}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._rest = body[1:]
        self._socket = socket.create_connection(("localhost", port), timeout=_SECONDS)
        self._socket.sendall(head.encode() + body[:1])

    def finish(self) -> http.client.HTTPResponse:
        """Send the rest and read the answer."""
        self._socket.sendall(self._rest)
        answer = http.client.HTTPResponse(self._socket)
        answer.begin()
        answer.read()
        return answer


def readiness(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost", port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("detail", "")
    finally:
        connection.close()


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("localhost", port), timeout=_SECONDS).close()
    except OSError:
        return True
    return False


def port_of(app: RunningApp) -> int:
    return int(app.url.rpartition(":")[2])


def test_requests_under_way_are_answered_and_no_other_is_taken(launch: Launch, token: str) -> None:
    app = launch(free_port())
    under_way = HalfSent(port_of(app), token)
    with viewing(app.url) as viewer:
        viewer.rerun()
        app.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            while True:  # what is asked for before the server hears of its end is answered
                viewer.rerun()
        assert closed.value.rcvd and closed.value.rcvd.code == 1012, "the server restarts"
    wait_for(lambda: is_refused(port_of(app)))
    assert under_way.finish().status == 202
    assert app.process.wait(_SECONDS) == 0
    assert "Traceback" not in app.log.read_text()


def test_with_a_grace_what_is_ready_is_said_before_requests_are_refused(launch: Launch, token: str) -> None:
    app = launch(free_port(), STOP_GRACE_SECONDS="300")
    assert readiness(port_of(app)) == (200, "")
    app.process.send_signal(signal.SIGTERM)
    wait_for(lambda: readiness(port_of(app)) == (503, "This process is stopping."))
    assert HalfSent(port_of(app), token).finish().status == 202
    app.process.send_signal(signal.SIGTERM)
    assert app.process.wait(_SECONDS) == 1, "a second signal cuts the end short"


@pytest.mark.slow
def test_a_request_that_does_not_end_holds_the_end_up_for_ten_seconds(launch: Launch, token: str) -> None:
    app = launch(free_port())
    HalfSent(port_of(app), token)
    app.process.send_signal(signal.SIGTERM)
    assert app.process.wait(30) == 0


@pytest.mark.browser
def test_a_viewer_is_back_once_the_app_is(browser: Browser, launch: Launch) -> None:
    app = launch(free_port())
    with tab(browser, app) as page:
        page.goto("/")
        heading = page.get_by_role("heading", name="Workflow Event Catalog")
        expect(heading).to_be_visible(timeout=60_000)
        app.process.send_signal(signal.SIGTERM)
        assert app.process.wait(_SECONDS) == 0
        connected = page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]")
        expect(connected).to_have_count(0)
        lost = page.get_by_role("dialog", name="The app does not answer")
        expect(lost.get_by_text("This page comes back by itself")).to_be_visible()
        expect(page.get_by_text("streamlit run")).to_be_hidden()
        launch(port_of(app))
        expect(connected).to_have_count(1, timeout=60_000)
        settled(page)
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("link", name="Activity", exact=True).click()
        expect(page.get_by_role("heading", name="Activity")).to_be_visible(timeout=60_000)


@pytest.mark.browser
def test_what_is_pressed_in_a_dialog_of_an_app_that_is_gone_is_told_not_to_be_done(
    browser: Browser, launch: Launch
) -> None:
    """The next process knows of no dialog: it was gone without a word, with what was typed."""
    app = launch(free_port())
    with tab(browser, app) as page:
        page.goto("/settings?section=members")
        page.get_by_role("button", name="Add a member").click(timeout=60_000)
        dialog = page.get_by_role("dialog", name="Add a member")
        dialog.get_by_label("E-mail").fill("off@example.com")
        dialog.get_by_label("Name").fill("Off Line")
        app.process.send_signal(signal.SIGTERM)
        assert app.process.wait(_SECONDS) == 0
        connected = page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]")
        expect(connected).to_have_count(0)
        launch(port_of(app))
        expect(connected).to_have_count(1, timeout=60_000)
        expect(dialog.get_by_label("Name")).to_have_value("Off Line")
        dialog.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("The app was started anew since you opened this")).to_be_visible(timeout=60_000)
        expect(dialog).to_have_count(0)
