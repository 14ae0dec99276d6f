-- name: events_of_sender
-- The events that came under an id of their sender's, one a source.
SELECT event_id FROM event_submissions
WHERE tenant = CAST(:tenant AS uuid) AND submission_id = CAST(:submission_id AS text)
LIMIT 1000

-- part: columns
-- What a page shows of an event itself.
e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload

-- part: let_through
-- The filters, whichever index the statement begins in.
    e.tenant = CAST(:tenant AS uuid)
AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
AND (CAST(:run_status AS text) IS NULL OR EXISTS (
       SELECT FROM workflow_runs r
       WHERE r.tenant = e.tenant AND r.trigger_event_id = e.event_id AND r.status = CAST(:run_status AS text)
         AND {counts}))

-- part: counts
-- A run that was run again counts no more: its latest repeat stands for it. A repeat that was canceled does not.
NOT (r.status = 'CANCELED' AND r.retry_of IS NOT NULL)
AND NOT EXISTS (
  SELECT FROM workflow_runs l
  WHERE l.tenant = r.tenant AND l.retry_of = ANY (ARRAY[r.run_id, r.retry_of]) AND l.status <> 'CANCELED'
    AND (l.retry_of = r.run_id OR l.run_id > r.run_id))

-- part: event_at
-- When the event came that started the run: the expression of the index workflow_runs_of_events.
(CASE WHEN r.event_at IS NULL THEN r.triggered_at ELSE r.event_at END)

-- part: is_older
-- On the older side of the edge. Its time is a bound of its own: beside a range, PostgreSQL would begin at the other.
    e.created_at >= CAST(:since AS timestamptz) AND e.created_at <= CAST(:edge AS timestamptz)
AND (e.created_at, e.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))

-- part: is_newer
-- On the newer side of the edge.
    e.created_at >= CAST(:edge AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
AND (e.created_at, e.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))

-- part: is_named
-- Of the types asked for, where the statement does not begin with them.
(CAST(:names AS text[]) IS NULL OR e.event_name = ANY (CAST(:names AS text[])))

-- part: holds_value
-- An event has the value asked for. Its hash led here, and another value may have the same.
EXISTS (SELECT FROM unnest(CAST(:json_paths AS text[])) AS j(path)
        WHERE jsonb_path_exists(e.redacted_payload, CAST(j.path AS jsonpath), CAST(:json_values AS jsonb)))

-- part: shown
-- The events of a page, each with what it did, and how the runs that it started are doing.
SELECT p.*, m.started, m.resumed, m.reason, r.runs
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started,
         CAST(count(*) FILTER (WHERE m.outcome = 'resumed') AS int) AS resumed, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_object_agg(s.status, s.runs), '{}') AS runs
  FROM (
    SELECT r.status, count(*) AS runs FROM workflow_runs r
    WHERE r.tenant = CAST(:tenant AS uuid) AND r.trigger_event_id = p.event_id AND {counts}
    GROUP BY r.status
  ) s
) r

-- part: found
-- Events that the filters let through, older than the edge and nearest first. Each statement that finds a page begins
-- in another index, or reads it in the other direction, and the filters have to stand below its own LIMIT. With
-- `event_name = ANY (:names)` in here instead of older_of_names, PostgreSQL read 190,000 events (28 ms, not 0.2) to
-- find a type that no longer comes.
SELECT {columns}
FROM workflow_runtime_events e
WHERE {let_through} AND {is_older}
ORDER BY e.created_at DESC, e.event_id DESC
LIMIT :limit

-- name: older
-- The page of them.
WITH page AS ({found})
{shown}
ORDER BY p.created_at DESC, p.event_id DESC

-- name: how_many
-- How many there are, counted up to the limit.
SELECT CAST(count(*) AS int) FROM ({found}) f

-- name: newer
-- The same on the other side of the edge, nearest first.
WITH page AS (
  SELECT {columns}
  FROM workflow_runtime_events e
  WHERE {let_through} AND {is_newer}
  ORDER BY e.created_at, e.event_id
  LIMIT :limit
)
{shown}
ORDER BY p.created_at, p.event_id

-- part: found_of_names
-- Older events of some types: the latest of each, merged, so that a rare one is found without reading the others.
SELECT e.*
FROM unnest(CAST(:names AS text[])) AS n(event_name)
CROSS JOIN LATERAL (
  SELECT {columns}
  FROM workflow_runtime_events e
  WHERE e.event_name = n.event_name AND {let_through} AND {is_older}
  ORDER BY e.created_at DESC, e.event_id DESC
  LIMIT :limit
) AS e
ORDER BY e.created_at DESC, e.event_id DESC
LIMIT :limit

-- name: older_of_names
-- The page of them.
WITH page AS ({found_of_names})
{shown}
ORDER BY p.created_at DESC, p.event_id DESC

-- name: how_many_of_names
-- How many there are, counted up to the limit.
SELECT CAST(count(*) AS int) FROM ({found_of_names}) f

-- name: newer_of_names
-- The same on the other side of the edge.
WITH page AS (
  SELECT e.*
  FROM unnest(CAST(:names AS text[])) AS n(event_name)
  CROSS JOIN LATERAL (
    SELECT {columns}
    FROM workflow_runtime_events e
    WHERE e.event_name = n.event_name AND {let_through} AND {is_newer}
    ORDER BY e.created_at, e.event_id
    LIMIT :limit
  ) AS e
  ORDER BY e.created_at, e.event_id
  LIMIT :limit
)
{shown}
ORDER BY p.created_at, p.event_id

-- part: found_of_runs
-- Older events by how their runs are doing: along the runs of that status, in the order of their events. An event with
-- several such runs is there once.
SELECT DISTINCT ON ({event_at}, r.trigger_event_id) e.*
FROM workflow_runs r
CROSS JOIN LATERAL (
  SELECT {columns}
  FROM workflow_runtime_events e
  WHERE e.event_id = r.trigger_event_id AND e.created_at = {event_at} AND {let_through} AND {is_named}
  LIMIT 1
) AS e
WHERE r.tenant = CAST(:tenant AS uuid) AND r.status = CAST(:run_status AS text) AND r.trigger_event_id IS NOT NULL
  AND {event_at} >= CAST(:since AS timestamptz) AND {event_at} <= CAST(:edge AS timestamptz)
  AND ({event_at}, r.trigger_event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
ORDER BY {event_at} DESC, r.trigger_event_id DESC
LIMIT :limit

-- name: older_of_runs
-- The page of them.
WITH page AS ({found_of_runs})
{shown}
ORDER BY p.created_at DESC, p.event_id DESC

-- name: how_many_of_runs
-- How many there are, counted up to the limit.
SELECT CAST(count(*) AS int) FROM ({found_of_runs}) f

-- name: newer_of_runs
-- The same on the other side of the edge.
WITH page AS (
  SELECT DISTINCT ON ({event_at}, r.trigger_event_id) e.*
  FROM workflow_runs r
  CROSS JOIN LATERAL (
    SELECT {columns}
    FROM workflow_runtime_events e
    WHERE e.event_id = r.trigger_event_id AND e.created_at = {event_at} AND {let_through} AND {is_named}
    LIMIT 1
  ) AS e
  WHERE r.tenant = CAST(:tenant AS uuid) AND r.status = CAST(:run_status AS text) AND r.trigger_event_id IS NOT NULL
    AND {event_at} >= CAST(:edge AS timestamptz) AND {event_at} < CAST(:until AS timestamptz)
    AND ({event_at}, r.trigger_event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
  ORDER BY {event_at}, r.trigger_event_id
  LIMIT :limit
)
{shown}
ORDER BY p.created_at, p.event_id

-- part: found_of_value
-- Older events with a value in their redacted payload: found by a hash of the value, or waiting to be indexed, and then
-- looked at. In either case OFFSET 0 has PostgreSQL go along the index until it has a page.
WITH asked AS (
  SELECT DISTINCT app_payload_value_hash(a.path, app_payload_text(a.value)) AS value_hash
  FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS a(path text[], value jsonb)
), found AS (
  SELECT e.*
  FROM asked a CROSS JOIN LATERAL (
    SELECT e.*
    FROM (
      SELECT v.created_at, v.event_id FROM event_payload_values v
      WHERE v.tenant = CAST(:tenant AS uuid) AND v.value_hash = a.value_hash
        AND v.created_at >= CAST(:since AS timestamptz) AND v.created_at <= CAST(:edge AS timestamptz)
        AND (v.created_at, v.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
      ORDER BY v.created_at DESC, v.event_id DESC OFFSET 0
    ) AS v
    CROSS JOIN LATERAL (
      SELECT {columns}
      FROM workflow_runtime_events e
      WHERE e.event_id = v.event_id AND e.created_at = v.created_at AND {let_through} AND {is_named} AND {holds_value}
      LIMIT 1
    ) AS e
    ORDER BY v.created_at DESC, v.event_id DESC
    LIMIT :limit
  ) AS e
  UNION ALL
  SELECT e.*
  FROM (
    SELECT e.*
    FROM (
      SELECT v.created_at, v.event_id FROM event_payload_pending v
      WHERE v.tenant = CAST(:tenant AS uuid)
        AND v.created_at >= CAST(:since AS timestamptz) AND v.created_at <= CAST(:edge AS timestamptz)
        AND (v.created_at, v.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
      ORDER BY v.created_at DESC, v.event_id DESC OFFSET 0
    ) AS v
    CROSS JOIN LATERAL (
      SELECT {columns}
      FROM workflow_runtime_events e
      WHERE e.event_id = v.event_id AND e.created_at = v.created_at AND {let_through} AND {is_named} AND {holds_value}
      LIMIT 1
    ) AS e
    ORDER BY v.created_at DESC, v.event_id DESC
    LIMIT :limit
  ) AS e
)
SELECT DISTINCT ON (created_at, event_id) * FROM found
ORDER BY created_at DESC, event_id DESC LIMIT :limit

-- name: older_of_value
-- The page of them.
WITH page AS ({found_of_value})
{shown}
ORDER BY p.created_at DESC, p.event_id DESC

-- name: how_many_of_value
-- How many there are, counted up to the limit.
SELECT CAST(count(*) AS int) FROM ({found_of_value}) f

-- name: newer_of_value
-- The same on the other side of the edge.
WITH asked AS (
  SELECT DISTINCT app_payload_value_hash(a.path, app_payload_text(a.value)) AS value_hash
  FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS a(path text[], value jsonb)
), found AS (
  SELECT e.*
  FROM asked a CROSS JOIN LATERAL (
    SELECT e.*
    FROM (
      SELECT v.created_at, v.event_id FROM event_payload_values v
      WHERE v.tenant = CAST(:tenant AS uuid) AND v.value_hash = a.value_hash
        AND v.created_at >= CAST(:edge AS timestamptz) AND v.created_at < CAST(:until AS timestamptz)
        AND (v.created_at, v.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
      ORDER BY v.created_at, v.event_id OFFSET 0
    ) AS v
    CROSS JOIN LATERAL (
      SELECT {columns}
      FROM workflow_runtime_events e
      WHERE e.event_id = v.event_id AND e.created_at = v.created_at AND {let_through} AND {is_named} AND {holds_value}
      LIMIT 1
    ) AS e
    ORDER BY v.created_at, v.event_id
    LIMIT :limit
  ) AS e
  UNION ALL
  SELECT e.*
  FROM (
    SELECT e.*
    FROM (
      SELECT v.created_at, v.event_id FROM event_payload_pending v
      WHERE v.tenant = CAST(:tenant AS uuid)
        AND v.created_at >= CAST(:edge AS timestamptz) AND v.created_at < CAST(:until AS timestamptz)
        AND (v.created_at, v.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
      ORDER BY v.created_at, v.event_id OFFSET 0
    ) AS v
    CROSS JOIN LATERAL (
      SELECT {columns}
      FROM workflow_runtime_events e
      WHERE e.event_id = v.event_id AND e.created_at = v.created_at AND {let_through} AND {is_named} AND {holds_value}
      LIMIT 1
    ) AS e
    ORDER BY v.created_at, v.event_id
    LIMIT :limit
  ) AS e
), page AS (
  SELECT DISTINCT ON (created_at, event_id) * FROM found
  ORDER BY created_at, event_id LIMIT :limit
)
{shown}
ORDER BY p.created_at, p.event_id

-- name: runs_of
-- How the runs that these events started are doing.
SELECT r.trigger_event_id AS event_id, r.status, CAST(count(*) AS int) AS runs
FROM workflow_runs r
WHERE r.tenant = CAST(:tenant AS uuid) AND r.trigger_event_id = ANY (CAST(:event_ids AS uuid[])) AND {counts}
GROUP BY r.trigger_event_id, r.status

-- name: event
-- One event with everything but its raw payload.
SELECT e.event_id, e.event_name, e.outcome, e.origin, e.source, e.correlation_key, e.created_at, e.processed_at,
       e.payload_schema_ref, e.schema_ref_conflict, e.schema_errors, e.error_message, e.parent_event_id,
       e.matched_step_path, u.name AS submitted_by, s.submission_id AS sender_id,
       CAST(e.redacted_payload AS text) AS payload
FROM workflow_runtime_events e
LEFT JOIN users u ON u.user_id = e.submitted_by
LEFT JOIN event_submissions s ON s.tenant = e.tenant AND s.event_id = e.event_id AND e.origin = 'live'
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = CAST(:event_id AS uuid)

-- name: trace
-- What became of an event, candidate by candidate, and how the runs are doing now.
SELECT m.workflow_id, w.name AS workflow_name, m.workflow_version, m.outcome, m.reason, m.detail, m.run_id, m.wait_id,
       r.status AS run_status
FROM workflow_event_matches m
LEFT JOIN workflow_definitions w ON w.tenant = m.tenant AND w.workflow_id = m.workflow_id
LEFT JOIN workflow_runs r ON r.tenant = m.tenant AND r.run_id = m.run_id
WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = CAST(:event_id AS uuid)
ORDER BY m.match_no
LIMIT 1000

-- name: neighbours
-- The events just before and just after this one that carry the same correlation key.
(SELECT 'previous' AS side, e.event_id, e.event_name, e.created_at
 FROM workflow_runtime_events e
 WHERE e.tenant = CAST(:tenant AS uuid) AND e.correlation_key = CAST(:correlation_key AS text)
   AND e.created_at <= CAST(:at AS timestamptz)
   AND (e.created_at, e.event_id) < (CAST(:at AS timestamptz), CAST(:event_id AS uuid))
 ORDER BY e.created_at DESC, e.event_id DESC LIMIT 1)
UNION ALL
(SELECT 'next', e.event_id, e.event_name, e.created_at
 FROM workflow_runtime_events e
 WHERE e.tenant = CAST(:tenant AS uuid) AND e.correlation_key = CAST(:correlation_key AS text)
   AND e.created_at >= CAST(:at AS timestamptz)
   AND (e.created_at, e.event_id) > (CAST(:at AS timestamptz), CAST(:event_id AS uuid))
 ORDER BY e.created_at, e.event_id LIMIT 1)

-- name: reveal
-- The raw payload, which the database gives to an audited transaction only.
SELECT app_reveal_payload(CAST(:tenant AS uuid), CAST(:event_id AS uuid)) AS payload
