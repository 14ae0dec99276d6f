"""A catalog of ten thousand entries, and a registry of as many schemas, is read in order and searched in one text."""

from alembic import op

revision = "0031"
down_revision = "0030"

# What the catalog searches in an entry. array_to_string() is not immutable for arrays of any type; of texts it is.
SEARCH = """
CREATE FUNCTION app_search_text(
  p_name text, p_event_type text, p_description text, p_category text, p_owner text, p_tags text[]) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT lower(concat_ws(' ', p_name, p_event_type, replace(p_event_type, '_', ' '), p_description, p_category,
                         p_owner, array_to_string(p_tags, ' ')))
$$;
ALTER TABLE event_catalog ADD COLUMN search_text text NOT NULL
  GENERATED ALWAYS AS (app_search_text(name, event_type, description, category, owner, tags)) STORED;
ALTER TABLE system_event_catalog ADD COLUMN search_text text NOT NULL
  GENERATED ALWAYS AS (app_search_text(name, event_type, description, category, NULL, NULL)) STORED;
CREATE INDEX event_catalog_order ON event_catalog (tenant, (status = 'deprecated'), category, name, event_type)
  WHERE deleted_at IS NULL;
CREATE INDEX system_event_catalog_updated ON system_event_catalog (updated_at)
"""

# Names are in the order of their bytes, as they are ASCII: another order takes most of the time of ten thousand.
REGISTRY = """
ALTER TABLE payload_schemas ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (lower(schema_ref)) STORED;
ALTER TABLE system_payload_schemas ADD COLUMN search_text text NOT NULL
  GENERATED ALWAYS AS (lower(schema_ref)) STORED;
CREATE INDEX payload_schemas_order ON payload_schemas (tenant, family COLLATE "C")
  INCLUDE (search_text, version, inline_of);
CREATE INDEX system_payload_schemas_family ON system_payload_schemas (family);
CREATE OR REPLACE VIEW registered_schemas WITH (security_invoker = true) AS
SELECT tenant, schema_ref, schema, inline_of, 'tenant' AS source, family, version, field_names, created_at, created_by,
       search_text
FROM payload_schemas
UNION ALL
SELECT t.tenant, s.schema_ref, s.schema, NULL, 'system', s.family, s.version, s.field_names, s.created_at, NULL,
       s.search_text
FROM system_payload_schemas s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM payload_schemas p WHERE p.tenant = t.tenant AND p.schema_ref = s.schema_ref)
"""

# As in 0025, with what is new at the end, where a view may grow.
VIEW = """
CREATE OR REPLACE VIEW catalog_entries WITH (security_invoker = true) AS
SELECT tenant, event_id, event_type, name, description, category, status, 'tenant' AS source,
       payload_schema_ref, payload_schema, correlation_paths, example, updated_at, owner, tags, search_text
FROM event_catalog
WHERE deleted_at IS NULL
UNION ALL
SELECT t.tenant, s.event_id, s.event_type, s.name, s.description, s.category, s.status, 'system',
       s.payload_schema_ref, s.payload_schema, s.correlation_paths, s.example, s.updated_at, NULL, CAST('{}' AS text[]),
       s.search_text
FROM system_event_catalog s CROSS JOIN tenants t
WHERE NOT EXISTS (SELECT FROM event_catalog e
                  WHERE e.tenant = t.tenant AND e.event_type = s.event_type AND e.deleted_at IS NULL)
"""

# Every transaction that changes entries of a tenant counts once, as its last act: while it waits for another one to
# count, it needs nothing else, so the two cannot wait for each other.
VERSIONS = """
CREATE TABLE catalog_versions (
  tenant uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE catalog_versions IS 'How often the own entries of a tenant changed; no row stands for never';
CALL app_isolate('catalog_versions');
GRANT SELECT ON catalog_versions TO event_catalog_app;
CREATE FUNCTION app_count_catalog_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  changed uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.tenant ELSE NEW.tenant END;
BEGIN
  IF NOT EXISTS (SELECT FROM catalog_versions
                 WHERE tenant = changed AND xmin = CAST(pg_current_xact_id() AS xid)) THEN
    INSERT INTO catalog_versions AS v (tenant) VALUES (changed)
    ON CONFLICT (tenant) DO UPDATE SET version = v.version + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION app_catalog_changes(p_tenant uuid) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT concat_ws(' ', (SELECT version FROM catalog_versions WHERE tenant = p_tenant),
                   (SELECT max(updated_at) FROM system_event_catalog))
  WHERE current_setting('transaction_read_only') = 'on'
$$;
COMMENT ON FUNCTION app_catalog_changes(uuid) IS
  'Stands for all changes of what a tenant sees in the catalog, NULL in a transaction that may make some';
CREATE CONSTRAINT TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON event_catalog
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app_count_catalog_change()
"""


def upgrade() -> None:
    op.execute(SEARCH)
    op.execute(REGISTRY)
    op.execute(VIEW)
    op.execute(VERSIONS)
