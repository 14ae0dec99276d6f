-- name: by_hour_of_week
-- Events by weekday (1 is Monday) and hour of a clock, from buckets, unfolded changes and raw rows. The clock is told by
-- its offsets from UTC and since when each holds: zones that the database knows need not be those of whoever asks.
WITH spans AS (
  SELECT grain, since, until
  FROM app_spans(CAST(:grains AS smallint[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
), counted AS (
  SELECT b.*
  FROM spans s CROSS JOIN LATERAL (
    SELECT c.bucket AS at, c.total
    FROM event_counts c
    WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_name = :event_type
      AND c.origin = ANY (CAST(:origins AS text[]))
      AND c.grain = s.grain AND c.bucket >= s.since AND c.bucket < s.until
    OFFSET 0
  ) b
  UNION ALL
  SELECT d.bucket, d.total
  FROM event_deltas d JOIN spans s ON s.grain > 0 AND d.bucket >= s.since AND d.bucket < s.until
  WHERE d.tenant = CAST(:tenant AS uuid) AND d.event_name = :event_type AND d.origin = ANY (CAST(:origins AS text[]))
  UNION ALL
  SELECT e.created_at, e.total
  FROM spans s JOIN event_row_counts e ON s.grain = 0 AND e.created_at >= s.since AND e.created_at < s.until
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = :event_type AND e.origin = ANY (CAST(:origins AS text[]))
)
SELECT extract(isodow FROM shown)::int AS weekday, extract(hour FROM shown)::int AS hour, sum(total)::bigint AS total
FROM (
  SELECT at AT TIME ZONE 'UTC'
         + (CAST(:offsets AS interval[]))[width_bucket(at, CAST(:holding_since AS timestamptz[]))] AS shown, total
  FROM counted
) c
GROUP BY 1, 2

-- name: unmatched_reasons
-- Why the latest unmatched events of the range started nothing, most frequent reason first.
WITH looked_at AS MATERIALIZED (
  SELECT event_id
  FROM workflow_runtime_events
  WHERE tenant = CAST(:tenant AS uuid) AND event_name = :event_type AND origin = ANY (CAST(:origins AS text[]))
    AND created_at >= CAST(:since AS timestamptz) AND created_at < CAST(:until AS timestamptz) AND outcome = 0
  ORDER BY created_at DESC, event_id DESC
  LIMIT :most
)
SELECT m.reason, count(DISTINCT m.event_id) AS events, (SELECT count(*) FROM looked_at) AS looked_at
FROM looked_at l JOIN workflow_event_matches m ON m.event_id = l.event_id
WHERE m.tenant = CAST(:tenant AS uuid)
GROUP BY m.reason
ORDER BY events DESC, m.reason

-- part: recent
-- The columns of a list of events, by their order, of one type, some origins and outcomes.
SELECT e.event_id, e.outcome, e.correlation_key, e.created_at, e.processed_at, e.origin, e.matched_run_id,
       e.error_message
FROM workflow_runtime_events e
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = :event_type AND e.origin = ANY (CAST(:origins AS text[]))
  AND e.outcome = ANY (CAST(:outcomes AS smallint[]))

-- name: recent_older
-- A page of events, latest first, older than the edge, whose time is the only upper bound: beside another one the
-- index would be read from there.
{recent}
  AND e.created_at >= CAST(:since AS timestamptz) AND e.created_at <= CAST(:edge AS timestamptz)
  AND (e.created_at, e.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
ORDER BY e.created_at DESC, e.event_id DESC
LIMIT :limit

-- name: recent_newer
-- The same on the other side of the edge, nearest first.
{recent}
  AND e.created_at >= CAST(:edge AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
  AND (e.created_at, e.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
ORDER BY e.created_at, e.event_id
LIMIT :limit
