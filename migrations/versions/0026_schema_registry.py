"""The schema registry is searched by family, version and the names of fields at any depth."""

from alembic import op

revision = "0026"
down_revision = "0025"

# `payload.TicketCreated.v2` is version 2 of the family payload.TicketCreated. A ref without a number is a family alone.
# Names stand in one text, each between two line feeds: to search ten thousand of them takes milliseconds. They are
# those under a `properties` anywhere in the schema, also behind references and in branches.
COLUMNS = """
CREATE FUNCTION app_field_names(p_schema json) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT E'\\n' || string_agg(DISTINCT lower(found.name), E'\\n') || E'\\n'
    FROM jsonb_path_query(CAST(p_schema AS jsonb), 'strict $.**.properties ? (@.type() == "object")') AS declared,
         jsonb_object_keys(declared) AS found(name));
EXCEPTION WHEN data_exception THEN
  RETURN NULL;  -- json takes what jsonb cannot hold; such a schema is found by its ref
END $$;
ALTER TABLE payload_schemas
  ADD COLUMN family text NOT NULL GENERATED ALWAYS AS (regexp_replace(schema_ref, '\\.v[0-9]{1,9}$', '')) STORED,
  ADD COLUMN version int GENERATED ALWAYS AS (CAST(substring(schema_ref FROM '\\.v([0-9]{1,9})$') AS int)) STORED,
  ADD COLUMN field_names text GENERATED ALWAYS AS (app_field_names(schema)) STORED;
ALTER TABLE system_payload_schemas
  ADD COLUMN family text NOT NULL GENERATED ALWAYS AS (regexp_replace(schema_ref, '\\.v[0-9]{1,9}$', '')) STORED,
  ADD COLUMN version int GENERATED ALWAYS AS (CAST(substring(schema_ref FROM '\\.v([0-9]{1,9})$') AS int)) STORED,
  ADD COLUMN field_names text GENERATED ALWAYS AS (app_field_names(schema)) STORED;
CREATE INDEX payload_schemas_family ON payload_schemas (tenant, family);
CREATE INDEX event_catalog_payload_schema ON event_catalog (tenant, payload_schema_ref)
"""

# Made anew, as a view grows at its end only.
VIEW = """
DROP VIEW registered_schemas;
CREATE VIEW registered_schemas WITH (security_invoker = true) AS
SELECT tenant, schema_ref, schema, inline_of, 'tenant' AS source, family, version, field_names, created_at, created_by
FROM payload_schemas
UNION ALL
SELECT t.tenant, s.schema_ref, s.schema, NULL, 'system', s.family, s.version, s.field_names, s.created_at, NULL
FROM system_payload_schemas s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM payload_schemas p WHERE p.tenant = t.tenant AND p.schema_ref = s.schema_ref);
GRANT SELECT ON registered_schemas TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(VIEW)
