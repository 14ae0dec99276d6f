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
from tests.support.workflow_runs import await_run, event_trigger, expr, log_step, no_trace_left, publish, step

KILLS = int(os.environ.get("FAULT_KILLS", "10"))
SENDERS = 3
EVENT, REF = "TICKET_CREATED", "payload.TicketCreated.v1"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 20 * KILLS)]


class Sender:
    """A client as clients should be: it sends an event again, under the same id, until it has the answer."""

    def __init__(self, port: int, token: str, payload: dict[str, Any], number: int) -> None:
        self._port, self._token, self._payload, self._number = port, token, payload, number
        self.answers: dict[str, dict[str, Any]] = {}
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
        while not self._stop.wait(0.1):
            size = random.choice((1, 1, 1, 5))
            first = len(self.answers)
            events = [
                event(id=f"{self._number}-{first + n}", source="/storm", type=EVENT, data=self._payload)
                for n in range(size)
            ]
            answers = self._until_answered(events)
            self.answers |= {sent["id"]: answer for sent, answer in zip(events, answers, strict=True)}

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
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
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


def test_killed_app_loses_no_acknowledged_event(server: EmbeddedServer, actor: Actor) -> None:
    """One kill in four hits the start, the others an app that serves."""
    steps = [
        step("set", "transform.assign", assign={"vars.id": expr("payload.ticketId")}),
        step("nap", "time.wait", seconds=0.2),
        step("each", "control.forEach", items=expr("[1..3]"), steps=[log_step("log", expr("vars.id"))]),
        step("end", "control.return", output=expr("vars.id")),
    ]
    workflow = publish(actor.tenant, steps, trigger=event_trigger(EVENT, REF))
    payload = next(entry.example for entry in system_catalog.read() if entry.event_type == EVENT)
    token, port = new_token(actor), free_port()
    app = served(launch_app(server.data_dir, port, DEMO="0"))
    senders = [Sender(port, token, payload, number) for number in range(SENDERS)]
    try:
        for kill in range(KILLS):
            if kill % 4 == 3:
                time.sleep(random.uniform(0, 3))
            else:
                served(app)
                time.sleep(random.uniform(0, 2))
            kill_whole(app)
            app = launch_app(server.data_dir, port, DEMO="0")
        served(app)
        for sender in senders:
            sender.stop()
        compare(actor, workflow, {i: a for s in senders for i, a in s.answers.items()}, payload["ticketId"])
        refusals = [refusal for sender in senders for refusal in sender.refusals]
        assert all(refusal["status"] == 503 for refusal in refusals), refusals
        acknowledged, unanswered = sum(len(s.answers) for s in senders), sum(s.unanswered for s in senders)
        print(f"\nkills: {KILLS}, events acknowledged: {acknowledged}, lost: 0, posts without an answer: {unanswered}")
    finally:
        stop_app(app)


def kill_whole(app: RunningApp) -> None:
    """kill -9 of the app alone; its checker processes must notice and leave by themselves."""
    children = psutil.Process(app.process.pid).children(recursive=True)
    app.process.kill()
    app.process.wait()
    _, left = psutil.wait_procs([c for c in children if "postgres" not in c.name()], timeout=10)
    assert left == []


def compare(actor: Actor, workflow: UUID, answers: dict[str, dict[str, Any]], output: Any) -> None:
    """Every acknowledged event is there once, with the run that its answer names; and every run has its event."""
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
    answered = [(i, a["eventId"], [started["runId"] for started in a["started"]]) for i, a in answers.items()]
    assert sorted(answered) == sorted((row.submission_id, str(row.event_id), [str(row.run_id)]) for row in events)
    assert {(row.event_id, row.run_id) for row in events} == {(run.trigger_event_id, run.run_id) for run in runs}
    assert len(runs) == len(events) == len(answers)
    ended = [await_run(run.run_id, seconds=60) for run in runs]
    assert Counter(row.status for row in ended) == {"SUCCEEDED": len(runs)}
    assert {row.output_json for row in ended} == {output}
    assert no_trace_left()
