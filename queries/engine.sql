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
SELECT s.step_path, s.status, CAST(s.error_json AS text) AS error, CAST(r.result AS text) AS result
FROM workflow_run_steps s
LEFT JOIN workflow_run_results r USING (tenant, run_id, step_path)
WHERE s.tenant = :tenant AND s.run_id = :run_id

-- name: events_waited_for
-- The events that ended waits of the run: what is secret in them is so in the run.
SELECT CAST(e.payload AS text) AS payload, CAST(e.redacted_payload AS text) AS redacted
FROM workflow_run_waits w
JOIN workflow_runtime_events e ON e.tenant = w.tenant AND e.event_id = w.resolved_by_event_id
WHERE w.tenant = :tenant AND w.run_id = :run_id

-- name: wait_of_step
-- The wait that a step opened, and the payload of the event that ended it.
SELECT w.status, w.wait_type, CAST(e.payload AS text) AS payload
FROM workflow_run_waits w
LEFT JOIN workflow_runtime_events e ON e.tenant = w.tenant AND e.event_id = w.resolved_by_event_id
WHERE w.tenant = :tenant AND w.run_id = :run_id AND w.step_path = :step_path
ORDER BY w.created_at DESC, w.wait_id DESC
LIMIT 1

-- name: record_step
-- Writes a step's row and raw result if the turn is still in charge; gives the step's attempt, else no row.
WITH in_charge AS (
  UPDATE workflow_runs
  SET node_path = CAST(:step_path AS text), updated_at = app_now(),
      attempts = CASE WHEN CAST(:status AS text) IN ('SUCCEEDED', 'FAILED') THEN 0 ELSE attempts END
  WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status = 'RUNNING'
  RETURNING tenant, run_id
), raw AS (
  INSERT INTO workflow_run_results (tenant, run_id, step_path, result)
  SELECT tenant, run_id, CAST(:step_path AS text), CAST(:result AS jsonb) FROM in_charge
  WHERE CAST(:result AS text) IS NOT NULL
  ON CONFLICT (tenant, run_id, step_path) DO UPDATE SET result = excluded.result
)
INSERT INTO workflow_run_steps AS s (tenant, run_id, step_path, step_type, status, input_json, output_json,
                                     error_json, started_at, completed_at)
SELECT tenant, run_id, CAST(:step_path AS text), CAST(:step_type AS text), CAST(:status AS text),
       CAST(:input AS jsonb), CAST(:output AS jsonb), CAST(:error AS jsonb),
       app_now() - make_interval(secs => CAST(:seconds AS double precision)),
       CASE WHEN CAST(:status AS text) IN ('SUCCEEDED', 'FAILED') THEN app_now() END
FROM in_charge
ON CONFLICT (tenant, run_id, step_path) DO UPDATE
SET status = excluded.status, input_json = coalesce(excluded.input_json, s.input_json),
    output_json = excluded.output_json, error_json = excluded.error_json, completed_at = excluded.completed_at,
    attempt = s.attempt + CASE WHEN excluded.status = 'RUNNING' THEN 1 ELSE 0 END
RETURNING s.attempt

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

-- name: finish_run
-- Ends the run if the turn is still in charge.
UPDATE workflow_runs
SET status = :status, output_json = CAST(:output AS jsonb), redacted_output_json = CAST(:redacted_output AS jsonb),
    error_json = CAST(:error AS jsonb), completed_at = app_now(), updated_at = app_now()
WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status IN ('QUEUED', 'RUNNING')
RETURNING run_id

-- name: fail_open_steps
-- Steps that were under way when the run ended.
UPDATE workflow_run_steps SET status = 'FAILED', error_json = CAST(:error AS jsonb), completed_at = app_now()
WHERE tenant = :tenant AND run_id = :run_id AND status IN ('RUNNING', 'WAITING')

-- name: forget_results
-- The unredacted results of a run that has ended.
DELETE FROM workflow_run_results WHERE tenant = :tenant AND run_id = :run_id

-- name: next_turn
-- Puts another turn in charge and queues it. `planned`: the turn gave up its place in order, which is no attempt.
WITH next AS (
  UPDATE workflow_runs
  SET turn = turn + 1, updated_at = app_now(),
      attempts = greatest(0, attempts - CASE WHEN CAST(:planned AS boolean) THEN 1 ELSE 0 END)
  WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status IN ('QUEUED', 'RUNNING')
  RETURNING tenant, run_id, turn
)
SELECT app_drive_run(tenant, run_id, turn, make_interval(secs => CAST(:delay AS double precision))) FROM next

-- name: attempts
-- How often the turn's run was begun since a step last finished, and where it stood; no row when not in charge.
SELECT attempts, node_path FROM workflow_runs
WHERE tenant = :tenant AND run_id = :run_id AND turn = :turn AND status IN ('QUEUED', 'RUNNING')
FOR UPDATE

-- name: fire_due_waits
-- Ends the waits whose time has come and queues their runs; several workers share the work.
WITH due AS (
  SELECT tenant, wait_id FROM workflow_run_waits
  WHERE status = 'WAITING' AND timeout_at <= app_now()
  ORDER BY timeout_at
  LIMIT 200
  FOR UPDATE SKIP LOCKED
), fired AS (
  UPDATE workflow_run_waits w
  SET status = CASE w.wait_type WHEN 'time' THEN 'RESUMED' ELSE 'TIMED_OUT' END, resolved_at = app_now()
  FROM due
  WHERE w.tenant = due.tenant AND w.wait_id = due.wait_id
  RETURNING w.tenant, w.run_id
), woken AS (
  UPDATE workflow_runs r SET status = 'RUNNING', turn = r.turn + 1, updated_at = app_now()
  FROM fired
  WHERE r.tenant = fired.tenant AND r.run_id = fired.run_id AND r.status = 'WAITING'
  RETURNING r.tenant, r.run_id, r.turn
)
SELECT count(app_drive_run(tenant, run_id, turn)) FROM woken

-- name: hold_executor
-- Says for as long as this session lives that the executor does; waits for an earlier session of it to be gone.
-- The keepalives let the server notice a vanished host within seconds.
SELECT pg_advisory_lock(:lock_class, :lock_key),
       set_config('tcp_keepalives_idle', '4', false), set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '2', false)

-- name: still_there
-- Fails when the session, and its lock with it, is gone.
SELECT 1

-- name: turns_under_way
-- Every claimed turn, by whom, for how long, and whether that executor lives.
SELECT w.workflow_uuid AS turn_id, CAST(w.queue_partition_key AS uuid) AS tenant, w.executor_id,
       extract(epoch FROM clock_timestamp()) - w.started_at_epoch_ms / 1000.0 AS seconds,
       EXISTS (SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.classid = CAST(CAST(:lock_class AS bigint) AS oid)
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND l.objid = CAST(CAST(CAST('x' || left(w.executor_id, 8) AS bit(32)) AS bigint) AS oid)
              ) AS alive
FROM dbos.workflow_status w
WHERE w.queue_name = 'runs' AND w.status = 'PENDING'

-- name: runs_without_turn
-- Runs that nobody is going to continue: their turn failed, or is gone.
SELECT r.tenant, r.run_id, r.turn
FROM workflow_runs r
WHERE r.status IN ('QUEUED', 'RUNNING') AND r.updated_at < now() - interval '5 seconds'
  AND NOT EXISTS (SELECT FROM dbos.workflow_status w
                  WHERE w.workflow_uuid = app_turn_id(r.run_id, r.turn)
                    AND w.status IN ('ENQUEUED', 'DELAYED', 'PENDING'))
ORDER BY r.updated_at
LIMIT 200

-- name: old_turns
-- Finished turns that nobody needs any more: the run's own rows are its record.
SELECT workflow_uuid FROM dbos.workflow_status
WHERE queue_name = 'runs' AND status NOT IN ('ENQUEUED', 'DELAYED', 'PENDING')
  AND updated_at < (extract(epoch FROM now() - interval '1 hour') * 1000)
LIMIT 1000

-- name: health
-- Turns that wait to be claimed (counted up to 10,000), the age of the oldest, and how many executors live.
SELECT (SELECT count(*) FROM (SELECT FROM dbos.workflow_status
                              WHERE queue_name = 'runs' AND status = 'ENQUEUED' LIMIT 10000) queued
       ) AS queue_depth,
       (SELECT extract(epoch FROM clock_timestamp()) - min(created_at) / 1000.0 FROM dbos.workflow_status
        WHERE queue_name = 'runs' AND status = 'ENQUEUED') AS oldest_queued_seconds,
       (SELECT count(*) FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.classid = CAST(CAST(:lock_class AS bigint) AS oid)
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS live_executors

-- name: enqueue_run
-- Hands a queued run to the engine, in the caller's transaction.
SELECT app_enqueue_run(:tenant, :run_id)

-- name: resume_wait
-- Ends an open event wait and queues its run; false when it was not open.
SELECT app_resume_wait(:tenant, :wait_id, :event_id)

-- name: cancel_run
-- Ends an unfinished run as canceled; false when there is none.
SELECT app_cancel_run(:tenant, :run_id)

-- name: retry_run
-- A new run that repeats a failed one from its start; NULL when there is no failed run.
SELECT app_retry_run(:tenant, :run_id)
