-- name: list_runs
-- A page of runs, latest first, after the row that the cursor names.
SELECT r.run_id, r.workflow_id, d.name AS workflow_name, r.workflow_version, r.status, r.event_type,
       r.trigger_event_id, r.triggered_at, r.origin, r.correlation_key, r.node_path, r.error_json AS error,
       r.attempts, r.retry_of, r.started_at, r.completed_at
FROM workflow_runs r
JOIN workflow_definitions d ON d.tenant = r.tenant AND d.workflow_id = r.workflow_id
WHERE r.tenant = :tenant
  AND (CAST(:status AS text) IS NULL OR r.status = CAST(:status AS text))
  AND (CAST(:workflow_id AS uuid) IS NULL OR r.workflow_id = CAST(:workflow_id AS uuid))
  AND (CAST(:event_type AS text) IS NULL OR r.event_type = CAST(:event_type AS text))
  AND (CAST(:origin AS text) IS NULL OR r.origin = CAST(:origin AS text))
  AND (CAST(:before AS timestamptz) IS NULL
       OR (r.triggered_at, r.run_id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid)))
ORDER BY r.triggered_at DESC, r.run_id DESC
LIMIT :limit

-- name: runs_of_event
-- The runs that an event started, first first.
SELECT r.run_id, r.workflow_id, d.name AS workflow_name, r.workflow_version, r.status, r.event_type,
       r.trigger_event_id, r.triggered_at, r.origin, r.correlation_key, r.node_path, r.error_json AS error,
       r.attempts, r.retry_of, r.started_at, r.completed_at
FROM workflow_runs r
JOIN workflow_definitions d ON d.tenant = r.tenant AND d.workflow_id = r.workflow_id
WHERE r.tenant = :tenant AND r.trigger_event_id = :event_id
ORDER BY r.run_id
LIMIT 1000

-- name: get_run
-- One run with what people may see of its input and output.
SELECT r.run_id, r.workflow_id, d.name AS workflow_name, r.workflow_version, r.status, r.event_type,
       r.trigger_event_id, r.triggered_at, r.origin, r.correlation_key, r.node_path, r.error_json AS error,
       r.attempts, r.retry_of, r.started_at, r.completed_at, r.trigger_mapping_applied,
       r.source_payload_schema_ref, CAST(r.redacted_input_json AS text) AS input,
       CAST(r.redacted_output_json AS text) AS output
FROM workflow_runs r
JOIN workflow_definitions d ON d.tenant = r.tenant AND d.workflow_id = r.workflow_id
WHERE r.tenant = :tenant AND r.run_id = :run_id

-- name: steps_of_run
-- The run's steps in the order in which they began.
SELECT step_path, step_type, status, attempt, CAST(input_json AS text) AS input,
       CAST(output_json AS text) AS output, error_json AS error, started_at, completed_at
FROM workflow_run_steps
WHERE tenant = :tenant AND run_id = :run_id
ORDER BY started_at, completed_at, step_path
LIMIT :limit

-- name: waits_of_run
-- The run's waits in the order in which they began.
SELECT wait_id, step_path, wait_type, event_name, key, timeout_at, status, created_at, resolved_at,
       resolved_by_event_id
FROM workflow_run_waits
WHERE tenant = :tenant AND run_id = :run_id
ORDER BY created_at, wait_id
LIMIT :limit

-- name: retries_of_run
-- The runs that repeat this one.
SELECT run_id FROM workflow_runs WHERE tenant = :tenant AND retry_of = CAST(:run_id AS uuid) ORDER BY run_id LIMIT 100
