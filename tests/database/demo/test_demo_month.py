"""The demo in full: a month that one believes, down to what went wrong in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from lib import database, demo
from lib.auth import actors
from lib.database import Database
from lib.events import judging
from lib.metrics import conformance
from lib.metrics.time_window import Window
from lib.redaction import Redacted
from lib.sandbox import validation

EVENTS = 30_000
NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)  # a Wednesday

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def loaded(module_database: Database) -> Database:
    """The month, loaded once."""
    with module_database.owner.begin() as conn:
        assert demo.load(conn, events=EVENTS, now=NOW)
    return module_database


@pytest.fixture(autouse=True)
def month(loaded: Database, db: Database) -> None:
    """Every test of this module looks at it."""


def test_the_demo_tells_a_believable_month() -> None:
    with database.operate() as conn:
        assert not demo.load(conn, events=EVENTS, now=NOW), "never twice"
        people = actors.memberships(conn)
        assert [(p.tenant_name, p.permission) for p in people] == [
            (tenant, permission)
            for tenant in ("Northwind IT", "Blue Harbor MSP")
            for permission in ("admin", "manage", "read")
        ]
        assert all(p.is_demo for p in people)
        published = conn.execute(
            text(
                "SELECT count(*), count(*) FILTER (WHERE is_system), count(*) FILTER (WHERE is_paused)"
                " FROM workflow_definitions WHERE status = 'published'"
            )
        ).one()
        assert 10 <= published[0] <= 12 and published[1] == published[2] == 1
        events, first, last = conn.execute(
            text("SELECT count(*), min(created_at), max(created_at) FROM workflow_runtime_events")
        ).one()
        assert abs(events - EVENTS) < EVENTS * 0.05 and (last - first).days in (29, 30) and last <= NOW
        outcomes = conn.execute(text("SELECT DISTINCT outcome FROM workflow_runtime_events")).scalars()
        assert set(outcomes) == {0, 1, 2}
        weekend, weekday = conn.execute(
            text(
                "SELECT count(*) FILTER (WHERE extract(isodow FROM created_at) > 5) / 8.0,"
                " count(*) FILTER (WHERE extract(isodow FROM created_at) < 6) / 22.0 FROM workflow_runtime_events"
            )
        ).one()
        assert weekday > 3 * weekend
        failed, runs = conn.execute(
            text("SELECT count(*) FILTER (WHERE status = 'FAILED'), count(*) FROM workflow_runs")
        ).one()
        assert 0.005 < failed / runs < 0.2


def test_some_payloads_drift_from_their_schema_and_are_judged_as_by_ingestion() -> None:
    with database.operate() as conn:
        schemas = {r["event_type"]: r for r in conn.execute(demo.queries["catalog"]).mappings()}
        invalid: dict[str, int] = {}
        for event in conn.execute(
            text(
                "SELECT event_name, payload, schema_errors FROM (SELECT *, row_number() OVER"
                " (PARTITION BY event_name, schema_errors::text) AS nth FROM workflow_runtime_events"
                " WHERE event_name IN ('TICKET_TIME_ENTRY_ADDED', 'TICKET_CUSTOMER_REPLIED',"
                " 'INTEGRATION_WEBHOOK_RECEIVED')) e WHERE nth <= 3"
            )
        ):
            entry = schemas[event.event_name]
            status, errors = judging.judge(
                Redacted.of(event.payload),
                schema=validation.checker(entry["schema"]),
                schema_ref=entry["payload_schema_ref"],
            )
            assert event.schema_errors == (None if status == "valid" else {"status": status, "errors": errors})
            invalid[event.event_name] = invalid.get(event.event_name, 0) + (status == "invalid")
        assert all(invalid.values()), "each of the three"
        for tenant in conn.execute(text("SELECT tenant FROM tenants ORDER BY 1")).scalars():
            window = Window.of(NOW - timedelta(days=7), NOW, ZoneInfo("UTC"))
            found = {
                c.event_name: c
                for c in conformance.conformance(conn, tenant=tenant, names=list(schemas), window=window)
            }
            drifting = found["TICKET_TIME_ENTRY_ADDED"]
            assert 0.01 < drifting.violating_share < 0.15 and drifting.paths[0][0] == "/minutes"
            assert found["TICKET_UPDATED"].violating_share == 0
            if "INTEGRATION_WEBHOOK_RECEIVED" in found:
                assert found["INTEGRATION_WEBHOOK_RECEIVED"].unknown_fields == ["deliveryAttempt", "signatureVersion"]


def test_the_steps_of_a_run_take_their_time_and_a_wait_most_of_it() -> None:
    with database.operate() as conn:
        waits = conn.execute(
            text(
                "SELECT count(*), min(extract(epoch FROM s.completed_at - s.started_at)"
                " / extract(epoch FROM r.completed_at - r.started_at))"
                " FROM workflow_run_steps s JOIN workflow_runs r USING (tenant, run_id)"
                " WHERE s.step_type = 'event.wait' AND r.completed_at > r.started_at"
            )
        ).one()
        assert waits[0] and waits[1] > 0.9
        longest = "SELECT max(completed_at - started_at) FROM workflow_run_steps WHERE step_path = 'payment'"
        assert conn.execute(text(longest)).scalar_one() <= timedelta(seconds=120), "as its timeout says"
        beyond, runs = conn.execute(
            text(
                "SELECT count(*) FILTER (WHERE (ended, begun) IS DISTINCT FROM (completed_at, started_at)), count(*)"
                " FROM workflow_runs JOIN (SELECT tenant, run_id, max(completed_at) AS ended, min(started_at) AS begun"
                " FROM workflow_run_steps GROUP BY 1, 2) s USING (tenant, run_id)"
            )
        ).one()
        assert runs and not beyond, "the steps fill the run"
