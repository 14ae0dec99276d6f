"""Two web processes and three workers on one PostgreSQL, behind each proxy as docs/hosting configures it, with TLS."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from lib import database, demo
from lib.auth.actors import Actor
from lib.database import Database
from tests.conftest import CloneFactory, add_person
from tests.e2e.conftest import POLICY, ROOT, RunningApp, free_port, launch_app, served, settled
from tests.support import proxies
from tests.support.api_client import event, new_token
from tests.support.waiting import PATIENCE, wait_for
from tests.support.workflow_runs import event_trigger, log_step, publish

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

TICKET = {"tenantId": str(uuid4()), "ticketId": str(uuid4())}
TRIGGER = event_trigger("TICKET_CREATED", "payload.TicketCreated.v1")
UNTRUSTED = ssl._create_unverified_context()  # the certificate of the test is its own
RECONNECT_SECONDS = 5


@dataclass
class Several:
    """The processes, and the tenant that events are sent to."""

    db: Database
    web: list[RunningApp]
    workers: list[subprocess.Popen[bytes]]
    proxy: proxies.Proxy
    actor: Actor
    environment: dict[str, str]

    def kill_web(self, which: int) -> None:
        self.web[which].process.kill()
        self.web[which].process.wait()

    def start_web_again(self, which: int) -> None:
        old = self.web[which]
        port = int(old.url.rpartition(":")[2])
        self.web[which] = served(launch_app(old.data_dir, port, **self.environment))


@pytest.fixture(params=sorted(proxies.PROGRAMS))
def several(request: pytest.FixtureRequest, clone: CloneFactory, tmp_path: Path) -> Iterator[Several]:
    if not proxies.PROGRAMS[request.param].exists():
        pytest.fail(f"{request.param} is needed here") if os.environ.get("REQUIRE_BROWSER") else pytest.skip(
            f"{request.param} is not installed (apt-get install haproxy nginx-light)"
        )
    with clone() as db:
        database.use(db)
        with database.operate() as conn:
            demo.load(conn, events=1000)
        ports = (free_port(), free_port())
        with _processes(db, ports[0], tmp_path) as (web, workers, environment):
            web_ports = [int(one.url.rpartition(":")[2]) for one in web]
            with proxies.in_front_of(request.param, web_ports, ports, tmp_path / "proxy") as proxy:
                yield Several(db, web, workers, proxy, add_person(db, "admin", name="Acme"), environment)
        database.use(None)


@contextmanager
def _processes(
    db: Database, public_port: int, folder: Path
) -> Iterator[tuple[list[RunningApp], list[subprocess.Popen[bytes]], dict[str, str]]]:
    owner, app = (engine.url.render_as_string(hide_password=False) for engine in (db.owner, db.app))
    environment = {
        "DATABASE_URL": owner,
        "APP_DATABASE_URL": app,
        "AUTH": "off",
        "WORKER": "external",
        "PUBLIC_URL": f"https://localhost:{public_port}",
    }
    web: list[RunningApp] = []
    workers: list[subprocess.Popen[bytes]] = []
    try:
        for n in range(2):
            (folder / f"web{n}").mkdir()
            web.append(served(launch_app(folder / f"web{n}", free_port(), **environment)))
        for n in range(3):
            workers.append(_worker(folder / f"worker{n}.log", environment))
        yield web, workers, environment
    finally:
        for process in (*(one.process for one in web), *workers):
            process.terminate()
        for process in (*(one.process for one in web), *workers):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _worker(log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "lib.worker"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture
def page(browser: Browser, several: Several) -> Iterator[Page]:
    context = browser.new_context(base_url=several.proxy.url, ignore_https_errors=True)
    opened = context.new_page()
    violations: list[str] = []
    opened.on("console", lambda said: violations.append(said.text) if POLICY in said.text else None)
    opened.set_default_timeout(90_000)
    yield opened
    context.close()
    assert violations == []


class Sender:
    """Sends events one after the other, each until it is answered, and keeps what it had to wait."""

    def __init__(self, several: Several) -> None:
        self.token = new_token(several.actor)
        self._url = f"{several.proxy.url}/api/v2/events"
        self.answered: list[UUID] = []
        self.refused: list[str] = []
        self.longest = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(60)

    def wait_for(self, more: int) -> None:
        """Wait until so many more events are answered."""
        enough = len(self.answered) + more
        wait_for(lambda: len(self.answered) >= enough)

    def _run(self) -> None:
        while not self._stopped.is_set():
            sent, began = event(data=TICKET), time.monotonic()
            while (answer := self._send(sent)) is None:
                time.sleep(0.05)  # as a client does that tries again
            self.longest = max(self.longest, time.monotonic() - began)
            self.answered.append(UUID(answer["eventId"]))

    def _send(self, sent: dict[str, Any]) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/cloudevents+json"}
        try:
            request = Request(self._url, json.dumps(sent).encode(), headers)
            with urlopen(request, timeout=10, context=UNTRUSTED) as answer:
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except HTTPError as error:
            assert error.code in (429, 502, 503, 504), error.read()
            self.refused.append(str(error.code))
        except (OSError, HTTPException) as error:
            self.refused.append(type(error).__name__)
        return None


def statuses(several: Several, events: list[UUID]) -> list[str]:
    """The state of the run of each of these events."""
    found = text("SELECT status FROM workflow_runs WHERE trigger_event_id = ANY (:events)")
    with several.db.owner.connect() as conn:
        return list(conn.execute(found, {"events": events}).scalars())


def asked_for(several: Several, target: str, *accept: str) -> tuple[int, bytes]:
    """What the proxy answers to a request with these Accept headers, each a line of its own."""
    with closing(HTTPSConnection(several.proxy.url.rpartition("/")[2], timeout=PATIENCE, context=UNTRUSTED)) as asking:
        asking.putrequest("GET", target)
        for one in accept:
            asking.putheader("Accept", one)
        asking.endheaders()
        answer = asking.getresponse()
        return answer.status, answer.read()


def test_pages_uploads_and_files_work_through_the_proxy(several: Several, page: Page) -> None:
    answer = page.goto("/")
    assert answer is not None
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    plain = page.context.request.get(f"{several.proxy.plain_url}/activity?live=true", max_redirects=0)
    assert plain.status == 308 and plain.headers["location"].startswith("https://")
    expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible()
    kept = {one["name"]: one for one in page.context.cookies()}
    assert kept["event_catalog_node"]["httpOnly"]
    assert all(one["secure"] for one in kept.values() if one["name"] != "acting_as"), kept
    for path, heading in (("/activity", "Activity"), ("/runs", "Runs"), ("/workflows", "Workflows")):
        page.goto(path)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    for target in ("/metrics", "/%6detrics"):
        assert asked_for(several, target, "text/plain")[0] == 404, "counters are for this machine"
        assert b"# TYPE" not in asked_for(several, target, "text/plain", "text/html")[1]
    page.goto("/simulate?eventType=TICKET_CREATED")
    page.get_by_role("button", name="Send event").click()
    expect(page.get_by_text("Event sent")).to_be_visible()
    expect(page.get_by_role("link", name="Succeeded").first).to_be_visible(timeout=60_000)
    page.goto("/import")
    message = {"name": "UPLOADED", "payload": {"type": "object"}}
    document = json.dumps(
        {
            "asyncapi": "3.0.0",
            "info": {"title": "Ours", "version": "1"},
            "channels": {"ours": {"messages": {"UPLOADED": message}}},
            "operations": {"send": {"action": "send", "channel": {"$ref": "#/channels/ours"}}},
        }
    )
    page.locator("input[type=file]").set_input_files(
        {"name": "ours.json", "mimeType": "application/json", "buffer": document.encode()}
    )
    expect(page.get_by_text("ours.json").first).to_be_visible()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Import 1 event")).to_be_visible()
    page.goto("/")
    page.get_by_role("button", name="Export and import").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbfevent_type,")


class Viewing:
    """A page that is looked at, and when it connected."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.connected: list[float] = []
        page.on("websocket", lambda _: self.connected.append(time.monotonic()))

    def survives(self, kill: Callable[[], None], search: str) -> float | None:
        """Seconds until the page had connected anew after the kill; None if it met another process than the page's."""
        before = len(self.connected)
        kill()
        killed = time.monotonic()
        self.page.get_by_role("searchbox", name="Search events").fill(search)
        expect(self.page).to_have_url(re.compile(rf"q={search}(&|$)"))
        expect(self.page.get_by_text("No event matches these filters")).to_be_visible()
        return self.connected[before] - killed if len(self.connected) > before else None


def test_a_killed_web_process_costs_viewers_seconds_and_senders_nothing(several: Several, page: Page) -> None:
    publish(several.actor.tenant, [log_step("one")], trigger=TRIGGER)
    viewing = Viewing(page)
    page.goto("/?q=ticket&category=Tickets")
    expect(page.get_by_role("searchbox", name="Search events")).to_have_value("ticket", timeout=60_000)
    settled(page)
    seconds: list[float | None] = []
    with Sender(several) as sender:
        for which in (0, 1):
            seconds.append(viewing.survives(partial(several.kill_web, which), f"none{which}"))
            assert "category=Tickets" in page.url
            sender.wait_for(5)
            assert sender.longest < RECONNECT_SECONDS, sender.refused
            several.start_web_again(which)
            settled(page)
            sender.wait_for(5)
            if not several.proxy.checks:  # it sent to a process that was starting; see nginx.conf
                sender.longest = 0.0
    hits = [one for one in seconds if one is not None]
    assert hits and max(hits) < RECONNECT_SECONDS, seconds
    assert sender.longest < RECONNECT_SECONDS, sender.refused
    with several.db.owner.connect() as conn:
        count = text("SELECT count(*) FROM workflow_runtime_events WHERE event_id = ANY (:events)")
        assert conn.execute(count, {"events": sender.answered}).scalar_one() == len(set(sender.answered))


def test_a_killed_workers_runs_go_to_the_others(several: Several) -> None:
    publish(several.actor.tenant, [log_step(f"step{n}") for n in range(5)], trigger=TRIGGER)
    with Sender(several) as sender:
        wait_for(lambda: "SUCCEEDED" in statuses(several, sender.answered))
        sender.wait_for(30)
        several.workers[0].send_signal(signal.SIGKILL)
        sender.wait_for(20)
    wait_for(lambda: statuses(several, sender.answered) == ["SUCCEEDED"] * len(sender.answered))
    assert sender.refused == []
