"""kill -9 of the app itself while events stream in over its API: nothing that was acknowledged is lost.

FAULT_KILLS says how many. `pytest -s` prints what came of them.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
from sqlalchemy import text

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.database import embedded_server
from lib.database.embedded_server import EmbeddedServer
from lib.runs import engine
from lib.settings import Settings
from tests.e2e.conftest import RunningApp, free_port, launch_app, served, stop_app
from tests.support.api_client import BATCH, STRUCTURED, event, new_token
from tests.support.waiting import PATIENCE, wait_for
from tests.support.workflow_runs import await_run, event_trigger, expr, log_step, no_trace_left, publish, step

KILLS = int(os.environ.get("FAULT_KILLS", "10"))
EVENT, REF, QUIET_EVENT = "TICKET_CREATED", "payload.TicketCreated.v1", "TICKET_CLOSED"
_STARTING = 5  # events of a request that start a run: the runs are to keep up with the storm
_NO_LIMIT = {"API_RATE_PER_SECOND": "1e6", "API_BURST": "1000000"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 30 * KILLS)]


@dataclass(frozen=True)
class Storm:
    """Who sends what while the app is killed: so many senders, requests of these sizes. One kill in so many hits the
    start of the app; `in_flight` is the share of all kills at which at least one request is under way."""

    senders: int
    sizes: tuple[int, ...]
    starts: int
    in_flight: float


STORMS = {
    "mostly single": Storm(senders=3, sizes=(1, 1, 1, 5), starts=4, in_flight=0),
    "batches of 100": Storm(senders=4, sizes=(100,), starts=12, in_flight=0.9),
}


EXAMPLES = {entry.event_type: entry.example for entry in system_catalog.read()}


class Sender:
    """A client as clients should be: it sends an event again, under the same id, until it has the answer."""

    def __init__(self, port: int, token: str, sizes: tuple[int, ...], number: int, *, pause: float = 0.1) -> None:
        self._port, self._token, self._sizes, self._number, self._pause = port, token, sizes, number, pause
        self.answers: dict[str, dict[str, Any]] = {}
        self.in_flight = False
        self.unanswered = 0
        self.refusals: list[Any] = []
        self._stop = threading.Event()
        # A daemon: should the app never come back, it would ask for ever.
        self._thread = threading.Thread(target=self._stream, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have what was sent acknowledged, then end."""
        self._stop.set()
        self._thread.join()

    def _stream(self) -> None:
        while not self._stop.wait(self._pause):
            first = len(self.answers)
            events = [self._event(first + n, n) for n in range(random.choice(self._sizes))]
            answers = self._until_answered(events)
            self.answers |= {sent["id"]: answer for sent, answer in zip(events, answers, strict=True)}

    def _event(self, number: int, place: int) -> dict[str, Any]:
        event_type = EVENT if place < _STARTING else QUIET_EVENT
        return event(id=f"{self._number}-{number}", source="/storm", type=event_type, data=EXAMPLES[event_type])

    def _until_answered(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        while True:
            try:
                status, answer = self._post(events)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
            else:
                if status == 202:
                    return [item["event"] for item in answer["items"]] if len(events) > 1 else [answer]
                self.refusals.append(answer)
            time.sleep(0.05)

    def _post(self, events: list[dict[str, Any]]) -> tuple[int, Any]:
        single = len(events) == 1
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": STRUCTURED if single else BATCH}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/api/v2/events", json.dumps(events[0] if single else events), headers)
            self.in_flight = True
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            self.in_flight = False
            connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The app's own server, held open here so that the test can look into it."""
    running = embedded_server.start(tmp_path_factory.mktemp("app-faults"))
    database.start(Settings(database_url=running.url()))
    engine.migrate(running.url())
    yield running
    database.stop()
    running.stop()


@pytest.fixture
def actor(server: EmbeddedServer) -> Actor:
    with database.operate() as conn:
        system_catalog.load(conn)
        tenant = actors.add_tenant(conn, name=f"Storm {uuid4()}")
    return Actor(tenant, uuid4(), "storm@example.com", "manage")


@pytest.mark.parametrize("storm", STORMS.values(), ids=STORMS.keys())
def test_killed_app_loses_no_acknowledged_event(server: EmbeddedServer, actor: Actor, storm: Storm) -> None:
    workflow = workload(actor)
    token, port, in_flight = new_token(actor), free_port(), 0
    app = served(launch_app(server.data_dir, port, DEMO="0", **_NO_LIMIT))
    senders = [Sender(port, token, storm.sizes, number) for number in range(storm.senders)]
    try:
        for kill in range(KILLS):
            if kill % storm.starts == storm.starts - 1:
                time.sleep(random.uniform(0, 3))
            else:
                served(app)
                await_moment(senders, storm)
            in_flight += any(sender.in_flight for sender in senders)
            kill_whole(app)
            app = launch_app(server.data_dir, port, DEMO="0", **_NO_LIMIT)
        served(app)
        for sender in senders:
            sender.stop()
        compare(actor, workflow, {i: a for s in senders for i, a in s.answers.items()})
        refusals = [refusal for sender in senders for refusal in sender.refusals]
        assert all(refusal["status"] == 503 for refusal in refusals), refusals
        assert in_flight >= storm.in_flight * KILLS
        acknowledged, unanswered = sum(len(s.answers) for s in senders), sum(s.unanswered for s in senders)
        print(f"\nkills: {KILLS}, with a request in flight: {in_flight}, posts without an answer: {unanswered}")
        print(f"events acknowledged: {acknowledged}, lost: 0, twice: 0")
    finally:
        stop_app(app)


def workload(actor: Actor) -> UUID:
    """A workflow that the events of a storm start."""
    steps = [
        step("set", "transform.assign", assign={"vars.id": expr("payload.ticketId")}),
        step("nap", "time.wait", seconds=0.2),
        step("each", "control.forEach", items=expr("[1..3]"), steps=[log_step("log", expr("vars.id"))]),
        step("end", "control.return", output=expr("vars.id")),
    ]
    return publish(actor.tenant, steps, trigger=event_trigger(EVENT, REF))


def await_moment(senders: list[Sender], storm: Storm) -> None:
    """Wait for any moment at which the app takes events in, with a request under way if the storm asks for that."""
    before = [len(sender.answers) for sender in senders]
    wait_for(lambda: [len(sender.answers) for sender in senders] != before)
    time.sleep(random.uniform(0, 2))
    if storm.in_flight:
        wait_for(lambda: any(sender.in_flight for sender in senders))


def kill_whole(app: RunningApp) -> None:
    """kill -9 of the app alone; its checker processes must notice and leave by themselves."""
    children = psutil.Process(app.process.pid).children(recursive=True)
    app.process.kill()
    app.process.wait()
    _, left = psutil.wait_procs([c for c in children if "postgres" not in c.name()], timeout=PATIENCE)
    assert left == []


def compare(actor: Actor, workflow: UUID, answers: dict[str, dict[str, Any]], *, seconds: float = 60) -> None:
    """Every acknowledged event is there once, with the runs that its answer names; and every run has its event.

    A run may take so many seconds from now on to end, and each one after it as many more.
    """
    with database.operate() as conn:
        events = conn.execute(
            text(
                "SELECT s.submission_id, e.event_id, m.run_id FROM workflow_runtime_events e"
                " LEFT JOIN event_submissions s USING (tenant, event_id)"
                " LEFT JOIN workflow_event_matches m USING (tenant, event_id) WHERE e.tenant = :t"
            ),
            {"t": actor.tenant},
        ).all()
        runs = conn.execute(
            text("SELECT run_id, trigger_event_id FROM workflow_runs WHERE tenant = :t AND workflow_id = :w"),
            {"t": actor.tenant, "w": workflow},
        ).all()
    answered = Counter((i, a["eventId"], *(started["runId"] for started in a["started"])) for i, a in answers.items())
    found = Counter((r.submission_id, str(r.event_id), *([str(r.run_id)] if r.run_id else [])) for r in events)
    assert (answered - found, found - answered) == (Counter(), Counter()), "what was lost, and what is there twice"
    started = [(row.event_id, row.run_id) for row in events if row.run_id]
    assert sorted(started) == sorted((run.trigger_event_id, run.run_id) for run in runs)
    ended = [await_run(run.run_id, seconds=seconds) for run in runs]
    assert Counter(row.status for row in ended) == {"SUCCEEDED": len(runs)}
    assert {row.output_json for row in ended} == {EXAMPLES[EVENT]["ticketId"]}
    assert no_trace_left()
