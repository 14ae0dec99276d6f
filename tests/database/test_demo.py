"""The demo: believable, the same each time, and never where nobody asked for it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from lib import auth, database, demo
from lib.database import Database

NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)  # a Wednesday


def test_the_demo_tells_a_believable_month(db: Database) -> None:
    with database.operate() as conn:
        assert demo.load(conn, events=12_000, now=NOW)
        assert not demo.load(conn, events=12_000, now=NOW), "never twice"
        people = auth.memberships(conn)
        assert [(p.tenant_name, p.permission) for p in people] == [
            (tenant, permission)
            for tenant in ("Northwind IT", "Blue Harbor MSP")
            for permission in ("admin", "manage", "read")
        ]
        assert all(p.is_demo for p in people)
        published = conn.execute(
            text("SELECT count(*), count(*) FILTER (WHERE is_system), count(*) FILTER (WHERE is_paused)"
                 " FROM workflow_definitions WHERE status = 'published'")
        ).one()  # fmt: skip
        assert 10 <= published[0] <= 12 and published[1] == published[2] == 1
        events, first, last = conn.execute(
            text("SELECT count(*), min(created_at), max(created_at) FROM workflow_runtime_events")
        ).one()
        assert abs(events - 12_000) < 600 and (last - first).days in (29, 30) and last <= NOW
        outcomes = conn.execute(text("SELECT DISTINCT outcome FROM workflow_runtime_events")).scalars()
        assert set(outcomes) == {0, 1, 2}
        weekend, weekday = conn.execute(
            text("SELECT count(*) FILTER (WHERE extract(isodow FROM created_at) > 5) / 8.0,"
                 " count(*) FILTER (WHERE extract(isodow FROM created_at) < 6) / 22.0 FROM workflow_runtime_events")
        ).one()  # fmt: skip
        assert weekday > 3 * weekend
        failed, runs = conn.execute(
            text("SELECT count(*) FILTER (WHERE status = 'FAILED'), count(*) FROM workflow_runs")
        ).one()
        assert 0.005 < failed / runs < 0.2


def test_every_event_says_why_it_did_or_did_not_start_something(db: Database) -> None:
    with database.operate() as conn:
        demo.load(conn, events=3000, now=NOW)
        unexplained = text(
            "SELECT count(*) FROM workflow_runtime_events e WHERE NOT EXISTS"
            " (SELECT FROM workflow_event_matches m WHERE m.tenant = e.tenant AND m.event_id = e.event_id)"
        )
        assert conn.execute(unexplained).scalar_one() == 0
        stray = text(
            "SELECT count(*) FROM workflow_runs r WHERE NOT EXISTS (SELECT FROM workflow_runtime_events e"
            " WHERE e.tenant = r.tenant AND e.event_id = r.trigger_event_id AND e.created_at = r.triggered_at)"
        )
        assert conn.execute(stray).scalar_one() == 0


def test_payloads_carry_the_tenant_and_hide_what_is_sensitive(db: Database) -> None:
    with database.operate() as conn:
        demo.load(conn, events=3000, now=NOW)
        foreign = "SELECT count(*) FROM workflow_runtime_events WHERE payload ->> 'tenantId' <> tenant::text"
        assert conn.execute(text(foreign)).scalar_one() == 0
        contact = conn.execute(
            text("SELECT payload ->> 'fullName', redacted_payload ->> 'fullName' FROM workflow_runtime_events"
                 " WHERE event_name = 'CONTACT_CREATED' LIMIT 1")
        ).one()  # fmt: skip
        assert contact[0] != contact[1] == "[redacted]"


def test_the_same_plan_gives_the_same_month(db: Database) -> None:
    from lib.demo import definitions, history

    plan = history.Plan(
        tenant=auth.UUID(int=7), time_zone="Asia/Kathmandu", weights={"TICKET_CREATED": 5, "TAG_APPLIED": 2},
        incidents=[], events=300, days=30, now=NOW, seed=1,
    )  # fmt: skip
    with database.operate() as conn:
        catalog = {r["event_type"]: r for r in conn.execute(demo.queries["catalog"]).mappings()}
    workflow = definitions.DemoWorkflow(
        auth.UUID(int=9), "TICKET_CREATED", False, False, "x", 1.0, 0.1, "a", "no", [{"id": "a", "type": "x"}]
    )
    first, second = ([list(rows) for _, _, rows in history.tables(plan, catalog, [workflow])] for _ in range(2))
    assert first == second and len(first[0]) > 200
