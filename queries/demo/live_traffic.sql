-- name: tenants
-- The invented tenants that are there.
SELECT name, tenant FROM tenants WHERE is_demo

-- name: entry
-- What the payloads of a type are made from.
SELECT e.event_type, e.payload_schema_ref, e.correlation_paths, e.example, s.schema
FROM system_event_catalog e JOIN system_payload_schemas s ON s.schema_ref = e.payload_schema_ref
WHERE e.event_type = :event_type
