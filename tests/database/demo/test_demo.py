"""The demo: believable, the same each time, and never where nobody asked for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from lib import database, demo
from lib.auth import actors
from lib.database import Database
from lib.mapping import mapping

EVENTS = 6000
NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def loaded(module_database: Database) -> Database:
    """The month, loaded once."""
    with module_database.owner.begin() as conn:
        assert demo.load(conn, events=EVENTS, now=NOW)
    return module_database


@pytest.fixture(autouse=True)
def month(loaded: Database, db: Database) -> None:
    """Every test of this module looks at it."""


def test_every_event_says_why_it_did_or_did_not_start_something() -> None:
    with database.operate() as conn:
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


def test_payloads_carry_the_tenant_and_hide_what_is_sensitive() -> None:
    with database.operate() as conn:
        foreign = "SELECT count(*) FROM workflow_runtime_events WHERE payload ->> 'tenantId' <> tenant::text"
        assert conn.execute(text(foreign)).scalar_one() == 0
        contact = conn.execute(
            text(
                "SELECT payload ->> 'fullName', redacted_payload ->> 'fullName' FROM workflow_runtime_events"
                " WHERE event_name = 'CONTACT_CREATED' LIMIT 1"
            )
        ).one()
        assert contact[0] != contact[1] == "[redacted]"


def test_a_run_has_the_input_that_its_mapping_gives() -> None:
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


def test_the_same_plan_gives_the_same_month() -> None:
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
        actors.UUID(int=9), "Some", "TICKET_CREATED", (), None, None, 1.0, 0.1, "a", "no", [{"id": "a", "type": "x"}]
    )
    first, second = ([list(rows) for _, _, rows in history.tables(plan, catalog, [workflow])] for _ in range(2))
    assert first == second and len(first[0]) > 200
