"""Invented events that go on: they are events like any other, of the demo tenants alone."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lib import database, demo
from lib.database import Database
from lib.demo.live_traffic import SOURCE, LiveTraffic
from lib.operations.upkeep import Upkeep
from lib.settings import Settings

_EVENTS = (
    "SELECT t.name, e.event_name, e.payload, e.tenant FROM workflow_runtime_events e JOIN tenants t USING (tenant)"
)


@pytest.fixture(scope="module")
def people(module_database: Database) -> Database:
    """The demo tenants and their workflows, hardly with a history."""
    with module_database.owner.begin() as conn:
        assert demo.load(conn, events=10)
    return module_database


def test_events_come_in_as_a_sender_s_do_in_the_demo_tenants_alone(people: Database, db: Database) -> None:
    with database.operate() as conn:
        conn.execute(text("INSERT INTO tenants (name) VALUES ('Not invented')"))
    clock = iter([0.0, 10.0])
    LiveTraffic(180, clock=lambda: next(clock)).send()
    with database.operate() as conn:
        came = conn.execute(text(f"{_EVENTS} WHERE e.source = :source"), {"source": SOURCE}).all()
        refused = text(
            "SELECT count(*) FROM workflow_runtime_events WHERE source = :source AND schema_errors IS NOT NULL"
        )
        assert conn.execute(refused, {"source": SOURCE}).scalar_one() == 0
        explained = text(
            "SELECT count(DISTINCT m.event_id) FROM workflow_event_matches m"
            " JOIN workflow_runtime_events e USING (tenant, event_id) WHERE e.source = :source"
        )
        assert conn.execute(explained, {"source": SOURCE}).scalar_one() == len(came)
    assert len(came) == 30
    assert {one.name for one in came} <= set(demo.PEOPLE)
    assert {one.payload.get("tenantId", str(one.tenant)) == str(one.tenant) for one in came} == {True}


def test_a_pause_is_not_made_up_for(people: Database, db: Database) -> None:
    count = text("SELECT count(*) FROM workflow_runtime_events WHERE source = :source")
    with database.operate() as conn:
        before = conn.execute(count, {"source": SOURCE}).scalar_one()
    clock = iter([0.0, 3600.0])
    LiveTraffic(6, clock=lambda: next(clock)).send()
    with database.operate() as conn:
        assert conn.execute(count, {"source": SOURCE}).scalar_one() == before + 1


@pytest.mark.parametrize(
    "given", [{"demo_events_per_minute": 0}, {"demo": False}, {"database_url": "postgresql://unused"}]
)
def test_nobody_is_sent_events_who_did_not_ask(given: dict[str, object]) -> None:
    def names(settings: Settings) -> set[str]:
        return {chore.name for chore in Upkeep(settings)._chores}

    assert "demo traffic" in names(Settings(database_url=None))
    assert "demo traffic" not in names(Settings(**{"database_url": None, **given}))
