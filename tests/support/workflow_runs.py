"""Makes workflows and runs for tests, and waits for them, as ingestion and a person would."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.errors import DatabaseUnavailable
from lib.redaction import redact
from lib.runs import engine
from lib.serialization import strict_json
from tests.support.waiting import PATIENCE

ENDED = ("SUCCEEDED", "FAILED", "CANCELED")


def expr(expression: str) -> dict[str, str]:
    return {"$expr": expression}


def step(step_id: str, step_type: str, **config: Any) -> dict[str, Any]:
    return {"id": step_id, "type": step_type, "config": config}


def log_step(step_id: str, message: Any = "done") -> dict[str, Any]:
    return step(step_id, "action.call", action="log.write", input={"message": message})


def publish(
    tenant: UUID,
    steps: list[dict[str, Any]],
    *,
    name: str = "Test",
    version: int = 1,
    trigger: dict[str, Any] | None = None,
    paused: bool = False,
    changes: dict[str, Any] | None = None,
) -> UUID:
    """A published workflow of these steps, which that trigger starts, with these changes to its definition; its id."""
    workflow = uuid4()
    definition: dict[str, Any] = {"id": str(workflow), "version": version, "name": name, "steps": steps}
    if trigger:
        definition |= {"trigger": trigger, "payloadSchemaRef": trigger.get("sourcePayloadSchemaRef")}
    definition |= changes or {}
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_definitions (tenant, workflow_id, name, status, trigger, published_version,"
                " is_paused) VALUES (:t, :w, :n, 'published', CAST(:tr AS jsonb), :v, :p)"
            ),
            {
                "t": tenant,
                "w": workflow,
                "n": name,
                "v": version,
                "tr": trigger and strict_json.dumps(trigger),
                "p": paused,
            },
        )
        conn.execute(
            text(
                "INSERT INTO workflow_definition_versions (tenant, workflow_id, version, definition_json)"
                " VALUES (:t, :w, :v, CAST(:d AS jsonb))"
            ),
            {"t": tenant, "w": workflow, "v": version, "d": strict_json.dumps(definition)},
        )
    return workflow


def event_trigger(event_name: str, schema_ref: str) -> dict[str, Any]:
    """The trigger of a workflow that takes the event's payload as it is."""
    return {"type": "event", "eventName": event_name, "sourcePayloadSchemaRef": schema_ref}


def insert_run(
    conn: database.Connection, tenant: UUID, workflow: UUID, payload: Any = None, *, version: int = 1
) -> UUID:
    """Insert a run as ingestion does and hand it to the engine, in the caller's transaction."""
    run = uuid4()
    payload = {} if payload is None else payload
    conn.execute(
        text(
            "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, event_type, correlation_key,"
            " input_json, redacted_input_json) VALUES (:t, :r, :w, :v, 'TEST_EVENT', 'key-1', CAST(:i AS jsonb),"
            " CAST(:ri AS jsonb))"
        ),
        {
            "t": tenant,
            "r": run,
            "w": workflow,
            "v": version,
            "i": strict_json.dumps(payload),
            "ri": strict_json.dumps(redact(payload)),
        },
    )
    engine.enqueue_runs(conn, tenant=tenant, run_ids=[run])
    return run


def start_run(actor: Actor, workflow: UUID, payload: Any = None, *, version: int = 1) -> UUID:
    """Insert a run and hand it over, in a transaction of its own."""
    with database.write(actor) as conn:
        return insert_run(conn, actor.tenant, workflow, payload, version=version)


def insert_event(conn: database.Connection, tenant: UUID, name: str, payload: Any) -> UUID:
    """A recorded event, to end a wait with."""
    event = uuid4()
    conn.execute(
        text(
            "INSERT INTO workflow_runtime_events (tenant, event_id, event_name, payload, redacted_payload)"
            " VALUES (:t, :e, :n, CAST(:p AS jsonb), CAST(:p AS jsonb))"
        ),
        {"t": tenant, "e": event, "n": name, "p": strict_json.dumps(payload)},
    )
    return event


def row_of(run: UUID) -> Any:
    """The run's row, raw columns included."""
    with database.operate() as conn:
        return conn.execute(text("SELECT * FROM workflow_runs WHERE run_id = :r"), {"r": run}).one()


def await_run(run: UUID, *statuses: str, seconds: float = PATIENCE) -> Any:
    """The run's row once it has one of these statuses (an ended one if none is given)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(DatabaseUnavailable):  # some tests take it away
            row = row_of(run)
            if row.status in (statuses or ENDED):
                return row
        time.sleep(0.02)
    raise AssertionError(f"the run stayed {row.status} at {row.node_path}")


def open_wait(run: UUID) -> Any:
    """The run's wait that is open, once there is one."""
    await_run(run, "WAITING")
    with database.operate() as conn:
        return conn.execute(
            text("SELECT * FROM workflow_run_waits WHERE run_id = :r AND status = 'WAITING'"), {"r": run}
        ).one()


def no_trace_left() -> bool:
    """No run, step, wait or raw result is left unfinished."""
    with database.operate() as conn:
        return not conn.execute(
            text(
                "SELECT (SELECT count(*) FROM workflow_runs WHERE completed_at IS NULL)"
                " + (SELECT count(*) FROM workflow_run_steps WHERE completed_at IS NULL)"
                " + (SELECT count(*) FROM workflow_run_waits WHERE status = 'WAITING')"
                " + (SELECT count(*) FROM workflow_run_results)"
            )
        ).scalar_one()
