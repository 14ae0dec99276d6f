"""What a catalog holds in all is read once for each change, whoever makes it, and never what was not committed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import contents, entries, system
from lib.catalog.contents import CatalogContents
from lib.catalog.entries import CatalogFilters
from lib.database import Connection, Database
from lib.workflows import own_events
from tests.conftest import ActorFactory
from tests.database.workflows.test_own_events import GOOD, change, create, delete, restore
from tests.support.tenant_catalog import add_entry
from tests.support.waiting import PATIENCE


def held(actor: Actor) -> CatalogContents:
    with database.read(actor) as conn:
        return contents.read(conn, tenant=actor.tenant)


def statements(actor: Actor) -> int:
    """How many statements it takes to know what the catalog holds."""
    asked = []
    with database.read(actor) as conn:
        execute = conn.execute

        def counted(statement: Any, parameters: Any = None) -> Any:
            asked.append(statement)
            return execute(statement, parameters)

        conn.execute = counted  # type: ignore[method-assign,assignment]
        contents.read(conn, tenant=actor.tenant)
    return len(asked)


def counted(db: Database, actor: Actor) -> int | None:
    with db.owner.connect() as conn:
        found: int | None = conn.execute(
            text("SELECT version FROM catalog_versions WHERE tenant = :t"), {"t": actor.tenant}
        ).scalar_one_or_none()
    return found


def test_it_is_read_once_a_change(db: Database, new_actor: ActorFactory) -> None:
    actor, other = new_actor(), new_actor()
    before = held(actor)
    assert (before.entries, before.deprecated, before.owners, before.tags) == (155, 1, (), ())
    assert statements(actor) == 1
    add_entry(db, other.tenant, "THEIRS", owner="Them")
    assert statements(actor) == 1 and held(actor) == before
    add_entry(db, actor.tenant, "OURS", owner="Us", tags=["b", "a"], status="deprecated")
    assert statements(actor) == 2
    now = held(actor)
    assert (now.entries, now.deprecated, now.owners, now.tags) == (156, 2, ("Us",), ("a", "b"))
    assert now.categories == tuple(sorted({*before.categories, "Own"}))


def test_every_act_on_an_entry_is_a_change(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")

    by_a, by_b = replace(GOOD, owner="A"), replace(GOOD, owner="B")
    seen = []
    for act in (
        lambda: create(actor, by_a),
        lambda: change(actor, by_b, 1),
        lambda: delete(actor, 2),
        lambda: restore(actor),
    ):
        act()
        seen.append(held(actor).owners)
    assert seen == [("A",), ("B",), (), ("B",)]
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM event_catalog WHERE tenant = :t"), {"t": actor.tenant})
    assert held(actor).owners == ()


def test_what_is_not_committed_is_seen_by_its_own_transaction_alone(new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    before = held(actor)

    class Undo(Exception):
        pass

    with pytest.raises(Undo), database.write(actor) as conn:
        own_events.create(conn, actor, definition=replace(GOOD, owner="Nobody"))
        raise Undo
    assert held(actor) == before
    with pytest.raises(Undo), database.write(actor) as conn:
        own_events.create(conn, actor, definition=replace(GOOD, owner="Nobody"))
        contents._kept.clear()
        assert contents.read(conn, tenant=actor.tenant).owners == ("Nobody",)
        raise Undo
    assert held(actor) == before


def test_a_page_shows_each_change_at_once(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")

    def look(conn: Connection) -> tuple[int, list[str]]:
        page = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(), now=datetime.now(UTC))
        return page.total, page.owners

    with database.read(actor) as conn:
        assert look(conn) == (154, [])
    add_entry(db, actor.tenant, "OURS", owner="Us")
    with database.read(actor) as conn:
        assert look(conn) == (155, ["Us"])
    with database.write(actor) as conn:
        own_events.create(conn, actor, definition=replace(GOOD, owner="Me"))
        assert look(conn) == (156, ["Me", "Us"])
    with database.read(actor) as conn:
        assert look(conn) == (156, ["Me", "Us"])


def test_a_transaction_counts_once_and_waits_for_no_other_before_its_end(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    insert = text(
        "INSERT INTO event_catalog (tenant, event_type, name, description, category, status)"
        " SELECT :t, :name || '_' || n, 'n', '', 'Own', 'active' FROM generate_series(1, :many) n"
    )

    def add(conn: Connection, name: str, many: int) -> None:
        conn.execute(insert, {"t": actor.tenant, "name": name, "many": many})

    assert counted(db, actor) is None
    with db.owner.begin() as conn:
        add(conn, "FIRST", 300)
        conn.exec_driver_sql("SAVEPOINT a")
        add(conn, "SECOND", 300)
    first = counted(db, actor)
    assert first is not None and first <= 2
    with db.owner.begin() as one, db.owner.begin() as other, ThreadPoolExecutor(1) as beside:
        add(one, "THIRD", 1)
        beside.submit(add, other, "FOURTH", 1).result(PATIENCE)
        one.execute(text("UPDATE event_catalog SET name = 'm' WHERE event_type = 'FIRST_1'"))
    assert counted(db, actor) == first + 2
    assert held(actor).entries == 155 + 602


def test_another_system_catalog_is_a_change(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    held(actor)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE system_event_catalog SET category = 'Old' WHERE event_type = 'TICKET_CREATED'"))
        conn.execute(text("UPDATE system_event_catalog SET updated_at = updated_at - interval '1 day'"))
    held(actor)
    with db.owner.begin() as conn:
        system.load(conn)
    assert "Old" not in held(actor).categories


def test_few_tenants_are_kept(new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_MOST_KEPT", 2)
    actors = [new_actor() for _ in range(3)]
    for actor in actors:
        held(actor)
    assert statements(actors[0]) == 2 and statements(actors[2]) == 1
