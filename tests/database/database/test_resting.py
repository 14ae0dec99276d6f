"""Connections at rest: the server is asked whether they still are there only when that is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text

from lib import database
from lib.database import Database, resting
from tests.support.statements import counted_trips

ONE = text("SELECT 1")


def ask() -> int:
    """Use the owner's pool; the process of the session that it lent."""
    with database.operate() as conn:
        conn.execute(ONE)
        return int(conn.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]


@contextmanager
def said(db: Database) -> Iterator[list[str]]:
    """What is said meanwhile on the only connection of the owner's pool."""
    db.owner.dispose()
    ask()
    with counted_trips(db.owner) as lines:
        yield lines


@pytest.mark.own_database
def test_one_that_was_used_just_now_is_not_asked(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "_MOST_SECONDS", 60.0)
    with said(db) as lines:
        ask()
    assert sum("ReadyForQuery" in line for line in lines) == 3, "begin, select, commit"
    monkeypatch.setattr(resting, "_MOST_SECONDS", 0.0)
    with said(db) as lines:
        ask()
    assert sum("ReadyForQuery" in line for line in lines) == 4, "after a rest the server is asked first"


@pytest.mark.own_database
def test_one_whose_session_has_ended_is_not_lent(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "_MOST_SECONDS", 60.0)
    db.owner.dispose()
    ended = ask()
    with psycopg.connect(db.owner.url.set(drivername="postgresql").render_as_string(hide_password=False)) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])  # waits until it has
    assert ask() != ended
