"""Ten thousand events of a tenant's own, each with a schema of its own."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, Engine, text

MANY = 10_000

_SCHEMAS = text(
    """
    INSERT INTO payload_schemas (tenant, schema_ref, schema, inline_of)
    SELECT :tenant, 'inline.OWN_' || n || '.v1', '{"type": "object"}', 'OWN_' || n FROM generate_series(1, :many) n
    """
)
_ENTRIES = text(
    """
    INSERT INTO event_catalog (tenant, event_type, name, description, category, status, payload_schema_ref, owner, tags)
    SELECT :tenant, 'OWN_' || n, 'Own event ' || n, 'It happened.', 'Category ' || n % 20,
           CASE WHEN n % 10 = 0 THEN 'deprecated' ELSE 'active' END, 'inline.OWN_' || n || '.v1', 'Team ' || n % 7,
           ARRAY['t' || n % 13, 'u' || n % 5]
    FROM generate_series(1, :many) n
    """
)
_GONE = [
    text("DELETE FROM event_catalog WHERE tenant = :tenant AND event_type LIKE 'OWN\\_%'"),
    text("DELETE FROM payload_schemas WHERE tenant = :tenant AND schema_ref LIKE 'inline.OWN\\_%'"),
]


def add(owner: Engine, tenant: UUID) -> None:
    """Give a tenant MANY types of its own: OWN_1 and so on."""
    with owner.begin() as conn:
        for statement in (_SCHEMAS, _ENTRIES):
            conn.execute(statement, {"tenant": tenant, "many": MANY})
    _analyze(owner)


def remove(owner: Engine, tenant: UUID) -> None:
    """Take them away again."""
    with owner.begin() as conn:
        for statement in _GONE:
            conn.execute(statement, {"tenant": tenant})
    _analyze(owner)


def _analyze(owner: Engine) -> None:
    conn: Connection
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE event_catalog")
        conn.exec_driver_sql("VACUUM ANALYZE payload_schemas")
