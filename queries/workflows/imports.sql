-- name: present
-- What the tenant sees of these types now, with the version of each entry of its own.
SELECT e.event_type, e.name, e.description, e.category, e.status, e.source, e.owner, e.tags, e.correlation_paths,
       CAST(e.example AS text) AS example, e.payload_schema_ref, own.version,
       CAST(coalesce(e.payload_schema, r.schema) AS text) AS schema
FROM catalog_entries e
LEFT JOIN registered_schemas r ON r.tenant = e.tenant AND r.schema_ref = e.payload_schema_ref
LEFT JOIN event_catalog own ON own.tenant = e.tenant AND own.event_id = e.event_id
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = ANY(CAST(:event_types AS text[]))
