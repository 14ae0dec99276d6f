"""What goes to the driver directly: COPY, notices, and statements that are executed for every event."""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from lib.errors import DatabaseUnavailable, InvalidInput
from lib.serialization import strict_json

_UNSTORABLE = (UnicodeEncodeError, psycopg.errors.UntranslatableCharacter, psycopg.errors.CharacterNotInRepertoire)


def rows(conn: Connection, statement: TextClause, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement that every event needs, by the names of their columns; see `execute`."""
    return execute(conn, _written(statement), parameters).fetchall()


def execute(
    conn: Connection, statement: str, parameters: Mapping[str, Any] | None = None
) -> psycopg.Cursor[dict[str, Any]]:
    """Execute a statement by the driver alone: SQLAlchemy would cost as much again. Errors are SQLAlchemy's."""
    session = conn.connection.driver_connection
    assert isinstance(session, psycopg.Connection)
    try:
        return session.cursor(row_factory=dict_row).execute(statement.encode(), parameters)
    except psycopg.Error as error:
        refuse_unstorable(parameters, error)
        if session.closed:
            conn.invalidate(error)
            conn.engine.dispose()  # those that are at rest are most likely lost too
        raise DBAPIError.instance(
            statement, parameters, error, psycopg.Error, connection_invalidated=session.closed, dialect=conn.dialect
        ) from error


@cache
def _written(statement: TextClause) -> str:
    """The statement as the driver writes its parameters."""
    return str(statement.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]


def notified(conn: Connection, *, seconds: float) -> bool:
    """Whether somebody notifies a channel that this session listens to, within so many seconds.

    Raises DatabaseUnavailable when the session is gone.
    """
    session = conn.connection.dbapi_connection
    assert isinstance(session, psycopg.Connection)
    # Not left to the driver, which looks ten times a second whether it was interrupted.
    if not select.select([session], [], [], seconds)[0]:
        return False
    try:
        return bool(list(session.notifies(timeout=0)))
    except psycopg.Error as error:
        raise DatabaseUnavailable from error


def copy_rows(conn: Connection, table: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """Load many rows at once with COPY, inside the caller's transaction.

    By way of a temporary table: PostgreSQL refuses COPY into one with row-level security to all but superusers.
    """
    session = conn.connection.driver_connection
    assert isinstance(session, psycopg.Connection)
    names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, columns))
    target, waiting = psycopg.sql.Identifier(table), psycopg.sql.Identifier(f"loading_{table}")
    made = psycopg.sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0")
    copied = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(waiting, names)
    moved = psycopg.sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, names, names, waiting)
    with session.cursor() as cursor:
        cursor.execute(made.format(waiting, names, target))
        with cursor.copy(copied) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(moved)
        cursor.execute(psycopg.sql.SQL("DROP TABLE {}").format(waiting))


def refuse_unstorable(given: Any, error: BaseException) -> None:
    """Raise InvalidInput, naming the parameter, if a statement failed on a text that PostgreSQL cannot store."""
    for row in given if isinstance(given, list | tuple) else [given]:
        for name, value in row.items() if isinstance(row, Mapping) else ():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    strict_json.check_text(item, field=str(name).replace("_", " "))
    if isinstance(error, _UNSTORABLE):  # inside JSON, or beyond the database's own encoding
        raise InvalidInput("text", "has a character that this database cannot store")
