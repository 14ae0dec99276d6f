"""The engine: turns of a run, raw step results, and how the application role hands runs over."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
ALTER TABLE workflow_runs ADD COLUMN turn int NOT NULL DEFAULT 1;
ALTER TABLE workflow_runs ADD COLUMN attempts int NOT NULL DEFAULT 0;
ALTER TABLE workflow_runs ADD COLUMN retry_of uuid;
COMMENT ON COLUMN workflow_runs.turn IS
  'Number of the engine workflow in charge of the run. Whoever holds another number may not write any more';
COMMENT ON COLUMN workflow_runs.attempts IS 'Turns begun since a step last finished; too many end the run';
COMMENT ON COLUMN workflow_runs.retry_of IS 'The failed run that this one repeats';
CREATE INDEX workflow_runs_retry ON workflow_runs (tenant, retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX workflow_run_waits_due ON workflow_run_waits (timeout_at) WHERE status = 'WAITING';
CREATE TABLE workflow_run_results (
  tenant uuid NOT NULL,
  run_id uuid NOT NULL,
  step_path text NOT NULL,
  result jsonb NOT NULL,
  PRIMARY KEY (tenant, run_id, step_path),
  FOREIGN KEY (tenant, run_id) REFERENCES workflow_runs
);
COMMENT ON TABLE workflow_run_results IS
  'Unredacted results of the steps of unfinished runs: the engine continues from them, nobody else may read them'
"""

# One engine workflow is one turn of a run: from its start, or from the end of a wait, to the next wait or
# the end. Its inputs are ids; the version is pinned, so that a deployment strands nothing. What has begun goes
# before what has not. Runs with the caller's rights, so it is of no use to the application role.
DRIVE = """
CREATE FUNCTION app_turn_id(run_id uuid, turn int) RETURNS text LANGUAGE sql IMMUTABLE
RETURN run_id::text || CASE WHEN turn = 1 THEN '' ELSE ':' || turn END;

CREATE FUNCTION app_drive_run(p_tenant uuid, p_run uuid, p_turn int, p_delay interval DEFAULT NULL)
RETURNS text LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT dbos.enqueue_workflow(
    workflow_name => 'advance_run',
    queue_name => 'runs',
    positional_args => ARRAY[to_json(p_tenant::text), to_json(p_run::text)],
    workflow_id => app_turn_id(p_run, p_turn),
    app_version => '1',
    priority => CASE WHEN p_turn = 1 THEN 1 ELSE 0 END,
    queue_partition_key => p_tenant::text,
    delay_until_epoch_ms => (extract(epoch FROM clock_timestamp() + p_delay) * 1000)::bigint)
$$
"""

# The application role goes through these. It has no right in the schema dbos, where an insert is code execution.
ENQUEUE = """
CREATE FUNCTION app_enqueue_run(p_tenant uuid, p_run uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM workflow_runs
    WHERE tenant = p_tenant AND tenant = app_tenant() AND run_id = p_run AND status = 'QUEUED' AND turn = 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no queued run %', p_run USING ERRCODE = 'no_data_found';
  END IF;
  PERFORM app_drive_run(p_tenant, p_run, 1);
END $$
"""

# The wait before the run, here, in app_cancel_run and when a wait falls due: one order of locks, no deadlock.
RESUME = """
CREATE FUNCTION app_resume_wait(p_tenant uuid, p_wait uuid, p_event uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_run uuid;
  v_turn int;
BEGIN
  UPDATE workflow_run_waits
    SET status = 'RESUMED', resolved_at = app_now(), resolved_by_event_id = p_event
    WHERE tenant = p_tenant AND tenant = app_tenant() AND wait_id = p_wait
      AND wait_type = 'event' AND status = 'WAITING'
    RETURNING run_id INTO v_run;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE workflow_runs SET status = 'RUNNING', turn = turn + 1, updated_at = app_now()
    WHERE tenant = p_tenant AND run_id = v_run AND status = 'WAITING'
    RETURNING turn INTO v_turn;
  IF FOUND THEN
    PERFORM app_drive_run(p_tenant, v_run, v_turn);
  END IF;
  RETURN FOUND;
END $$
"""

CANCEL = """
CREATE FUNCTION app_cancel_run(p_tenant uuid, p_run uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF p_tenant IS DISTINCT FROM app_tenant() THEN
    RETURN false;
  END IF;
  UPDATE workflow_run_waits SET status = 'CANCELED', resolved_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run AND status = 'WAITING';
  UPDATE workflow_runs
    SET status = 'CANCELED', turn = turn + 1, completed_at = app_now(), updated_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run AND status IN ('QUEUED', 'RUNNING', 'WAITING');
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE workflow_run_steps SET status = 'CANCELED', completed_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run AND status IN ('RUNNING', 'WAITING');
  DELETE FROM workflow_run_results WHERE tenant = p_tenant AND run_id = p_run;
  RETURN true;
END $$
"""

# Here and not in the application, which may not read a run's raw input.
RETRY = """
CREATE FUNCTION app_retry_run(p_tenant uuid, p_run uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_run uuid;
BEGIN
  INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at,
      origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json,
      redacted_input_json, retry_of)
    SELECT tenant, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at,
      origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json,
      redacted_input_json, run_id
    FROM workflow_runs
    WHERE tenant = p_tenant AND tenant = app_tenant() AND run_id = p_run AND status = 'FAILED'
    RETURNING run_id INTO v_run;
  IF FOUND THEN
    PERFORM app_drive_run(p_tenant, v_run, 1);
  END IF;
  RETURN v_run;
END $$
"""

GRANTS = """
REVOKE ALL ON FUNCTION app_enqueue_run, app_resume_wait, app_cancel_run, app_retry_run FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_enqueue_run, app_resume_wait, app_cancel_run, app_retry_run TO event_catalog_app;
GRANT SELECT (attempts, retry_of) ON workflow_runs TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("CALL app_isolate('workflow_run_results')")
    # Plain SQL functions are checked when made, and the schema dbos may come later.
    op.execute("SET LOCAL check_function_bodies = off")
    for statement in (DRIVE, ENQUEUE, RESUME, CANCEL, RETRY, GRANTS):
        op.execute(statement)
