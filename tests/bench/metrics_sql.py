"""The metrics page's SQL against the statements that the reference runs for the same figures; and inserting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from lib import database
from lib.auth.actors import Actor
from lib.database.paging import Cursor
from lib.metrics import reports, rollups
from lib.metrics.time_window import Window
from tests.bench.catalog_sql import median_ms
from tests.bench.data import NOW, TENANTS

_PAGE_SIZE = 25
_INSERTS = 5000
_SHORT_RUNS = 200  # for what takes less than a millisecond

_RANGE = "tenant = :tenant AND {} = :name AND {} >= :since AND {} <= :until"
_EVENTS = "FROM bench.events WHERE " + _RANGE.format("event_name", "created_at", "created_at")
_REFERENCE = [
    text(
        "SELECT count(*), count(CASE WHEN matched_run_id IS NOT NULL THEN 1 END),"
        " count(CASE WHEN matched_run_id IS NULL AND error_message IS NULL THEN 1 END),"
        f" count(CASE WHEN error_message IS NOT NULL THEN 1 END) {_EVENTS}"
    ),
    text(f"SELECT date_trunc('day', created_at), count(*) {_EVENTS} GROUP BY 1 ORDER BY 1"),
    text(
        "SELECT count(*), count(CASE WHEN status = 'SUCCEEDED' THEN 1 END),"
        " avg(CASE WHEN completed_at IS NOT NULL THEN extract(epoch FROM completed_at - started_at) * 1000 END)"
        " FROM bench.runs WHERE " + _RANGE.format("event_type", "started_at", "started_at")
    ),
]
_REFERENCE_RECENT = text(
    "SELECT event_id, correlation_key, created_at, processed_at, matched_run_id, error_message"
    f" {_EVENTS} ORDER BY created_at DESC, event_id DESC LIMIT {_PAGE_SIZE} OFFSET :offset"
)


def prepare() -> None:
    """Fold what loading logged, and leave the rollups as autovacuum would."""
    folded = 0
    while True:
        with database.operate() as conn:
            moved = rollups.fold(conn)
        if not moved:
            break
        folded += moved
    if folded:
        with database.operate_outside_transaction() as conn:
            for table in ("event_counts", "run_counts", "run_durations", "event_deltas", "run_deltas"):
                conn.exec_driver_sql(f"VACUUM (ANALYZE) {table}")


def figures(actor: Actor) -> Iterator[tuple[str, float]]:
    """Reference and ours for the busiest event over 7 and 90 days, a late page of recent events, and inserting."""
    with database.operate() as conn:
        name = conn.execute(text("SELECT event_name FROM bench.types ORDER BY n LIMIT 1")).scalar_one()
    for days in (7, 90):
        since = NOW - timedelta(days=days)
        _same_figures(actor, name, since)
        reference = median_ms(lambda since=since: _reference(actor, name, since))  # type: ignore[misc]
        ours = median_ms(lambda since=since: _ours(actor, name, since))  # type: ignore[misc]
        yield f"event_{days}d_reference_ms", reference
        yield f"event_{days}d_ms", ours
        yield f"event_{days}d_ratio", reference / ours
        yield f"event_{days}d_whole_page_ms", median_ms(lambda since=since: _whole_page(actor, name, since))  # type: ignore[misc]
    yield from _late_page(actor, name)
    yield from _inserting(name)


def _reference(actor: Actor, name: str, since: datetime) -> Any:
    parameters = {"tenant": actor.tenant, "name": name, "since": since, "until": NOW, "offset": 0}
    with database.operate() as conn:
        found = [conn.execute(statement, parameters).all() for statement in _REFERENCE]
        conn.execute(_REFERENCE_RECENT, parameters).all()
    return found[0][0][0], found[2][0][0], found[2][0][1]


def _ours(actor: Actor, name: str, since: datetime) -> Any:
    """The same figures: counts and runs by day, whose sums are the summary, and the latest events."""
    window = Window.of(since, NOW, ZoneInfo("UTC"), "day")
    with database.read(actor) as conn:
        events = rollups.events(conn, tenant=actor.tenant, names=[name], boundaries=window.boundaries)[name]
        runs = rollups.runs(conn, tenant=actor.tenant, names=[name], boundaries=[since, NOW])[name][0]
        reports.recent(conn, tenant=actor.tenant, event_type=name, since=since, until=NOW)
    return sum(e.total for e in events.values()), runs.runs, runs.succeeded


def _whole_page(actor: Actor, name: str, since: datetime) -> None:
    """All that our page asks: percentiles, the period before, the heat map and reasons too."""
    window = Window.of(since, NOW, ZoneInfo("America/New_York"))
    asked: dict[str, Any] = {"tenant": actor.tenant, "event_type": name, "window": window}
    with database.read(actor) as conn:
        reports.event_metrics(conn, **asked)
        reports.by_hour_of_week(conn, **asked)
        reports.unmatched_reasons(conn, **asked)
        reports.recent(conn, tenant=actor.tenant, event_type=name, since=since, until=NOW)


def _same_figures(actor: Actor, name: str, since: datetime) -> None:
    # The reference takes runs by their own start, 50 ms after their event: the last ones fall out of its range.
    (events, *_), (ours, *_) = _reference(actor, name, since), _ours(actor, name, since)
    if events != ours:
        raise SystemExit(f"Counts differ from the reference: {events} and {ours}")


def _late_page(actor: Actor, name: str) -> Iterator[tuple[str, float]]:
    since = NOW - timedelta(days=90)
    parameters = {"tenant": actor.tenant, "name": name, "since": since, "until": NOW}
    with database.operate() as conn:
        total = conn.execute(text(f"SELECT count(*) {_EVENTS}"), parameters).scalar_one()
        page = min(10_000, total // _PAGE_SIZE)
        before = {**parameters, "offset": (page - 1) * _PAGE_SIZE - 1}
        row = conn.execute(_REFERENCE_RECENT, before).first()
    assert row is not None
    cursor = Cursor(row.created_at.astimezone(UTC), row.event_id)

    def reference(conn: Connection) -> list[Any]:
        last = {**parameters, "offset": (page - 1) * _PAGE_SIZE}
        return [r.event_id for r in conn.execute(_REFERENCE_RECENT, last)]

    def ours(conn: Connection) -> list[Any]:
        found = reports.recent(conn, tenant=actor.tenant, event_type=name, since=since, until=NOW, older_than=cursor)
        return [e.event_id for e in found.events]

    def whole() -> list[Any]:
        with database.read(actor) as conn:
            return ours(conn)

    with database.operate() as conn:
        expected = reference(conn)
        # The first executions only: from the eleventh on the server has one plan for any page, a worse one here.
        theirs = median_ms(lambda: reference(conn))
        for _ in range(10):
            reference(conn)
        prepared = median_ms(lambda: reference(conn))
    with database.read(actor) as conn:
        if ours(conn) != expected:
            raise SystemExit("The late page of recent events differs from the reference's.")
        mine = median_ms(lambda: ours(conn), runs=_SHORT_RUNS)
    yield "recent_late_page", page
    yield "recent_late_page_reference_ms", theirs
    yield "recent_late_page_reference_prepared_ms", prepared
    yield "recent_late_page_ms", mine
    yield "recent_late_page_with_its_transaction_ms", median_ms(whole, runs=_SHORT_RUNS)
    yield "recent_late_page_ratio", theirs / mine


_INSERT = """
DO $do$
DECLARE p jsonb := jsonb_build_object('ticketId', md5('x'), 'note', repeat(md5('y'), 8));
BEGIN
  FOR i IN 1..{number} LOOP
    INSERT INTO {table} (tenant, event_id, event_name, correlation_key, payload, created_at, processed_at {more})
    VALUES ('{tenant}', gen_random_uuid(), '{name}', 'key-' || i, p, clock_timestamp(), clock_timestamp() {values});
  END LOOP;
END $do$
"""


def _inserting(name: str) -> Iterator[tuple[str, float]]:
    """Single-row inserts in one transaction that is rolled back: a server's work, without a client's."""
    reference = _rate("bench.events", "", "", name)
    ours = _rate("workflow_runtime_events", ", redacted_payload", ", p", name)
    without = _rate("workflow_runtime_events", ", redacted_payload", ", p", name, searchable=False)
    yield "insert_reference_per_s", reference
    yield "insert_per_s", ours
    yield "insert_ratio", ours / reference
    yield "insert_without_payload_search_per_s", without
    yield "insert_without_payload_search_ratio", without / reference


def _rate(table: str, more: str, values: str, name: str, *, searchable: bool = True) -> float:
    statement = _INSERT.format(
        number=_INSERTS, table=table, more=more, values=values, tenant=TENANTS[0], name=name.replace("'", "''")
    )
    best = float("inf")
    for _ in range(3):
        with database.operate_outside_transaction() as conn:
            conn.exec_driver_sql("BEGIN")
            if not searchable:
                conn.exec_driver_sql("ALTER TABLE workflow_runtime_events DISABLE TRIGGER index_payload_values")
            begun = time.perf_counter()
            conn.exec_driver_sql(statement)
            best = min(best, time.perf_counter() - begun)
            conn.exec_driver_sql("ROLLBACK")
    return _INSERTS / best
