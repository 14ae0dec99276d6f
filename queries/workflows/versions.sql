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
SELECT CAST(definition_json AS text) AS definition, CAST(payload_schema_json AS text) AS payload_schema,
       CAST(draft_trigger AS text) AS draft_trigger
FROM workflow_definition_versions
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid) AND version = :version

-- name: add_version
-- One more published version.
INSERT INTO workflow_definition_versions
  (tenant, workflow_id, version, definition_json, payload_schema_json, change_note, published_by, draft_trigger)
VALUES (CAST(:tenant AS uuid), CAST(:workflow_id AS uuid), :version, CAST(:definition AS jsonb),
        CAST(:payload_schema AS json), :change_note, CAST(:user_id AS uuid), CAST(:draft_trigger AS jsonb))
RETURNING version_id

-- name: set_published
-- What the latest version says, where ingestion and lists look for it; the draft too, if it is to follow.
UPDATE workflow_definitions SET
  status = 'published', published_version = :version, trigger = CAST(:trigger AS jsonb), name = :name,
  description = :description, payload_schema_ref = CAST(:payload_schema_ref AS text),
  draft_definition = coalesce(CAST(:draft AS jsonb), draft_definition),
  draft_version = draft_version + CASE WHEN CAST(:draft AS jsonb) IS NULL THEN 0 ELSE 1 END,
  draft_updated_by = CASE WHEN CAST(:draft AS jsonb) IS NULL THEN draft_updated_by ELSE CAST(:user_id AS uuid) END,
  validation_status = 'valid', validated_at = app_now(),
  updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
RETURNING workflow_id

-- name: detached
-- Workflows that reacted to an event type until their latest version, published since an instant, took the trigger
-- away; latest first. Archived ones are left out.
SELECT w.workflow_id, w.name, w.is_system, latest.version, latest.published_at AS detached_at,
       u.name AS detached_by
FROM workflow_definitions w
JOIN workflow_definition_versions latest
  ON latest.tenant = w.tenant AND latest.workflow_id = w.workflow_id AND latest.version = w.published_version
JOIN workflow_definition_versions before
  ON before.tenant = w.tenant AND before.workflow_id = w.workflow_id AND before.version = w.published_version - 1
LEFT JOIN users u ON u.user_id = latest.published_by
WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published' AND w.trigger IS NULL
  AND latest.published_at >= CAST(:since AS timestamptz)
  AND before.definition_json -> 'trigger' ->> 'eventName' = :event_type
ORDER BY latest.published_at DESC, w.workflow_id
LIMIT 20

-- name: events_of_workflow
-- Live events of a type since an instant that started this workflow, and how many of them nothing else would have
-- matched: no other workflow that is attached to the event now and not paused was started by it, and none that some
-- event still starts was resumed.
SELECT count(*) AS started,
       count(*) FILTER (WHERE NOT EXISTS (
         SELECT FROM workflow_event_matches m
         JOIN workflow_definitions w ON w.tenant = m.tenant AND w.workflow_id = m.workflow_id
         WHERE m.tenant = e.tenant AND m.event_id = e.event_id AND m.workflow_id <> CAST(:workflow_id AS uuid)
           AND w.status = 'published' AND NOT w.is_paused
           AND (m.outcome = 'started' AND w.trigger ->> 'eventName' = :event_type
                OR m.outcome = 'resumed' AND w.trigger IS NOT NULL))) AS alone
FROM (
  SELECT DISTINCT r.tenant, r.trigger_event_id AS event_id
  FROM workflow_runs r
  WHERE r.tenant = CAST(:tenant AS uuid) AND r.workflow_id = CAST(:workflow_id AS uuid)
    AND r.event_type = :event_type AND r.origin = 'live' AND r.triggered_at >= CAST(:since AS timestamptz)
) e
