"""kill -9 of anything at any moment, under load: the app, a worker, a backend of PostgreSQL, PostgreSQL itself.

An embedded PostgreSQL is started again by whoever uses it, one elsewhere by its host, which here is the test.
FAULT_KILLS says how many, FAULT_EVENTS how many events at least. `pytest -s` prints what came of them.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.database import embedded_server
from lib.errors import DatabaseUnavailable
from lib.runs import engine
from lib.settings import Settings
from tests.e2e.conftest import RunningApp, free_port, launch_app, stop_app
from tests.e2e.operations.test_app_faults import Sender, compare, kill_whole, workload
from tests.e2e.runs.test_faults import Receiver, Workers
from tests.support import postgresql15
from tests.support.api_client import new_token
from tests.support.waiting import wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "10"))
EVENTS = int(os.environ.get("FAULT_EVENTS", "0"))
#: What is left to do after the last kill may be a run for every event.
_ENDED_WITHIN = 300 + EVENTS / 10
SENDERS, BATCH_SIZE = 4, 100
#: How often each is among what is killed at a moment. What takes longest to come back is killed seldom.
VICTIMS = {"worker": 0.4, "backend": 0.9, "postmaster": 0.9, "app": 0.1}
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
_ENVIRONMENT = {"API_RATE_PER_SECOND": "1e6", "API_BURST": "1000000", "AUTH": "off", "DEMO": "0"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + 30 * KILLS + EVENTS)]


@dataclass(frozen=True)
class Server:
    """A PostgreSQL: where its files are, how to reach it, what makes the app use it, and what its host does."""

    data_dir: Path
    cluster: Path
    address: str
    environment: dict[str, str]
    start_again: Callable[[], object]

    def url(self) -> str:
        return self.address

    def kill(self) -> bool:
        """kill -9 of the postmaster, whose host starts it again; False if it is on its way out already."""
        try:
            killed = _kill(int((self.cluster / "postmaster.pid").read_text().splitlines()[0]))
        except (FileNotFoundError, IndexError):
            killed = False
        self.start_again()
        return killed

    def kill_backend(self) -> bool:
        """kill -9 of a process that serves a client; False while there is none to be found."""
        try:
            with database.operate() as conn:
                return _kill(random.choice(conn.execute(text(BACKENDS)).scalars().all()))
        except (DatabaseUnavailable, IndexError):
            return False


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(params=["embedded", "elsewhere"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    if request.param == "embedded":
        held = embedded_server.start(tmp_path)
        yield Server(tmp_path, tmp_path / "postgres", held.url(), {}, lambda: None)
        held.stop()
        return
    if not postgresql15.BIN.exists():
        pytest.skip("no PostgreSQL 15 on this machine")
    with postgresql15.running(tmp_path) as url:
        cluster, port = tmp_path / "pg15", make_url(url).port
        assert port

        def start_again() -> None:
            embedded_server._clear_away(cluster)
            postgresql15.start(tmp_path, port)

        yield Server(tmp_path, cluster, url, {"DATABASE_URL": url}, start_again)


@pytest.fixture
def actor(server: Server) -> Iterator[Actor]:
    database.start(Settings(database_url=server.url()))
    engine.migrate(server.url())
    with database.operate() as conn:
        system_catalog.load(conn)
        tenant = actors.add_tenant(conn, name=f"Storm {uuid4()}")
    yield Actor(tenant, uuid4(), "storm@example.com", "manage")
    database.stop()


class Storm:
    """An app and workers on a server, and what is done to them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.port = free_port()
        self._receiver = Receiver()
        self.workers = Workers(server, self._receiver)  # type: ignore[arg-type]
        self.app = self._launch()
        self.restore()

    def kill(self, victim: str) -> bool:
        """kill -9 of it; whether it was there to be killed."""
        match victim:
            case "app":
                self._kill_app()
            case "worker":
                self.workers.kill_one()
            case "backend":
                return self._server.kill_backend()
            case "postmaster":
                return self._server.kill()
        return True

    def restore(self) -> None:
        """What the host does: whoever died is started anew. What started while the database was away may give up."""
        deadline = time.monotonic() + 300
        while not _serves(self.app):
            assert time.monotonic() < deadline
            if self.app.process.poll() is not None:
                assert self.app.process.returncode in (1, 3), self.app.log.read_text()
                self.app = self._launch()
            time.sleep(0.1)
        self.workers.keep(2)

    def stop(self) -> None:
        stop_app(self.app)
        self.workers.kill()
        self._receiver.stop()

    def _kill_app(self) -> None:
        kill_whole(self.app)
        self.app = self._launch()

    def _launch(self) -> RunningApp:
        return launch_app(self._server.data_dir, self.port, **_ENVIRONMENT, **self._server.environment)


def statuses(answer: Any) -> list[int]:
    """What became of a request, or of each event of a batch whose events did not all fare alike."""
    return [item["status"] for item in answer["items"]] if "items" in answer else [answer["status"]]


def _serves(app: RunningApp) -> bool:
    try:
        return bool(urlopen(f"{app.url}/_stcore/health", timeout=5).read())
    except OSError:
        return False


def test_whatever_is_killed_no_acknowledged_event_is_lost(server: Server, actor: Actor) -> None:
    workflow = workload(actor)
    storm = Storm(server)
    token = new_token(actor)
    senders = [Sender(storm.port, token, (BATCH_SIZE,), number, pause=0.5) for number in range(SENDERS)]
    killed, in_flight = Counter[str](), 0
    try:
        while killed.total() < KILLS or sum(len(one.answers) for one in senders) < EVENTS:
            await_moment(senders)
            is_in_flight = any(sender.in_flight for sender in senders)
            for victim in [one for one, chance in VICTIMS.items() if random.random() < chance]:
                is_killed = storm.kill(victim)
                killed[victim] += is_killed
                in_flight += is_killed and is_in_flight
            storm.restore()
            print(f"{killed.total()} kills, {sum(len(one.answers) for one in senders)} events", flush=True)
        for sender in senders:
            sender.stop()
        answers = {i: a for s in senders for i, a in s.answers.items()}
        print(f"{len(answers)} events were acknowledged; comparing", flush=True)
        storm.workers.start(2)  # those that met no database gave up
        compare(actor, workflow, answers, seconds=_ENDED_WITHIN)
        refused = Counter(status for sender in senders for refusal in sender.refusals for status in statuses(refusal))
        assert set(refused) <= {202, 503}, refused
        assert in_flight >= 0.9 * killed.total()
        unanswered = sum(sender.unanswered for sender in senders)
        print(f"\nkills: {dict(killed)}, with a request in flight: {in_flight}, posts without an answer: {unanswered}")
        print(f"events acknowledged: {len(answers)}, lost: 0, twice: 0, runs stuck: 0")
    finally:
        storm.stop()


def await_moment(senders: list[Sender]) -> None:
    """Wait for any moment, with a request under way, after all goes on."""
    before = [len(sender.answers) for sender in senders]
    wait_for(lambda: [len(sender.answers) for sender in senders] != before, seconds=120)
    time.sleep(random.uniform(0, 1))
    wait_for(lambda: any(sender.in_flight for sender in senders))
