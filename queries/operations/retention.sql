-- name: drop_events
-- Drop the oldest month that is over and past its days; failed events may stay longer. How many months went.
SELECT app_drop_event_partitions(make_interval(days => CAST(:days AS int)),
                                 make_interval(days => CAST(:error_days AS int)))

-- name: drop_runs
-- Delete ended runs of dropped months and all that is kept of them, but those of events that stay; how many. The trigger
-- takes them off the counts, so they are logged anew: as counts outlive events, they outlive runs.
WITH dropped AS (SELECT app_dropped_until() AS until), old AS MATERIALIZED (
  SELECT r.tenant, r.run_id
  FROM dropped d CROSS JOIN tenants t CROSS JOIN LATERAL (
    SELECT r.tenant, r.run_id FROM workflow_runs r
    WHERE r.tenant = t.tenant AND r.triggered_at < d.until
      AND r.completed_at < app_now()
          - make_interval(days => CASE r.status WHEN 'FAILED' THEN CAST(:error_days AS int) ELSE CAST(:days AS int) END)
      AND NOT EXISTS (SELECT FROM workflow_runtime_events e
                      WHERE e.tenant = r.tenant AND e.event_id = r.trigger_event_id AND e.created_at < d.until)
    ORDER BY r.triggered_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
  ) r
  LIMIT :most
), counted AS (
  INSERT INTO run_deltas
    (tenant, event_type, origin, bucket, bin, runs, succeeded, failed, canceled, open, completed, duration_us)
  SELECT c.tenant, c.event_type, c.origin, app_quarter(c.triggered_at), c.bin, sum(c.runs), sum(c.succeeded),
         sum(c.failed), sum(c.canceled), sum(c.open), sum(c.completed), sum(c.duration_us)
  FROM run_row_counts c JOIN old o USING (tenant, run_id)
  GROUP BY 1, 2, 3, 4, 5
), steps AS (
  DELETE FROM workflow_run_steps s USING old o WHERE s.tenant = o.tenant AND s.run_id = o.run_id
), results AS (
  DELETE FROM workflow_run_results s USING old o WHERE s.tenant = o.tenant AND s.run_id = o.run_id
), waits AS (
  DELETE FROM workflow_run_waits w USING old o WHERE w.tenant = o.tenant AND w.run_id = o.run_id
), gone AS (
  DELETE FROM workflow_runs r USING old o WHERE r.tenant = o.tenant AND r.run_id = o.run_id RETURNING r.run_id
)
SELECT count(*) FROM gone

-- name: forget_submissions
-- Delete the ids of events of dropped months that are gone; how many.
WITH dropped AS (SELECT app_dropped_until() AS until), old AS MATERIALIZED (
  SELECT s.tenant, s.source, s.submission_id
  FROM dropped d CROSS JOIN tenants t CROSS JOIN LATERAL (
    SELECT s.tenant, s.source, s.submission_id FROM event_submissions s
    WHERE s.tenant = t.tenant AND s.created_at < d.until
      AND NOT EXISTS (SELECT FROM workflow_runtime_events e
                      WHERE e.tenant = s.tenant AND e.event_id = s.event_id AND e.created_at < d.until)
    ORDER BY s.created_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
  ) s
  LIMIT :most
), gone AS (
  DELETE FROM event_submissions s USING old o
  WHERE s.tenant = o.tenant AND s.source = o.source AND s.submission_id = o.submission_id
  RETURNING s.event_id
)
SELECT count(*) FROM gone
