-- name: entries
-- Entries with their schemas, as this tenant sees them; all of them, or those of some types.
SELECT e.event_type, e.name, e.description, e.category, e.status, e.source, e.owner, e.tags, e.correlation_paths,
       CAST(e.example AS text) AS example,
       CASE WHEN r.inline_of IS NULL THEN e.payload_schema_ref END AS payload_schema_ref,
       CAST(coalesce(e.payload_schema, r.schema) AS text) AS schema
FROM catalog_entries e
LEFT JOIN registered_schemas r ON r.tenant = e.tenant AND r.schema_ref = e.payload_schema_ref
WHERE e.tenant = CAST(:tenant AS uuid)
  AND (CAST(:event_types AS text[]) IS NULL OR e.event_type = ANY(CAST(:event_types AS text[])))
ORDER BY e.category, e.event_type
