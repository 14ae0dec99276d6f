"""Durable execution of workflow runs, on DBOS. The only module, with lib.worker, that knows DBOS.

DBOS keeps the queue: which turn of which run a worker executes, how many at a time, and fairly among tenants. What a
run has done is in our own tables (lib.runs.journal), so any worker can execute a turn again. A turn is one DBOS
workflow. It goes from the run's start, or from the end of a wait, to the next wait or the run's end. A waiting run
holds no worker. One thing must always hold, and housekeeping (lib.runs.recovery) restores it: an unfinished run that
does not wait has exactly one live turn.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from dbos import DBOS

from lib import database
from lib.database import Connection, named_queries
from lib.errors import DatabaseUnavailable, StepFailed, trace
from lib.runs import recovery
from lib.runs.journal import NotInCharge, RunJournal, Stopping, Suspended, Turn
from lib.runs.recovery import LOCK_CLASS, Housekeeping
from lib.settings import Settings
from lib.steps import check_definition, run_definition

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)

#: Fixed, also in migration 0005: DBOS's own choice, a hash of the code, strands queued runs at a deployment.
_VERSION = "1"
_QUEUE = "runs"
_POLL_SECONDS = 0.1
_STOP_SECONDS = 10


@dataclass(frozen=True)
class EngineHealth:
    """How the engine does: here ("running"), in other processes ("external"), or not at all ("down")."""

    state: Literal["running", "external", "down"]
    detail: str
    queue_depth: int
    oldest_queued_seconds: float
    live_executors: int


@dataclass
class _Engine:
    executor_id: str
    stopping: threading.Event
    housekeeping: Housekeeping
    #: Turns that this process executes right now.
    active: set[str]


_running: _Engine | None = None


def enqueue_runs(conn: Connection, *, tenant: UUID, run_ids: Sequence[UUID]) -> None:
    """Hand runs (inserted as QUEUED) to the engine, in the caller's transaction as the application role."""
    conn.execute(queries["enqueue_runs"], {"tenant": tenant, "run_ids": list(run_ids)})


def resume_wait(conn: Connection, *, tenant: UUID, wait_id: UUID, event_id: UUID) -> bool:
    """End an event wait and let its run go on, in the caller's transaction; False when it is not open."""
    row = {"tenant": tenant, "wait_id": wait_id, "event_id": event_id}
    return bool(conn.execute(queries["resume_wait"], row).scalar_one())


def cancel_run(conn: Connection, *, tenant: UUID, run_id: UUID) -> str | None:
    """End an unfinished run as canceled, so that a step under way writes no more.

    Returns its status before, None when there is no such run.
    """
    row = {"tenant": tenant, "run_id": run_id}
    before: str | None = conn.execute(queries["cancel_run"], row).scalar_one()
    return before


def retry_run(conn: Connection, *, tenant: UUID, run_id: UUID) -> UUID | None:
    """Queue a new run that repeats a failed one from its start; its id, None when no failed run is there."""
    row = {"tenant": tenant, "run_id": run_id}
    new_run: UUID | None = conn.execute(queries["retry_run"], row).scalar_one()
    return new_run


def migrate(owner_url: str) -> None:
    """Install or update the schema dbos in the owner's database; harmless when it is there."""
    DBOS.migrate(owner_url)


def start(settings: Settings, *, worker: bool) -> None:
    """Install the engine's schema and, as a worker, begin to execute runs; after database.start().

    Without `worker` this process only hands runs over, and others execute them.
    """
    global _running
    url = database.current().owner.url.render_as_string(hide_password=False)
    logging.getLogger("dbos").setLevel(logging.WARNING)
    migrate(url)  # before housekeeping, which asks about its turns, and before anybody asks about health
    if not worker:
        return
    executor_id = uuid4().hex
    stopping, active = threading.Event(), set[str]()
    housekeeping = Housekeeping(executor_id, active, stopping, DBOS.cancel_workflows, DBOS.delete_workflows)
    _running = _Engine(executor_id, stopping, housekeeping, active)
    try:
        _launch(url, executor_id, housekeeping, settings.worker_concurrency)
    except BaseException:
        stop()
        raise


def _launch(url: str, executor_id: str, housekeeping: Housekeeping, concurrency: int) -> None:
    DBOS(
        config={
            "name": "event-catalog",
            "system_database_url": url,
            "executor_id": executor_id,
            "application_version": _VERSION,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
            "max_executor_threads": concurrency + 8,
        }
    )
    # Before any run is claimed: without the lock, another process would take this one for dead.
    housekeeping.start()
    DBOS.launch()
    DBOS.register_queue(
        _QUEUE,
        worker_concurrency=concurrency,
        partition_worker_concurrency=concurrency // 2,
        polling_interval_sec=_POLL_SECONDS,
        on_conflict="always_update",
    )


def stop() -> None:
    """Stop in order: claim no more, let the steps under way end, hand their runs to other workers."""
    global _running
    if _running is None:
        return
    _running.stopping.set()
    DBOS.destroy(workflow_completion_timeout_sec=_STOP_SECONDS)
    _running.housekeeping.stop()
    _running = None


def health() -> EngineHealth:
    """The engine's state, for people and monitors; cheap, and never raises."""
    try:
        with database.operate() as conn:
            row = conn.execute(queries["health"], {"lock_class": LOCK_CLASS}).one()
    except DatabaseUnavailable:
        return EngineHealth("down", "The database does not answer.", 0, 0.0, 0)
    waiting = f"{row.queue_depth:,} waiting to start, {row.live_executors} workers."
    counts = (row.queue_depth, float(row.oldest_queued_seconds or 0), row.live_executors)
    if _running and _running.housekeeping.alive:
        return EngineHealth("running", f"Runs execute in this process; {waiting}", *counts)
    if row.live_executors:
        return EngineHealth("external", f"Runs execute in other processes; {waiting}", *counts)
    return EngineHealth("down", f"No worker is running; {waiting}", *counts)


@DBOS.workflow(name="advance_run")
def _advance_run(tenant: str, run_id: str) -> None:
    """One turn of a run. Its id is the run's, from the second turn on with `:turn`."""
    turn_id, engine = DBOS.workflow_id, _running
    if turn_id is None or engine is None:
        return
    turn = Turn(UUID(tenant), UUID(run_id), int(turn_id.partition(":")[2] or 1))
    engine.active.add(turn_id)
    try:
        _take_turn(turn, engine.stopping)
    except (NotInCharge, Suspended):
        pass
    except Stopping:
        recovery.hand_over(turn)
    except Exception as error:
        # Not raised: DBOS would keep its text, which may hold data of the run. Housekeeping starts the next
        # turn, and gives the run up when that does not help.
        log.error("Workflow run %s broke off: %s", run_id, trace(error))
    finally:
        engine.active.discard(turn_id)


def _take_turn(turn: Turn, stopping: threading.Event) -> None:
    journal = RunJournal(turn, stopping)
    begun = journal.open()
    if begun.definition is None:
        message = f"Version {begun.version} of the workflow does not exist."
        return journal.fail_run({"code": "unknown_version", "message": message})
    problems = [problem for problem in check_definition(begun.definition) if problem.severity == "error"]
    if problems:
        return journal.fail_run({"code": "invalid_definition", "message": problems[0].message})
    try:
        output = run_definition(begun.definition, begun.facts, journal)
    except StepFailed as error:
        return journal.fail_run({"code": error.code, "message": str(error)})
    journal.finish(output)
