-- name: repair_events
-- Log what the counts of closed quarter hours lack, or have too much of, compared with the rows; and report it.
WITH range AS (
  SELECT greatest(app_quarter(CAST(:since AS timestamptz)), app_dropped_until()) AS since,
         app_quarter(CAST(:until AS timestamptz)) AS until
), differences AS (
  SELECT tenant, event_name, origin, bucket, sum(total) AS total, sum(matched) AS matched,
         sum(unmatched) AS unmatched, sum(error) AS error
  FROM (
    SELECT e.tenant, e.event_name, e.origin, app_quarter(e.created_at) AS bucket, e.total, e.matched, e.unmatched,
           e.error
    FROM event_row_counts e, range r WHERE e.created_at >= r.since AND e.created_at < r.until
    UNION ALL
    SELECT c.tenant, c.event_name, c.origin, c.bucket, -c.total, -c.matched, -c.unmatched, -c.error
    FROM event_counts c, range r WHERE c.grain = 15 AND c.bucket >= r.since AND c.bucket < r.until
    UNION ALL
    SELECT d.tenant, d.event_name, d.origin, d.bucket, -d.total, -d.matched, -d.unmatched, -d.error
    FROM event_deltas d, range r WHERE d.bucket >= r.since AND d.bucket < r.until
  ) compared
  GROUP BY tenant, event_name, origin, bucket
  HAVING sum(total) <> 0 OR sum(matched) <> 0 OR sum(unmatched) <> 0 OR sum(error) <> 0
), logged AS (
  INSERT INTO event_deltas (tenant, event_name, origin, bucket, total, matched, unmatched, error)
  SELECT tenant, event_name, origin, bucket, total, matched, unmatched, error FROM differences
)
SELECT tenant, event_name AS name, origin, 15 AS grain, bucket, total AS missing FROM differences ORDER BY bucket, name

-- name: repair_runs
-- The same for runs.
WITH range AS (
  SELECT greatest(app_quarter(CAST(:since AS timestamptz)), app_dropped_until()) AS since,
         app_quarter(CAST(:until AS timestamptz)) AS until
), differences AS (
  SELECT tenant, event_type, origin, bucket, sum(runs) AS runs, sum(succeeded) AS succeeded, sum(failed) AS failed,
         sum(canceled) AS canceled, sum(open) AS open, sum(completed) AS completed, sum(duration_us) AS duration_us
  FROM (
    SELECT r.tenant, r.event_type, r.origin, app_quarter(r.triggered_at) AS bucket, r.runs, r.succeeded, r.failed,
           r.canceled, r.open, r.completed, r.duration_us
    FROM run_row_counts r, range w WHERE r.triggered_at >= w.since AND r.triggered_at < w.until
    UNION ALL
    SELECT c.tenant, c.event_type, c.origin, c.bucket, -c.runs, -c.succeeded, -c.failed, -c.canceled, -c.open,
           -c.completed, -c.duration_us
    FROM run_counts c, range w WHERE c.grain = 15 AND c.bucket >= w.since AND c.bucket < w.until
    UNION ALL
    SELECT d.tenant, d.event_type, d.origin, d.bucket, -d.runs, -d.succeeded, -d.failed, -d.canceled, -d.open,
           -d.completed, -d.duration_us
    FROM run_deltas d, range w WHERE d.bucket >= w.since AND d.bucket < w.until
  ) compared
  GROUP BY tenant, event_type, origin, bucket
  HAVING sum(runs) <> 0 OR sum(succeeded) <> 0 OR sum(failed) <> 0 OR sum(canceled) <> 0 OR sum(open) <> 0
      OR sum(completed) <> 0 OR sum(duration_us) <> 0
), logged AS (
  INSERT INTO run_deltas
    (tenant, event_type, origin, bucket, runs, succeeded, failed, canceled, open, completed, duration_us)
  SELECT tenant, event_type, origin, bucket, runs, succeeded, failed, canceled, open, completed, duration_us
  FROM differences
)
SELECT tenant, event_type AS name, origin, 15 AS grain, bucket, runs AS missing FROM differences ORDER BY bucket, name

-- name: repair_durations
-- The same for the bins of durations, by hour. A bin's row takes one without a bin along: counts stay as they are.
WITH range AS (
  SELECT greatest(app_bucket(CAST(:since AS timestamptz), 60), app_dropped_until()) AS since,
         app_bucket(CAST(:until AS timestamptz), 60) AS until
), differences AS (
  SELECT tenant, event_type, origin, app_bucket(at, 60) AS bucket, bin,
         sum(runs) AS runs
  FROM (
    SELECT r.tenant, r.event_type, r.origin, r.triggered_at AS at, r.bin, r.runs
    FROM run_row_counts r, range w WHERE r.bin IS NOT NULL AND r.triggered_at >= w.since AND r.triggered_at < w.until
    UNION ALL
    SELECT c.tenant, c.event_type, c.origin, c.bucket, c.bin, -c.runs
    FROM run_durations c, range w WHERE c.grain = 60 AND c.bucket >= w.since AND c.bucket < w.until
    UNION ALL
    SELECT d.tenant, d.event_type, d.origin, d.bucket, d.bin, -d.runs
    FROM run_deltas d, range w WHERE d.bin IS NOT NULL AND d.bucket >= w.since AND d.bucket < w.until
  ) compared
  GROUP BY 1, 2, 3, 4, 5
  HAVING sum(runs) <> 0
), logged AS (
  INSERT INTO run_deltas
    (tenant, event_type, origin, bucket, bin, runs, succeeded, failed, canceled, open, completed, duration_us)
  SELECT d.tenant, d.event_type, d.origin, d.bucket, pair.bin, pair.runs, 0, 0, 0, 0, 0, 0
  FROM differences d CROSS JOIN LATERAL (VALUES (d.bin, d.runs), (NULL, -d.runs)) AS pair(bin, runs)
)
SELECT tenant, event_type AS name, origin, 60 AS grain, bucket, sum(runs) AS missing
FROM differences
GROUP BY 1, 2, 3, 5
ORDER BY bucket, name

-- name: widen_events
-- What the wider buckets of the range's days lack, or have too much of, compared with their quarter hours: a fold
-- writes all widths at once, so that they agree at every moment. Added to the bucket itself, and reported.
WITH range AS (
  SELECT app_bucket(CAST(:since AS timestamptz), 1440) AS since,
         app_bucket(CAST(:until AS timestamptz), 1440) + interval '1 day' AS until
), narrow AS MATERIALIZED (  -- or the index is read once a width
  SELECT c.* FROM event_counts c, range r WHERE c.grain = 15 AND c.bucket >= r.since AND c.bucket < r.until
), differences AS (
  SELECT tenant, event_name, origin, grain, bucket, sum(total) AS total, sum(matched) AS matched, sum(unmatched) AS
         unmatched, sum(error) AS error
  FROM (
    SELECT c.tenant, c.event_name, c.origin, b.grain, b.bucket, c.total, c.matched, c.unmatched, c.error
    FROM narrow c CROSS JOIN LATERAL app_buckets(c.bucket) b
    WHERE b.grain > 15
    UNION ALL
    SELECT c.tenant, c.event_name, c.origin, c.grain, c.bucket, -c.total, -c.matched, -c.unmatched, -c.error
    FROM event_counts c, range r
    WHERE c.grain > 15 AND c.bucket >= r.since AND c.bucket < r.until
  ) compared
  GROUP BY tenant, event_name, origin, grain, bucket
  HAVING sum(total) <> 0 OR sum(matched) <> 0 OR sum(unmatched) <> 0 OR sum(error) <> 0
), repaired AS (
  INSERT INTO event_counts AS c (tenant, event_name, origin, grain, bucket, total, matched, unmatched, error)
  SELECT tenant, event_name, origin, grain, bucket, total, matched, unmatched, error FROM differences
  ON CONFLICT (tenant, event_name, origin, grain, bucket) DO UPDATE
  SET total = c.total + excluded.total, matched = c.matched + excluded.matched, unmatched = c.unmatched +
      excluded.unmatched, error = c.error + excluded.error
)
SELECT tenant, event_name AS name, origin, grain, bucket, total AS missing
FROM differences
ORDER BY bucket, name

-- name: widen_runs
-- The same for runs.
WITH range AS (
  SELECT app_bucket(CAST(:since AS timestamptz), 1440) AS since,
         app_bucket(CAST(:until AS timestamptz), 1440) + interval '1 day' AS until
), narrow AS MATERIALIZED (  -- or the index is read once a width
  SELECT c.* FROM run_counts c, range r WHERE c.grain = 15 AND c.bucket >= r.since AND c.bucket < r.until
), differences AS (
  SELECT tenant, event_type, origin, grain, bucket, sum(runs) AS runs, sum(succeeded) AS succeeded, sum(failed) AS
         failed, sum(canceled) AS canceled, sum(open) AS open, sum(completed) AS completed, sum(duration_us) AS
         duration_us
  FROM (
    SELECT c.tenant, c.event_type, c.origin, b.grain, b.bucket, c.runs, c.succeeded, c.failed, c.canceled, c.open,
           c.completed, c.duration_us
    FROM narrow c CROSS JOIN LATERAL app_buckets(c.bucket) b
    WHERE b.grain > 15
    UNION ALL
    SELECT c.tenant, c.event_type, c.origin, c.grain, c.bucket, -c.runs, -c.succeeded, -c.failed, -c.canceled,
           -c.open, -c.completed, -c.duration_us
    FROM run_counts c, range r
    WHERE c.grain > 15 AND c.bucket >= r.since AND c.bucket < r.until
  ) compared
  GROUP BY tenant, event_type, origin, grain, bucket
  HAVING sum(runs) <> 0 OR sum(succeeded) <> 0 OR sum(failed) <> 0 OR sum(canceled) <> 0 OR sum(open) <> 0 OR
      sum(completed) <> 0 OR sum(duration_us) <> 0
), repaired AS (
  INSERT INTO run_counts AS c
    (tenant, event_type, origin, grain, bucket, runs, succeeded, failed, canceled, open, completed, duration_us)
  SELECT tenant, event_type, origin, grain, bucket, runs, succeeded, failed, canceled, open, completed, duration_us
         FROM differences
  ON CONFLICT (tenant, event_type, origin, grain, bucket) DO UPDATE
  SET runs = c.runs + excluded.runs, succeeded = c.succeeded + excluded.succeeded, failed = c.failed +
      excluded.failed, canceled = c.canceled + excluded.canceled, open = c.open + excluded.open, completed =
      c.completed + excluded.completed, duration_us = c.duration_us + excluded.duration_us
)
SELECT tenant, event_type AS name, origin, grain, bucket, runs AS missing
FROM differences
ORDER BY bucket, name

-- name: widen_durations
-- The same for the bins of durations, compared with their hours.
WITH range AS (
  SELECT app_bucket(CAST(:since AS timestamptz), 1440) AS since,
         app_bucket(CAST(:until AS timestamptz), 1440) + interval '1 day' AS until
), narrow AS MATERIALIZED (  -- or the index is read once a width
  SELECT c.* FROM run_durations c, range r WHERE c.grain = 60 AND c.bucket >= r.since AND c.bucket < r.until
), differences AS (
  SELECT tenant, event_type, origin, grain, bucket, bin, sum(runs) AS runs
  FROM (
    SELECT c.tenant, c.event_type, c.origin, b.grain, b.bucket, c.bin, c.runs
    FROM narrow c CROSS JOIN LATERAL app_buckets(c.bucket) b
    WHERE b.grain > 60
    UNION ALL
    SELECT c.tenant, c.event_type, c.origin, c.grain, c.bucket, c.bin, -c.runs
    FROM run_durations c, range r
    WHERE c.grain > 60 AND c.bucket >= r.since AND c.bucket < r.until
  ) compared
  GROUP BY tenant, event_type, origin, grain, bucket, bin
  HAVING sum(runs) <> 0
), repaired AS (
  INSERT INTO run_durations AS c (tenant, event_type, origin, grain, bucket, bin, runs)
  SELECT tenant, event_type, origin, grain, bucket, bin, runs FROM differences
  ON CONFLICT (tenant, event_type, origin, grain, bucket, bin) DO UPDATE
  SET runs = c.runs + excluded.runs
)
SELECT tenant, event_type AS name, origin, grain, bucket, sum(runs) AS missing
FROM differences
GROUP BY 1, 2, 3, 4, 5
ORDER BY bucket, name

-- name: older_days
-- The first day that anything was counted on, and the older day that was compared last; none when there is none.
SELECT (SELECT min(bucket) FROM (SELECT bucket FROM event_counts WHERE grain = 1440
                                 UNION ALL SELECT bucket FROM run_counts WHERE grain = 1440) counted) AS counted,
       (SELECT since FROM count_checks WHERE until = since + interval '1 day' ORDER BY check_id DESC LIMIT 1)
         AS compared

-- name: record
-- Keep that a range was compared, and how many of its buckets were off; a quarter of a year of that.
WITH forgotten AS (
  DELETE FROM count_checks WHERE checked_at < app_now() - interval '90 days'
)
INSERT INTO count_checks (since, until, off) VALUES (:since, :until, :off)

-- name: latest
-- When counts were last compared with the rows.
SELECT max(checked_at) FROM count_checks
