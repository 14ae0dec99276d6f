"""The demo: believable, the same each time, and never where nobody asked for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from lib import database, demo
from lib.auth import actors
from lib.database import Database
from lib.events import ingestion
from lib.mapping import mapping
from lib.metrics import conformance
from lib.metrics.time_window import Window
from lib.redaction import Redacted

NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)  # a Wednesday


def test_the_demo_tells_a_believable_month(db: Database) -> None:
    with database.operate() as conn:
        assert demo.load(conn, events=12_000, now=NOW)
        assert not demo.load(conn, events=12_000, now=NOW), "never twice"
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
        assert abs(events - 12_000) < 600 and (last - first).days in (29, 30) and last <= NOW
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


def test_every_event_says_why_it_did_or_did_not_start_something(db: Database) -> None:
    with database.operate() as conn:
        demo.load(conn, events=3000, now=NOW)
        unexplained = text(
            "SELECT count(*) FROM workflow_runtime_events e WHERE NOT EXISTS"
            " (SELECT FROM workflow_event_matches m WHERE m.tenant = e.tenant AND m.event_id = e.event_id)"
        )
        assert conn.execute(unexplained).scalar_one() == 0
        silent = "SELECT count(*) FROM workflow_event_matches WHERE outcome = 'failed' AND detail ->> 'cause' IS NULL"
        assert conn.execute(text(silent)).scalar_one() == 0
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
            text(
                "SELECT payload ->> 'fullName', redacted_payload ->> 'fullName' FROM workflow_runtime_events"
                " WHERE event_name = 'CONTACT_CREATED' LIMIT 1"
            )
        ).one()
        assert contact[0] != contact[1] == "[redacted]"


def test_some_payloads_drift_from_their_schema_and_are_judged_as_by_ingestion(db: Database) -> None:
    with database.operate() as conn:
        demo.load(conn, events=20_000, now=NOW)
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
            status, errors = ingestion.judge(
                Redacted.of(event.payload), schema=entry["schema"], schema_ref=entry["payload_schema_ref"]
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


def test_a_run_has_the_input_that_its_mapping_gives(db: Database) -> None:
    runs = text(
        "SELECT v.definition_json -> 'trigger' -> 'payloadMapping' AS mapping, r.trigger_mapping_applied AS mapped,"
        " e.event_name, e.payload, e.redacted_payload, r.input_json, r.redacted_input_json"
        " FROM (SELECT *, row_number() OVER (PARTITION BY workflow_id) AS nth FROM workflow_runs) r"
        " JOIN workflow_definition_versions v USING (tenant, workflow_id)"
        " JOIN workflow_runtime_events e ON e.tenant = r.tenant AND e.event_id = r.trigger_event_id"
        " WHERE nth <= 3"
    )
    seen = set()
    with database.operate() as conn:
        demo.load(conn, events=6000, now=NOW)
        for run in conn.execute(runs):
            seen.add(run.mapped)
            assert run.mapped == (run.mapping is not None)
            if not run.mapped:
                assert (run.input_json, run.redacted_input_json) == (run.payload, run.redacted_payload)
                continue
            for source, given in ((run.payload, run.input_json), (run.redacted_payload, run.redacted_input_json)):
                context = mapping.event_context(run.event_name, source)
                assert given == mapping.apply_mapping(run.mapping, context).payload
    assert seen == {True, False}


def test_the_steps_of_a_run_take_their_time_and_a_wait_most_of_it(db: Database) -> None:
    with database.operate() as conn:
        demo.load(conn, events=30_000, now=NOW)
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


def test_the_same_plan_gives_the_same_month(db: Database) -> None:
    from lib.demo import arrivals, definitions, history

    plan = arrivals.Plan(
        tenant=actors.UUID(int=7),
        time_zone="Asia/Kathmandu",
        weights={"TICKET_CREATED": 5, "TAG_APPLIED": 2},
        incidents=[],
        drifting=[],
        events=300,
        days=30,
        now=NOW,
        seed=1,
    )
    with database.operate() as conn:
        catalog = {r["event_type"]: r for r in conn.execute(demo.queries["catalog"]).mappings()}
    workflow = definitions.DemoWorkflow(
        actors.UUID(int=9), "Some", "TICKET_CREATED", False, None, None, 1.0, 0.1, "a", "no", [{"id": "a", "type": "x"}]
    )
    first, second = ([list(rows) for _, _, rows in history.tables(plan, catalog, [workflow])] for _ in range(2))
    assert first == second and len(first[0]) > 200
