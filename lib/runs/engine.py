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
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID, uuid4

from dbos import DBOS, _dbos
from dbos._core import WorkflowHandleFuture, execute_dequeued_workflow
from dbos._sys_db import WorkflowStatusInternal
from dbos._tracer import dbos_tracer

from lib import database
from lib.database import Connection, advisory_locks, driver, named_queries, resting
from lib.errors import DatabaseUnavailable, StepFailed
from lib.runs import recovery
from lib.runs.claiming import Claiming
from lib.runs.journal import NotInCharge, RunJournal, Stopping, Suspended, Turn
from lib.runs.recovery import Housekeeping
from lib.runs.wake import Bell, Listener
from lib.serialization.counting import plural
from lib.settings import Settings
from lib.steps import check_definition, run_definition
from lib.telemetry import context, traces

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)

#: Fixed, also in migration 0005: DBOS's own choice, a hash of the code, strands queued runs at a deployment.
_VERSION = "1"
_STOP_SECONDS = 10
#: Turns that wait are counted up to so many.
MOST_QUEUED = 10_000


@dataclass(frozen=True)
class EngineHealth:
    """How the engine does: here ("running"), in other processes ("external"), or not at all ("down")."""

    state: Literal["running", "external", "down"]
    detail: str
    queue_depth: int
    oldest_queued_seconds: float
    live_executors: int


class _Engine:
    """What executes runs in this process."""

    def __init__(self, concurrency: int) -> None:
        self.executor_id = uuid4().hex
        self.stopping = threading.Event()
        self._concurrency = concurrency
        self._bell = Bell()
        self.listener = Listener(self._bell)
        self._claiming = Claiming(self.executor_id, concurrency, self._bell, self._execute)
        self.housekeeping = Housekeeping(
            self.executor_id, self._claiming, self.stopping, DBOS.cancel_workflows, DBOS.delete_workflows
        )

    def launch(self, url: str) -> None:
        """Begin to execute runs."""
        self._dbos = DBOS(
            config={
                "name": "event-catalog",
                "system_database_url": url,
                "executor_id": self.executor_id,
                "application_version": _VERSION,
                "log_level": "ERROR",  # an outage is a warning of ours, and was a traceback of its own each second
                "sys_db_pool_size": 5,
                "db_engine_kwargs": {"pool_pre_ping": False, "pool_events": resting.EVENTS},
                "max_executor_threads": self._concurrency + 8,
                "use_listen_notify": False,  # for its messages and events, which no run uses
                "otel_attribute_format": "semconv",
            }
        )
        _keep_quiet(self._dbos)
        # Not by its setting, which would want an exporter for logs too, and warn that there is none.
        dbos_tracer.disable_otlp = not traces.is_on()
        # Before any run is claimed: without the lock, another process would take this one for dead.
        self.housekeeping.start()
        DBOS.launch()
        self._claiming.start()
        self.listener.start()

    def stop(self) -> None:
        """Claim no more, let the steps under way end, hand their runs to other workers."""
        self.stopping.set()
        self._bell.stop()
        self._claiming.stop()
        DBOS.destroy(workflow_completion_timeout_sec=_STOP_SECONDS)
        self.listener.stop()
        self.housekeeping.stop()

    def _execute(self, turn: dict[str, Any]) -> Future[Any]:
        owner = turn.pop("owner_xid")
        handle = execute_dequeued_workflow(self._dbos, cast(WorkflowStatusInternal, turn), owner)
        return cast(WorkflowHandleFuture[Any], handle).future


def _keep_quiet(dbos: DBOS) -> None:
    """Have DBOS do nothing by the clock (docs/decisions/0074): its 1-second rounds cost more than all of ours.

    They are for queues, delays and timeouts. We claim the turns of our queue by ourselves (lib.runs.claiming),
    housekeeping ends delays, and timeouts we do not use.
    """
    _dbos.queue_thread = lambda *_: None  # type: ignore[attr-defined]
    dbos._background_jobs_stop_event.set()


_running: _Engine | None = None


def enqueue_runs(
    conn: Connection, *, tenant: UUID, run_ids: Sequence[UUID], trace_parents: Sequence[str | None] = ()
) -> None:
    """Hand runs (inserted as QUEUED) to the engine, in the caller's transaction as the application role.

    `trace_parents`, if traces are on: for each run the span that it belongs to.
    """
    keys = {"tenant": tenant, "run_ids": list(run_ids)}
    if any(trace_parents):
        driver.rows(conn, queries["enqueue_traced_runs"], {**keys, "trace_parents": list(trace_parents)})
    else:
        driver.rows(conn, queries["enqueue_runs"], keys)


def resume_wait(
    conn: Connection, *, tenant: UUID, wait_id: UUID, event_id: UUID, trace_parent: str | None = None
) -> bool:
    """End an event wait and let its run go on, in the caller's transaction; False when it is not open.

    `trace_parent`, if traces are on: the span that the run's next turn belongs to.
    """
    if trace_parent:
        conn.execute(queries["trace"], {"trace_parent": trace_parent})
    row = {"tenant": tenant, "wait_id": wait_id, "event_id": event_id}
    return bool(conn.execute(queries["resume_wait"], row).scalar_one())


def cancel_run(conn: Connection, *, tenant: UUID, run_id: UUID) -> str | None:
    """End an unfinished run as canceled, so that a step under way writes no more.

    Returns its status before, None when there is no such run.
    """
    row = {"tenant": tenant, "run_id": run_id}
    before: str | None = conn.execute(queries["cancel_run"], row).scalar_one()
    return before


@dataclass(frozen=True)
class RetriedRun:
    """The run that repeats a failed one, whether it was made just now, or why there is none."""

    run_id: UUID | None
    is_new: bool
    refusal: Literal["not_failed", "other_input"] | None


def retry_run(conn: Connection, *, tenant: UUID, run_id: UUID, repeats_seen: int, newest: bool) -> RetriedRun:
    """Queue a new run that repeats a failed one from its start, unless there is one that the caller has not seen."""
    row = {"tenant": tenant, "run_id": run_id, "repeats_seen": repeats_seen, "newest": newest}
    return RetriedRun(*conn.execute(queries["retry_run"], row).one())


def migrate(owner_url: str) -> None:
    """Install or update the schema dbos in the owner's database; harmless when it is there."""
    DBOS.migrate(owner_url)


def start(settings: Settings, *, worker: bool) -> None:
    """Install the engine's schema and, as a worker, begin to execute runs; after database.start().

    Without `worker` this process only hands runs over, and others execute them.
    """
    global _running
    url = database.current().owner.url.render_as_string(hide_password=False)
    logging.getLogger("dbos").setLevel(logging.ERROR)
    migrate(url)  # before housekeeping, which asks about its turns, and before anybody asks about health
    if not worker:
        return
    _running = _Engine(settings.worker_concurrency)
    try:
        _running.launch(url)
    except BaseException:
        stop()
        raise


def stop() -> None:
    """Stop in order: claim no more, let the steps under way end, hand their runs to other workers."""
    global _running
    if _running is not None:
        _running.stop()
        _running = None


def listens() -> bool:
    """Whether this process executes runs and hears of each as soon as it is queued."""
    return _running is not None and _running.listener.listens


def health() -> EngineHealth:
    """The engine's state, for people and monitors; cheap, and never raises."""
    try:
        with database.operate() as conn:
            row = conn.execute(queries["health"], {"lock_class": advisory_locks.ALIVE, "most": MOST_QUEUED}).one()
    except DatabaseUnavailable:
        return EngineHealth("down", "The database does not answer.", 0, 0.0, 0)
    more = "+" if row.queue_depth == MOST_QUEUED else ""
    waiting = f"{row.queue_depth:,}{more} waiting to start, {plural(row.live_executors, 'worker')}."
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
    ids = {"tenant": tenant, "run_id": run_id}
    with context.about(**ids), traces.span("run", {**ids, "turn": turn.number}) as span:
        try:
            _take_turn(turn, engine.stopping)
        except (NotInCharge, Suspended):
            pass
        except Stopping:
            recovery.hand_over(turn)
        except Exception as error:
            # Not raised: DBOS would keep its text, which may hold data of the run. Housekeeping starts the next
            # turn, and gives the run up when that does not help.
            span.fail(type(error).__name__)
            log.error("Workflow run %s broke off.", run_id, extra={"error": error})


def _take_turn(turn: Turn, stopping: threading.Event) -> None:
    journal = RunJournal(turn, stopping)
    begun = journal.open()
    caused_by = begun.facts.event
    traces.current().tell(event_id=caused_by["id"], event_type=caused_by["name"], workflow_version=begun.version)
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
