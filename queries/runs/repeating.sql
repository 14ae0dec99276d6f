-- name: repeats
-- How often each of these runs was run again.
SELECT retry_of, CAST(count(*) AS int) AS repeats
FROM workflow_runs
WHERE tenant = CAST(:tenant AS uuid) AND retry_of = ANY (CAST(:run_ids AS uuid[]))
GROUP BY retry_of
