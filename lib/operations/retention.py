"""What is dropped by its age: months of events, the runs that these started, and the ids that they came with.

Counts stay, so metrics go back further than events. Each takes the owner's connection.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib.database import Connection, named_queries
from lib.metrics import rollups

#: Runs, or submissions, that go in one transaction, so that nobody waits long for it.
MOST_AT_ONCE = 2_000

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Kept:
    """For how many days events and runs are kept, and those that failed, which stay at least as long."""

    days: int
    error_days: int


def drop_events(conn: Connection, kept: Kept) -> int:
    """Drop the oldest month of events, if it ended so long ago; how many months went. Those that failed go one by one.

    Raises DatabaseUnavailable when a backup or a long statement holds the events: it is to be tried later.
    """
    if not rollups.alone(conn):
        return 0
    rollups.wait_briefly(conn)
    return int(conn.execute(queries["drop_events"], vars(kept)).scalar_one())


def drop_runs(conn: Connection, kept: Kept) -> int:
    """Delete some of the runs of dropped months that ended so long ago, with their steps and waits; how many.

    One that has not ended stays until it has, one that failed as long as an event that failed, and that of an event
    which is still there stays with it.
    """
    return int(conn.execute(queries["drop_runs"], vars(kept) | {"most": MOST_AT_ONCE}).scalar_one())


def forget_submissions(conn: Connection) -> int:
    """Delete the ids under which some events of dropped months came, unless the event is still there; how many.

    Whoever sends such an event again sends a new one.
    """
    return int(conn.execute(queries["forget_submissions"], {"most": MOST_AT_ONCE}).scalar_one())
