-- part: let_through
-- The filters, and a place in time.
    r.tenant = CAST(:tenant AS uuid)
AND r.triggered_at >= CAST(:since AS timestamptz) AND r.triggered_at <= CAST(:upto AS timestamptz)
AND (r.triggered_at, r.run_id) < (CAST(:upto AS timestamptz), CAST(:before_id AS uuid))
AND (CAST(:status AS text) IS NULL OR r.status = CAST(:status AS text))
AND (CAST(:workflow_id AS uuid) IS NULL OR r.workflow_id = CAST(:workflow_id AS uuid))
AND (CAST(:workflow_version AS int) IS NULL OR r.workflow_version = CAST(:workflow_version AS int))
AND (CAST(:event_type AS text) IS NULL OR r.event_type = CAST(:event_type AS text))
AND (CAST(:origin AS text) IS NULL OR r.origin = CAST(:origin AS text))
AND (CAST(:run_ids AS uuid[]) IS NULL OR r.run_id = ANY(CAST(:run_ids AS uuid[])))

-- name: how_many
-- How many runs the filters let through, counted up to the limit.
SELECT CAST(count(*) AS int) FROM (
  SELECT FROM workflow_runs r
  WHERE {let_through}
  LIMIT CAST(:limit AS int)
) f

-- name: list_runs
-- Runs latest first, up to a place in time, filtered by what is given. Errors are searched in this many runs at
-- most; the last of so many is there even if it does not match, because the next page begins after it.
WITH looked_at AS (
  SELECT r.run_id, r.tenant, r.workflow_id, r.workflow_version, r.status, r.event_type, r.trigger_event_id,
         r.triggered_at, r.origin, r.correlation_key, r.node_path, r.error_json, r.attempts, r.retry_of,
         r.started_at, r.completed_at,
         row_number() OVER (ORDER BY r.triggered_at DESC, r.run_id DESC) AS place,
         CAST(:error AS text) IS NULL
           OR strpos(lower(concat_ws(' ', r.error_json ->> 'code', r.error_json ->> 'message')),
                     lower(CAST(:error AS text))) > 0 AS matches
  FROM workflow_runs r
  WHERE {let_through}
    AND NOT (CAST(:only_unrepeated AS boolean) AND EXISTS (
      SELECT FROM workflow_runs a WHERE a.tenant = r.tenant AND a.retry_of = r.run_id AND a.status <> 'CANCELED'))
  ORDER BY r.triggered_at DESC, r.run_id DESC
  LIMIT CAST(:looked_at AS int)
)
SELECT r.run_id, r.workflow_id, d.name AS workflow_name, r.workflow_version, r.status, r.event_type,
       r.trigger_event_id, r.triggered_at, r.origin, r.correlation_key, r.node_path, r.error_json AS error,
       r.attempts, r.retry_of, r.started_at, r.completed_at, r.matches, r.place = CAST(:looked_at AS int) AS is_last
FROM looked_at r
JOIN workflow_definitions d ON d.tenant = r.tenant AND d.workflow_id = r.workflow_id
WHERE r.matches OR r.place = CAST(:looked_at AS int)
ORDER BY r.triggered_at DESC, r.run_id DESC
LIMIT CAST(:limit AS int)

-- name: runs_with_key
-- Runs with this correlation key, or that waited for an event with it; the latest so many of either.
(SELECT run_id FROM workflow_runs
 WHERE tenant = CAST(:tenant AS uuid) AND correlation_key = CAST(:key AS text)
   AND triggered_at >= CAST(:since AS timestamptz) AND triggered_at <= CAST(:upto AS timestamptz)
 ORDER BY triggered_at DESC, run_id DESC LIMIT CAST(:looked_at AS int))
UNION
(SELECT run_id FROM workflow_run_waits
 WHERE tenant = CAST(:tenant AS uuid) AND key = CAST(:key AS text)
 ORDER BY created_at DESC LIMIT CAST(:looked_at AS int))

-- name: workflows_with_runs
-- Workflows that can have runs: the one asked for whatever it is, then by name those ever published, archived ones last.
SELECT workflow_id, name, status = 'archived' AS is_archived, coalesce(published_version, 0) AS versions
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid)
  AND (published_version IS NOT NULL OR workflow_id = CAST(:asked AS uuid))
ORDER BY workflow_id IS NOT DISTINCT FROM CAST(:asked AS uuid) DESC, status = 'archived', lower(name), workflow_id
LIMIT 1000

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
       CAST(r.redacted_input_json AS text) AS input, CAST(r.redacted_output_json AS text) AS output
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
SELECT wait_id, step_path, wait_type, event_name, key, timeout_at, status, created_at, resolved_by_event_id
FROM workflow_run_waits
WHERE tenant = :tenant AND run_id = :run_id
ORDER BY created_at, wait_id
LIMIT :limit

-- name: repeats_of_run
-- The runs that repeat this one.
SELECT run_id, status FROM workflow_runs
WHERE tenant = :tenant AND retry_of = CAST(:run_id AS uuid)
ORDER BY run_id
LIMIT 100
