-- name: register_system
-- Add the system schemas that are not there yet; existing refs stay as they are.
INSERT INTO system_payload_schemas (schema_ref, schema)
SELECT key, value FROM json_each(CAST(:schemas AS json))
ON CONFLICT (schema_ref) DO NOTHING

-- name: differing_system
-- Refs whose registered schema is not the one given.
SELECT s.schema_ref
FROM json_each(CAST(:schemas AS json)) given JOIN system_payload_schemas s ON s.schema_ref = given.key
WHERE CAST(s.schema AS jsonb) <> CAST(given.value AS jsonb)
ORDER BY s.schema_ref

-- name: schema
-- One schema by ref, as this tenant sees it.
SELECT schema FROM registered_schemas WHERE tenant = CAST(:tenant AS uuid) AND schema_ref = :ref

-- name: refs
-- Every ref that this tenant's registry knows.
SELECT schema_ref FROM registered_schemas WHERE tenant = CAST(:tenant AS uuid) ORDER BY schema_ref
