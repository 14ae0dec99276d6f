-- name: add_schemas
-- The schemas of the demo's own workflows.
INSERT INTO payload_schemas (tenant, schema_ref, schema)
SELECT CAST(:tenant AS uuid), key, value FROM json_each(CAST(:schemas AS json))

-- name: add_workflow
-- One published workflow as it is after all that was done to it.
WITH given AS (SELECT CAST(:definition AS jsonb) AS definition)
INSERT INTO workflow_definitions
  (tenant, workflow_id, name, description, status, trigger, payload_schema_ref, draft_definition,
   published_version, is_system, is_paused, validation_status, validated_at)
SELECT CAST(:tenant AS uuid), CAST(:workflow_id AS uuid), definition ->> 'name', definition ->> 'description',
       'published', definition -> 'trigger', definition ->> 'payloadSchemaRef', definition, CAST(:version AS int),
       CAST(:is_system AS boolean), CAST(:is_paused AS boolean), 'valid', app_now()
FROM given

-- name: add_version
-- One version of a workflow, by somebody of the tenant.
WITH given AS (SELECT CAST(:definition AS jsonb) AS definition)
INSERT INTO workflow_definition_versions
  (tenant, workflow_id, version, definition_json, payload_schema_json, change_note, published_by, published_at)
SELECT CAST(:tenant AS uuid), CAST(:workflow_id AS uuid), CAST(:version AS int), definition,
       (SELECT schema FROM registered_schemas r
        WHERE r.tenant = CAST(:tenant AS uuid) AND r.schema_ref = definition ->> 'payloadSchemaRef'),
       :note, (SELECT user_id FROM users WHERE email = :by), coalesce(CAST(:at AS timestamptz), app_now())
FROM given
