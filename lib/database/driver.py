"""What goes to the driver directly: COPY, notices, and statements that are executed for every event."""

from __future__ import annotations

import hashlib
import selectors
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from lib.errors import DatabaseUnavailable, InvalidInput
from lib.serialization import strict_json

_WRITTEN_AS_THEY_ARE = frozenset((int, UUID, datetime))
_UNSTORABLE = (UnicodeEncodeError, psycopg.errors.UntranslatableCharacter, psycopg.errors.CharacterNotInRepertoire)


class DatabaseSession(psycopg.Connection[Any]):
    """A connection whose commit and rollback send nothing to the server when no transaction is open."""

    def commit(self) -> None:
        """End the transaction, if there is one."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().commit()

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().rollback()


def rows(conn: Connection, statement: TextClause, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement that every event needs, by the names of their columns.

    Its session prepares it the first time. By libpq alone: psycopg's cursors cost more than what they execute, and
    SQLAlchemy as much again (docs/decisions/0111). Errors are SQLAlchemy's.
    """
    written, session = _written(statement), _session(conn)
    adapter = Transformer(session)
    try:
        if not session.autocommit and session.pgconn.transaction_status == TransactionStatus.IDLE:
            execute(conn, "BEGIN")  # as SQLAlchemy's own statements do
        given = [parameters[name] for name in written.names]
        texts = _as_texts(given)
        values = adapter.dump_sequence(given, written.formats) if texts is None else texts
        if session.prepare_threshold is None:  # a pooler may give each transaction another session
            result = session.pgconn.exec_params(written.text, values)
        else:
            _prepare(session, written)
            # The type that psycopg declares does not allow for NULL.
            result = session.pgconn.exec_prepared(written.name, values)  # type: ignore[arg-type]
        _check(session, result)
    except psycopg.Error as error:
        raise _of_sqlalchemy(conn, session, written.text, parameters, error) from error
    adapter.set_pgresult(result)
    if len(written.columns) != result.nfields:
        written.columns[:] = [(result.fname(number) or b"").decode() for number in range(result.nfields)]
    return adapter.load_rows(0, result.ntuples, lambda row: dict(zip(written.columns, row, strict=True)))


def _as_texts(given: Sequence[Any]) -> list[Any] | None:
    """Parameters as the server reads them from texts; None when psycopg has to write one of them.

    It looks up how to, for each value and for each list anew, which costs more than the rest of a statement.
    """
    texts = []
    for one in given:
        text = _as_list(one) if type(one) is list else _as_text(one)
        if text is None and one is not None:
            return None
        texts.append(None if text is None else text.encode())
    return texts


def _as_text(value: Any) -> str | None:
    kind = type(value)
    if kind is str:
        return value if value.isascii() and "\0" not in value else None
    return str(value) if kind in _WRITTEN_AS_THEY_ARE else None


def _as_list(items: list[Any]) -> str | None:
    texts = []
    for item in items:
        text = _as_text(item)
        if text is not None:
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        elif item is not None:
            return None
        texts.append("NULL" if text is None else f'"{text}"')
    return "{" + ",".join(texts) + "}"


def _prepare(session: psycopg.Connection[Any], written: _Written) -> None:
    """Prepare a statement unless the session has it.

    Its name stands among those that psycopg keeps, so that it is dropped with them: after a rollback psycopg drops all
    on the server. They are private; the version is pinned, and tests fail when that changes (docs/decisions/0111).
    """
    kept = session._prepared._names
    key = written.text, ()
    if key not in kept:
        _check(session, session.pgconn.prepare(written.name, written.text))
        kept[key] = written.name


def execute(conn: Connection, statements: str) -> None:
    """Execute statements without parameters, all in one trip to the server."""
    session = _session(conn)
    try:
        _check(session, session.pgconn.exec_(statements.encode()))
    except psycopg.Error as error:
        raise _of_sqlalchemy(conn, session, statements.encode(), None, error) from error


@contextmanager
def planned_anew(conn: Connection) -> Iterator[None]:
    """Have each statement of this block planned for its own parameters, in the transaction that is or will be open.

    A prepared statement ends up with one plan for any parameters, which can be a hundred times slower for those at
    hand: filters that have an index each, arrays of any length. Only for such statements: to plan a large one takes
    longer than most take to be executed.
    """
    session = _session(conn)
    begins = not session.autocommit and session.pgconn.transaction_status == TransactionStatus.IDLE
    execute(conn, f"{'BEGIN; ' if begins else ''}SET LOCAL plan_cache_mode = force_custom_plan")
    yield
    execute(conn, "SET LOCAL plan_cache_mode = auto")


def commit(conn: Connection, *, may_have_failed: bool = False) -> None:
    """Commit in one trip, after which SQLAlchemy finds nothing left to send.

    Where a statement failed and whoever executed it went on, the server rolls back without an error. This raises then,
    unless there was nothing to lose.
    """
    session = _session(conn)
    is_failed = session.pgconn.transaction_status == TransactionStatus.INERROR
    execute(conn, "COMMIT")
    if is_failed and not may_have_failed:
        error = psycopg.errors.InFailedSqlTransaction("a statement failed, so nothing was committed")
        raise _of_sqlalchemy(conn, session, b"COMMIT", None, error) from error


@dataclass(frozen=True)
class _Written:
    """A statement as the server takes it, what it is called once it is prepared, and its parameters in their order."""

    text: bytes
    name: bytes
    names: tuple[str, ...]
    formats: tuple[PyFormat, ...]
    #: The names of its columns, once it was executed.
    columns: list[str] = field(default_factory=list)


@cache
def _written(statement: TextClause) -> _Written:
    compiled = statement.compile(dialect=PGDialect_psycopg(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    text, names = str(compiled).encode(), tuple(getattr(compiled, "positiontup", None) or ())
    name = f"ours_{hashlib.sha256(text).hexdigest()[:32]}".encode()
    return _Written(text, name, names, (PyFormat.TEXT,) * len(names))


def _session(conn: Connection) -> psycopg.Connection[Any]:
    session = conn.connection.driver_connection
    assert isinstance(session, psycopg.Connection)
    return session


def _check(session: psycopg.Connection[Any], result: PGresult) -> None:
    """Raise what the server refuses, or that it is gone."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    if session.closed:
        raise psycopg.OperationalError(session.pgconn.get_error_message())
    raise psycopg.errors.error_from_result(result, encoding=session.info.encoding)


def _of_sqlalchemy(
    conn: Connection,
    session: psycopg.Connection[Any],
    statement: bytes,
    parameters: Mapping[str, Any] | None,
    error: psycopg.Error,
) -> BaseException:
    """The error as SQLAlchemy would raise it."""
    refuse_unstorable(parameters, error)
    if session.closed:
        conn.invalidate(error)
        conn.engine.dispose()  # those that are at rest are most likely lost too
    return DBAPIError.instance(
        statement.decode(),
        parameters,
        error,
        psycopg.Error,
        connection_invalidated=session.closed,
        dialect=conn.dialect,
    )


def has_something_to_say(session: psycopg.Connection[Any], *, seconds: float = 0) -> bool:
    """Whether there is something to be read from the server within so many seconds, be it that the session ended."""
    # Not select(): it knows no file beyond number 1023, and each viewer has one.
    with selectors.DefaultSelector() as selector:
        selector.register(session, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def notified(conn: Connection, *, seconds: float) -> bool:
    """Whether somebody notifies a channel that this session listens to, within so many seconds.

    Raises DatabaseUnavailable when the session is gone.
    """
    session = conn.connection.dbapi_connection
    assert isinstance(session, psycopg.Connection)
    # Not left to the driver, which looks ten times a second whether it was interrupted.
    if not has_something_to_say(session, seconds=seconds):
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
