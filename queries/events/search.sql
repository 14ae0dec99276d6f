-- name: index
-- Index the payloads of some events that wait for it; how many were taken. Sorted, because an index takes many rows
-- in its own order several times faster.
WITH RECURSIVE taken AS (
  DELETE FROM event_payload_pending
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_payload_pending LIMIT :most FOR UPDATE SKIP LOCKED))
  RETURNING tenant, created_at, event_id
), node AS (
  SELECT e.tenant, e.created_at, e.event_id, CAST(0 AS bigint) AS path_hash, e.redacted_payload AS value, 0 AS depth
  FROM taken t CROSS JOIN LATERAL (
    SELECT e.tenant, e.created_at, e.event_id, e.redacted_payload FROM workflow_runtime_events e
    WHERE e.tenant = t.tenant AND e.event_id = t.event_id AND e.created_at = t.created_at
    LIMIT 1
  ) AS e
  UNION ALL
  SELECT n.tenant, n.created_at, n.event_id, m.path_hash, m.value, n.depth + 1
  FROM node n CROSS JOIN LATERAL (
    SELECT hashtextextended(o.key, n.path_hash) AS path_hash, o.value
    FROM jsonb_each(CASE WHEN jsonb_typeof(n.value) = 'object' THEN n.value END) AS o
    UNION ALL
    SELECT n.path_hash, i.value
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(n.value) = 'array' THEN n.value END) AS i
  ) AS m
  WHERE n.depth < :deepest AND jsonb_typeof(n.value) IN ('object', 'array')
), leaf AS (
  SELECT n.tenant, n.created_at, n.event_id, n.path_hash, app_payload_text(n.value) AS value,
         row_number() OVER (PARTITION BY n.event_id, n.tenant ORDER BY n.depth) AS number
  FROM node n
  WHERE n.path_hash <> 0 AND jsonb_typeof(n.value) IN ('string', 'number', 'boolean')
    AND n.value <> CAST('"[redacted]"' AS jsonb)
), added AS (
  INSERT INTO event_payload_values (tenant, value_hash, created_at, event_id)
  SELECT DISTINCT l.tenant, hashtextextended(l.value, l.path_hash) AS value_hash, l.created_at, l.event_id
  FROM leaf l
  WHERE l.number <= :most_values AND l.value <> CAST(l.tenant AS text) AND l.value NOT LIKE '____-__-__T__:__:%'
  ORDER BY l.tenant, value_hash, l.created_at, l.event_id
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM taken
