-- name: events
-- Events by name and slice: closed buckets, what is logged but not folded yet, and raw rows at the ragged ends.
-- LATERAL and OFFSET 0 make each span one search of the index; joined another way, every bucket meets every span.
WITH spans AS (
  SELECT grain, since, until
  FROM app_spans(CAST(:grains AS smallint[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
), pending AS MATERIALIZED (
  SELECT event_name, bucket, sum(total) AS total, sum(matched) AS matched, sum(unmatched) AS unmatched,
         sum(error) AS error
  FROM event_deltas
  WHERE tenant = CAST(:tenant AS uuid) AND event_name = ANY (CAST(:names AS text[]))
    AND origin = ANY (CAST(:origins AS text[]))
  GROUP BY event_name, bucket
), counted AS (
  SELECT b.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT c.event_name, c.bucket AS at, c.total, c.matched, c.unmatched, c.error
    FROM event_counts c
    WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_name = ANY (CAST(:names AS text[]))
      AND c.origin = ANY (CAST(:origins AS text[]))
      AND c.grain = s.grain AND c.bucket >= s.since AND c.bucket < s.until
    OFFSET 0
  ) b
  UNION ALL
  SELECT p.event_name, p.bucket, p.total, p.matched, p.unmatched, p.error
  FROM pending p JOIN spans s ON s.grain > 0 AND p.bucket >= s.since AND p.bucket < s.until
  UNION ALL
  SELECT r.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT e.event_name, e.created_at, e.total, e.matched, e.unmatched, e.error
    FROM event_row_counts e
    WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = ANY (CAST(:names AS text[]))
      AND e.origin = ANY (CAST(:origins AS text[])) AND e.created_at >= s.since AND e.created_at < s.until
    OFFSET 0
  ) r
  WHERE s.grain = 0
)
SELECT event_name AS name, width_bucket(at, CAST(:slices AS timestamptz[])) - 1 AS slice,
       sum(total)::bigint AS total, sum(matched)::bigint AS matched, sum(unmatched)::bigint AS unmatched,
       sum(error)::bigint AS error
FROM counted
GROUP BY 1, 2
HAVING sum(total) <> 0

-- name: runs
-- Runs by the type and slice of the event that started them, in the same way.
WITH spans AS (
  SELECT grain, since, until
  FROM app_spans(CAST(:grains AS smallint[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
), pending AS MATERIALIZED (
  SELECT event_type, bucket, sum(runs) AS runs, sum(succeeded) AS succeeded, sum(failed) AS failed,
         sum(canceled) AS canceled, sum(open) AS open, sum(completed) AS completed, sum(duration_us) AS duration_us
  FROM run_deltas
  WHERE tenant = CAST(:tenant AS uuid) AND event_type = ANY (CAST(:names AS text[]))
    AND origin = ANY (CAST(:origins AS text[]))
  GROUP BY event_type, bucket
), counted AS (
  SELECT b.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT c.event_type, c.bucket AS at, c.runs, c.succeeded, c.failed, c.canceled, c.open, c.completed,
           c.duration_us
    FROM run_counts c
    WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_type = ANY (CAST(:names AS text[]))
      AND c.origin = ANY (CAST(:origins AS text[]))
      AND c.grain = s.grain AND c.bucket >= s.since AND c.bucket < s.until
    OFFSET 0
  ) b
  UNION ALL
  SELECT p.event_type, p.bucket, p.runs, p.succeeded, p.failed, p.canceled, p.open, p.completed, p.duration_us
  FROM pending p JOIN spans s ON s.grain > 0 AND p.bucket >= s.since AND p.bucket < s.until
  UNION ALL
  SELECT w.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT r.event_type, r.triggered_at, r.runs, r.succeeded, r.failed, r.canceled, r.open, r.completed,
           r.duration_us
    FROM run_row_counts r
    WHERE r.tenant = CAST(:tenant AS uuid) AND r.event_type = ANY (CAST(:names AS text[]))
      AND r.origin = ANY (CAST(:origins AS text[])) AND r.triggered_at >= s.since AND r.triggered_at < s.until
    OFFSET 0
  ) w
  WHERE s.grain = 0
)
SELECT event_type AS name, width_bucket(at, CAST(:slices AS timestamptz[])) - 1 AS slice,
       sum(runs)::bigint AS runs, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed,
       sum(canceled)::bigint AS canceled, sum(open)::bigint AS open, sum(completed)::bigint AS completed,
       sum(duration_us)::bigint AS duration_us
FROM counted
GROUP BY 1, 2
HAVING sum(runs) <> 0

-- name: durations
-- p50, p95 and p99 of run durations by slice: the middle of the bin that has it, which is within 4.5 % of it wherever in
-- the bin it lies. Slices from one on together as -1.
-- Added up as float8, which is exact for counts and several times faster than numeric.
WITH spans AS (
  SELECT grain, since, until
  FROM app_spans(CAST(:grains AS smallint[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
), pending AS MATERIALIZED (
  SELECT bucket, bin, sum(runs) AS runs
  FROM run_deltas
  WHERE tenant = CAST(:tenant AS uuid) AND event_type = ANY (CAST(:names AS text[]))
    AND origin = ANY (CAST(:origins AS text[])) AND bin IS NOT NULL
  GROUP BY bucket, bin
), counted AS (
  SELECT b.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT c.bucket AS at, c.bin, c.runs
    FROM run_durations c
    WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_type = ANY (CAST(:names AS text[]))
      AND c.origin = ANY (CAST(:origins AS text[]))
      AND c.grain = s.grain AND c.bucket >= s.since AND c.bucket < s.until
    OFFSET 0
  ) b
  UNION ALL
  SELECT p.bucket, p.bin, p.runs
  FROM pending p JOIN spans s ON s.grain > 0 AND p.bucket >= s.since AND p.bucket < s.until
  UNION ALL
  SELECT w.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT r.triggered_at, r.bin, r.runs
    FROM run_row_counts r
    WHERE r.tenant = CAST(:tenant AS uuid) AND r.event_type = ANY (CAST(:names AS text[]))
      AND r.origin = ANY (CAST(:origins AS text[])) AND r.bin IS NOT NULL
      AND r.triggered_at >= s.since AND r.triggered_at < s.until
    OFFSET 0
  ) w
  WHERE s.grain = 0
), binned AS (
  SELECT width_bucket(at, CAST(:slices AS timestamptz[])) - 1 AS slice, bin, sum(runs::float8) AS runs
  FROM counted
  GROUP BY 1, 2
  HAVING sum(runs) <> 0
), ranked AS (
  SELECT slice, bin, runs, sum(runs) OVER (PARTITION BY slice ORDER BY bin) AS upto,
         sum(runs) OVER (PARTITION BY slice) AS completed
  FROM (SELECT slice, bin, runs FROM binned
        UNION ALL
        SELECT -1, bin, sum(runs) FROM binned WHERE slice >= CAST(:together_from AS int) GROUP BY bin) b
), quantiles AS (
  SELECT slice, completed, q, app_bin_us(bin, 0.5) AS us
  FROM ranked CROSS JOIN unnest('{0.5,0.95,0.99}'::float8[]) AS wanted(q)
  WHERE upto >= q * completed AND upto - runs < q * completed
)
SELECT slice, max(completed)::bigint AS completed, min(us) FILTER (WHERE q = 0.5) / 1e6 AS p50,
       min(us) FILTER (WHERE q = 0.95) / 1e6 AS p95, min(us) FILTER (WHERE q = 0.99) / 1e6 AS p99
FROM quantiles
GROUP BY slice

-- name: names
-- Every event name that was ever counted, found by skipping along the key rather than reading it.
WITH RECURSIVE folded AS (
  (SELECT event_name FROM event_counts WHERE tenant = CAST(:tenant AS uuid) ORDER BY event_name LIMIT 1)
  UNION ALL
  SELECT (SELECT c.event_name FROM event_counts c
          WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_name > f.event_name ORDER BY c.event_name LIMIT 1)
  FROM folded f
  WHERE f.event_name IS NOT NULL
)
SELECT event_name FROM folded WHERE event_name IS NOT NULL
UNION
SELECT event_name FROM event_deltas WHERE tenant = CAST(:tenant AS uuid)
ORDER BY 1

-- name: try_lock
-- Whether this transaction may fold, repair or move partitions; one at a time.
SELECT pg_try_advisory_xact_lock(:key)

-- name: fold_events
-- Move logged changes of events into all grains at once; how many were moved.
WITH moved AS (
  DELETE FROM event_deltas
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_deltas LIMIT :most))
  RETURNING tenant, event_name, origin, bucket, total, matched, unmatched, error
), summed AS (
  SELECT m.tenant, m.event_name, m.origin, b.grain, b.bucket, sum(m.total) AS total, sum(m.matched) AS matched,
         sum(m.unmatched) AS unmatched, sum(m.error) AS error
  FROM moved m CROSS JOIN LATERAL app_buckets(m.bucket) b
  GROUP BY 1, 2, 3, 4, 5
), added AS (
  INSERT INTO event_counts AS c (tenant, event_name, origin, grain, bucket, total, matched, unmatched, error)
  SELECT tenant, event_name, origin, grain, bucket, total, matched, unmatched, error
  FROM summed
  WHERE total <> 0 OR matched <> 0 OR unmatched <> 0
  ON CONFLICT (tenant, event_name, origin, grain, bucket) DO UPDATE
  SET total = c.total + excluded.total, matched = c.matched + excluded.matched,
      unmatched = c.unmatched + excluded.unmatched, error = c.error + excluded.error
)
SELECT count(*) FROM moved

-- name: fold_runs
-- The same for runs and the bins of their durations.
WITH moved AS (
  DELETE FROM run_deltas
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM run_deltas LIMIT :most))
  RETURNING tenant, event_type, origin, bucket, bin, runs, succeeded, failed, canceled, open, completed, duration_us
), grained AS MATERIALIZED (
  SELECT m.tenant, m.event_type, m.origin, b.grain, b.bucket, m.bin, sum(m.runs) AS runs,
         sum(m.succeeded) AS succeeded, sum(m.failed) AS failed, sum(m.canceled) AS canceled, sum(m.open) AS open,
         sum(m.completed) AS completed, sum(m.duration_us) AS duration_us
  FROM moved m CROSS JOIN LATERAL app_buckets(m.bucket) b
  GROUP BY 1, 2, 3, 4, 5, 6
), counts AS (
  INSERT INTO run_counts AS c
    (tenant, event_type, origin, grain, bucket, runs, succeeded, failed, canceled, open, completed, duration_us)
  SELECT tenant, event_type, origin, grain, bucket, sum(runs), sum(succeeded), sum(failed), sum(canceled), sum(open),
         sum(completed), sum(duration_us)
  FROM grained
  GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (tenant, event_type, origin, grain, bucket) DO UPDATE
  SET runs = c.runs + excluded.runs, succeeded = c.succeeded + excluded.succeeded,
      failed = c.failed + excluded.failed, canceled = c.canceled + excluded.canceled, open = c.open + excluded.open,
      completed = c.completed + excluded.completed, duration_us = c.duration_us + excluded.duration_us
), durations AS (
  INSERT INTO run_durations AS c (tenant, event_type, origin, grain, bucket, bin, runs)
  SELECT tenant, event_type, origin, grain, bucket, bin, runs
  FROM grained
  WHERE bin IS NOT NULL AND grain > 15 AND runs <> 0
  ON CONFLICT (tenant, event_type, origin, grain, bucket, bin) DO UPDATE SET runs = c.runs + excluded.runs
)
SELECT count(*) FROM moved

-- name: make_partitions
-- Partitions for this month and the next ones.
SELECT app_make_event_partitions(:months)

-- name: wait_briefly
-- Whoever waits for a lock has all wait that come after, so not for as long as a backup takes.
SELECT set_config('lock_timeout', '1s', true)

-- name: dropped_until
-- Before when events are not kept any more; nothing when all are.
SELECT app_dropped_until()
