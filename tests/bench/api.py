"""Events through the API of the real process against bare inserts of the same row."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import text

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.schemas import form
from lib.serialization import strict_json
from tests.e2e.conftest import RunningApp, start_app, stop_app
from tests.support.api_client import BATCH, STRUCTURED, event, new_token
from tests.support.workflow_runs import ENDED, event_trigger, expr, log_step, publish, step

_SECONDS = 4.0
QUIET_TYPE, BUSY_TYPE = "TICKET_CLOSED", "TICKET_CREATED"


def figures(_: Actor) -> Iterator[tuple[str, float]]:
    """Events a second with 1 and 4 clients beside bare inserts."""
    with served_tenant() as (app, token, actor):
        payload = sample(QUIET_TYPE)
        Client(app, token).post(QUIET_TYPE, payload)  # starts the schema checker
        for clients in (1, 4):
            bare = _per_second([_bare_insert(actor) for _ in range(clients)])
            through = _per_second([_poster(app, token, payload) for _ in range(clients)])
            yield f"api_bare_inserts_per_s_{clients}", bare
            yield f"api_events_per_s_{clients}", through
            yield f"api_bare_to_events_ratio_{clients}", bare / through


@contextmanager
def served_tenant() -> Iterator[tuple[RunningApp, str, Actor]]:
    """The whole app on the embedded server that the bench has started; a new tenant in it, and its token."""
    server = database.current().server
    assert server is not None
    app = start_app(server.data_dir, DEMO="0", API_RATE_PER_SECOND="1e6", API_BURST="1000000")
    try:
        with database.operate() as conn:
            tenant = actors.add_tenant(conn, name=f"Bench API {uuid4()}")
        actor = Actor(tenant, uuid4(), "bench@example.com", "admin")
        yield app, new_token(actor), actor
    finally:
        stop_app(app)


class Client:
    """One connection, kept open."""

    def __init__(self, app: RunningApp, token: str) -> None:
        self._connection = http.client.HTTPConnection(app.url.removeprefix("http://"), timeout=30)
        self._token = token

    def post(self, event_type: str, payload: Any) -> dict[str, Any]:
        """Send one event; the answer."""
        return self._send(event(type=event_type, data=payload), STRUCTURED)

    def post_batch(self, event_type: str, payloads: list[Any]) -> dict[str, Any]:
        """Send events in one request; the answer."""
        return self._send([event(type=event_type, data=payload) for payload in payloads], BATCH)

    def _send(self, content: Any, content_type: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        self._connection.request("POST", "/api/v2/events", strict_json.dumps(content).encode(), headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 202:
            raise SystemExit(f"{response.status}: {answer}")
        return answer


def _poster(app: RunningApp, token: str, payload: Any) -> Callable[[], Any]:
    client = Client(app, token)
    return lambda: client.post(QUIET_TYPE, payload)


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


def completed_at(run: UUID) -> float:
    """When the run ended, in seconds since 1970 by the same machine's clock."""
    statement = text("SELECT status, extract(epoch FROM completed_at) AS at FROM workflow_runs WHERE run_id = :r")
    while True:
        with database.operate() as conn:
            row = conn.execute(statement, {"r": run}).one()
        if row.status in ENDED:
            return float(row.at)
        time.sleep(0.01)


def sample(event_type: str) -> Any:
    """A payload of the smallest kind that the event's schema allows."""
    [schema] = [entry.schema for entry in system_catalog.read() if entry.event_type == event_type]
    return form.sample(schema)


def attach_workflow(actor: Actor) -> None:
    """A published workflow on the busy type: check, assign, write to the log, return."""
    steps = [
        step("set", "transform.assign", assign={"vars.id": expr("payload.ticketId")}),
        log_step("log", "seen"),
        step("end", "control.return", output={"id": expr("vars.id")}),
    ]
    publish(actor.tenant, steps, trigger=event_trigger(BUSY_TYPE, "payload.TicketCreated.v1"))
