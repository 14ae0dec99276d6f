"""Backfills: unmatched events replayed to a workflow that was attached later."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
CREATE TABLE workflow_backfills (
  tenant uuid NOT NULL REFERENCES tenants,
  backfill_id uuid NOT NULL DEFAULT app_uuidv7(),
  workflow_id uuid NOT NULL,
  event_type text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'canceled')),
  total int NOT NULL,
  started int NOT NULL DEFAULT 0,
  skipped int NOT NULL DEFAULT 0,
  failed int NOT NULL DEFAULT 0,
  cursor_at timestamptz,
  cursor_id uuid,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz,
  PRIMARY KEY (tenant, backfill_id),
  FOREIGN KEY (tenant, workflow_id) REFERENCES workflow_definitions
);
COMMENT ON COLUMN workflow_backfills.updated_at IS
  'When the last batch was replayed: the next one may come a second later';
CREATE INDEX workflow_backfills_workflow ON workflow_backfills (tenant, workflow_id, backfill_id)
"""

# The application role may not read raw payloads, and a replay needs them. It gets those of a running backfill's
# own events, a batch at a time; who began one is in the row and in the audit trail.
EVENTS = """
CREATE FUNCTION app_backfill_events(p_tenant uuid, p_backfill uuid, p_limit int)
RETURNS TABLE (event_id uuid, created_at timestamptz, payload text, correlation_key text, payload_schema_ref text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.event_id, e.created_at, CAST(e.payload AS text), e.correlation_key, e.payload_schema_ref
  FROM workflow_backfills b
  JOIN workflow_runtime_events e
    ON e.tenant = b.tenant AND e.event_name = b.event_type AND e.created_at >= b.since AND e.created_at < b.until
  WHERE b.tenant = p_tenant AND b.tenant = app_tenant() AND b.backfill_id = p_backfill AND b.status = 'running'
    AND e.origin = 'live' AND e.outcome = 0
    AND (b.cursor_at IS NULL OR (e.created_at, e.event_id) > (b.cursor_at, b.cursor_id))
    AND NOT EXISTS (SELECT FROM event_submissions s
                    WHERE s.tenant = b.tenant AND s.source = 'backfill'
                      AND s.submission_id = b.workflow_id || ':' || e.event_id)
  ORDER BY e.created_at, e.event_id
  LIMIT least(p_limit, 100)
$$
"""

GRANTS = """
REVOKE ALL ON FUNCTION app_backfill_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_backfill_events TO event_catalog_app;
GRANT SELECT, INSERT ON workflow_backfills TO event_catalog_app;
GRANT UPDATE (status, started, skipped, failed, cursor_at, cursor_id, updated_at) ON workflow_backfills
  TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("CALL app_isolate('workflow_backfills')")
    op.execute(EVENTS)
    op.execute(GRANTS)
