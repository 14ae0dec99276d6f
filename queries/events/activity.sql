-- name: plan_anew
-- For the rest of the transaction: plan for the filters given, not for any filters. Plans differ a hundredfold.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: events_of_sender
-- The events that came under an id of their sender's, one a source.
SELECT event_id FROM event_submissions
WHERE tenant = CAST(:tenant AS uuid) AND submission_id = CAST(:submission_id AS text)
LIMIT 1000

-- name: older
-- Events that the filters let through, older than the edge and nearest first. The six statements that find a page share
-- columns and filters. Each begins in another index, or reads it in the other direction, and the filters have to stand
-- below its own LIMIT. With `event_name = ANY (:names)` in here instead of older_of_names, PostgreSQL read 190,000
-- events (28 ms, not 0.2) to find a type that no longer comes.
WITH page AS (
  SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
         e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
  FROM workflow_runtime_events e
  WHERE e.tenant = CAST(:tenant AS uuid)
    AND e.created_at >= CAST(:since AS timestamptz) AND e.created_at <= CAST(:edge AS timestamptz)
    AND (e.created_at, e.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
    AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
    AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
    AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
    AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
  ORDER BY e.created_at DESC, e.event_id DESC
  LIMIT :limit
)
SELECT p.*, m.started, m.reason
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
ORDER BY p.created_at DESC, p.event_id DESC

-- name: newer
-- The same on the other side of the edge, nearest first.
WITH page AS (
  SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
         e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
  FROM workflow_runtime_events e
  WHERE e.tenant = CAST(:tenant AS uuid)
    AND e.created_at >= CAST(:edge AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
    AND (e.created_at, e.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
    AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
    AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
    AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
    AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
  ORDER BY e.created_at, e.event_id
  LIMIT :limit
)
SELECT p.*, m.started, m.reason
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
ORDER BY p.created_at, p.event_id

-- name: older_of_names
-- Older events of some types: the latest of each, merged, so that a rare one is found without reading the others.
WITH page AS (
  SELECT e.*
  FROM unnest(CAST(:names AS text[])) AS n(event_name)
  CROSS JOIN LATERAL (
    SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
           e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
    FROM workflow_runtime_events e
    WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = n.event_name
      AND e.created_at >= CAST(:since AS timestamptz) AND e.created_at <= CAST(:edge AS timestamptz)
      AND (e.created_at, e.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
      AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
      AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
      AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
      AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
    ORDER BY e.created_at DESC, e.event_id DESC
    LIMIT :limit
  ) AS e
  ORDER BY e.created_at DESC, e.event_id DESC
  LIMIT :limit
)
SELECT p.*, m.started, m.reason
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
ORDER BY p.created_at DESC, p.event_id DESC

-- name: newer_of_names
-- The same on the other side of the edge.
WITH page AS (
  SELECT e.*
  FROM unnest(CAST(:names AS text[])) AS n(event_name)
  CROSS JOIN LATERAL (
    SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
           e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
    FROM workflow_runtime_events e
    WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = n.event_name
      AND e.created_at >= CAST(:edge AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
      AND (e.created_at, e.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
      AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
      AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
      AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
      AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
    ORDER BY e.created_at, e.event_id
    LIMIT :limit
  ) AS e
  ORDER BY e.created_at, e.event_id
  LIMIT :limit
)
SELECT p.*, m.started, m.reason
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
ORDER BY p.created_at, p.event_id

-- name: older_of_value
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
      SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
             e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
      FROM workflow_runtime_events e
      WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = v.event_id AND e.created_at = v.created_at
        AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
        AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
        AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
        AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
        AND (CAST(:names AS text[]) IS NULL OR e.event_name = ANY (CAST(:names AS text[])))
        AND EXISTS (SELECT FROM unnest(CAST(:json_paths AS text[])) AS j(path)
                    WHERE jsonb_path_exists(e.redacted_payload, CAST(j.path AS jsonpath), CAST(:json_values AS jsonb)))
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
      SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
             e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
      FROM workflow_runtime_events e
      WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = v.event_id AND e.created_at = v.created_at
        AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
        AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
        AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
        AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
        AND (CAST(:names AS text[]) IS NULL OR e.event_name = ANY (CAST(:names AS text[])))
        AND EXISTS (SELECT FROM unnest(CAST(:json_paths AS text[])) AS j(path)
                    WHERE jsonb_path_exists(e.redacted_payload, CAST(j.path AS jsonpath), CAST(:json_values AS jsonb)))
      LIMIT 1
    ) AS e
    ORDER BY v.created_at DESC, v.event_id DESC
    LIMIT :limit
  ) AS e
), page AS (
  SELECT DISTINCT ON (created_at, event_id) * FROM found ORDER BY created_at DESC, event_id DESC LIMIT :limit
)
SELECT p.*, m.started, m.reason
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
ORDER BY p.created_at DESC, p.event_id DESC

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
      SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
             e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
      FROM workflow_runtime_events e
      WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = v.event_id AND e.created_at = v.created_at
        AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
        AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
        AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
        AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
        AND (CAST(:names AS text[]) IS NULL OR e.event_name = ANY (CAST(:names AS text[])))
        AND EXISTS (SELECT FROM unnest(CAST(:json_paths AS text[])) AS j(path)
                    WHERE jsonb_path_exists(e.redacted_payload, CAST(j.path AS jsonpath), CAST(:json_values AS jsonb)))
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
      SELECT e.event_id, e.event_name AS event_type, e.outcome, e.origin, e.source, e.correlation_key, e.created_at,
             e.processed_at, e.schema_errors, e.error_message, CAST(e.redacted_payload AS text) AS payload
      FROM workflow_runtime_events e
      WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = v.event_id AND e.created_at = v.created_at
        AND e.outcome >= CAST(:lowest AS int) AND e.outcome <= CAST(:highest AS int)
        AND (CAST(:origin AS text) IS NULL OR e.origin = CAST(:origin AS text))
        AND (CAST(:correlation_key AS text) IS NULL OR e.correlation_key = CAST(:correlation_key AS text))
        AND (CAST(:event_ids AS uuid[]) IS NULL OR e.event_id = ANY (CAST(:event_ids AS uuid[])))
        AND (CAST(:names AS text[]) IS NULL OR e.event_name = ANY (CAST(:names AS text[])))
        AND EXISTS (SELECT FROM unnest(CAST(:json_paths AS text[])) AS j(path)
                    WHERE jsonb_path_exists(e.redacted_payload, CAST(j.path AS jsonpath), CAST(:json_values AS jsonb)))
      LIMIT 1
    ) AS e
    ORDER BY v.created_at, v.event_id
    LIMIT :limit
  ) AS e
), page AS (
  SELECT DISTINCT ON (created_at, event_id) * FROM found ORDER BY created_at, event_id LIMIT :limit
)
SELECT p.*, m.started, m.reason
FROM page p
CROSS JOIN LATERAL (
  SELECT CAST(count(*) FILTER (WHERE m.outcome IN ('started', 'resumed')) AS int) AS started, min(m.reason) AS reason
  FROM workflow_event_matches m WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = p.event_id
) m
ORDER BY p.created_at, p.event_id

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
