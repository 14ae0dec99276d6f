-- name: page
-- One page of the catalog with the total beside it and every category there is; one row of NULLs if none match.
WITH entries AS (
  SELECT event_type, name, description, category, status, source, payload_schema_ref,
         payload_schema IS NOT NULL AS has_inline_schema,
         lower(name) AS lower_name,
         lower(concat_ws(' ', name, event_type, replace(event_type, '_', ' '), description, category)) AS haystack
  FROM catalog_entries
  WHERE tenant = CAST(:tenant AS uuid)
), found AS (
  SELECT *,
    CASE WHEN cardinality(CAST(:words AS text[])) = 0 THEN 0
         WHEN lower(event_type) = :search OR lower_name = :search THEN 1
         WHEN NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w WHERE strpos(lower_name, w) = 0) THEN 2
         ELSE 3 END AS rank
  FROM entries
  WHERE NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w WHERE strpos(haystack, w) = 0)
    -- A category that nobody has narrows nothing, as with any other nonsense in a URL.
    AND (CAST(:category AS text) IS NULL OR category = :category
         OR NOT EXISTS (SELECT FROM entries known WHERE known.category = :category))
    AND (CAST(:status AS text) IS NULL OR status = :status)
    AND (CAST(:source AS text) IS NULL OR source = :source)
), busy AS (
  SELECT event_name, executions
  FROM unnest(CAST(:busy_types AS text[]), CAST(:busy_executions AS bigint[])) AS b(event_name, executions)
), totals AS (
  SELECT (SELECT count(*) FROM found) AS total,
         (SELECT array_agg(DISTINCT category ORDER BY category) FROM entries) AS categories
), page AS (
  SELECT found.*, row_number() OVER (
           ORDER BY rank, coalesce(busy.executions, 0) DESC, category, name, event_type) AS place
  FROM found LEFT JOIN busy ON busy.event_name = found.event_type
)
SELECT totals.total, totals.categories, page.event_type, page.name, page.description, page.category,
       page.status, page.source, page.payload_schema_ref,
       CASE WHEN page.payload_schema_ref IS NULL THEN CASE WHEN page.has_inline_schema THEN 'known' ELSE 'missing' END
            WHEN EXISTS (SELECT FROM registered_schemas r WHERE r.tenant = CAST(:tenant AS uuid)
                           AND r.schema_ref = page.payload_schema_ref) THEN 'known'
            ELSE 'unknown' END AS schema_state,
       (SELECT count(*) FROM workflow_definitions w
        WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published'
          AND w.trigger ->> 'eventName' = page.event_type) AS attached
FROM totals LEFT JOIN page
  -- A page past the end shows the first one.
  ON place > CASE WHEN CAST(:offset AS bigint) < totals.total THEN CAST(:offset AS bigint) ELSE 0 END
 AND place <= CASE WHEN CAST(:offset AS bigint) < totals.total THEN CAST(:offset AS bigint) ELSE 0 END
              + CAST(:size AS bigint)
ORDER BY place

-- name: entry
-- One entry with its schema, as this tenant sees it.
SELECT e.event_id, e.event_type, e.name, e.description, e.category, e.status, e.source, e.payload_schema_ref,
       e.correlation_paths, e.example, e.updated_at, coalesce(e.payload_schema, r.schema) AS schema
FROM catalog_entries e
LEFT JOIN registered_schemas r ON r.tenant = e.tenant AND r.schema_ref = e.payload_schema_ref
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = :event_type

-- name: event_types
-- Every event type this tenant sees, with its name.
SELECT event_type, name FROM catalog_entries WHERE tenant = CAST(:tenant AS uuid) ORDER BY event_type
