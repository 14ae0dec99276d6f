-- name: newest
-- The latest live event of a type.
SELECT event_id FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_name = :event_type AND origin = 'live'
ORDER BY created_at DESC, event_id DESC LIMIT 1

-- name: latest
-- The latest live events of a type as people may see them, with their schema ref, and whether it is one that the sender
-- named against the catalog.
SELECT event_id, created_at, correlation_key, CAST(redacted_payload AS text) AS payload, payload_schema_ref,
       schema_ref_conflict IS NOT NULL AS is_named
FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_name = :event_type AND origin = 'live'
ORDER BY created_at DESC, event_id DESC LIMIT CAST(:size AS bigint)

-- name: published
-- The latest published version of a workflow, with the schema that its runs' payloads have to fit.
SELECT CAST(v.definition_json AS text) AS definition,
       CAST(coalesce(v.payload_schema_json, r.schema) AS text) AS payload_schema
FROM workflow_definitions w
JOIN workflow_definition_versions v
  ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
LEFT JOIN registered_schemas r ON r.tenant = w.tenant AND r.schema_ref = v.definition_json ->> 'payloadSchemaRef'
WHERE w.tenant = CAST(:tenant AS uuid) AND w.workflow_id = CAST(:workflow_id AS uuid)
