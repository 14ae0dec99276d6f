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

-- name: agenda
-- What there is to do right now; fails when the session, and its lock with it, is gone.
SELECT EXISTS (SELECT FROM workflow_run_waits WHERE status = 'WAITING' AND timeout_at <= app_now()) AS waits_due,
       EXISTS (SELECT FROM dbos.workflow_status
               WHERE status = 'DELAYED' AND queue_name = 'runs'
                 AND delay_until_epoch_ms <= extract(epoch FROM clock_timestamp()) * 1000) AS turns_due,
       EXISTS (SELECT FROM dbos.workflow_status WHERE status = 'PENDING' AND queue_name = 'runs') AS turns_claimed

-- name: queue_due_turns
-- Queues the turns whose delay is over, and wakes whoever executes them.
WITH due AS (
  UPDATE dbos.workflow_status SET status = 'ENQUEUED'
  WHERE status = 'DELAYED' AND queue_name = 'runs'
    AND delay_until_epoch_ms <= extract(epoch FROM clock_timestamp()) * 1000
  RETURNING workflow_uuid
)
SELECT pg_notify('event_catalog_turns', '') FROM due LIMIT 1

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
-- Finished turns that nobody needs any more: the run's own rows are its record. None while another transaction that read
-- some is open, which is about to delete them. By their creation, too, for the sake of its index.
WITH alone AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(:lock) AS is_ours
), old AS (
  SELECT CAST(extract(epoch FROM now() - interval '1 hour') * 1000 AS bigint) AS until
)
SELECT workflow_uuid FROM dbos.workflow_status
WHERE (SELECT is_ours FROM alone)
  AND queue_name = 'runs' AND status NOT IN ('ENQUEUED', 'DELAYED', 'PENDING')
  AND created_at < (SELECT until FROM old) AND updated_at < (SELECT until FROM old)
ORDER BY created_at
LIMIT :most
