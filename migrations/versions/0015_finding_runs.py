"""Finding runs by status, version, key and origin; a failed run is repeated once."""

from alembic import op

revision = "0015"
down_revision = "0014"

# Each ends in the order of the list, so that a page is read from it and nothing else. Few runs are not live.
INDEXES = """
CREATE INDEX workflow_runs_status ON workflow_runs (tenant, status, triggered_at DESC, run_id DESC);
CREATE INDEX workflow_runs_version ON workflow_runs
  (tenant, workflow_id, workflow_version, triggered_at DESC, run_id DESC);
CREATE INDEX workflow_runs_correlation ON workflow_runs (tenant, correlation_key, triggered_at DESC, run_id DESC)
  WHERE correlation_key IS NOT NULL;
CREATE INDEX workflow_runs_not_live ON workflow_runs (tenant, origin, triggered_at DESC, run_id DESC)
  WHERE origin <> 'live';
CREATE INDEX workflow_run_waits_key ON workflow_run_waits (tenant, key, created_at DESC) INCLUDE (run_id)
  WHERE key IS NOT NULL
"""

# Whoever asks second waits for the lock and then sees the first one's repeat. A canceled repeat does not count.
RETRY = """
CREATE OR REPLACE FUNCTION app_retry_run(p_tenant uuid, p_run uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_run uuid;
BEGIN
  PERFORM FROM workflow_runs
    WHERE tenant = p_tenant AND tenant = app_tenant() AND run_id = p_run AND status = 'FAILED'
    FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM FROM workflow_runs WHERE tenant = p_tenant AND retry_of = p_run AND status <> 'CANCELED';
  IF FOUND THEN
    RETURN NULL;
  END IF;
  INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at,
      origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json,
      redacted_input_json, retry_of)
    SELECT tenant, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at,
      origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json,
      redacted_input_json, run_id
    FROM workflow_runs
    WHERE tenant = p_tenant AND run_id = p_run
    RETURNING run_id INTO v_run;
  PERFORM app_drive_run(p_tenant, v_run, 1);
  RETURN v_run;
END $$
"""


def upgrade() -> None:
    op.execute(INDEXES)
    op.execute(RETRY)
