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
           -- Which field is missing is only in the message (lib/schemas/messages.py).
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
