"""Keeps runs going: ends waits that are due, takes over from dead workers, ends runs that kill workers.

Each worker runs this in a thread. A worker is alive while its database session holds its advisory lock; a
killed process loses it at once. Everything here looks at the present state only and may be done by several
workers at the same time.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from lib import database
from lib.database import Connection, named_queries
from lib.errors import DatabaseUnavailable
from lib.runs.journal import Turn, end_run

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)

#: First key of the advisory locks that executors hold; the second is the first half of their id.
LOCK_CLASS = 0x72756E73
#: Turns begun without a step finishing after which a run is given up.
MAX_ATTEMPTS = 5

_PASS_SECONDS = 0.5
#: How long an executor's lock must have been free: after a database restart everyone lost theirs.
_DEAD_SECONDS = 3.0
#: How long a claimed turn may not have begun in this process.
_LOST_SECONDS = 10.0
_RECONCILE_SECONDS = 5.0
_CLEAN_SECONDS = 60.0


class Housekeeping:
    """The thread of one worker; `active` are the turns it executes."""

    def __init__(
        self,
        executor_id: str,
        active: set[str],
        stopping: threading.Event,
        cancel_turns: Callable[[list[str]], None],
        delete_turns: Callable[[list[str]], None],
    ) -> None:
        self._executor_id = executor_id
        self._active = active
        self._stopping = stopping
        self._cancel_turns = cancel_turns
        self._delete_turns = delete_turns
        self._ended = threading.Event()
        self._held = threading.Event()
        self._dead_since: dict[str, float] = {}
        self._next = {"reconcile": 0.0, "clean": 0.0}
        self._thread = threading.Thread(target=self._loop, name="housekeeping", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs and the executor counts as alive."""
        return self._thread.is_alive() and self._held.is_set()

    def start(self) -> None:
        """Begin, and return once the executor counts as alive. Raises DatabaseUnavailable."""
        self._thread.start()
        if not self._held.wait(timeout=10):
            self._ended.set()
            raise DatabaseUnavailable

    def stop(self) -> None:
        """End the thread, and with it the claim that the executor lives."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        while not self._ended.is_set():
            try:
                with database.operate_outside_transaction() as conn:
                    conn.detach()  # closed at the end, not returned to the pool with the lock
                    self._hold_lock(conn)
                    self._watch(conn)
            except DatabaseUnavailable:
                self._ended.wait(_PASS_SECONDS)
            except Exception:
                log.exception("Housekeeping of workflow runs failed; trying again.")
                self._ended.wait(_PASS_SECONDS)
            finally:
                self._held.clear()

    def _hold_lock(self, conn: Connection) -> None:
        key = int.from_bytes(bytes.fromhex(self._executor_id[:8]), signed=True)
        conn.execute(queries["hold_executor"], {"lock_class": LOCK_CLASS, "lock_key": key})
        self._dead_since.clear()
        self._held.set()

    def _watch(self, conn: Connection) -> None:
        """Pass after pass for as long as the session with the lock lives."""
        while not self._ended.wait(_PASS_SECONDS):
            conn.execute(queries["still_there"])
            if self._stopping.is_set():
                continue
            with database.operate() as work:
                work.execute(queries["fire_due_waits"])
            self._take_over()
            if self._due("reconcile", _RECONCILE_SECONDS):
                self._reconcile()
            if self._due("clean", _CLEAN_SECONDS):
                self._clean()

    def _due(self, name: str, seconds: float) -> bool:
        if time.monotonic() < self._next[name]:
            return False
        self._next[name] = time.monotonic() + seconds * random.uniform(0.8, 1.2)
        return True

    def _take_over(self) -> None:
        """Queue anew the turns of executors that are gone, and those that this one claimed and lost."""
        with database.operate() as conn:
            turns = conn.execute(queries["turns_under_way"], {"lock_class": LOCK_CLASS}).all()
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
            return turn.turn_id not in self._active and turn.seconds > _LOST_SECONDS
        return turn.executor_id in self._dead_since and now - self._dead_since[turn.executor_id] >= _DEAD_SECONDS

    def _reconcile(self) -> None:
        """Queue anew whatever run has no turn that could end it, for a reason not thought of here."""
        with database.operate() as conn:
            runs = conn.execute(queries["runs_without_turn"]).all()
        for run in runs:
            log.warning("Workflow run %s had stopped; starting its next turn.", run.run_id)
            restart(Turn(run.tenant, run.run_id, run.turn))

    def _clean(self) -> None:
        with database.operate() as conn:
            turns = list(conn.execute(queries["old_turns"]).scalars())
        if turns:
            self._delete_turns(turns)


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
        # Runs that died together start apart from then on, so that the one at fault dies alone.
        delay = random.uniform(0, 2.0 ** (row.attempts - 1)) if row.attempts > 1 else None
        conn.execute(queries["next_turn"], {**turn.keys(), "planned": False, "delay": delay})
