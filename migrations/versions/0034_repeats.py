"""Runs are repeated more than once and at a time of their own, failed starts are made good, events found by runs."""

from alembic import op

revision = "0034"
down_revision = "0033"

# A page of events by how their runs ended is read from the index, in the order of the list. CASE, not coalesce:
# PostgreSQL does not take that for leakproof, and would not use it under row-level security.
EVENT_AT = """
ALTER TABLE workflow_runs ADD COLUMN event_at timestamptz;
COMMENT ON COLUMN workflow_runs.event_at IS
  'created_at of the event that started it, where triggered_at is later: that of a repeat, or of a start made good';
COMMENT ON COLUMN workflow_runs.triggered_at IS
  'created_at of the event that started it; of a repeat, when it was asked for. Runs are counted in its range';
CREATE INDEX workflow_runs_of_events ON workflow_runs
  (tenant, status, (CASE WHEN event_at IS NULL THEN triggered_at ELSE event_at END) DESC, trigger_event_id DESC)
  WHERE trigger_event_id IS NOT NULL;
GRANT SELECT (event_at) ON workflow_runs TO event_catalog_app
"""

# Whoever asks says how many repeats they saw. Asked twice, by a double click or by two people, it answers with the
# repeat that the first one made, and makes no other.
RETRY = """
CREATE FUNCTION app_retry_run(p_tenant uuid, p_run uuid, p_repeats int, p_newest boolean,
                              OUT run_id uuid, OUT is_new boolean, OUT refusal text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_run workflow_runs;
  v_version int;
  v_repeats int;
  v_is_open boolean;
BEGIN
  is_new := false;
  SELECT * INTO v_run FROM workflow_runs r
    WHERE r.tenant = p_tenant AND r.tenant = app_tenant() AND r.run_id = p_run AND r.status = 'FAILED'
    FOR UPDATE;
  IF NOT FOUND THEN
    refusal := 'not_failed';
    RETURN;
  END IF;
  SELECT count(*), coalesce(bool_or(r.status IN ('QUEUED', 'RUNNING', 'WAITING')), false) INTO v_repeats, v_is_open
    FROM workflow_runs r WHERE r.tenant = p_tenant AND r.retry_of = p_run;
  IF v_repeats > p_repeats OR v_is_open THEN
    SELECT r.run_id INTO run_id FROM workflow_runs r WHERE r.tenant = p_tenant AND r.retry_of = p_run
      ORDER BY r.run_id DESC LIMIT 1;
    RETURN;
  END IF;
  v_version := v_run.workflow_version;
  IF p_newest THEN
    SELECT coalesce(d.published_version, v_version) INTO v_version FROM workflow_definitions d
      WHERE d.tenant = p_tenant AND d.workflow_id = v_run.workflow_id;
    IF 1 < (SELECT count(DISTINCT coalesce(v.definition_json ->> 'payloadSchemaRef', ''))
            FROM workflow_definition_versions v
            WHERE v.tenant = p_tenant AND v.workflow_id = v_run.workflow_id
              AND v.version IN (v_version, v_run.workflow_version)) THEN
      refusal := 'other_input';
      RETURN;
    END IF;
  END IF;
  INSERT INTO workflow_runs AS r (tenant, workflow_id, workflow_version, event_type, trigger_event_id, event_at,
      origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json,
      redacted_input_json, retry_of)
    VALUES (v_run.tenant, v_run.workflow_id, v_version, v_run.event_type, v_run.trigger_event_id,
      coalesce(v_run.event_at, v_run.triggered_at), v_run.origin, v_run.correlation_key,
      v_run.trigger_mapping_applied, v_run.source_payload_schema_ref, v_run.input_json, v_run.redacted_input_json,
      v_run.run_id)
    RETURNING r.run_id INTO run_id;
  PERFORM app_drive_run(p_tenant, run_id, 1);
  is_new := true;
END $$;
COMMENT ON FUNCTION app_retry_run IS
  'Repeats a failed run; the latest repeat where whoever asks saw fewer, or one is under way; or why there is none';
REVOKE ALL ON FUNCTION app_retry_run FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_retry_run TO event_catalog_app
"""

# The application role may not select raw payloads. Here it gets that of an event in error, and holds the event, if
# this very transaction has written into the audit trail that it starts it.
START = """
CREATE FUNCTION app_event_to_start(p_tenant uuid, p_event uuid)
RETURNS TABLE (event_name text, created_at timestamptz, origin text, payload text, correlation_key text,
               payload_schema_ref text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM audit_logs a
    WHERE a.tenant = p_tenant AND a.tenant = app_tenant() AND a.at >= app_now() - interval '1 minute'
      AND a.action = 'event.started_again' AND a.target_id = p_event::text
      AND a.xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'an event is started again by an audited request only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    SELECT e.event_name, e.created_at, e.origin, e.payload::text, e.correlation_key, e.payload_schema_ref
    FROM workflow_runtime_events e
    WHERE e.tenant = p_tenant AND e.tenant = app_tenant() AND e.event_id = p_event AND e.error_message IS NOT NULL
    FOR UPDATE;
END $$;
REVOKE ALL ON FUNCTION app_event_to_start FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_event_to_start TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(EVENT_AT)
    op.execute("DROP FUNCTION app_retry_run(uuid, uuid)")
    # The schema dbos, which app_drive_run needs, may come later.
    op.execute("SET LOCAL check_function_bodies = off")
    op.execute(RETRY)
    op.execute(START)
