-- name: page
-- One page of the catalog, best match first or sorted as asked, each row with what is said of all entries; one row of
-- NULLs for no entry. While nothing is narrowed, own entries are read in the order of their index and no further than
-- the page; those that have a figure stand before or among the others, and are read by their types. Else each entry is
-- looked at once. What is shown beyond that is read for the entries of the page.
WITH matching AS MATERIALIZED (
  SELECT event_type, name, category, status, source,
         CASE WHEN CAST(:search AS text) = '' THEN 0
              WHEN lower(event_type) = :search OR lower(name) = :search THEN 1
              WHEN lower(name) LIKE ALL (CAST(:patterns AS text[])) THEN 2
              ELSE 3 END AS rank
  FROM catalog_entries
  WHERE CAST(:looks_at_each AS boolean) AND tenant = CAST(:tenant AS uuid)
    AND (CAST(:is_narrowed AS boolean) OR CAST(:with_deprecated AS boolean) OR status <> 'deprecated')
    AND (CAST(:search AS text) = '' OR search_text LIKE ALL (CAST(:patterns AS text[])))
    AND (CAST(:category AS text) IS NULL OR category = :category)
    AND (CAST(:owner AS text) IS NULL OR owner = :owner)
    AND (CAST(:tag AS text) IS NULL OR :tag = ANY (tags))
    AND (CAST(:status AS text) IS NULL OR status = :status)
    AND (CAST(:source AS text) IS NULL OR source = :source)
    AND (CAST(:traffic AS text) IS NULL
         OR (CAST(:traffic AS text) = 'without') = (event_type <> ALL (CAST(:with_traffic AS text[]))))
    AND (NOT CAST(:folds AS boolean) OR event_type = ANY (CAST(:with_traffic AS text[])))
), found AS (
  SELECT event_type, name, category, status, source, rank FROM matching
  UNION ALL
  (SELECT event_type, name, category, status, 'tenant', 0
   FROM event_catalog
   WHERE NOT CAST(:looks_at_each AS boolean) AND NOT CAST(:folds AS boolean)
     AND tenant = CAST(:tenant AS uuid) AND deleted_at IS NULL
     AND (CAST(:with_deprecated AS boolean) OR status <> 'deprecated')
     AND event_type <> ALL (CAST(:picked_types AS text[]))
   ORDER BY status = 'deprecated', category, name, event_type
   LIMIT CAST(:offset AS bigint) + CAST(:size AS bigint))
  UNION ALL
  SELECT event_type, name, category, status, 'tenant', 0
  FROM event_catalog
  WHERE NOT CAST(:looks_at_each AS boolean) AND tenant = CAST(:tenant AS uuid) AND deleted_at IS NULL
    AND (CAST(:with_deprecated AS boolean) OR status <> 'deprecated')
    AND event_type = ANY (CAST(:picked_types AS text[]))
    AND (NOT CAST(:folds AS boolean) OR event_type = ANY (CAST(:with_traffic AS text[])))
  UNION ALL
  SELECT event_type, name, category, status, source, 0
  FROM catalog_entries
  WHERE NOT CAST(:looks_at_each AS boolean) AND tenant = CAST(:tenant AS uuid) AND source = 'system'
    AND (CAST(:with_deprecated AS boolean) OR status <> 'deprecated')
    AND (NOT CAST(:folds AS boolean) OR event_type = ANY (CAST(:with_traffic AS text[])))
), of_all AS (
  SELECT app_catalog_changes(CAST(:tenant AS uuid)) AS changes,
         CASE WHEN CAST(:looks_at_each AS boolean) OR CAST(:folds AS boolean) THEN (SELECT count(*) FROM found)
              ELSE CAST(:total AS bigint) END AS total,
         CASE WHEN CAST(:folds AS boolean) THEN CAST(:total AS bigint) - (SELECT count(*) FROM found)
              ELSE 0 END AS without_traffic,
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
)
SELECT of_all.changes, of_all.total, of_all.without_traffic, of_all.deleted, page.event_type, page.name,
       shown.description, page.category, shown.status, shown.source, shown.payload_schema_ref, shown.owner, shown.tags,
       CASE WHEN shown.payload_schema_ref IS NULL
            THEN CASE WHEN shown.has_inline_schema THEN 'known' ELSE 'missing' END
            WHEN EXISTS (SELECT FROM registered_schemas r WHERE r.tenant = CAST(:tenant AS uuid)
                           AND r.schema_ref = shown.payload_schema_ref) THEN 'known'
            ELSE 'unknown' END AS schema_state,
       (SELECT count(*) FROM workflow_definitions w
        WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published'
          AND w.trigger ->> 'eventName' = page.event_type) AS attached
FROM of_all
LEFT JOIN LATERAL (
  SELECT in_order.*, row_number() OVER () AS place
  FROM (
    SELECT f.event_type, f.name, f.category
    FROM found f
    LEFT JOIN unnest(CAST(:figure_types AS text[]), CAST(:figures AS double precision[])) AS n(event_name, figure)
      ON n.event_name = f.event_type
    CROSS JOIN LATERAL (
      SELECT coalesce(n.figure, CAST(:without_figure AS double precision)) AS figure,
             CASE CAST(:sort AS text) WHEN 'name' THEN lower(f.name) WHEN 'type' THEN f.event_type
                  WHEN 'category' THEN f.category WHEN 'status' THEN f.status WHEN 'source' THEN f.source END AS word
    ) by
    ORDER BY CASE WHEN CAST(:sort AS text) IS NULL THEN f.rank END,
             CASE WHEN CAST(:sort AS text) IS NULL THEN f.status = 'deprecated' END,
             CASE WHEN CAST(:descending AS boolean) THEN by.figure END DESC NULLS LAST,
             CASE WHEN NOT CAST(:descending AS boolean) THEN by.figure END,
             CASE WHEN CAST(:descending AS boolean) THEN by.word END DESC,
             CASE WHEN NOT CAST(:descending AS boolean) THEN by.word END,
             f.category, f.name, f.event_type
    -- A page past the end shows the first one.
    OFFSET CASE WHEN CAST(:offset AS bigint) < of_all.total THEN CAST(:offset AS bigint) ELSE 0 END
    LIMIT CAST(:size AS bigint)
  ) in_order
) page ON true
LEFT JOIN LATERAL (
  SELECT c.description, c.status, c.source, c.payload_schema_ref, c.owner, c.tags,
         c.payload_schema IS NOT NULL AS has_inline_schema
  FROM catalog_entries c
  WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_type = page.event_type
  LIMIT 1
) shown ON true
ORDER BY page.place

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

-- name: names
-- The names of the entries of these types.
SELECT event_type, name FROM catalog_entries
WHERE tenant = CAST(:tenant AS uuid) AND event_type = ANY (CAST(:event_types AS text[]))
ORDER BY event_type

-- name: event_types
-- Every event type this tenant sees, with its name.
SELECT event_type, name FROM catalog_entries WHERE tenant = CAST(:tenant AS uuid) ORDER BY event_type
