-- name: schemas
-- Those of the refs that the registry knows, with their schemas.
SELECT schema_ref, CAST(schema AS text) AS schema FROM registered_schemas
WHERE tenant = CAST(:tenant AS uuid) AND schema_ref = ANY(CAST(:refs AS text[]))

-- name: known_events
-- Those of the event types that the catalog knows, and whether a key can be derived from their payloads.
SELECT event_type, correlation_paths <> '{}' AS has_key FROM catalog_entries
WHERE tenant = CAST(:tenant AS uuid) AND event_type = ANY(CAST(:event_types AS text[]))
