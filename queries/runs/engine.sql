-- name: health
-- Turns that wait to be claimed, counted up to a bound, the age of the oldest, and how many executors live.
SELECT (SELECT count(*) FROM (SELECT FROM dbos.workflow_status
                              WHERE queue_name = 'runs' AND status = 'ENQUEUED' LIMIT CAST(:most AS int)) queued
       ) AS queue_depth,
       (SELECT extract(epoch FROM clock_timestamp()) - min(created_at) / 1000.0 FROM dbos.workflow_status
        WHERE queue_name = 'runs' AND status = 'ENQUEUED') AS oldest_queued_seconds,
       (SELECT count(*) FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.classid = CAST(CAST(:lock_class AS bigint) AS oid)
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS live_executors

-- name: enqueue_runs
-- Hands queued runs to the engine, in the caller's transaction.
SELECT app_enqueue_run(CAST(:tenant AS uuid), r.run_id) FROM unnest(CAST(:run_ids AS uuid[])) AS r(run_id)

-- name: enqueue_traced_runs
-- The same, each as part of the trace of its event.
SELECT set_config('app.trace_parent', r.trace_parent, true), app_enqueue_run(CAST(:tenant AS uuid), r.run_id)
FROM unnest(CAST(:run_ids AS uuid[]), CAST(:trace_parents AS text[])) AS r(run_id, trace_parent)

-- name: trace
-- What this transaction queues from here on belongs to that span.
SELECT set_config('app.trace_parent', :trace_parent, true)

-- name: resume_wait
-- Ends an open event wait and queues its run; false when it was not open.
SELECT app_resume_wait(:tenant, :wait_id, :event_id)

-- name: cancel_run
-- Ends an unfinished run as canceled; its status before, NULL when there is none.
SELECT app_cancel_run(:tenant, :run_id)

-- name: retry_run
-- A new run that repeats a failed one from its start, or the repeat that the caller has not seen.
SELECT run_id, is_new, refusal
FROM app_retry_run(CAST(:tenant AS uuid), CAST(:run_id AS uuid), CAST(:repeats_seen AS int), CAST(:newest AS boolean))
