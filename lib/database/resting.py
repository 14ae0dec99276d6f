"""Whether a connection that rested in a pool is still alive, found out without asking the server each time.

SQLAlchemy's own check asks whenever a connection is lent: half of all trips of an event that starts two runs. A session
that the server ended has something to say, and so has a server that stopped. Only a host that vanished says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy.exc import DisconnectionError

from lib.database import driver

#: After so long at rest the server is asked all the same.
_MOST_SECONDS = 1.0
_SINCE = "at rest since"


def _given_back(session: psycopg.Connection[Any] | None, record: Any) -> None:
    record.info[_SINCE] = time.monotonic()


def _lent(session: psycopg.Connection[Any], record: Any, _: Any) -> None:
    since = record.info.pop(_SINCE, None)
    if since is None or (time.monotonic() < since + _MOST_SECONDS and not _may_have_ended(session)):
        return
    try:
        is_there = session.pgconn.exec_(b";").status == ExecStatus.EMPTY_QUERY
    except psycopg.Error:
        is_there = False
    if not is_there:
        raise DisconnectionError  # the pool lends another


def _may_have_ended(session: psycopg.Connection[Any]) -> bool:
    return session.closed or driver.has_something_to_say(session)


#: For an engine's `pool_events`.
EVENTS: list[tuple[Callable[..., None], str]] = [(_given_back, "checkin"), (_lent, "checkout")]
