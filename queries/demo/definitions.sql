-- name: add_schemas
-- The schemas of the demo's own workflows.
INSERT INTO payload_schemas (tenant, schema_ref, schema)
SELECT CAST(:tenant AS uuid), key, value FROM json_each(CAST(:schemas AS json))

-- name: add_workflow
-- One published workflow with its only version.
WITH given AS (
  SELECT CAST(:tenant AS uuid) AS tenant, CAST(:workflow_id AS uuid) AS workflow_id,
         CAST(:definition AS jsonb) AS definition
), workflow AS (
  INSERT INTO workflow_definitions
    (tenant, workflow_id, name, description, status, trigger, payload_schema_ref, draft_definition,
     published_version, is_system, is_paused, validation_status, validated_at)
  SELECT tenant, workflow_id, definition ->> 'name', definition ->> 'description', 'published',
         definition -> 'trigger', definition ->> 'payloadSchemaRef', definition, 1,
         CAST(:is_system AS boolean), CAST(:is_paused AS boolean), 'valid', app_now()
  FROM given
  RETURNING tenant, workflow_id
)
INSERT INTO workflow_definition_versions
  (tenant, workflow_id, version, definition_json, payload_schema_json, change_note)
SELECT w.tenant, w.workflow_id, 1, g.definition,
       (SELECT schema FROM registered_schemas r
        WHERE r.tenant = g.tenant AND r.schema_ref = g.definition ->> 'payloadSchemaRef'),
       'First version'
FROM workflow w JOIN given g USING (tenant, workflow_id)
