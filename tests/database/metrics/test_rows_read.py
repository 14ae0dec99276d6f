"""Rows read for a page of metrics do not grow with the events: what EXPLAIN ANALYZE says of each statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, event, text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.metrics import conformance, reports, rollups
from lib.metrics.time_window import Window
from tests.conftest import ActorFactory

UNTIL = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
NAMES = ("BUSY", "OTHER")
#: Its days begin at 12:00 UTC. Where they begin at a quarter past or to, percentiles read the rows of that hour.
WINDOW = Window.of(UNTIL - timedelta(days=7), UNTIL, ZoneInfo("Pacific/Auckland"))
QUARTERS = 14 * 24 * 4
#: Rows that a page may read more because the planner took another index for it.
PAGE = 50

# Spread evenly, so that ten times as many events fill the same quarters of an hour. Every type has every outcome.
EVENTS = text(
    """
    INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, created_at, processed_at,
                                         matched_run_id, error_message, correlation_key)
    SELECT :tenant, (CAST(:names AS text[]))[1 + n % 2], p.value, p.value, at, at,
           CASE WHEN n / 2 % 5 < 3 THEN gen_random_uuid() END, CASE WHEN n / 2 % 5 = 4 THEN 'broken' END, 'k' || n
    FROM generate_series(0, CAST(:events AS int) - 1) n
    CROSS JOIN LATERAL (SELECT :until - interval '15 min' * (1 + n / 2 % :quarters) + n * interval '1 ms' AS at,
                               jsonb_build_object('n', n) AS value) p
    """
)
RUNS = text(
    """
    WITH w AS (INSERT INTO workflow_definitions (tenant, workflow_id, name) VALUES (:tenant, gen_random_uuid(), 'w')
               RETURNING workflow_id)
    INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status, event_type, trigger_event_id,
                               triggered_at, started_at, completed_at)
    SELECT tenant, matched_run_id, workflow_id, 1, 'SUCCEEDED', event_name, event_id, created_at, created_at,
           created_at + interval '2 s'
    FROM workflow_runtime_events CROSS JOIN w WHERE tenant = :tenant AND matched_run_id IS NOT NULL
    """
)
MATCHES = text(
    """
    INSERT INTO workflow_event_matches (tenant, event_id, match_no, outcome, reason)
    SELECT tenant, event_id, 0, 'skipped', 'no_workflow' FROM workflow_runtime_events
    WHERE tenant = :tenant AND outcome = 0
    """
)


def fill(db: Database, actor: Actor, events: int) -> None:
    row = {"tenant": actor.tenant, "names": list(NAMES), "events": events, "until": UNTIL, "quarters": QUARTERS}
    with db.owner.begin() as conn:
        for statement in (EVENTS, RUNS, MATCHES):
            conn.execute(statement, row)
        assert rollups.fold(conn)
    with database.operate_outside_transaction() as conn:
        conn.exec_driver_sql("VACUUM (ANALYZE)")


def rows_read(db: Database, actor: Actor, ask: Callable[[Connection, UUID], None]) -> dict[str, int]:
    """Rows that scans gave or threw away, by the first line of each statement that `ask` sends as the app's role."""
    sent: list[tuple[str, Any]] = []

    def remember(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    found: dict[str, int] = {}
    with database.read(actor) as conn:
        event.listen(db.app, "before_cursor_execute", remember)
        try:
            ask(conn, actor.tenant)
        finally:
            event.remove(db.app, "before_cursor_execute", remember)
        for number, (statement, parameters) in enumerate(sent):
            plan = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            found[f"{number} {statement.strip().splitlines()[0][:60]}"] = sum(scanned(plan[0]["Plan"]))
    return found


def scanned(node: dict[str, Any]) -> Iterator[int]:
    if "Relation Name" in node:
        removed = sum(n for name, n in node.items() if name.startswith("Rows Removed by"))
        yield round((node["Actual Rows"] + removed) * node["Actual Loops"])
    for child in node.get("Plans", ()):
        yield from scanned(child)


def event_page(conn: Connection, tenant: UUID) -> None:
    """What /metrics?eventType= asks for, with its recent events: all, of a status, of a bar, another page."""
    asked: dict[str, Any] = {"tenant": tenant, "event_type": NAMES[0]}
    reports.event_metrics(conn, window=WINDOW, **asked)
    reports.by_hour_of_week(conn, window=WINDOW, **asked)
    reports.unmatched_reasons(conn, window=WINDOW, **asked)
    bar = {"since": WINDOW.boundaries[3], "until": WINDOW.boundaries[4]}
    for ends in ({"since": WINDOW.since, "until": WINDOW.until}, bar):
        for status in (None, *rollups.EVENT_STATUSES):
            first = reports.recent(conn, status=status, **ends, **asked)
            second = reports.recent(conn, status=status, older_than=first.older, **ends, **asked)
            reports.recent(conn, status=status, newer_than=second.newer, **ends, **asked)
            reports.how_many(conn, status=status, **ends, **asked)


def overview_page(conn: Connection, tenant: UUID) -> None:
    """What /metrics asks for."""
    reports.overview(conn, tenant=tenant, window=WINDOW)
    conformance.conformance(conn, tenant=tenant, names=NAMES, window=WINDOW)


def test_rows_read_do_not_grow_with_the_events(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "REASONS_SAMPLE", 50)  # what is a sample is one at the smaller number too
    monkeypatch.setattr(conformance, "VERDICTS_SAMPLE", 50)
    few, many = new_actor(), new_actor()
    events = 2 * QUARTERS
    fill(db, few, events)
    fill(db, many, 10 * events)
    for page in (event_page, overview_page):
        less, more = rows_read(db, few, page), rows_read(db, many, page)
        assert less.keys() == more.keys() and sum(less.values()) > 100
        grown = {name: (less[name], more[name]) for name in less if more[name] > 1.3 * less[name] + PAGE}
        assert not grown
        assert sum(more.values()) < 1.3 * sum(less.values())
