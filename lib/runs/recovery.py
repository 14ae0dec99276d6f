"""Keeps runs going: ends waits that are due, takes over from dead workers, gives up runs that kill workers.

Each worker does this as chores. A worker is alive while its database session holds its advisory lock. A killed
process loses the lock at once. The chores look at the present state alone, so several workers may do them at the same
time.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from lib import database
from lib.database import advisory_locks, named_queries
from lib.errors import DatabaseUnavailable
from lib.runs.chores import Chore, Chores
from lib.runs.journal import Turn, end_run

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)

#: Turns begun without a step finishing after which a run is given up.
MAX_ATTEMPTS = 5

_PASS_SECONDS = 0.5
#: How long an executor's lock must have been free: after a database restart everyone lost theirs.
_DEAD_SECONDS = 3.0
#: How long a claimed turn may not have begun in this process.
_LOST_SECONDS = 10.0
_RECONCILE_SECONDS = 5.0
#: Old turns are deleted often and some at a time, since waits that are due stand behind them: 1,000 a second. A worker
#: ends 80 runs a second (docs/hosting.md), of a few turns each.
_CLEAN_SECONDS = 5.0
_CLEANED_AT_ONCE = 5_000


class Housekeeping(Chores):
    """The chores of one worker; `under_way` are the turns it executes. They rest while the worker stops."""

    def __init__(
        self,
        executor_id: str,
        under_way: Container[str],
        stopping: threading.Event,
        cancel_turns: Callable[[list[str]], None],
        delete_turns: Callable[[list[str]], None],
    ) -> None:
        self._executor_id = executor_id
        self._under_way = under_way
        self._stopping = stopping
        self._cancel_turns = cancel_turns
        self._delete_turns = delete_turns
        self._dead_since: dict[str, float] = {}
        self._agenda: Any = None
        chores = (
            Chore("ending waits", self._end_due_waits),
            Chore("delayed turns", self._queue_due_turns),
            Chore("taking over", self._take_over),
            Chore("runs without a turn", _reconcile, every=_RECONCILE_SECONDS),
            Chore("old turns", self._clean, every=_CLEAN_SECONDS),
        )
        super().__init__("housekeeping", chores, seconds=_PASS_SECONDS)

    @contextmanager
    def session(self) -> Iterator[Callable[[], bool]]:
        """A database session with the executor's lock. Others take the executor for alive while it is held."""
        with database.operate_outside_transaction() as conn:
            conn.detach()  # closed at the end, not returned to the pool with the lock
            key = int.from_bytes(bytes.fromhex(self._executor_id[:8]), signed=True)
            conn.execute(queries["hold_executor"], {"lock_class": advisory_locks.ALIVE, "lock_key": key})
            self._dead_since.clear()

            def may_go_on() -> bool:
                # One statement for all chores: it is asked all the time, and mostly there is nothing to do.
                self._agenda = conn.execute(queries["agenda"]).one()
                return not self._stopping.is_set()

            yield may_go_on

    def _end_due_waits(self) -> None:
        if self._agenda.waits_due:
            with database.operate() as conn:
                conn.execute(queries["fire_due_waits"])

    def _queue_due_turns(self) -> None:
        if self._agenda.turns_due:
            with database.operate() as conn:
                conn.execute(queries["queue_due_turns"])

    def _take_over(self) -> None:
        """Queue anew the turns of executors that are gone, and the turns which this one claimed and lost."""
        if not self._agenda.turns_claimed:
            self._dead_since.clear()
            return
        with database.operate() as conn:
            turns = conn.execute(queries["turns_under_way"], {"lock_class": advisory_locks.ALIVE}).all()
        now = time.monotonic()
        gone = {turn.executor_id for turn in turns if not turn.alive}
        self._dead_since = {executor: self._dead_since.get(executor, now) for executor in gone}
        abandoned = [turn for turn in turns if self._abandoned(turn, now)]
        for turn in abandoned:
            run_id, _, number = turn.turn_id.partition(":")
            restart(Turn(turn.tenant, UUID(run_id), int(number or 1)))
        if abandoned:
            log.warning("Took over %d workflow runs from workers that are gone.", len(abandoned))
            self._cancel_turns([turn.turn_id for turn in abandoned])

    def _abandoned(self, turn: Any, now: float) -> bool:
        if turn.executor_id == self._executor_id:
            # A connection lost between claiming and beginning leaves a turn that nobody executes.
            return turn.turn_id not in self._under_way and turn.seconds > _LOST_SECONDS
        return turn.executor_id in self._dead_since and now - self._dead_since[turn.executor_id] >= _DEAD_SECONDS

    def _clean(self) -> None:
        row = {"lock": advisory_locks.OLD_TURNS, "most": _CLEANED_AT_ONCE}
        with database.operate() as conn:
            if turns := list(conn.execute(queries["old_turns"], row).scalars()):
                self._delete_turns(turns)  # by DBOS, in a transaction of its own


def _reconcile() -> None:
    """Queue anew whatever run has no turn that could end it, for a reason not thought of here."""
    with database.operate() as conn:
        runs = conn.execute(queries["runs_without_turn"]).all()
    for run in runs:
        log.warning("Workflow run %s had stopped; starting its next turn.", run.run_id)
        restart(Turn(run.tenant, run.run_id, run.turn))


def restart(turn: Turn) -> None:
    """Put the run's next turn in the queue, or give the run up if it has stopped its worker too often."""
    with database.operate() as conn:
        row = conn.execute(queries["attempts"], turn.keys()).one_or_none()
        if row is None:
            return
        if row.attempts >= MAX_ATTEMPTS:
            where = f"in step {row.node_path}" if row.node_path else "before its first step"
            message = f"The run broke off {row.attempts} times {where}; it is not tried again."
            error = {"code": "dead_letter", "message": message}
            end_run(conn, turn, "FAILED", error=error)
            log.error("Workflow run %s: %s", turn.run_id, message)
            return
        # Runs that died with their worker start apart from now on. The one at fault then dies alone.
        delay = random.uniform(0, 2.0 ** (row.attempts - 1)) if row.attempts > 1 else None
        conn.execute(queries["next_turn"], {**turn.keys(), "planned": False, "delay": delay})


def hand_over(turn: Turn) -> None:
    """Queue the run's next turn, for another process or this one's successor."""
    try:
        with database.operate() as conn:
            conn.execute(queries["next_turn"], {**turn.keys(), "planned": True, "delay": None})
    except DatabaseUnavailable:
        pass  # housekeeping elsewhere finds the turn without a live executor
