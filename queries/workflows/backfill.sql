-- name: count
-- Live events of a type since an instant that matched nothing and started no run of this workflow by a replay, up to
-- a bound. A replay that starts nothing leaves no submission.
SELECT count(*) FROM (
  SELECT FROM workflow_runtime_events e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = :event_type
    AND e.created_at >= CAST(:since AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
    AND e.origin = 'live' AND e.outcome = 0
    AND NOT EXISTS (SELECT FROM event_submissions s
                    WHERE s.tenant = e.tenant AND s.source = 'backfill'
                      AND s.submission_id = CAST(:workflow_id AS uuid) || ':' || e.event_id)
  LIMIT CAST(:bound AS int)
) found

-- name: add
-- A backfill that is to be carried out.
INSERT INTO workflow_backfills (tenant, workflow_id, event_type, since, until, total, created_by)
VALUES (CAST(:tenant AS uuid), CAST(:workflow_id AS uuid), :event_type, CAST(:since AS timestamptz),
        CAST(:until AS timestamptz), CAST(:total AS int), CAST(:user_id AS uuid))
RETURNING backfill_id

-- name: latest
-- The workflow's latest backfill.
SELECT b.backfill_id, b.workflow_id, b.event_type, b.since, b.status, b.total, b.started, b.skipped, b.failed,
       b.ended_because, b.reasons, b.status = 'running' AND w.is_paused AS is_held
FROM workflow_backfills b
JOIN workflow_definitions w ON w.tenant = b.tenant AND w.workflow_id = b.workflow_id
WHERE b.tenant = CAST(:tenant AS uuid) AND b.workflow_id = CAST(:workflow_id AS uuid)
ORDER BY b.backfill_id DESC LIMIT 1

-- name: withdraw
-- End the running backfills of people who may not replay events any more.
UPDATE workflow_backfills b
SET status = 'canceled', ended_because = 'who began it may not replay events any more'
WHERE b.status = 'running'
  AND NOT EXISTS (SELECT FROM memberships m
                  WHERE m.tenant = b.tenant AND m.user_id = b.created_by AND m.permission IN ('manage', 'admin'))
RETURNING b.backfill_id, b.tenant, b.workflow_id, b.ended_because AS reason,
          (SELECT w.name FROM workflow_definitions w WHERE w.tenant = b.tenant AND w.workflow_id = b.workflow_id) AS name

-- name: under_way
-- Running backfills of every tenant with who began them, oldest first.
SELECT b.backfill_id, b.tenant, m.user_id, u.email, m.permission
FROM workflow_backfills b
JOIN memberships m ON m.tenant = b.tenant AND m.user_id = b.created_by
JOIN users u ON u.user_id = b.created_by
WHERE b.status = 'running'
ORDER BY b.backfill_id

-- name: lock_due
-- The backfill if it is running, its workflow would take the events, its last batch is old enough, and nobody else is
-- at it. Nobody can pause, archive, detach or publish the workflow before the batch ends.
SELECT b.backfill_id, b.workflow_id, b.event_type, b.since, b.status, b.total, b.started, b.skipped, b.failed,
       b.ended_because, b.reasons, w.is_paused AS is_held
FROM workflow_backfills b
JOIN workflow_definitions w ON w.tenant = b.tenant AND w.workflow_id = b.workflow_id
WHERE b.tenant = CAST(:tenant AS uuid) AND b.backfill_id = CAST(:backfill_id AS uuid) AND b.status = 'running'
  AND w.status = 'published' AND NOT w.is_paused AND w.trigger ->> 'eventName' = b.event_type
  AND (b.updated_at IS NULL OR b.updated_at <= app_now() - make_interval(secs => CAST(:pause AS float8)))
FOR UPDATE OF b SKIP LOCKED FOR SHARE OF w SKIP LOCKED

-- name: batch
-- The next events to replay, with their payloads as they came in.
SELECT event_id, created_at, payload, correlation_key, payload_schema_ref
FROM app_backfill_events(CAST(:tenant AS uuid), CAST(:backfill_id AS uuid), CAST(:limit AS int))

-- name: advance
-- How far the backfill has come. The pause begins now, at the end of the batch: app_now() is when its transaction began.
UPDATE workflow_backfills SET
  started = CAST(:started AS int), skipped = CAST(:skipped AS int), failed = CAST(:failed AS int),
  reasons = CAST(:reasons AS jsonb),
  cursor_at = coalesce(CAST(:cursor_at AS timestamptz), cursor_at),
  cursor_id = coalesce(CAST(:cursor_id AS uuid), cursor_id), status = CAST(:status AS text),
  updated_at = app_now() + (clock_timestamp() - now())
WHERE tenant = CAST(:tenant AS uuid) AND backfill_id = CAST(:backfill_id AS uuid)
RETURNING backfill_id
