"""Runtime events, why each candidate workflow did or did not start, and the runs with their steps and waits."""

from alembic import op

revision = "0004"
down_revision = "0003"

# Partitioned by month, so that old months are dropped, not deleted. A unique key must then contain
# created_at; that (source, id) comes only once is therefore kept in a small table of its own.
EVENTS = """
CREATE TABLE workflow_runtime_events (
  tenant uuid NOT NULL,
  event_id uuid NOT NULL DEFAULT app_uuidv7(),
  event_name text NOT NULL,
  origin text NOT NULL DEFAULT 'live' CHECK (origin IN ('live', 'simulated', 'replay')),
  source text,
  correlation_key text,
  payload jsonb NOT NULL,
  redacted_payload jsonb NOT NULL,
  payload_schema_ref text,
  schema_ref_conflict jsonb,
  schema_errors jsonb,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  processed_at timestamptz,
  matched_run_id uuid,
  matched_wait_id uuid,
  matched_step_path text,
  error_message text,
  submitted_by uuid,
  parent_event_id uuid,
  outcome smallint NOT NULL GENERATED ALWAYS AS (
    (matched_run_id IS NOT NULL OR matched_wait_id IS NOT NULL)::int + 2 * (error_message IS NOT NULL)::int
  ) STORED,
  PRIMARY KEY (tenant, event_id, created_at)
) PARTITION BY RANGE (created_at);
COMMENT ON COLUMN workflow_runtime_events.outcome IS
  'Bit 1 matched (started or resumed something), bit 2 error. Status: error, else matched, else unmatched';
-- Counts per event and range come from this index alone; recent events page along it by key.
CREATE INDEX workflow_runtime_events_name ON workflow_runtime_events
  (tenant, event_name, created_at, event_id) INCLUDE (outcome, origin);
CREATE INDEX workflow_runtime_events_created ON workflow_runtime_events (tenant, created_at, event_id);
CREATE INDEX workflow_runtime_events_correlation ON workflow_runtime_events
  (tenant, correlation_key, created_at) WHERE correlation_key IS NOT NULL
"""

# The default partition takes what no month has been made for, so that a missing month never refuses an
# event. A partition gets row-level security without a policy, and no grant: it is reached through the
# parent or not at all.
PARTITIONS = """
CREATE PROCEDURE app_make_event_partition(month date) LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', month);
  part text := 'workflow_runtime_events_' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass(part) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF workflow_runtime_events FOR VALUES FROM (%L) TO (%L)',
                   part, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.02,'
                   ' autovacuum_analyze_scale_factor = 0.02)', part);
  END IF;
END $$;
CREATE TABLE workflow_runtime_events_default PARTITION OF workflow_runtime_events DEFAULT;
ALTER TABLE workflow_runtime_events_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE workflow_runtime_events_default FORCE ROW LEVEL SECURITY;
DO $$ BEGIN
  FOR i IN -3..3 LOOP
    CALL app_make_event_partition((now() + make_interval(months => i))::date);
  END LOOP;
END $$
"""

MATCHES = """
CREATE TABLE workflow_event_matches (
  tenant uuid NOT NULL REFERENCES tenants,
  event_id uuid NOT NULL,
  match_no smallint NOT NULL,
  workflow_id uuid,
  workflow_version int,
  outcome text NOT NULL CHECK (outcome IN ('started', 'resumed', 'skipped', 'failed')),
  reason text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  run_id uuid,
  wait_id uuid,
  PRIMARY KEY (tenant, event_id, match_no)
);
COMMENT ON COLUMN workflow_event_matches.workflow_id IS 'NULL on the row that says that there was no candidate'
"""

RUNS = """
CREATE TABLE workflow_runs (
  tenant uuid NOT NULL REFERENCES tenants,
  run_id uuid NOT NULL DEFAULT app_uuidv7(),
  workflow_id uuid NOT NULL,
  workflow_version int NOT NULL,
  status text NOT NULL DEFAULT 'QUEUED'
    CHECK (status IN ('QUEUED', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
  event_type text,
  trigger_event_id uuid,
  triggered_at timestamptz NOT NULL DEFAULT app_now(),
  origin text NOT NULL DEFAULT 'live' CHECK (origin IN ('live', 'simulated', 'replay')),
  correlation_key text,
  trigger_mapping_applied boolean NOT NULL DEFAULT false,
  source_payload_schema_ref text,
  input_json jsonb NOT NULL DEFAULT '{}',
  redacted_input_json jsonb NOT NULL DEFAULT '{}',
  output_json jsonb,
  redacted_output_json jsonb,
  error_json jsonb,
  node_path text,
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, run_id),
  FOREIGN KEY (tenant, workflow_id) REFERENCES workflow_definitions
);
COMMENT ON COLUMN workflow_runs.triggered_at IS
  'created_at of the event that started it: runs are counted in the range that holds their event';
CREATE INDEX workflow_runs_event_type ON workflow_runs
  (tenant, event_type, triggered_at) INCLUDE (status, started_at, completed_at, origin);
CREATE INDEX workflow_runs_trigger_event ON workflow_runs (tenant, trigger_event_id);
CREATE INDEX workflow_runs_workflow ON workflow_runs (tenant, workflow_id, triggered_at DESC, run_id DESC);
CREATE INDEX workflow_runs_recent ON workflow_runs (tenant, triggered_at DESC, run_id DESC);
CREATE INDEX workflow_runs_open ON workflow_runs (tenant, status)
  WHERE status IN ('QUEUED', 'RUNNING', 'WAITING');
CREATE TABLE workflow_run_steps (
  tenant uuid NOT NULL,
  run_id uuid NOT NULL,
  step_path text NOT NULL,
  attempt int NOT NULL DEFAULT 1,
  step_type text NOT NULL,
  status text NOT NULL CHECK (status IN ('RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'SKIPPED', 'CANCELED')),
  input_json jsonb,
  output_json jsonb,
  error_json jsonb,
  started_at timestamptz NOT NULL DEFAULT app_now(),
  completed_at timestamptz,
  PRIMARY KEY (tenant, run_id, step_path),
  FOREIGN KEY (tenant, run_id) REFERENCES workflow_runs
);
CREATE TABLE workflow_run_waits (
  tenant uuid NOT NULL,
  wait_id uuid NOT NULL DEFAULT app_uuidv7(),
  run_id uuid NOT NULL,
  step_path text NOT NULL,
  wait_type text NOT NULL CHECK (wait_type IN ('event', 'time')),
  event_name text,
  key text,
  timeout_at timestamptz,
  status text NOT NULL DEFAULT 'WAITING' CHECK (status IN ('WAITING', 'RESUMED', 'TIMED_OUT', 'CANCELED')),
  created_at timestamptz NOT NULL DEFAULT app_now(),
  resolved_at timestamptz,
  resolved_by_event_id uuid,
  PRIMARY KEY (tenant, wait_id),
  FOREIGN KEY (tenant, run_id) REFERENCES workflow_runs
);
CREATE INDEX workflow_run_waits_open ON workflow_run_waits (tenant, event_name, key) WHERE status = 'WAITING';
CREATE INDEX workflow_run_waits_run ON workflow_run_waits (tenant, run_id)
"""

# Pages see redacted payloads, inputs and outputs, and only those. Steps and waits are written by the engine.
GRANTS = """
GRANT SELECT (tenant, event_id, event_name, origin, source, correlation_key, redacted_payload,
              payload_schema_ref, schema_ref_conflict, schema_errors, created_at, processed_at, matched_run_id,
              matched_wait_id, matched_step_path, error_message, submitted_by, parent_event_id, outcome)
  ON workflow_runtime_events TO event_catalog_app;
GRANT INSERT ON workflow_runtime_events TO event_catalog_app;
GRANT UPDATE (processed_at, matched_run_id, matched_wait_id, matched_step_path, error_message)
  ON workflow_runtime_events TO event_catalog_app;
GRANT SELECT, INSERT ON workflow_event_matches TO event_catalog_app;
GRANT SELECT (tenant, run_id, workflow_id, workflow_version, status, event_type, trigger_event_id, triggered_at,
              origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, redacted_input_json,
              redacted_output_json, error_json, node_path, started_at, completed_at, updated_at)
  ON workflow_runs TO event_catalog_app;
GRANT INSERT ON workflow_runs TO event_catalog_app;
GRANT UPDATE (status, error_json, completed_at, updated_at) ON workflow_runs TO event_catalog_app;
GRANT SELECT ON workflow_run_steps TO event_catalog_app;
GRANT SELECT, UPDATE ON workflow_run_waits TO event_catalog_app
"""


def upgrade() -> None:
    for statement in (EVENTS, PARTITIONS, MATCHES, RUNS):
        op.execute(statement)
    for table in (
        "workflow_runtime_events",
        "workflow_event_matches",
        "workflow_runs",
        "workflow_run_steps",
        "workflow_run_waits",
    ):
        op.execute(f"CALL app_isolate('{table}')")
    op.execute(GRANTS)
