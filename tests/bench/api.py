"""Events through the API of the real process against bare inserts of the same row, and how soon runs finish."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import text

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.schemas import form
from lib.serialization import strict_json
from tests.e2e.conftest import RunningApp, start_app, stop_app
from tests.support.api_client import STRUCTURED, event, new_token
from tests.support.workflow_runs import ENDED, event_trigger, expr, log_step, publish, step

_SECONDS = 4.0
_RUNS = 100
_QUIET_TYPE, _BUSY_TYPE = "TICKET_CLOSED", "TICKET_CREATED"


def figures() -> Iterator[tuple[str, float]]:
    """Events a second with 1 and 4 clients beside bare inserts, and milliseconds from 202 to the run's end.

    In a tenant of its own, on the embedded server that the bench has started.
    """
    server = database.current().server
    assert server is not None
    app = start_app(server.data_dir, DEMO="0", API_RATE_PER_SECOND="1e6", API_BURST="1000000")
    try:
        with database.operate() as conn:
            tenant = actors.add_tenant(conn, name=f"Bench API {uuid4()}")
        actor = Actor(tenant, uuid4(), "bench@example.com", "admin")
        token = new_token(actor)
        payload = _sample(actor, _QUIET_TYPE)
        _Client(app, token).post(_QUIET_TYPE, payload)  # starts the schema checker
        for clients in (1, 4):
            bare = _per_second([_bare_insert(actor) for _ in range(clients)])
            through = _per_second([_poster(app, token, payload) for _ in range(clients)])
            yield f"api_bare_inserts_per_s_{clients}", bare
            yield f"api_events_per_s_{clients}", through
            yield f"api_bare_to_events_ratio_{clients}", bare / through
        yield from _run_times(app, token, actor)
    finally:
        stop_app(app)


class _Client:
    """One connection, kept open."""

    def __init__(self, app: RunningApp, token: str) -> None:
        self._connection = http.client.HTTPConnection(app.url.removeprefix("http://"), timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": STRUCTURED}

    def post(self, event_type: str, payload: Any) -> dict[str, Any]:
        body = strict_json.dumps(event(type=event_type, data=payload))
        self._connection.request("POST", "/api/v2/events", body.encode(), self._headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 202:
            raise SystemExit(f"{response.status}: {answer}")
        return answer


def _poster(app: RunningApp, token: str, payload: Any) -> Callable[[], Any]:
    client = _Client(app, token)
    return lambda: client.post(_QUIET_TYPE, payload)


def _bare_insert(actor: Actor) -> Callable[[], Any]:
    """Inserts the row that an event leaves, committed each by itself, with nothing around it."""
    with database.operate() as conn:
        row = conn.execute(
            text("SELECT * FROM workflow_runtime_events WHERE tenant = :t ORDER BY created_at LIMIT 1"),
            {"t": actor.tenant},
        ).one()
    values = {name: value for name, value in row._mapping.items() if name not in ("event_id", "outcome")}
    for name in ("payload", "redacted_payload", "schema_errors", "schema_ref_conflict"):
        values[name] = None if values[name] is None else json.dumps(values[name])
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    statement = f"INSERT INTO workflow_runtime_events ({names}) VALUES ({marks})"
    server = database.current().server
    assert server is not None
    connection = psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True)
    return lambda: connection.execute(statement, values, prepare=True)


def _per_second(clients: list[Callable[[], Any]]) -> float:
    """How often all clients together get their work done in a second."""
    done = [0] * len(clients)
    end = time.perf_counter() + _SECONDS

    def work(number: int) -> None:
        while time.perf_counter() < end:
            clients[number]()
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def _run_times(app: RunningApp, token: str, actor: Actor) -> Iterator[tuple[str, float]]:
    """Milliseconds from an event's 202 to the end of the run it started, one event after the other."""
    _attach_workflow(actor)
    client, payload, times = _Client(app, token), _sample(actor, _BUSY_TYPE), []
    for _ in range(_RUNS):
        [started] = client.post(_BUSY_TYPE, payload)["started"]
        answered = time.time()
        times.append((_completed_at(UUID(started["runId"])) - answered) * 1000)
    yield "api_202_to_run_finished_p50_ms", statistics.median(times)
    yield "api_202_to_run_finished_p95_ms", statistics.quantiles(times, n=20)[-1]


def _completed_at(run: UUID) -> float:
    """When the run ended, in seconds since 1970 by the same machine's clock."""
    statement = text("SELECT status, extract(epoch FROM completed_at) AS at FROM workflow_runs WHERE run_id = :r")
    while True:
        with database.operate() as conn:
            row = conn.execute(statement, {"r": run}).one()
        if row.status in ENDED:
            return float(row.at)
        time.sleep(0.01)


def _sample(actor: Actor, event_type: str) -> Any:
    with database.read(actor) as conn:
        entry = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
    assert entry is not None
    return form.sample(entry.schema)


def _attach_workflow(actor: Actor) -> None:
    """A published workflow on the busy type: check, assign, write to the log, return."""
    steps = [
        step("set", "transform.assign", assign={"vars.id": expr("payload.ticketId")}),
        log_step("log", "seen"),
        step("end", "control.return", output={"id": expr("vars.id")}),
    ]
    publish(actor.tenant, steps, trigger=event_trigger(_BUSY_TYPE, "payload.TicketCreated.v1"))
