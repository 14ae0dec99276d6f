"""Who waits for a lock in one database. Tests run in several databases of a cluster at once, each with its own."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

from sqlalchemy import text

from lib.database import Database
from tests.support.waiting import PATIENCE

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'"
    " AND query LIKE :like"
)


def waiting(db: Database, *, like: str = "%") -> int:
    """How many sessions of this database wait for a lock with a statement like that."""
    with db.owner.connect() as conn:  # a new transaction each time: one sees the same activity until it ends
        return int(conn.execute(_WAITING, {"like": like}).scalar_one())


def await_waiting(db: Database, *, unless_done: Future[Any] | None = None, like: str = "%") -> None:
    """Until somebody waits for a lock in this database; fail when who should wait is done instead."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if waiting(db, like=like):
            return
        assert unless_done is None or not unless_done.done(), "it did not wait"
        time.sleep(0.01)
    raise AssertionError("nobody waits")
