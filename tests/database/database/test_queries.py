"""Every stored statement still fits the schema: PostgreSQL plans it with each parameter unknown.

And what statements write, some statement reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from lib.database import Database, named_queries

STATEMENTS = [
    (path.stem, name, statement)
    for path in sorted(named_queries.QUERIES.rglob("*.sql"))
    for name, statement in named_queries.parse(path).items()
]


@pytest.mark.parametrize(("module", "name", "statement"), STATEMENTS, ids=lambda v: v if "\n" not in v else "")
def test_explain(module: str, name: str, statement: str, db: Database) -> None:
    explained = text(f"EXPLAIN {statement}")
    parameters = dict.fromkeys(explained.compile().params)
    with db.owner.connect() as conn:
        assert conn.execute(explained, parameters).all()


# Columns that statements write and none reads, and why each is kept. `table.*` stands for all of a table's.
UNREAD = {
    "system_event_catalog.updated_at": "tells an operator when a release changed an entry",
    "tenants.time_zone": "the tenant's own zone; pages show the zone of each viewer's browser",
    "workflow_backfills.until": "the function app_backfill_events reads it",
    "workflow_runs.output_json": "the output as it was, for operators; pages read redacted_output_json",
}


def test_what_is_written_is_read(db: Database) -> None:
    """PostgreSQL itself says so: a role that may not read, or write, a column is refused what does."""
    with db.owner.connect() as conn:
        columns = _columns(conn)
        _make_prober(conn, columns)
        written = [one for one in columns if _needs(conn, "INSERT", *one) or _needs(conn, "UPDATE", *one)]
        unread = {f"{table}.{column}" for table, column in written if not _needs(conn, "SELECT", table, column)}
        conn.rollback()
    assert len(written) > 100, "the probe sees what is written"
    whole = {name.removesuffix("*") for name in UNREAD if name.endswith("*")}
    assert {name for name in unread if not name.startswith(tuple(whole))} == {n for n in UNREAD if n[-1] != "*"}
    assert {f"{name.partition('.')[0]}." for name in unread} >= whole


def _columns(conn: Connection) -> list[tuple[str, str]]:
    found = conn.execute(
        text("""
        SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
        ORDER BY c.relname, a.attnum""")
    )
    return [(table, column) for table, column in found]


def _make_prober(conn: Connection, columns: list[tuple[str, str]]) -> None:
    """A role that may do everything with each column, by rights on columns alone, which can be taken one by one."""
    for statement in (
        "CREATE ROLE prober BYPASSRLS",
        "GRANT ALL ON SCHEMA dbos TO prober",
        "GRANT ALL ON ALL TABLES IN SCHEMA dbos, public TO prober",
        "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public, dbos TO prober",
    ):
        conn.execute(text(statement))
    for table in {table for table, _ in columns}:
        names = ", ".join(f'"{column}"' for one, column in columns if one == table)
        conn.execute(text(f"REVOKE SELECT, INSERT, UPDATE ON {table} FROM prober"))
        conn.execute(
            text(f"GRANT SELECT ({names}, ctid, tableoid), INSERT ({names}), UPDATE ({names}) ON {table} TO prober")
        )


def _needs(conn: Connection, right: str, table: str, column: str) -> bool:
    """Whether some statement cannot do without this right on this column."""
    with conn.begin_nested() as savepoint:
        conn.execute(text(f'REVOKE {right} ("{column}") ON {table} FROM prober'))
        conn.execute(text("SET LOCAL ROLE prober"))
        needed = any(_is_refused(conn, table, statement) for statement in _naming(table, column, right))
        savepoint.rollback()
    return needed


def _naming(table: str, column: str, right: str) -> Iterator[str]:
    """Statements that may need the right; a view is read without naming its tables."""
    likely_first = sorted(STATEMENTS, key=lambda one: table not in one[2])
    for _, _, statement in likely_first:
        if not re.search(rf"\b{column}\b", statement):
            continue
        if right == "SELECT":
            # What an upsert takes over from the row that it could not insert is written, not read.
            yield re.sub(r"\bexcluded\.\w+", "NULL", statement)
        elif right in statement and table in statement:
            yield statement


def _is_refused(conn: Connection, table: str, statement: str) -> bool:
    explained = text(f"EXPLAIN {statement}")
    try:
        with conn.begin_nested():
            conn.execute(explained, dict.fromkeys(explained.compile().params))
    except ProgrammingError as error:
        return f"permission denied for table {table}\n" in f"{error.orig}\n"
    return False
