-- name: recent_errors
-- How many of this tenant's live events of the last hour ended in an error.
SELECT count(*) AS events, count(*) FILTER (WHERE outcome >= 2) AS errors
FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND origin = 'live'
  AND created_at >= app_now() - interval '1 hour' AND created_at <= app_now()
