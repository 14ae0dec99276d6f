"""Statements that go to libpq without a cursor: what they are given comes back as it was."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError

from lib import database
from lib.auth.actors import Actor
from lib.database import Database, driver
from lib.errors import InvalidInput
from tests.conftest import ActorFactory
from tests.support.waiting import PATIENCE

_ID = UUID("4009a8ec-6343-5a95-a455-1acef028db55")
_AT = datetime(2026, 3, 2, 9, 15, 30, 123456, tzinfo=UTC)


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    return new_actor()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "plain"),
        ("text", ""),
        ("text", None),
        ("text", 'a "b" \\ {c}, NULL'),
        ("text", "Grüße, 世界"),
        ("int", -7),
        ("boolean", True),
        ("numeric", Decimal("1.10")),
        ("uuid", _ID),
        ("timestamptz", _AT),
        ("text[]", []),
        ("text[]", ["", None, "NULL", 'a "b" \\ {c}, d', " e "]),
        ("text[]", ["Grüße", None]),
        ("int[]", [1, None, -2]),
        ("uuid[]", [_ID, None]),
        ("bytea[]", [b"\\x00\x00", b""]),
    ],
)
def test_a_value_comes_back_as_it_was(actor: Actor, kind: str, value: Any) -> None:
    with database.read(actor) as conn:
        for _ in range(2):  # the names of the columns are kept
            assert driver.rows(conn, _same(kind), {"value": value}) == [{"value": value}]


@pytest.mark.parametrize("value", ["a\0b", ["a\0b"]])
def test_what_cannot_be_stored_is_refused(actor: Actor, value: Any) -> None:
    kind = "text[]" if isinstance(value, list) else "text"
    with pytest.raises(InvalidInput, match="NUL"), database.read(actor) as conn:
        driver.rows(conn, _same(kind), {"value": value})


def test_a_connection_is_given_back_without_a_transaction(db: Database, actor: Actor) -> None:
    for ends in (True, False):
        with pytest.raises(InterruptedError), database.write(actor) as conn:
            session = conn.connection.driver_connection
            assert isinstance(session, driver.DatabaseSession)
            assert session.info.transaction_status == TransactionStatus.INTRANS
            if ends:
                driver.execute(conn, "COMMIT")
            raise InterruptedError
        assert session.info.transaction_status == TransactionStatus.IDLE


def test_the_first_statement_of_a_transaction_is_in_it(db: Database) -> None:
    name = text("SELECT set_config('application_name', :name, false) AS name")
    for connect, kept in ((database.operate, False), (database.operate_outside_transaction, True)):
        with suppress(InterruptedError), connect() as conn:
            driver.rows(conn, name, {"name": "one of the tests"})
            session = conn.connection.driver_connection
            raise InterruptedError
        assert isinstance(session, driver.DatabaseSession)
        assert (session.info.parameter_status("application_name") == "one of the tests") is kept


def test_statements_are_planned_anew_in_their_block_alone(db: Database, actor: Actor) -> None:
    mode = text("SELECT current_setting('plan_cache_mode')")
    for connect in (lambda: database.read(actor), database.operate):
        with connect() as conn:
            with driver.planned_anew(conn):
                assert conn.execute(mode).scalar_one() == "force_custom_plan"
            assert conn.execute(mode).scalar_one() == "auto"


_SAME: dict[str, Any] = {}


def _same(kind: str) -> Any:
    return _SAME.setdefault(kind, text(f"SELECT CAST(:value AS {kind}) AS value"))


def test_what_failed_and_was_passed_over_is_not_taken_for_committed(actor: Actor) -> None:
    done: list[str] = []
    with pytest.raises(InternalError, match="nothing was committed"), database.write(actor) as conn:
        database.on_commit(conn, lambda: done.append("committed"))
        with suppress(DBAPIError):
            conn.exec_driver_sql("SELECT 1 / 0")
    assert done == []
    with database.read(actor) as conn, suppress(DBAPIError):
        conn.exec_driver_sql("SELECT 1 / 0")


def test_a_wake_is_heard_however_many_files_are_open(db: Database) -> None:
    with ExitStack() as open_files:
        for _ in range(1100):
            open_files.enter_context(open(os.devnull))
        db.owner.dispose()  # so that it connects anew, and gets a file with a number of four digits
        with db.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("LISTEN test_driver"))
            assert not driver.notified(conn, seconds=0)
            with db.owner.begin() as other:
                other.execute(text("NOTIFY test_driver"))
            assert driver.notified(conn, seconds=PATIENCE)
