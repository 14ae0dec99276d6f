"""The event catalog, system and tenant, and the schema registry."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Schemas and examples are json, not jsonb, which would forget the order their author gave the fields.
TABLES = """
CREATE TABLE system_payload_schemas (
  schema_ref text PRIMARY KEY,
  schema json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE TABLE payload_schemas (
  tenant uuid NOT NULL REFERENCES tenants,
  schema_ref text NOT NULL,
  schema json NOT NULL,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, schema_ref)
);
CREATE TABLE system_event_catalog (
  event_id uuid PRIMARY KEY DEFAULT app_uuidv7(),
  event_type text NOT NULL CONSTRAINT system_event_catalog_type_key UNIQUE,
  name text NOT NULL,
  description text NOT NULL,
  category text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'beta', 'draft', 'deprecated')),
  payload_schema_ref text,
  payload_schema json,
  correlation_paths text[] NOT NULL DEFAULT '{}',
  example json,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE TABLE event_catalog (
  tenant uuid NOT NULL REFERENCES tenants,
  event_id uuid NOT NULL DEFAULT app_uuidv7(),
  event_type text NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  category text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'beta', 'draft', 'deprecated')),
  payload_schema_ref text,
  payload_schema json,
  correlation_paths text[] NOT NULL DEFAULT '{}',
  example json,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, event_id),
  CONSTRAINT event_catalog_type_key UNIQUE (tenant, event_type)
)
"""

# What one tenant sees: its own entries, and each system entry it has not overridden with its own of the
# same type. security_invoker, or the view would read as its owner, past row-level security.
VIEWS = """
CREATE VIEW registered_schemas WITH (security_invoker = true) AS
SELECT tenant, schema_ref, schema FROM payload_schemas
UNION ALL
SELECT t.tenant, s.schema_ref, s.schema
FROM system_payload_schemas s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM payload_schemas p WHERE p.tenant = t.tenant AND p.schema_ref = s.schema_ref);

CREATE VIEW catalog_entries WITH (security_invoker = true) AS
SELECT tenant, event_id, event_type, name, description, category, status, 'tenant' AS source,
       payload_schema_ref, payload_schema, correlation_paths, example, updated_at
FROM event_catalog
UNION ALL
SELECT t.tenant, s.event_id, s.event_type, s.name, s.description, s.category, s.status, 'system',
       s.payload_schema_ref, s.payload_schema, s.correlation_paths, s.example, s.updated_at
FROM system_event_catalog s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM event_catalog e WHERE e.tenant = t.tenant AND e.event_type = s.event_type)
"""

GRANTS = """
GRANT SELECT ON system_payload_schemas, system_event_catalog, registered_schemas, catalog_entries
  TO event_catalog_app;
GRANT SELECT, INSERT ON payload_schemas TO event_catalog_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_catalog TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("CALL app_isolate('payload_schemas')")
    op.execute("CALL app_isolate('event_catalog')")
    op.execute(VIEWS)
    op.execute(GRANTS)
