-- name: by_hour_of_week
-- Events by weekday (1 is Monday) and hour of a time zone, from buckets, unfolded changes and raw rows.
WITH spans AS (
  SELECT grain, since, until
  FROM unnest(CAST(:grains AS smallint[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
    AS s(grain, since, until)
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
SELECT extract(isodow FROM at AT TIME ZONE CAST(:zone AS text))::int AS weekday,
       extract(hour FROM at AT TIME ZONE CAST(:zone AS text))::int AS hour, sum(total)::bigint AS total
FROM counted
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

-- name: recent
-- A page of events, latest first, older than the edge, whose time is the only upper bound: beside another one the
-- index would be read from there.
WITH page AS MATERIALIZED (
  SELECT e.event_id, e.outcome, e.correlation_key, e.created_at, e.processed_at, e.origin, e.matched_run_id,
         e.error_message
  FROM workflow_runtime_events e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = :event_type AND e.origin = ANY (CAST(:origins AS text[]))
    AND e.outcome = ANY (CAST(:outcomes AS smallint[]))
    AND e.created_at >= CAST(:since AS timestamptz) AND e.created_at <= CAST(:edge AS timestamptz)
    AND (e.created_at, e.event_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
  ORDER BY e.created_at DESC, e.event_id DESC
  LIMIT :size
)
SELECT e.event_id, CASE WHEN e.outcome >= 2 THEN 'error' WHEN e.outcome = 1 THEN 'matched' ELSE 'unmatched' END
         AS status,
       e.correlation_key, e.created_at, e.processed_at, e.origin, e.matched_run_id, e.error_message,
       (SELECT count(*) FROM workflow_event_matches m
        WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = e.event_id AND m.outcome = 'started')
         AS workflows_started
FROM page e
ORDER BY e.created_at DESC, e.event_id DESC

-- name: recent_newer
-- The same on the other side of the edge, nearest first.
WITH page AS MATERIALIZED (
  SELECT e.event_id, e.outcome, e.correlation_key, e.created_at, e.processed_at, e.origin, e.matched_run_id,
         e.error_message
  FROM workflow_runtime_events e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = :event_type AND e.origin = ANY (CAST(:origins AS text[]))
    AND e.outcome = ANY (CAST(:outcomes AS smallint[]))
    AND e.created_at >= CAST(:edge AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
    AND (e.created_at, e.event_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
  ORDER BY e.created_at, e.event_id
  LIMIT :size
)
SELECT e.event_id, CASE WHEN e.outcome >= 2 THEN 'error' WHEN e.outcome = 1 THEN 'matched' ELSE 'unmatched' END
         AS status,
       e.correlation_key, e.created_at, e.processed_at, e.origin, e.matched_run_id, e.error_message,
       (SELECT count(*) FROM workflow_event_matches m
        WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = e.event_id AND m.outcome = 'started')
         AS workflows_started
FROM page e
ORDER BY e.created_at, e.event_id

-- name: conformance
-- Of the latest events of each type: how many violate their schema, and at which paths.
WITH looked_at AS MATERIALIZED (
  SELECT n.event_name, e.event_id, e.schema_errors
  FROM unnest(CAST(:names AS text[])) AS n(event_name)
  CROSS JOIN LATERAL (
    SELECT event_id, schema_errors
    FROM workflow_runtime_events
    WHERE tenant = CAST(:tenant AS uuid) AND event_name = n.event_name AND origin = ANY (CAST(:origins AS text[]))
      AND created_at >= CAST(:since AS timestamptz) AND created_at < CAST(:until AS timestamptz)
    ORDER BY created_at DESC, event_id DESC
    LIMIT :most
  ) e
), paths AS (
  SELECT l.event_name, count(DISTINCT l.event_id) AS events,
         regexp_replace(v.value ->> 'path', '/[0-9]+(?=/|$)', '/*', 'g')
           -- Which field is missing is only in the message (lib/schema_messages.py).
           || CASE WHEN v.value ->> 'keyword' = 'required'
                THEN coalesce('/' || substring(v.value ->> 'message' FROM '^"(.+)" is missing'), '') ELSE '' END AS path
  FROM looked_at l
  CROSS JOIN LATERAL jsonb_array_elements(l.schema_errors -> 'errors') AS v
  WHERE l.schema_errors ->> 'status' = 'invalid'
  GROUP BY 1, 3
)
SELECT l.event_name, count(*) AS looked_at, count(*) FILTER (WHERE l.schema_errors ->> 'status' = 'invalid')
         AS violating,
       coalesce((SELECT jsonb_agg(jsonb_build_array(p.path, p.events) ORDER BY p.events DESC, p.path)
                 FROM paths p WHERE p.event_name = l.event_name), '[]') AS paths
FROM looked_at l
GROUP BY l.event_name

-- name: fields_seen
-- Fields of the latest payloads of each type, to two levels; members of a list's objects as name[].member.
WITH looked_at AS MATERIALIZED (
  SELECT n.event_name, e.redacted_payload
  FROM unnest(CAST(:names AS text[])) AS n(event_name)
  CROSS JOIN LATERAL (
    SELECT redacted_payload
    FROM workflow_runtime_events
    WHERE tenant = CAST(:tenant AS uuid) AND event_name = n.event_name AND origin = ANY (CAST(:origins AS text[]))
      AND created_at >= CAST(:since AS timestamptz) AND created_at < CAST(:until AS timestamptz)
    ORDER BY created_at DESC, event_id DESC
    LIMIT :most
  ) e
  WHERE jsonb_typeof(e.redacted_payload) = 'object'
), fields AS (
  SELECT l.event_name, f.key AS path
  FROM looked_at l CROSS JOIN jsonb_each(l.redacted_payload) AS f
  UNION ALL
  SELECT l.event_name, f.key || '.' || inner_field.key
  FROM looked_at l CROSS JOIN jsonb_each(l.redacted_payload) AS f CROSS JOIN jsonb_each(f.value) AS inner_field
  WHERE jsonb_typeof(f.value) = 'object'
  UNION ALL
  SELECT l.event_name, f.key || '[].' || inner_field.key
  FROM looked_at l CROSS JOIN jsonb_each(l.redacted_payload) AS f CROSS JOIN jsonb_array_elements(f.value) AS item
  CROSS JOIN jsonb_each(item.value) AS inner_field
  WHERE jsonb_typeof(f.value) = 'array' AND jsonb_typeof(item.value) = 'object'
)
SELECT event_name, array_agg(DISTINCT path) AS paths
FROM fields
GROUP BY event_name

-- name: schemas
-- The payload schema of each of these types, as this tenant sees it.
SELECT e.event_type, coalesce(e.payload_schema, r.schema) AS schema
FROM catalog_entries e
LEFT JOIN registered_schemas r ON r.tenant = e.tenant AND r.schema_ref = e.payload_schema_ref
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = ANY (CAST(:names AS text[]))
