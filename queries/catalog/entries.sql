-- name: page
-- One page of the catalog with the total beside it and all that entries can be narrowed to; one row of NULLs if none
-- match. Where nothing is narrowed, deprecated entries are counted and left out unless they are asked for. All entries
-- are gone through with no more than is needed for that; what else is shown is read for those of the page.
WITH entries AS MATERIALIZED (
  SELECT event_type, name, category, status, source, owner, tags,
         CASE WHEN CAST(:search AS text) <> '' THEN
           lower(name || ' ' || event_type || ' ' || replace(event_type, '_', ' ') || ' ' || description || ' '
                 || category || coalesce(' ' || owner, '') || CASE WHEN tags = '{}' THEN '' ELSE
                      ' ' || array_to_string(tags, ' ') END) END AS haystack
  FROM catalog_entries
  WHERE tenant = CAST(:tenant AS uuid)
), kinds AS MATERIALIZED (
  -- What entries can be narrowed to. Many share all of it.
  SELECT DISTINCT category, owner, tags FROM entries
), asked AS (
  -- A category, owner or tag that nobody has narrows nothing, as with any other nonsense in a URL.
  -- What is not asked for at all is not looked for.
  SELECT (SELECT category FROM kinds
          WHERE CAST(:category AS text) IS NOT NULL AND category = CAST(:category AS text) LIMIT 1) AS category,
         (SELECT owner FROM kinds
          WHERE CAST(:owner AS text) IS NOT NULL AND owner = CAST(:owner AS text) LIMIT 1) AS owner,
         (SELECT CAST(:tag AS text) FROM kinds
          WHERE CAST(:tag AS text) IS NOT NULL AND CAST(:tag AS text) = ANY (tags) LIMIT 1) AS tag
), narrowing AS (
  SELECT *, CAST(:search AS text) <> '' OR CAST(:status AS text) IS NOT NULL
            OR CAST(:source AS text) IS NOT NULL OR coalesce(category, owner, tag) IS NOT NULL AS is_narrowed
  FROM asked
), matching AS MATERIALIZED (
  SELECT e.event_type, e.name, e.category, e.status = 'deprecated' AS is_deprecated,
         n.is_narrowed OR CAST(:with_deprecated AS boolean) OR e.status <> 'deprecated' AS is_shown,
         CASE WHEN CAST(:search AS text) = '' THEN 0
              WHEN lower(e.event_type) = :search OR lower(e.name) = :search THEN 1
              WHEN NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w WHERE strpos(lower(e.name), w) = 0) THEN 2
              ELSE 3 END AS rank
  FROM entries e CROSS JOIN narrowing n
  WHERE (CAST(:search AS text) = ''
         OR NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w WHERE strpos(e.haystack, w) = 0))
    AND (n.category IS NULL OR e.category = n.category)
    AND (n.owner IS NULL OR e.owner = n.owner)
    AND (n.tag IS NULL OR n.tag = ANY (e.tags))
    AND (CAST(:status AS text) IS NULL OR e.status = :status)
    AND (CAST(:source AS text) IS NULL OR e.source = :source)
), busy AS (
  SELECT event_name, executions
  FROM unnest(CAST(:busy_types AS text[]), CAST(:busy_executions AS bigint[])) AS b(event_name, executions)
), totals AS (
  SELECT count(*) FILTER (WHERE is_shown) AS total,
         count(*) FILTER (WHERE is_deprecated AND NOT (SELECT is_narrowed FROM narrowing)) AS deprecated,
         (SELECT array_agg(category ORDER BY category) FROM (SELECT DISTINCT category FROM kinds) c) AS categories,
         (SELECT array_agg(owner ORDER BY owner)
          FROM (SELECT DISTINCT owner FROM kinds WHERE owner IS NOT NULL) o) AS owners,
         (SELECT array_agg(tag ORDER BY tag) FROM (SELECT DISTINCT unnest(tags) AS tag FROM kinds) t) AS all_tags,
         (SELECT json_agg(json_build_object('event_type', d.event_type, 'name', d.name, 'deleted_at', d.deleted_at,
                                            'deleted_by', d.deleted_by) ORDER BY d.deleted_at DESC, d.event_type)
          FROM (
            SELECT DISTINCT ON (e.event_type) e.event_type, e.name, e.deleted_at, u.name AS deleted_by
            FROM event_catalog e
            LEFT JOIN users u ON u.user_id = e.updated_by
            WHERE e.tenant = CAST(:tenant AS uuid) AND e.deleted_at > CAST(:deleted_since AS timestamptz)
              AND NOT EXISTS (SELECT FROM event_catalog later
                              WHERE later.tenant = e.tenant AND later.event_type = e.event_type
                                AND later.deleted_at IS NULL)
            ORDER BY e.event_type, e.deleted_at DESC
          ) d) AS deleted
  FROM matching
)
SELECT totals.*, page.event_type, page.name, shown.description, page.category, shown.status, shown.source,
       shown.payload_schema_ref, shown.owner, shown.tags,
       CASE WHEN shown.payload_schema_ref IS NULL
            THEN CASE WHEN shown.has_inline_schema THEN 'known' ELSE 'missing' END
            WHEN EXISTS (SELECT FROM registered_schemas r WHERE r.tenant = CAST(:tenant AS uuid)
                           AND r.schema_ref = shown.payload_schema_ref) THEN 'known'
            ELSE 'unknown' END AS schema_state,
       (SELECT count(*) FROM workflow_definitions w
        WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published'
          AND w.trigger ->> 'eventName' = page.event_type) AS attached
FROM totals
LEFT JOIN LATERAL (
  SELECT m.*, coalesce(busy.executions, 0) AS executions
  FROM matching m LEFT JOIN busy ON busy.event_name = m.event_type
  WHERE m.is_shown
  ORDER BY rank, is_deprecated, executions DESC, category, name, event_type
  -- A page past the end shows the first one.
  OFFSET CASE WHEN CAST(:offset AS bigint) < totals.total THEN CAST(:offset AS bigint) ELSE 0 END
  LIMIT CAST(:size AS bigint)
) page ON true
LEFT JOIN LATERAL (
  SELECT c.description, c.status, c.source, c.payload_schema_ref, c.owner, c.tags,
         c.payload_schema IS NOT NULL AS has_inline_schema
  FROM catalog_entries c
  WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_type = page.event_type
  LIMIT 1
) shown ON true
ORDER BY page.rank, page.is_deprecated, page.executions DESC, page.category, page.name, page.event_type

-- name: entry
-- One entry with its schema, as this tenant sees it.
SELECT e.event_id, e.event_type, e.name, e.description, e.category, e.status, e.source, e.payload_schema_ref,
       e.correlation_paths, e.example, e.updated_at, coalesce(e.payload_schema, r.schema) AS schema, e.owner, e.tags
FROM catalog_entries e
LEFT JOIN LATERAL (  -- and LIMIT, or the whole registry is read
  SELECT r.schema FROM registered_schemas r
  WHERE r.tenant = CAST(:tenant AS uuid) AND r.schema_ref = e.payload_schema_ref
  LIMIT 1
) r ON true
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = :event_type

-- name: event_types
-- Every event type this tenant sees, with its name.
SELECT event_type, name FROM catalog_entries WHERE tenant = CAST(:tenant AS uuid) ORDER BY event_type

-- name: words
-- The categories, owners and tags that entries have.
WITH entries AS MATERIALIZED (SELECT category, owner, tags FROM catalog_entries WHERE tenant = CAST(:tenant AS uuid))
SELECT ARRAY(SELECT DISTINCT category FROM entries ORDER BY category) AS categories,
       ARRAY(SELECT DISTINCT owner FROM entries WHERE owner IS NOT NULL ORDER BY owner) AS owners,
       ARRAY(SELECT DISTINCT unnest(tags) AS tag FROM entries ORDER BY tag) AS tags
