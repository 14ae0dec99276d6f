-- name: outdated
-- Published workflows of an event that were made for another schema than its catalog entry names now.
SELECT w.workflow_id, CAST(v.definition_json AS text) AS definition, e.payload_schema_ref AS now,
       w.trigger ->> 'sourcePayloadSchemaRef' AS made_for, CAST(made.schema AS text) AS made_for_schema
FROM workflow_definitions w
JOIN workflow_definition_versions v
  ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
JOIN catalog_entries e ON e.tenant = w.tenant AND e.event_type = w.trigger ->> 'eventName'
LEFT JOIN registered_schemas made
  ON made.tenant = w.tenant AND made.schema_ref = w.trigger ->> 'sourcePayloadSchemaRef'
WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published' AND w.trigger ->> 'eventName' = :event_type
  AND e.payload_schema_ref IS DISTINCT FROM w.trigger ->> 'sourcePayloadSchemaRef'
ORDER BY w.workflow_id

-- name: attached
-- Published workflows of an event with their definitions, as the event's page lists them.
SELECT w.workflow_id, w.name, w.published_version AS version, w.is_system, w.is_paused,
       CAST(v.definition_json AS text) AS definition
FROM workflow_definitions w
JOIN workflow_definition_versions v
  ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published' AND w.trigger ->> 'eventName' = :event_type
ORDER BY w.is_system DESC, w.name, w.workflow_id

-- name: mapped_from
-- Published workflows whose mapping was made for a schema, or whose event carries it.
SELECT w.workflow_id, w.name, w.trigger ->> 'eventName' AS event_type,
       CAST(v.definition_json -> 'trigger' -> 'payloadMapping' AS text) AS mapping
FROM workflow_definitions w
JOIN workflow_definition_versions v
  ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published'
  AND v.definition_json -> 'trigger' -> 'payloadMapping' IS NOT NULL
  AND (w.trigger ->> 'sourcePayloadSchemaRef' = :ref
       OR EXISTS (SELECT FROM catalog_entries e
                  WHERE e.tenant = w.tenant AND e.event_type = w.trigger ->> 'eventName'
                    AND e.payload_schema_ref = :ref))
ORDER BY lower(w.name), w.workflow_id
