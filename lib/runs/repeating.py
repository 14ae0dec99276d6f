"""Running failed runs again: one, or many that somebody chose. Each repeat is a new run, and the failed one stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import Conflict
from lib.runs import engine
from lib.runs import records as run_records
from lib.runs.records import RunFilters, RunSummary

#: Runs that a person is offered to run again together, the latest of those that failed.
MOST_AT_ONCE = 500
#: Of these, one transaction runs so many, so that a page can tell how far it is.
BATCH = 25
#: Different reasons for leaving runs out that are remembered; the others are counted together.
_MOST_REASONS = 5

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Repeated:
    """The repeat of a run; `is_new` is False where another click or person had asked for it before."""

    run_id: UUID
    is_new: bool


@dataclass(frozen=True)
class FailedRun:
    """A failed run that can be run again, and how often it was when somebody looked."""

    summary: RunSummary
    repeats: int


@dataclass(frozen=True)
class Progress:
    """How far an act is that runs many runs again; `left_out` counts runs by the sentence that says why."""

    done: int = 0
    started: int = 0
    repeated_before: int = 0
    left_out: tuple[tuple[str, int], ...] = ()


_NOT_BEGUN = Progress()


def run_again(conn: Connection, actor: Actor, *, run_id: UUID, repeats_seen: int = 0, newest: bool = False) -> Repeated:
    """Run a failed run again from its start, with the same input, as a new run; audited.

    It runs its own version of the workflow, or the `newest` published one. `repeats_seen` is how many repeats the actor
    saw. Where there are more by now, or one has not ended, the latest one is given and no other is made: whoever clicks
    twice starts one. Raises PermissionDenied, NotFound, Conflict when the run has not failed or the newest version
    takes another payload.
    """
    actor.require("manage", acts.RunRetried, on=run_id)
    made = engine.retry_run(conn, tenant=actor.tenant, run_id=run_id, repeats_seen=repeats_seen, newest=newest)
    if made.refusal == "other_input":
        raise Conflict("The newest version of its workflow takes another payload. Run its own version again.")
    if made.run_id is None:
        run_records.get_run(conn, tenant=actor.tenant, run_id=run_id)
        raise Conflict("Only a failed run can be run again, and this one has not failed.")
    if made.is_new:
        audit.record(conn, actor, acts.RunRetried(target_id=run_id, new_run=str(made.run_id)))
    return Repeated(made.run_id, made.is_new)


def failed_runs(conn: Connection, *, tenant: UUID, filters: RunFilters) -> tuple[FailedRun, ...]:
    """The latest MOST_AT_ONCE failed runs that the filters let through and that have no repeat but canceled ones."""
    page = run_records.list_runs(
        conn, tenant=tenant, filters=replace(filters, status="FAILED"), limit=MOST_AT_ONCE, only_unrepeated=True
    )
    keys = {"tenant": tenant, "run_ids": [run.run_id for run in page.runs]}
    repeats: dict[UUID, int] = {row.retry_of: row.repeats for row in conn.execute(queries["repeats"], keys)}
    return tuple(FailedRun(run, repeats.get(run.run_id, 0)) for run in page.runs)


def run_many_again(
    conn: Connection, actor: Actor, *, chosen: Sequence[FailedRun], newest: bool = False, so_far: Progress = _NOT_BEGUN
) -> Progress:
    """Run a BATCH of these again in the caller's transaction, and say how far it is then; audited one by one.

    One that cannot be run again is left out, and the others go on. Asked twice for the same runs, it starts each once.
    Raises PermissionDenied, NotFound, and Conflict for more than a BATCH.
    """
    actor.require("manage", acts.RunRetried, on=chosen[0].summary.run_id if chosen else None)
    if len(chosen) > BATCH:
        raise Conflict(f"At most {BATCH} runs can be run again in one transaction, and these are {len(chosen):,}.")
    progress = so_far
    for run in chosen:
        progress = _one_more(conn, actor, run, newest, progress)
    return progress


def _one_more(conn: Connection, actor: Actor, run: FailedRun, newest: bool, so_far: Progress) -> Progress:
    done = replace(so_far, done=so_far.done + 1)
    try:
        made = run_again(conn, actor, run_id=run.summary.run_id, repeats_seen=run.repeats, newest=newest)
    except Conflict as error:
        return replace(done, left_out=_counted(so_far.left_out, str(error)))
    if made.is_new:
        return replace(done, started=done.started + 1)
    return replace(done, repeated_before=done.repeated_before + 1)


def _counted(reasons: tuple[tuple[str, int], ...], reason: str) -> tuple[tuple[str, int], ...]:
    counts = dict(reasons)
    if reason not in counts and len(counts) >= _MOST_REASONS:
        reason = "For other reasons."
    return tuple({**counts, reason: counts.get(reason, 0) + 1}.items())
