-- name: changes
-- A text that differs after each change of what this tenant sees; NULL in a transaction that may make some.
SELECT app_catalog_changes(CAST(:tenant AS uuid))

-- name: contents
-- How many entries there are, and the categories, owners and tags that they have.
WITH kinds AS MATERIALIZED (  -- many entries share all of it
  SELECT category, owner, tags, count(*) AS entries, count(*) FILTER (WHERE status = 'deprecated') AS deprecated
  FROM catalog_entries
  WHERE tenant = CAST(:tenant AS uuid)
  GROUP BY category, owner, tags
)
SELECT CAST(coalesce(sum(entries), 0) AS bigint) AS entries, CAST(coalesce(sum(deprecated), 0) AS bigint) AS deprecated,
       ARRAY(SELECT DISTINCT category FROM kinds ORDER BY category) AS categories,
       ARRAY(SELECT DISTINCT owner FROM kinds WHERE owner IS NOT NULL ORDER BY owner) AS owners,
       ARRAY(SELECT DISTINCT unnest(tags) AS tag FROM kinds ORDER BY tag) AS tags
FROM kinds
