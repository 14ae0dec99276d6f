"""What an event costs: CPU of app, children and PostgreSQL beside a bare insert of its rows, and what idling costs.

The client's CPU does not count: it is the bench itself. What is done about events later (counts, search) does.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from tests.bench.api import BUSY_TYPE, QUIET_TYPE, Client, attach_workflow, completed_at, sample, served_tenant
from tests.bench.cpu import Cpu, Meter
from tests.support.workflow_runs import ENDED

_START_SECONDS = 70  # what an app does in its first minute is not what it does idle
_IDLE_SECONDS = 45
_SINGLE, _BATCHES, _BATCH, _STARTING = 1000, 50, 100, 200
_TIMED = 100
_WORKFLOWS = 2

_BARE = """
WITH given AS (
  SELECT app_uuidv7() AS event_id, payload, redacted_payload
  FROM unnest(%(payloads)s::text[], %(redacted_payloads)s::text[]) AS g (payload, redacted_payload)
), claim AS (
  INSERT INTO event_submissions (tenant, source, submission_id, event_id, content_hash)
  SELECT %(tenant)s, %(source)s, event_id::text, event_id, %(content_hash)s FROM given
), event AS (
  INSERT INTO workflow_runtime_events (tenant, event_id, event_name, origin, source, correlation_key, payload,
    redacted_payload, payload_schema_ref, created_at, processed_at, submitted_by)
  SELECT %(tenant)s, event_id, %(event_name)s, %(origin)s, %(source)s, %(correlation_key)s, payload::jsonb,
         redacted_payload::jsonb, %(payload_schema_ref)s, now(), clock_timestamp(), %(submitted_by)s
  FROM given
)
INSERT INTO workflow_event_matches (tenant, event_id, match_no, outcome, reason)
SELECT %(tenant)s, event_id, 0, %(outcome)s, %(reason)s FROM given
"""


def figures(_: Actor) -> Iterator[tuple[str, float]]:
    """Idle cores, CPU milliseconds of an event in three ways, and milliseconds from 202 to the end of two runs."""
    with served_tenant() as (app, token, actor):
        payload = sample(QUIET_TYPE)
        Client(app, token).post(QUIET_TYPE, payload)
        meter = Meter.of(app)
        time.sleep(_START_SECONDS)
        idle = meter.taken_by(lambda: time.sleep(_IDLE_SECONDS)) * (1 / _IDLE_SECONDS)
        yield from _parts("idle_cores", idle)
        costs, client = _Costs(replace(meter, idle=idle), actor), Client(app, token)
        single = costs.of(_SINGLE, lambda: client.post(QUIET_TYPE, payload))
        yield from _parts("event_single_cpu_ms", single)
        batch = costs.of(_BATCHES, lambda: client.post_batch(QUIET_TYPE, [payload] * _BATCH))
        yield from _parts("event_in_batches_of_100_cpu_ms", batch * (1 / _BATCH))
        with _bare_insert(actor) as insert:
            yield "event_single_bare_cpu_ms", costs.of(_SINGLE, lambda: insert(1)).postgresql
            bare = costs.of(_BATCHES, lambda: insert(_BATCH)).postgresql / _BATCH
            yield "event_in_batches_of_100_bare_cpu_ms", bare
        for _ in range(_WORKFLOWS):
            attach_workflow(actor)
        client, starting = Client(app, token), sample(BUSY_TYPE)
        client.post(BUSY_TYPE, starting)
        yield from _parts("event_two_runs_cpu_ms", costs.of(_STARTING, lambda: client.post(BUSY_TYPE, starting)))
        times = [_until_finished(client, starting) for _ in range(_TIMED)]
        yield "event_202_to_two_runs_finished_p50_ms", statistics.median(times)
        yield "event_202_to_two_runs_finished_p95_ms", statistics.quantiles(times, n=20)[-1]


def _parts(name: str, cpu: Cpu) -> Iterator[tuple[str, float]]:
    yield name, cpu.total
    for part in ("app", "children", "postgresql"):
        yield f"{name}_{part}", getattr(cpu, part)


@dataclass(frozen=True)
class _Costs:
    meter: Meter
    actor: Actor

    def of(self, times: int, act: Callable[[], object]) -> Cpu:
        """Milliseconds of CPU a time, until all that comes of it is done."""

        def all_of_it() -> None:
            for _ in range(times):
                act()
            while self._something_left():
                time.sleep(0.5)

        return self.meter.taken_by(all_of_it) * (1000 / times)

    def _something_left(self) -> bool:
        with database.operate() as conn:
            return bool(
                conn.execute(
                    text(
                        "SELECT EXISTS (SELECT FROM event_payload_pending) OR EXISTS (SELECT FROM event_deltas)"
                        " OR EXISTS (SELECT FROM run_deltas)"
                        " OR EXISTS (SELECT FROM workflow_runs WHERE tenant = :t AND status <> ALL(:ended))"
                    ),
                    {"t": self.actor.tenant, "ended": list(ENDED)},
                ).scalar_one()
            )


@contextmanager
def _bare_insert(actor: Actor) -> Iterator[Callable[[int], object]]:
    """Inserts so many claims, events and matches like the last one's, in one statement of the application role."""
    with database.operate() as conn:
        row = conn.execute(
            text(
                "SELECT e.tenant, e.event_name, e.origin, e.source, e.correlation_key, e.payload::text AS payload,"
                " e.redacted_payload::text AS redacted_payload, e.payload_schema_ref, e.submitted_by, s.content_hash,"
                " m.outcome, m.reason FROM workflow_runtime_events e JOIN event_submissions s USING (tenant, event_id)"
                " JOIN workflow_event_matches m USING (tenant, event_id) WHERE e.tenant = :t LIMIT 1"
            ),
            {"t": actor.tenant},
        ).one()
    values = dict(row._mapping)
    payload, redacted_payload = values.pop("payload"), values.pop("redacted_payload")
    url = database.current().app.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant', %s, false)", [str(actor.tenant)])

        def insert(number: int) -> object:
            many = {"payloads": [payload] * number, "redacted_payloads": [redacted_payload] * number}
            return connection.execute(_BARE, {**values, **many}, prepare=True)

        yield insert


def _until_finished(client: Client, payload: Any) -> float:
    """Milliseconds from an event's 202 to the end of the last run that it started, with nothing else to do."""
    time.sleep(random.uniform(0.1, 0.3))  # at no certain time of whatever happens periodically
    started = client.post(BUSY_TYPE, payload)["started"]
    answered = time.time()
    assert len(started) == _WORKFLOWS
    time.sleep(0.1)  # the bench does not ask while the runs are on
    return (max(completed_at(UUID(run["runId"])) for run in started) - answered) * 1000
