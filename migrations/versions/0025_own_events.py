"""A tenant defines events of its own: with an owner and tags, a version for two people who edit, and an undo.

A deleted entry stays for a while and is seen by nobody. An inline schema is a registered one, of one event.
"""

from alembic import op

revision = "0025"
down_revision = "0024"

COLUMNS = """
ALTER TABLE event_catalog
  ADD COLUMN owner text,
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  ADD COLUMN version int NOT NULL DEFAULT 1 CHECK (version > 0),
  ADD COLUMN updated_by uuid,
  ADD COLUMN deleted_at timestamptz,
  DROP CONSTRAINT event_catalog_type_key;
CREATE UNIQUE INDEX event_catalog_type_key ON event_catalog (tenant, event_type) WHERE deleted_at IS NULL;
CREATE INDEX event_catalog_deleted ON event_catalog (tenant, deleted_at DESC) WHERE deleted_at IS NOT NULL;
ALTER TABLE payload_schemas ADD COLUMN inline_of text;
COMMENT ON COLUMN payload_schemas.inline_of IS 'Event type of the one entry that this schema was written in';
CREATE INDEX payload_schemas_inline_of ON payload_schemas (tenant, inline_of) WHERE inline_of IS NOT NULL
"""

# As in 0002, with what is new at the end, where a view may grow.
VIEWS = """
CREATE OR REPLACE VIEW registered_schemas WITH (security_invoker = true) AS
SELECT tenant, schema_ref, schema, inline_of FROM payload_schemas
UNION ALL
SELECT t.tenant, s.schema_ref, s.schema, NULL
FROM system_payload_schemas s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM payload_schemas p WHERE p.tenant = t.tenant AND p.schema_ref = s.schema_ref);

CREATE OR REPLACE VIEW catalog_entries WITH (security_invoker = true) AS
SELECT tenant, event_id, event_type, name, description, category, status, 'tenant' AS source,
       payload_schema_ref, payload_schema, correlation_paths, example, updated_at, owner, tags
FROM event_catalog
WHERE deleted_at IS NULL
UNION ALL
SELECT t.tenant, s.event_id, s.event_type, s.name, s.description, s.category, s.status, 'system',
       s.payload_schema_ref, s.payload_schema, s.correlation_paths, s.example, s.updated_at, NULL, CAST('{}' AS text[])
FROM system_event_catalog s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM event_catalog e
                  WHERE e.tenant = t.tenant AND e.event_type = s.event_type AND e.deleted_at IS NULL)
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(VIEWS)
