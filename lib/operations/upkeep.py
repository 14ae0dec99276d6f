"""The periodic chores: folding counts, comparing them with rows, payloads to search, backfills, partitions, retention.

One thread a process that executes runs; any number may run at a time, each chore is done by one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from lib import database
from lib.errors import DatabaseUnavailable
from lib.events import search as payload_search
from lib.metrics import reconciliation, rollups
from lib.settings import Settings
from lib.workflows import backfill

log = logging.getLogger(__name__)

_PASS_SECONDS = 2.0
_HOUR = 3600.0


class Upkeep:
    """The thread; stop() ends it."""

    def __init__(self, settings: Settings, *, seconds: float = _PASS_SECONDS) -> None:
        self._settings = settings
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="upkeep", daemon=True)
        self._due: dict[Callable[[], None], float] = {self._partitions: 0.0, self._reconcile: time.monotonic() + 60}

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the chore under way."""
        self._ended.set()
        self._thread.join(timeout=10)

    def _loop(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self._pass()
            except DatabaseUnavailable:
                continue
            except Exception:
                log.exception("Upkeep of the database failed; trying again.")

    def _pass(self) -> None:
        while self._fold() + self._index_payloads() and not self._ended.is_set():
            pass
        self._backfill()
        for chore, due in self._due.items():
            if time.monotonic() >= due:
                self._due[chore] = time.monotonic() + _HOUR
                chore()

    def _fold(self) -> int:
        with database.operate() as conn:
            return rollups.fold(conn)

    def _index_payloads(self) -> int:
        with database.operate() as conn:
            return payload_search.index(conn)

    def _backfill(self) -> None:
        with database.operate() as conn:
            running = backfill.under_way(conn)
        for backfill_id, actor in running:
            try:
                with database.write(actor) as conn:
                    backfill.advance(conn, actor, backfill_id=backfill_id)
            except DatabaseUnavailable:
                raise
            except Exception:  # one that cannot go on keeps neither the others nor the other chores from going on
                log.exception("Backfill %s could not go on; trying again.", backfill_id)

    def _partitions(self) -> None:
        days = self._settings.retention_days
        with database.operate() as conn:
            rollups.make_partitions(conn)
        if days is not None:
            with database.operate() as conn:
                dropped = rollups.drop_partitions(
                    conn, days=days, error_days=self._settings.retention_error_days or days
                )
            if dropped:
                log.info("Dropped %d months of events that are older than %d days.", dropped, days)

    def _reconcile(self) -> None:
        with database.operate() as conn:
            reconciliation.reconcile_hourly(conn, now=datetime.now(UTC))


_running: Upkeep | None = None


def start(settings: Settings) -> None:
    """Begin the chores of this process; after database.start()."""
    global _running
    _running = Upkeep(settings)
    _running.start()


def stop() -> None:
    """End them, if they run; before database.stop()."""
    global _running
    if _running is not None:
        _running.stop()
        _running = None
