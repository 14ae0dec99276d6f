-- part: columns_of_event
-- What a timeline shows of an event.
'event' AS kind, e.event_id AS id, e.created_at AS at, e.processed_at AS ended_at, CAST(e.outcome AS text) AS status,
e.event_name AS name, e.event_id, CAST(NULL AS uuid) AS run_id, CAST(NULL AS text) AS step_path

-- part: columns_of_run
-- What a timeline shows of a run.
'run' AS kind, r.run_id AS id, r.triggered_at AS at, r.completed_at AS ended_at, r.status, d.name,
r.trigger_event_id AS event_id, r.run_id, CAST(NULL AS text) AS step_path

-- part: columns_of_wait
-- What a timeline shows of a wait.
'wait' AS kind, w.wait_id AS id, w.created_at AS at, w.resolved_at AS ended_at, w.status, w.event_name AS name,
w.resolved_by_event_id AS event_id, w.run_id, w.step_path

-- name: entries_older
-- Events, runs and waits with a correlation key that began before a place in time, nearest first.
(SELECT {columns_of_event}
 FROM workflow_runtime_events e
 WHERE e.tenant = CAST(:tenant AS uuid) AND e.correlation_key = CAST(:key AS text)
   AND e.created_at <= CAST(:edge AS timestamptz)
   AND (e.created_at, e.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
 ORDER BY e.created_at DESC, e.event_id DESC LIMIT :limit)
UNION ALL
(SELECT {columns_of_run}
 FROM workflow_runs r
 JOIN workflow_definitions d ON d.tenant = r.tenant AND d.workflow_id = r.workflow_id
 WHERE r.tenant = CAST(:tenant AS uuid) AND r.correlation_key = CAST(:key AS text)
   AND r.triggered_at <= CAST(:edge AS timestamptz)
   AND (r.triggered_at, r.run_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
 ORDER BY r.triggered_at DESC, r.run_id DESC LIMIT :limit)
UNION ALL
(SELECT {columns_of_wait}
 FROM workflow_run_waits w
 WHERE w.tenant = CAST(:tenant AS uuid) AND w.key = CAST(:key AS text)
   AND w.created_at <= CAST(:edge AS timestamptz)
   AND (w.created_at, w.wait_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
 ORDER BY w.created_at DESC, w.wait_id DESC LIMIT :limit)
ORDER BY at DESC, id DESC
LIMIT :limit

-- name: entries_newer
-- The same that began after it, nearest first.
(SELECT {columns_of_event}
 FROM workflow_runtime_events e
 WHERE e.tenant = CAST(:tenant AS uuid) AND e.correlation_key = CAST(:key AS text)
   AND e.created_at >= CAST(:edge AS timestamptz)
   AND (e.created_at, e.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
 ORDER BY e.created_at, e.event_id LIMIT :limit)
UNION ALL
(SELECT {columns_of_run}
 FROM workflow_runs r
 JOIN workflow_definitions d ON d.tenant = r.tenant AND d.workflow_id = r.workflow_id
 WHERE r.tenant = CAST(:tenant AS uuid) AND r.correlation_key = CAST(:key AS text)
   AND r.triggered_at >= CAST(:edge AS timestamptz)
   AND (r.triggered_at, r.run_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
 ORDER BY r.triggered_at, r.run_id LIMIT :limit)
UNION ALL
(SELECT {columns_of_wait}
 FROM workflow_run_waits w
 WHERE w.tenant = CAST(:tenant AS uuid) AND w.key = CAST(:key AS text)
   AND w.created_at >= CAST(:edge AS timestamptz)
   AND (w.created_at, w.wait_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
 ORDER BY w.created_at, w.wait_id LIMIT :limit)
ORDER BY at, id
LIMIT :limit

-- name: how_many
-- How many there are, counted up to the limit.
SELECT CAST(count(*) AS int) FROM (
  (SELECT FROM workflow_runtime_events
   WHERE tenant = CAST(:tenant AS uuid) AND correlation_key = CAST(:key AS text) LIMIT :limit)
  UNION ALL
  (SELECT FROM workflow_runs
   WHERE tenant = CAST(:tenant AS uuid) AND correlation_key = CAST(:key AS text) LIMIT :limit)
  UNION ALL
  (SELECT FROM workflow_run_waits WHERE tenant = CAST(:tenant AS uuid) AND key = CAST(:key AS text) LIMIT :limit)
) f
