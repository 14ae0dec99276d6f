"""Migrations build everything from nothing, and a second time change nothing."""

from __future__ import annotations

from sqlalchemy import Engine, text

from lib import database
from lib.catalog import system as system_catalog
from lib.errors import SchemaConflict
from tests.conftest import url_of

SHAPE = """
SELECT c.relname, a.attname, a.atttypid::regtype::text, a.attnotnull
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 ORDER BY 1, 2
"""


def test_from_empty_and_twice(admin: Engine, server_url: str, template: str) -> None:
    name = f"{template}_empty"
    with admin.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    owner = database.owner_engine(url_of(server_url, name))
    try:
        database.migrate(owner)
        with owner.begin() as conn:
            first = conn.execute(text(SHAPE)).all()
            assert system_catalog.load(conn) == 155
        database.migrate(owner)
        with owner.begin() as conn:
            assert conn.execute(text(SHAPE)).all() == first
            before = conn.exec_driver_sql("SELECT xmin::text FROM system_event_catalog ORDER BY event_type").all()
            system_catalog.load(conn)
            after = conn.exec_driver_sql("SELECT xmin::text FROM system_event_catalog ORDER BY event_type").all()
            assert before == after, "loading again writes nothing"
            conn.exec_driver_sql(
                'UPDATE system_payload_schemas SET schema = \'{"title": "Changed"}\''
                " WHERE schema_ref = 'payload.TagApplied.v1'"
            )
            try:
                system_catalog.load(conn)
                raise AssertionError("a changed schema was taken under its old ref")
            except SchemaConflict as error:
                assert "payload.TagApplied.v1" in str(error)
    finally:
        owner.dispose()
        with admin.connect() as conn:
            conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_ids_are_uuid_version_7_and_in_order(admin: Engine, template: str, server_url: str) -> None:
    owner = database.owner_engine(url_of(server_url, template))
    with owner.connect() as conn:
        ids = conn.exec_driver_sql("SELECT app_uuidv7() FROM generate_series(1, 2000)").scalars().all()
        # Within a millisecond, too: acts of one transaction are listed in the order in which they were done.
        one_by_one = [conn.exec_driver_sql("SELECT app_uuidv7()").scalar_one() for _ in range(500)]
    owner.dispose()
    assert one_by_one == sorted(one_by_one)
    assert {i.version for i in ids} == {7} and len(set(ids)) == 2000
    milliseconds = [i.int >> 80 for i in ids]
    assert milliseconds == sorted(milliseconds)
