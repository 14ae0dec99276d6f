"""The statements that the application sends, whichever way they go, and how often it waits for the server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import streamlit as st
from psycopg.pq import Trace
from sqlalchemy import Engine, event
from streamlit.runtime.caching import cache_utils

from lib.database import driver


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that are sent meanwhile: by psycopg's cursors, or by libpq alone."""
    seen: list[str] = []
    execute, rows, execute_plain = psycopg.Cursor.execute, driver.rows, driver.execute

    def noted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(query.decode() if isinstance(query, bytes) else str(query))
        return execute(self, query, *arguments, **options)

    def noted_rows(conn: Any, statement: Any, parameters: Any) -> Any:
        seen.append(str(statement))
        return rows(conn, statement, parameters)

    def noted_plain(conn: Any, statements: str) -> None:
        seen.append(statements)
        execute_plain(conn, statements)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", noted)
        patched.setattr(driver, "rows", noted_rows)
        patched.setattr(driver, "execute", noted_plain)
        yield seen


@contextmanager
def counted_trips(pool: Engine) -> Iterator[list[str]]:
    """What is said meanwhile on the connection of a pool that was used last, by libpq's own trace.

    Filled when the block ends. Each trip to the server ends with its ReadyForQuery.
    """
    said: list[str] = []
    with pool.connect() as conn:
        session = conn.connection.driver_connection
    assert isinstance(session, psycopg.Connection)
    with tempfile.TemporaryFile("w+") as file:
        session.pgconn.trace(file.fileno())
        session.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        yield said
        session.pgconn.untrace()
        file.seek(0)
        said += file.read().splitlines()


@contextmanager
def within_a_second() -> Iterator[None]:
    """Nothing is kept when this begins, and what pages keep for a second stays meanwhile, however long they take."""
    now = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache_utils, "TTLCACHE_TIMER", lambda: now)
        st.cache_data.clear()  # what keeps from now on goes by that clock
        yield
    st.cache_data.clear()


def fewest_of_a_page(pool: Engine, open_it: Callable[[], object]) -> list[str]:
    """The statements of a page of which nothing is kept, in the round of three that took the fewest.

    What is kept for a second is read twice by a page that takes longer than that.
    """
    rounds: list[list[str]] = []

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN") and "set_config" not in statement:
            rounds[-1].append(statement)

    event.listen(pool, "before_cursor_execute", note)
    for _ in range(3):
        st.cache_data.clear()
        rounds.append([])
        open_it()
    event.remove(pool, "before_cursor_execute", note)
    return min(rounds, key=len)
