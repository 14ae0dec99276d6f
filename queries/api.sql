-- name: envelope
-- What an event came with, its payload redacted.
SELECT source, origin, processed_at, CAST(redacted_payload AS text) AS data
FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)

-- name: open_runs
-- Unfinished runs of all tenants, by status; owner's connection only.
SELECT status, count(*) AS runs FROM workflow_runs
WHERE status IN ('QUEUED', 'RUNNING', 'WAITING')
GROUP BY status

-- name: recent_runs
-- Runs of all tenants whose event came in the last hour, by status; tenant by tenant, as the index has them.
SELECT r.status, count(*) AS runs
FROM tenants t
CROSS JOIN LATERAL (SELECT w.status FROM workflow_runs w
                    WHERE w.tenant = t.tenant AND w.triggered_at >= app_now() - interval '1 hour') r
GROUP BY r.status
