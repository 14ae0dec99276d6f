-- name: begin_turn
-- The turn's right to work on the run, and all it needs for that; no row when the turn is no longer in charge.
UPDATE workflow_runs r
SET status = 'RUNNING', started_at = coalesce(started_at, app_now()), attempts = attempts + 1,
    updated_at = app_now()
WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status IN ('QUEUED', 'RUNNING')
RETURNING event_type, trigger_event_id, correlation_key, source_payload_schema_ref,
          CAST(input_json AS text) AS input, CAST(redacted_input_json AS text) AS redacted_input,
          workflow_version,
          (SELECT CAST(v.definition_json AS text) FROM workflow_definition_versions v
           WHERE v.tenant = r.tenant AND v.workflow_id = r.workflow_id AND v.version = r.workflow_version
          ) AS definition

-- name: recorded_steps
-- What the run's finished steps gave, unredacted, and how the others stand.
SELECT s.step_path, s.step_type, s.status, CAST(s.error_json AS text) AS error, CAST(r.result AS text) AS result
FROM workflow_run_steps s
LEFT JOIN workflow_run_results r USING (tenant, run_id, step_path)
WHERE s.tenant = :tenant AND s.run_id = :run_id

-- name: events_waited_for
-- The events that ended waits of the run: what is secret in them is so in the run.
SELECT CAST(e.payload AS text) AS payload, CAST(e.redacted_payload AS text) AS redacted
FROM workflow_run_waits w
JOIN workflow_runtime_events e ON e.tenant = w.tenant AND e.event_id = w.resolved_by_event_id
WHERE w.tenant = :tenant AND w.run_id = :run_id
UNION ALL
-- What the run has of them itself, which outlives them.
SELECT CAST(r.result AS text), CAST(s.output_json AS text)
FROM workflow_run_waits w
JOIN workflow_run_steps s USING (tenant, run_id, step_path)
JOIN workflow_run_results r USING (tenant, run_id, step_path)
WHERE w.tenant = :tenant AND w.run_id = :run_id AND w.resolved_by_event_id IS NOT NULL AND s.output_json IS NOT NULL

-- name: wait_of_step
-- The wait that a step opened, and the payload of the event that ended it.
SELECT w.status, w.wait_type, CAST(e.payload AS text) AS payload
FROM workflow_run_waits w
LEFT JOIN workflow_runtime_events e ON e.tenant = w.tenant AND e.event_id = w.resolved_by_event_id
WHERE w.tenant = :tenant AND w.run_id = :run_id AND w.step_path = :step_path
ORDER BY w.created_at DESC, w.wait_id DESC
LIMIT 1

-- part: written
-- Steps that have ended, or are under way, and how many seconds ago that was noted.
  SELECT *, CAST(:now AS double precision) - noted AS ago FROM jsonb_to_recordset(CAST(:steps AS jsonb)) AS w(
    step_path text, step_type text, status text, input jsonb, output jsonb, error jsonb, result jsonb,
    seconds double precision, noted double precision)

-- part: keep_steps
-- What people see of them.
  INSERT INTO workflow_run_steps AS s (tenant, run_id, step_path, step_type, status, input_json, output_json,
                                       error_json, started_at, completed_at)
  SELECT tenant, run_id, step_path, step_type, status, input, output, error,
         app_now() - make_interval(secs => ago + seconds),
         CASE WHEN status IN ('SUCCEEDED', 'FAILED') THEN app_now() - make_interval(secs => ago) END
  FROM in_charge, written
  ON CONFLICT (tenant, run_id, step_path) DO UPDATE
  SET status = excluded.status, input_json = coalesce(excluded.input_json, s.input_json),
      output_json = excluded.output_json, error_json = excluded.error_json, completed_at = excluded.completed_at,
      attempt = s.attempt + CASE WHEN excluded.status = 'RUNNING' THEN 1 ELSE 0 END
  RETURNING s.step_path, s.attempt

-- name: record_steps
-- Writes steps and their raw results if the turn is still in charge; gives each step's attempt, else no row.
WITH written AS (
{written}
), in_charge AS (
  UPDATE workflow_runs
  SET node_path = CAST(:node_path AS text), updated_at = app_now(),
      attempts = CASE WHEN EXISTS (SELECT FROM written WHERE status IN ('SUCCEEDED', 'FAILED')) THEN 0 ELSE attempts END
  WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status = 'RUNNING'
  RETURNING tenant, run_id
), raw AS (
  INSERT INTO workflow_run_results (tenant, run_id, step_path, result)
  SELECT tenant, run_id, step_path, result FROM in_charge, written
  WHERE result IS NOT NULL
  ON CONFLICT (tenant, run_id, step_path) DO UPDATE SET result = excluded.result
)
{keep_steps}

-- name: open_wait
-- The wait of a step, due after some seconds or at an instant; a key that is a secret is kept as its digest.
INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, event_name, key, timeout_at)
VALUES (:tenant, :run_id, :step_path, :wait_type, CAST(:event_name AS text),
        CASE WHEN CAST(:is_secret AS boolean) THEN app_key_digest(CAST(:tenant AS uuid), CAST(:key AS text))
             ELSE CAST(:key AS text) END,
        coalesce(CAST(:until AS timestamptz), app_now() + make_interval(secs => CAST(:seconds AS double precision))))

-- name: suspend_run
-- The run waits; no turn is in charge until the wait ends.
UPDATE workflow_runs SET status = 'WAITING', updated_at = app_now()
WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status = 'RUNNING'

-- name: end_run
-- Ends the run if the turn is still in charge, with the steps not written yet. Those under way end as it does: what a
-- failure broke off, and the loops that a return left. Forgets the unredacted results.
WITH written AS (
{written}
), in_charge AS (
  UPDATE workflow_runs
  SET status = :status, output_json = CAST(:output AS jsonb), redacted_output_json = CAST(:redacted_output AS jsonb),
      error_json = CAST(:error AS jsonb), node_path = coalesce(CAST(:node_path AS text), node_path),
      completed_at = app_now(), updated_at = app_now()
  WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status IN ('QUEUED', 'RUNNING')
  RETURNING tenant, run_id
), kept AS (
{keep_steps}
), ended_with_it AS (
  UPDATE workflow_run_steps s
  SET status = CASE WHEN CAST(:error AS jsonb) IS NULL THEN 'SUCCEEDED' ELSE 'FAILED' END,
      error_json = CAST(:error AS jsonb), completed_at = app_now()
  FROM in_charge ended
  WHERE s.tenant = ended.tenant AND s.run_id = ended.run_id AND s.status IN ('RUNNING', 'WAITING')
    AND s.step_path NOT IN (SELECT step_path FROM written)
), forgotten AS (
  DELETE FROM workflow_run_results r USING in_charge ended
  WHERE r.tenant = ended.tenant AND r.run_id = ended.run_id
)
SELECT run_id FROM in_charge
