"""No tenant sees or touches another's rows, even through a query that forgets to ask whose they are."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.database import Database
from tests.conftest import ActorFactory

# Relations whose rows belong to a tenant: those with the column, and users, who belong to several.
TENANT_RELATIONS = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'm')
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped)
"""


def unprotected(conn: Connection) -> list[str]:
    protected = " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    return list(conn.execute(text(TENANT_RELATIONS + protected)).scalars())


def loose_keys(conn: Connection) -> list[str]:
    """Unique indexes of tenant relations that do not begin with the tenant: they tell of others' rows."""
    found = conn.execute(
        text(
            f"""
            SELECT i.indexrelid::regclass::text FROM pg_index i
            WHERE i.indisunique AND i.indrelid::regclass::text IN ({TENANT_RELATIONS})
              AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid
                              AND a.attnum = i.indkey[0] AND a.attname = 'tenant')
            """
        )
    )
    return list(found.scalars())


@pytest.mark.own_database
def test_every_tenant_table_forces_row_level_security(db: Database) -> None:
    with db.owner.begin() as conn:
        assert len(list(conn.execute(text(TENANT_RELATIONS)).scalars())) > 15
        assert unprotected(conn) == []
        conn.exec_driver_sql("CREATE TABLE planted (tenant uuid, x int)")
        assert unprotected(conn) == ["planted"]


@pytest.mark.own_database
def test_every_unique_key_begins_with_the_tenant(db: Database) -> None:
    with db.owner.begin() as conn:
        assert loose_keys(conn) == []
        conn.exec_driver_sql("CREATE TABLE planted (tenant uuid, x int UNIQUE)")
        assert loose_keys(conn) == ["planted_x_key"]


def test_partitions_give_nothing_away(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_events(db, actor.tenant, 3)
    with db.owner.connect() as conn:
        parts = (
            conn.execute(
                text(
                    "SELECT inhrelid::regclass::text FROM pg_inherits"
                    " WHERE inhparent = 'workflow_runtime_events'::regclass"
                )
            )
            .scalars()
            .all()
        )
    assert len(parts) > 3
    for part in parts:
        with pytest.raises(DBAPIError, match="permission denied"), database.read(actor) as conn:
            conn.exec_driver_sql(f"SELECT count(*) FROM {part}")


def test_the_pages_role_owns_nothing_and_is_nobody(db: Database, new_actor: ActorFactory) -> None:
    with database.read(new_actor()) as conn:
        role = conn.execute(
            text(
                "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
                " WHERE rolname = current_user"
            )
        ).one()
        assert tuple(role) == (database.APP_ROLE, False, False, False, False)
        owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        assert conn.execute(text(owned)).scalar_one() == 0


@pytest.mark.own_database
@pytest.mark.parametrize(
    "table",
    [
        "workflow_runtime_events",
        "workflow_definitions",
        "event_catalog",
        "memberships",
        "tenants",
        "users",
        "audit_logs",
    ],
)
def test_a_query_that_forgets_the_tenant_sees_one_tenant(table: str, db: Database, new_actor: ActorFactory) -> None:
    ours, theirs = new_actor(), new_actor()
    for actor in (ours, theirs):
        add_everything(db, actor.tenant)
    count = text(f"SELECT count(*) FROM {table}").columns()
    with db.owner.connect() as conn:
        everything = conn.execute(count).scalar_one()
    with database.read(ours) as conn:
        assert conn.execute(count).scalar_one() == everything // 2
    # The same query is red without its wall.
    with db.owner.begin() as conn:
        conn.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    with database.read(ours) as conn:
        assert conn.execute(count).scalar_one() == everything


def test_nothing_can_be_written_for_another_tenant(db: Database, new_actor: ActorFactory) -> None:
    ours, theirs = new_actor("admin"), new_actor("admin")
    add_everything(db, theirs.tenant)
    insert = text("INSERT INTO payload_schemas (tenant, schema_ref, schema) VALUES (:t, 'x.v1', '{}')")
    with pytest.raises(DBAPIError, match="row-level security"), database.write(ours) as conn:
        conn.execute(insert, {"t": theirs.tenant})
    with database.write(ours) as conn:
        assert conn.execute(text("UPDATE workflow_definitions SET name = 'ours'")).rowcount == 0
        assert conn.execute(text("DELETE FROM event_catalog")).rowcount == 0


def test_a_key_that_another_tenant_uses_is_free(db: Database, new_actor: ActorFactory) -> None:
    insert = text(
        "INSERT INTO event_catalog (tenant, event_type, name, description, category, status)"
        " VALUES (:t, 'OURS', 'n', 'd', 'c', 'active')"
    )
    for actor in (new_actor(), new_actor()):
        with database.write(actor) as conn:
            conn.execute(insert, {"t": actor.tenant})
            found = conn.execute(text("SELECT count(*) FROM event_catalog WHERE event_type = 'OURS'")).scalar_one()
        assert found == 1, "each sees its own"


def test_reading_cannot_write_and_is_bounded_in_time(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    with pytest.raises(DBAPIError, match="read-only transaction"), database.read(actor) as conn:
        conn.execute(text("DELETE FROM event_catalog"))
    quick = Database(db.owner, db.app, True, 100, None)
    database.use(quick)
    with pytest.raises(Exception, match="took too long"), database.read(actor) as conn:
        conn.exec_driver_sql("SELECT pg_sleep(5)")


def test_the_raw_payload_is_not_selectable(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    add_events(db, actor.tenant, 1)
    for column in ("payload", "*"):
        with pytest.raises(DBAPIError, match="permission denied"), database.read(actor) as conn:
            conn.exec_driver_sql(f"SELECT {column} FROM workflow_runtime_events")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_logs SET email = 'x'", "DELETE FROM audit_logs", "TRUNCATE audit_logs"]
)
def test_audit_is_append_only(statement: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    with pytest.raises(DBAPIError, match="permission denied"), database.write(actor) as conn:
        conn.exec_driver_sql(statement)
    with pytest.raises(DBAPIError, match="append-only"), db.owner.begin() as conn:
        conn.exec_driver_sql(statement)


def test_pooled_connections_never_carry_a_tenant_over(db: Database, new_actor: ActorFactory) -> None:
    actors = [new_actor() for _ in range(4)]
    for number, actor in enumerate(actors):
        add_events(db, actor.tenant, number + 1)
    foreign: list[object] = []

    def visit(worker: int) -> None:
        for turn in range(100):
            actor = actors[(worker + turn) % 4]
            opened = database.write if turn % 3 else database.read
            try:
                with opened(actor) as conn:
                    tenants = conn.exec_driver_sql("SELECT DISTINCT tenant FROM workflow_runtime_events").scalars()
                    foreign.extend(t for t in tenants if t != actor.tenant)
                    if turn % 5 == 0:
                        raise LookupError
            except LookupError:
                pass

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert foreign == []
    with db.app.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM workflow_runtime_events").scalar_one() == 0


def test_without_a_login_of_its_own_the_owners_connection_becomes_the_role(
    db: Database, new_actor: ActorFactory
) -> None:
    ours, theirs = new_actor(), new_actor()
    add_events(db, theirs.tenant, 2)
    database.use(Database(db.owner, db.owner, False, 5000, None))
    with database.read(ours) as conn:
        assert conn.exec_driver_sql("SELECT current_user").scalar_one() == database.APP_ROLE
        assert conn.exec_driver_sql("SELECT count(*) FROM workflow_runtime_events").scalar_one() == 0
    with db.owner.connect() as conn:
        assert conn.exec_driver_sql("SELECT current_user").scalar_one() != database.APP_ROLE


def add_events(db: Database, tenant: UUID, number: int) -> None:
    insert = text(
        "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload)"
        " SELECT :t, 'X', '{}', '{}' FROM generate_series(1, :n)"
    )
    with db.owner.begin() as conn:
        conn.execute(insert, {"t": tenant, "n": number})


def add_everything(db: Database, tenant: UUID) -> None:
    add_events(db, tenant, 2)
    with db.owner.begin() as conn:
        for statement in (
            "INSERT INTO workflow_definitions (tenant, name) VALUES (:t, 'theirs')",
            "INSERT INTO event_catalog (tenant, event_type, name, description, category, status)"
            " VALUES (:t, 'T', 'n', 'd', 'c', 'active')",
            "INSERT INTO audit_logs (tenant, action, target_type, target_id) VALUES (:t, 'a', 'b', 'c')",
        ):
            conn.execute(text(statement), {"t": tenant})


def test_a_lost_database_is_told_apart_from_a_bug(db: Database, new_actor: ActorFactory) -> None:
    from lib.errors import DatabaseUnavailable

    actor = new_actor()
    nowhere = database.owner_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    database.use(Database(nowhere, nowhere, True, 5000, None))
    assert not database.answers()
    with pytest.raises(DatabaseUnavailable), database.read(actor):
        pass
    database.use(db)
    assert database.answers()
    with pytest.raises(DBAPIError, match="does not exist"):
        with database.read(actor) as conn:
            conn.exec_driver_sql(f"SELECT * FROM t_{uuid4().hex}")


def test_a_full_disk_of_the_database_is_said(db: Database) -> None:
    from lib.errors import DatabaseUnavailable

    with pytest.raises(DatabaseUnavailable, match="disk of the database is full"), database.operate() as conn:
        conn.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$")


@pytest.mark.own_database
def test_connections_from_before_a_restart_are_replaced_unnoticed(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with database.read(actor), database.read(actor), database.read(actor):
        pass  # three are in the pool now
    with db.owner.begin() as conn:
        ended = conn.exec_driver_sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            f" WHERE usename = '{database.APP_ROLE}' AND datname = current_database()"
        ).scalar_one()
    assert ended == 3
    for _ in range(3):
        with database.write(actor) as conn:
            assert conn.exec_driver_sql("SELECT app_tenant()").scalar_one() == actor.tenant
