"""Ten thousand events of a tenant's own cost the catalog one look at each, and one event's page nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries, own_entries
from lib.catalog.definitions import EntryDefinition
from lib.catalog.entries import CatalogFilters
from lib.database import Connection, Database
from lib.events import judging
from lib.workflows import own_events, schema_impact
from tests.conftest import ActorFactory
from tests.database.workflows.test_own_events import published

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
MANY = 10_000
#: Rows that the 24 shown ones may cost beside, and those of the system's 132 that are looked for among the own ones.
BESIDE = 24 * 4 + 132
CATALOG = ("event_catalog", "payload_schemas", "system_event_catalog", "system_payload_schemas")

SCHEMAS = text(
    """
    INSERT INTO payload_schemas (tenant, schema_ref, schema, inline_of)
    SELECT :tenant, 'inline.OWN_' || n || '.v1', '{"type": "object"}', 'OWN_' || n FROM generate_series(1, :many) n
    """
)
ENTRIES = text(
    """
    INSERT INTO event_catalog (tenant, event_type, name, description, category, status, payload_schema_ref, owner, tags)
    SELECT :tenant, 'OWN_' || n, 'Own event ' || n, 'It happened.', 'Category ' || n % 20,
           CASE WHEN n % 10 = 0 THEN 'deprecated' ELSE 'active' END, 'inline.OWN_' || n || '.v1', 'Team ' || n % 7,
           ARRAY['t' || n % 13, 'u' || n % 5]
    FROM generate_series(1, :many) n
    """
)

pytestmark = pytest.mark.own_database


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    actor = new_actor()
    with db.owner.begin() as conn:
        for statement in (SCHEMAS, ENTRIES):
            conn.execute(statement, {"tenant": actor.tenant, "many": MANY})
    with db.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
    return actor


def rows_read(conn: Connection, act: Any) -> Counter[str]:
    """How many rows of each table the statements of an act read."""
    read: Counter[str] = Counter()
    execute = conn.execute

    def explained(statement: Any, parameters: Any = None) -> Any:
        plan = execute(text(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"), parameters).scalar_one()
        for node in _nodes(plan[0]["Plan"]):
            if "Relation Name" in node:
                removed = node.get("Rows Removed by Filter", 0)
                read[node["Relation Name"]] += (node["Actual Rows"] + removed) * node["Actual Loops"]
        return execute(statement, parameters)

    conn.execute = explained  # type: ignore[method-assign,assignment]
    try:
        act(conn)
    finally:
        conn.execute = execute  # type: ignore[method-assign]
    return read


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


@pytest.mark.parametrize(
    "filters", [{}, {"page": 40}, {"search": "own event 77"}, {"tag": "t3", "owner": "Team 2"}, {"by_activity": True}]
)
def test_a_page_of_the_catalog_looks_at_each_entry_once(filters: dict[str, Any], actor: Actor) -> None:
    with database.read(actor) as conn:
        read = rows_read(
            conn, lambda c: entries.page(c, tenant=actor.tenant, filters=CatalogFilters(**filters), now=NOW)
        )
    assert MANY <= read["event_catalog"] <= MANY + BESIDE
    assert read["payload_schemas"] <= BESIDE and read["system_event_catalog"] <= 132 + BESIDE


@pytest.mark.parametrize("event_type", ["OWN_77", "TICKET_CREATED"])
def test_an_event_that_comes_in_reads_its_own_rows_alone(event_type: str, actor: Actor) -> None:
    published(actor, event_type=event_type)
    facts = {"tenant": actor.tenant, "token_id": None, "event_types": [event_type], "schema_refs": [None]}
    with database.read(actor) as conn:
        read = rows_read(
            conn, lambda c: c.execute(judging.queries["facts"], {**facts, "counts": [1], "only_workflow": None})
        )
    assert sum(read[table] for table in CATALOG) <= 8, read


@pytest.mark.parametrize("event_type", ["OWN_77", "TICKET_CREATED"])
def test_an_events_page_reads_its_own_rows_alone(event_type: str, actor: Actor) -> None:
    def look(conn: Connection) -> None:
        assert entries.entry(conn, tenant=actor.tenant, event_type=event_type)
        own_entries.get(conn, tenant=actor.tenant, event_type=event_type)
        own_entries.deleted(conn, tenant=actor.tenant, event_type=event_type, since=NOW)

    with database.read(actor) as conn:
        read = rows_read(conn, look)
    assert sum(read[table] for table in CATALOG) <= 12, read


@pytest.mark.parametrize("event_type", ["OWN_77", "TICKET_CREATED"])
def test_what_a_change_means_to_workflows_is_found_by_their_own_rows(event_type: str, actor: Actor) -> None:
    published(actor, event_type=event_type)
    with database.write(actor) as conn:
        now = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
        assert now is not None
        changed = EntryDefinition(event_type, "Changed", category="Own", payload_schema={"title": "Changed"})
        if now.source == "tenant":
            own_events.change(conn, actor, event_type=event_type, definition=changed, expected_version=1)
        else:
            own_events.create(conn, actor, definition=changed)

    def look(conn: Connection) -> None:
        assert len(schema_impact.impacts(conn, tenant=actor.tenant, event_type=event_type)) == 1
        assert len(own_events.effects(conn, tenant=actor.tenant, definition=changed).attached) == 1
        own_events.use(conn, tenant=actor.tenant, event_type=event_type, now=NOW)

    with database.read(actor) as conn:
        read = rows_read(conn, look)
    assert sum(read[table] for table in CATALOG) <= 60, read
