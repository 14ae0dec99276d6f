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
from lib.catalog import entries, own_entries, schema_registry
from lib.catalog.definitions import EntryDefinition
from lib.catalog.entries import CatalogFilters
from lib.catalog.schema_registry import RegistryFilters
from lib.database import Connection, Database
from lib.events import judging
from lib.workflows import own_events, schema_impact
from tests.conftest import ActorFactory
from tests.database.workflows.test_own_events import published
from tests.support import own_types
from tests.support.own_types import MANY

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
#: Rows that the 24 shown ones may cost beside, and those of the system's 132 that are looked for among the own ones.
BESIDE = 24 * 4 + 132
CATALOG = ("event_catalog", "payload_schemas", "system_event_catalog", "system_payload_schemas")

pytestmark = pytest.mark.own_database


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    actor = new_actor()
    own_types.add(db.owner, actor.tenant)
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
    ("filters", "looked_at"),
    [
        ({}, 24),
        ({"page": 40}, 40 * 24),
        ({"by_activity": True}, 24),
        ({"search": "own event 77"}, MANY),
        ({"tag": "t3", "owner": "Team 2"}, MANY),
    ],
)
def test_a_page_of_the_catalog_reads_its_own_entries_and_what_is_searched_each_entry_once(
    filters: dict[str, Any], looked_at: int, actor: Actor
) -> None:
    def look(conn: Connection) -> None:
        entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(**filters), now=NOW)

    with database.read(actor) as conn:
        first, again = rows_read(conn, look), rows_read(conn, look)
    assert looked_at <= again["event_catalog"] <= looked_at + BESIDE
    assert first["event_catalog"] == again["event_catalog"] + MANY, "what the catalog holds in all is read once"
    for read in (first, again):
        assert read["payload_schemas"] <= BESIDE and read["system_event_catalog"] <= 132 + BESIDE


@pytest.mark.parametrize("filters", [{}, {"page": 40}, {"search": "own_77"}, {"kind": "system"}])
def test_a_page_of_the_registry_looks_at_each_schema_once(filters: dict[str, Any], actor: Actor) -> None:
    def look(conn: Connection) -> None:
        schema_registry.families(conn, tenant=actor.tenant, filters=RegistryFilters(**filters))

    with database.read(actor) as conn:
        read = rows_read(conn, look)
    # All of them, those before the page's end, those that could hide one of the system's, and those of the families.
    assert read["payload_schemas"] <= MANY + 50 * filters.get("page", 1) + 155 + 3 * 50
    assert read["system_payload_schemas"] <= 2 * 155 + 50


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
