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

-- name: unfolded_changes
-- Changes of events and runs that counts do not hold yet, as they are while nobody folds; counted up to a million.
SELECT count(*) AS changes
FROM (SELECT FROM event_deltas UNION ALL SELECT FROM run_deltas LIMIT 1000000) d

-- name: compared_counts
-- Buckets that were off when counts were compared with their rows in the last day, and seconds since the last time.
SELECT coalesce(sum(off) FILTER (WHERE checked_at >= app_now() - interval '1 day'), 0)::int AS repaired,
       date_part('epoch', app_now() - max(checked_at)) AS compared
FROM count_checks
