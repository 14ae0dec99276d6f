"""Workflow runs as people see them, and what people may do with one: cancel it, or run it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib import engine, payloads, sql
from lib.auth import Actor
from lib.database import Connection
from lib.errors import Conflict, NotFound
from lib.payloads import JsonValue

queries = sql.load("runs")

#: Steps and waits of one run that are shown.
SHOWN_STEPS = 2000


@dataclass(frozen=True)
class Cursor:
    """The last row of a page; the next page begins after it."""

    triggered_at: datetime
    run_id: UUID


@dataclass(frozen=True)
class RunSummary:
    """A run in a list. `error` has code and message; `retry_of` is the run it repeats."""

    run_id: UUID
    workflow_id: UUID
    workflow_name: str
    workflow_version: int
    status: str
    event_type: str | None
    trigger_event_id: UUID | None
    triggered_at: datetime
    origin: str
    correlation_key: str | None
    node_path: str | None
    error: dict[str, Any] | None
    attempts: int
    retry_of: UUID | None
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long the run took, waits included; None before it has ended."""
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class RunPage:
    """A page of runs and where the next one begins, None on the last."""

    runs: tuple[RunSummary, ...]
    next: Cursor | None


@dataclass(frozen=True)
class RunStep:
    """A step of a run, redacted; its path joins ids by "/", with the item's number in loops."""

    step_path: str
    step_type: str
    status: str
    attempt: int
    input: JsonValue
    output: JsonValue
    error: dict[str, Any] | None
    started_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True)
class RunWait:
    """Something a run waited or waits for."""

    wait_id: UUID
    step_path: str
    wait_type: str
    event_name: str | None
    key: str | None
    timeout_at: datetime | None
    status: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by_event_id: UUID | None


@dataclass(frozen=True)
class Run:
    """A run in full, redacted; steps and waits up to SHOWN_STEPS each."""

    summary: RunSummary
    trigger_mapping_applied: bool
    source_payload_schema_ref: str | None
    input: JsonValue
    output: JsonValue
    steps: tuple[RunStep, ...]
    waits: tuple[RunWait, ...]
    retried_as: tuple[UUID, ...]


def list_runs(
    conn: Connection,
    *,
    tenant: UUID,
    status: str | None = None,
    workflow_id: UUID | None = None,
    event_type: str | None = None,
    origin: str | None = None,
    cursor: Cursor | None = None,
    limit: int = 50,
) -> RunPage:
    """One page of the tenant's runs, latest first, filtered by what is given."""
    row = {
        "tenant": tenant,
        "status": status,
        "workflow_id": workflow_id,
        "event_type": event_type,
        "origin": origin,
        "before": cursor.triggered_at if cursor else None,
        "before_id": cursor.run_id if cursor else None,
        "limit": limit + 1,
    }
    found = [RunSummary(**run) for run in conn.execute(queries["list_runs"], row).mappings()]
    page = tuple(found[:limit])
    more = len(found) > limit
    return RunPage(page, Cursor(page[-1].triggered_at, page[-1].run_id) if more else None)


def runs_of_event(conn: Connection, *, tenant: UUID, event_id: UUID) -> tuple[RunSummary, ...]:
    """The runs that an event started, those that repeat one of them included."""
    row = {"tenant": tenant, "event_id": event_id}
    return tuple(RunSummary(**run) for run in conn.execute(queries["runs_of_event"], row).mappings())


def get_run(conn: Connection, *, tenant: UUID, run_id: UUID) -> Run:
    """One run with its steps and waits. Raises NotFound."""
    keys = {"tenant": tenant, "run_id": run_id}
    row = conn.execute(queries["get_run"], keys).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such run.")
    several = {**keys, "limit": SHOWN_STEPS}
    steps = conn.execute(queries["steps_of_run"], several).mappings()
    waits = conn.execute(queries["waits_of_run"], several).mappings()
    fields = dict(row)
    return Run(
        trigger_mapping_applied=fields.pop("trigger_mapping_applied"),
        source_payload_schema_ref=fields.pop("source_payload_schema_ref"),
        input=_json(fields.pop("input")),
        output=_json(fields.pop("output")),
        summary=RunSummary(**fields),
        steps=tuple(
            RunStep(**{**step, "input": _json(step["input"]), "output": _json(step["output"])})
            for step in steps
        ),
        waits=tuple(RunWait(**wait) for wait in waits),
        retried_as=tuple(conn.execute(queries["retries_of_run"], keys).scalars()),
    )


def cancel(conn: Connection, actor: Actor, *, run_id: UUID) -> None:
    """End a run that has not ended. Raises PermissionDenied, NotFound, Conflict when it has ended."""
    actor.require("manage")
    if not engine.cancel_run(conn, tenant=actor.tenant, run_id=run_id):
        raise Conflict(f"The run has already ended ({_status(conn, actor, run_id)}).")


def retry(conn: Connection, actor: Actor, *, run_id: UUID) -> UUID:
    """Run a failed run again from its start, with the same input and workflow version, as a new run; its id.

    The failed run stays as it is; the new one names it in retry_of. Raises PermissionDenied, NotFound,
    Conflict when the run has not failed.
    """
    actor.require("manage")
    new_run = engine.retry_run(conn, tenant=actor.tenant, run_id=run_id)
    if new_run is None:
        raise Conflict(f"Only a failed run can be run again; this one is {_status(conn, actor, run_id)}.")
    return new_run


def _status(conn: Connection, actor: Actor, run_id: UUID) -> str:
    return get_run(conn, tenant=actor.tenant, run_id=run_id).summary.status


def _json(text: str | None) -> JsonValue:
    return None if text is None else payloads.parse(text, max_bytes=1 << 30, max_depth=500)
