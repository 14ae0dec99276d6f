-- name: is_loaded
-- Whether the demo tenants are there.
SELECT EXISTS (SELECT FROM tenants WHERE is_demo)

-- name: catalog
-- What the invented payloads are made from.
SELECT e.event_type, e.payload_schema_ref, e.correlation_paths, e.example, s.schema
FROM system_event_catalog e JOIN system_payload_schemas s ON s.schema_ref = e.payload_schema_ref
