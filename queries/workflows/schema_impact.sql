-- name: outdated
-- Published workflows of an event that were made for another schema than its catalog entry names now. What they were
-- made for is taken out of the JSON first: PostgreSQL would search the registry by ->> only after all that the tenant
-- may see was read.
WITH attached AS MATERIALIZED (
  SELECT w.workflow_id, v.definition_json, w.trigger ->> 'sourcePayloadSchemaRef' AS made_for
  FROM workflow_definitions w
  JOIN workflow_definition_versions v
    ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
  WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published' AND w.trigger ->> 'eventName' = :event_type
)
SELECT a.workflow_id, CAST(a.definition_json AS text) AS definition, e.payload_schema_ref AS now, a.made_for,
       CAST(made.schema AS text) AS made_for_schema
FROM attached a
CROSS JOIN LATERAL (
  SELECT e.payload_schema_ref FROM catalog_entries e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = :event_type
  LIMIT 1
) e
LEFT JOIN LATERAL (
  SELECT r.schema FROM registered_schemas r
  WHERE r.tenant = CAST(:tenant AS uuid) AND r.schema_ref = a.made_for
  LIMIT 1
) made ON true
WHERE e.payload_schema_ref IS DISTINCT FROM a.made_for
ORDER BY a.workflow_id

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
