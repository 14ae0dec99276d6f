"""Workflow runs as people see them, and what people may do with one that is under way: cancel it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, driver, named_queries, paging
from lib.database.paging import Cursor, Total
from lib.errors import Conflict, NotFound
from lib.runs import engine
from lib.runs.journal import stored
from lib.serialization.strict_json import JsonValue

queries = named_queries.of(__name__)

#: Runs of one page.
PAGE_SIZE = 50
#: How many failed runs a page of a search in errors looks through, and how many runs of one key are found.
LOOKED_AT = 10_000
#: Steps and waits of one run that are shown.
SHOWN_STEPS = 2000

_NO_SUCH_RUN = "There is no such run."
_ENDED = {"SUCCEEDED": "has already succeeded", "FAILED": "has already failed", "CANCELED": "was already canceled"}


@dataclass(frozen=True)
class RunFilters:
    """What the list is narrowed to; None means all.

    `since` is inclusive, `until` is not; both are about the event that started the run. `key` is the run's
    correlation key or one that it waited for. `error` is part of an error's message or code, in any case.
    """

    status: str | None = None
    workflow_id: UUID | None = None
    workflow_version: int | None = None
    event_type: str | None = None
    origin: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    error: str | None = None


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

    @property
    def has_ended(self) -> bool:
        """Whether the run has come to its end, however it ended."""
        return self.status in _ENDED


@dataclass(frozen=True)
class WorkflowWithRuns:
    """A workflow that can have runs, of any of its `versions`, which count from 1."""

    workflow_id: UUID
    name: str
    is_archived: bool
    versions: int


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
    resolved_by_event_id: UUID | None


@dataclass(frozen=True)
class Repeat:
    """A run that repeats another one."""

    run_id: UUID
    status: str


@dataclass(frozen=True)
class Run:
    """A run in full, redacted; steps and waits up to SHOWN_STEPS each, repeats first first."""

    summary: RunSummary
    trigger_mapping_applied: bool
    input: JsonValue
    output: JsonValue
    steps: tuple[RunStep, ...]
    waits: tuple[RunWait, ...]
    repeats: tuple[Repeat, ...]

    @property
    def can_be_repeated(self) -> bool:
        """Whether it failed, and none of its repeats is under way."""
        return self.summary.status == "FAILED" and all(repeat.status in _ENDED for repeat in self.repeats)


def list_runs(
    conn: Connection,
    *,
    tenant: UUID,
    filters: RunFilters,
    cursor: Cursor | None = None,
    limit: int = PAGE_SIZE,
    only_unrepeated: bool = False,
) -> RunPage:
    """One page of the tenant's runs, latest first. Raises InvalidInput naming the filter.

    A search in errors looks through LOOKED_AT failed runs a page, so a page may hold few and still not be the last.
    `only_unrepeated` leaves out those that were run again, unless that was canceled.
    """
    row = _asked(tenant, filters, cursor) | {
        "looked_at": LOOKED_AT if filters.error else limit + 1,
        "limit": limit + 1,
        "only_unrepeated": only_unrepeated,
    }
    if _finds_nothing(filters):
        return RunPage((), None)
    with driver.planned_anew(conn):
        row["run_ids"] = _with_key(conn, row, filters)
        rows = conn.execute(queries["list_runs"], row).mappings().all()
    matching, last = [], None
    for found in rows:
        run = RunSummary(**{name: found[name] for name in found if name not in ("matches", "is_last")})
        if found["matches"]:
            matching.append(run)
        if found["is_last"]:
            last = run
    page = tuple(matching[:limit])
    if len(matching) > limit:
        last = page[-1]
    return RunPage(page, Cursor(last.triggered_at, last.run_id) if last else None)


def how_many(conn: Connection, *, tenant: UUID, filters: RunFilters) -> Total | None:
    """How many runs `list_runs` finds on all its pages, counted to a bound; None for a search in errors.

    Raises InvalidInput naming the filter.
    """
    if filters.error:
        return None
    row = _asked(tenant, filters, None) | {"limit": paging.COUNTED + 1}
    with driver.planned_anew(conn):
        row["run_ids"] = _with_key(conn, row, filters)
        return Total.counted(conn.execute(queries["how_many"], row).scalar_one())


def _finds_nothing(filters: RunFilters) -> bool:
    """Only failed runs have errors."""
    return filters.error is not None and filters.status not in (None, "FAILED")


def _asked(tenant: UUID, filters: RunFilters, cursor: Cursor | None) -> dict[str, Any]:
    edge = paging.older_edge(cursor, filters.until)
    return {
        "tenant": tenant,
        "since": filters.since or paging.EVER,
        "upto": edge.at,
        "before_id": edge.id,
        "status": "FAILED" if filters.error else filters.status,
        "workflow_id": filters.workflow_id,
        "workflow_version": filters.workflow_version,
        "event_type": filters.event_type,
        "origin": filters.origin,
        "error": filters.error,
    }


def _with_key(conn: Connection, row: dict[str, Any], filters: RunFilters) -> list[UUID] | None:
    """The runs of the key that is asked for; None where none is."""
    if not filters.key:
        return None
    keys = {**row, "key": filters.key, "looked_at": LOOKED_AT}
    return list(conn.execute(queries["runs_with_key"], keys).scalars())


def workflows_with_runs(conn: Connection, *, tenant: UUID, asked: UUID | None = None) -> list[WorkflowWithRuns]:
    """Workflows to narrow the list to, the one asked for first if there is such, archived ones last."""
    row = {"tenant": tenant, "asked": asked}
    return [WorkflowWithRuns(**found) for found in conn.execute(queries["workflows_with_runs"], row).mappings()]


def runs_of_event(conn: Connection, *, tenant: UUID, event_id: UUID) -> tuple[RunSummary, ...]:
    """The runs that an event started, and their repeats."""
    row = {"tenant": tenant, "event_id": event_id}
    return tuple(RunSummary(**run) for run in conn.execute(queries["runs_of_event"], row).mappings())


def run_id_of(text: str) -> UUID:
    """The id that a URL names. Raises NotFound for what is none: it reads like one that is not there."""
    try:
        return UUID(text.strip())
    except ValueError:
        raise NotFound(_NO_SUCH_RUN) from None


def get_run(conn: Connection, *, tenant: UUID, run_id: UUID) -> Run:
    """One run with its steps and waits. Raises NotFound."""
    keys = {"tenant": tenant, "run_id": run_id}
    row = conn.execute(queries["get_run"], keys).mappings().one_or_none()
    if row is None:
        raise NotFound(_NO_SUCH_RUN)
    several = {**keys, "limit": SHOWN_STEPS}
    steps = conn.execute(queries["steps_of_run"], several).mappings()
    waits = conn.execute(queries["waits_of_run"], several).mappings()
    fields = dict(row)
    return Run(
        trigger_mapping_applied=fields.pop("trigger_mapping_applied"),
        input=_json(fields.pop("input")),
        output=_json(fields.pop("output")),
        summary=RunSummary(**fields),
        steps=tuple(
            RunStep(**{**step, "input": _json(step["input"]), "output": _json(step["output"])}) for step in steps
        ),
        waits=tuple(RunWait(**wait) for wait in waits),
        repeats=tuple(Repeat(**row) for row in conn.execute(queries["repeats_of_run"], keys).mappings()),
    )


def cancel(conn: Connection, actor: Actor, *, run_id: UUID) -> None:
    """End a run that has not ended; audited. Raises PermissionDenied, NotFound, Conflict when it has ended."""
    actor.require("manage", acts.RunCanceled, on=run_id)
    before = engine.cancel_run(conn, tenant=actor.tenant, run_id=run_id)
    if before is None:
        status = get_run(conn, tenant=actor.tenant, run_id=run_id).summary.status
        raise Conflict(f"This run {_ENDED[status]}; there is nothing to cancel.")
    audit.record(conn, actor, acts.RunCanceled(target_id=run_id, previous_status=before))


def _json(text: str | None) -> JsonValue:
    return None if text is None else stored(text)
