-- name: versions
-- What was published, latest first.
SELECT v.version, v.change_note, v.published_at, u.name AS published_by,
       v.definition_json -> 'trigger' ->> 'eventName' AS event_type
FROM workflow_definition_versions v
LEFT JOIN users u ON u.user_id = v.published_by
WHERE v.tenant = CAST(:tenant AS uuid) AND v.workflow_id = CAST(:workflow_id AS uuid)
ORDER BY v.version DESC
LIMIT 200

-- name: version
-- One published version with the schema its payload was published with.
SELECT CAST(definition_json AS text) AS definition, CAST(payload_schema_json AS text) AS payload_schema
FROM workflow_definition_versions
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid) AND version = :version

-- name: add_version
-- One more published version.
INSERT INTO workflow_definition_versions
  (tenant, workflow_id, version, definition_json, payload_schema_json, change_note, published_by)
VALUES (CAST(:tenant AS uuid), CAST(:workflow_id AS uuid), :version, CAST(:definition AS jsonb),
        CAST(:payload_schema AS json), :change_note, CAST(:user_id AS uuid))
RETURNING version_id

-- name: set_published
-- What the latest version says, where ingestion and lists look for it; the draft too, if it is to follow.
UPDATE workflow_definitions SET
  status = 'published', published_version = :version, trigger = CAST(:trigger AS jsonb), name = :name,
  description = :description, payload_schema_ref = CAST(:payload_schema_ref AS text),
  draft_definition = coalesce(CAST(:draft AS jsonb), draft_definition),
  draft_version = draft_version + CASE WHEN CAST(:draft AS jsonb) IS NULL THEN 0 ELSE 1 END,
  validation_status = 'valid', validation_errors = '[]', validated_at = app_now(),
  updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
RETURNING workflow_id

-- name: events_of_workflow
-- Live events of a type since an instant that started this workflow, and those that started or resumed no other.
SELECT count(*) AS started,
       count(*) FILTER (WHERE NOT EXISTS (
         SELECT FROM workflow_event_matches m
         WHERE m.tenant = e.tenant AND m.event_id = e.event_id AND m.outcome IN ('started', 'resumed')
           AND m.workflow_id <> CAST(:workflow_id AS uuid))) AS alone
FROM (
  SELECT DISTINCT r.tenant, r.trigger_event_id AS event_id
  FROM workflow_runs r
  WHERE r.tenant = CAST(:tenant AS uuid) AND r.workflow_id = CAST(:workflow_id AS uuid)
    AND r.event_type = :event_type AND r.origin = 'live' AND r.triggered_at >= CAST(:since AS timestamptz)
) e
