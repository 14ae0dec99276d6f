-- name: begin
-- The catalog entry an event is for, the schema it is checked against, and the event's identity and time.
SELECT app_uuidv7() AS event_id, app_now() AS created_at, e.payload_schema_ref, e.correlation_paths,
       CAST(coalesce(CASE WHEN CAST(:schema_ref AS text) IS NULL
                            OR CAST(:schema_ref AS text) = e.payload_schema_ref THEN e.payload_schema END,
                     r.schema) AS text) AS schema,
       ARRAY(SELECT unnest(f.pointers) FROM redacted_fields f
             WHERE f.tenant = e.tenant AND f.event_type IN ('*', e.event_type)) AS redacted_fields
FROM catalog_entries e
LEFT JOIN registered_schemas r
  ON r.tenant = e.tenant AND r.schema_ref = coalesce(CAST(:schema_ref AS text), e.payload_schema_ref)
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = :event_name

-- name: digest
-- What is kept in the place of a key that is a secret.
SELECT app_own_key_digest(:key)

-- name: claim
-- Take (source, id) for this event; no row when an earlier submission has it. Waits for one that is under way.
INSERT INTO event_submissions (tenant, source, submission_id, event_id, content_hash)
VALUES (CAST(:tenant AS uuid), :source, :submission_id, CAST(:event_id AS uuid), :content_hash)
ON CONFLICT (tenant, source, submission_id) DO NOTHING
RETURNING event_id

-- name: claimed
-- The event that an earlier submission with this (source, id) became.
SELECT event_id, content_hash FROM event_submissions
WHERE tenant = CAST(:tenant AS uuid) AND source = :source AND submission_id = :submission_id

-- name: candidates
-- Published workflows that this event triggers, as published; or the one asked for.
SELECT w.workflow_id, w.name, w.is_paused, v.version, CAST(v.definition_json AS text) AS definition,
       CAST(coalesce(v.payload_schema_json, r.schema) AS text) AS schema
FROM workflow_definitions w
JOIN workflow_definition_versions v
  ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
LEFT JOIN registered_schemas r ON r.tenant = w.tenant AND r.schema_ref = v.definition_json ->> 'payloadSchemaRef'
WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published' AND w.trigger ->> 'eventName' = :event_name
  AND (CAST(:only_workflow AS uuid) IS NULL OR w.workflow_id = CAST(:only_workflow AS uuid))
ORDER BY w.name, w.workflow_id

-- name: open_waits
-- Waits that this event with this key ends, oldest first. A wait keeps a secret key as its digest, and may know of a
-- secret what the event does not, or the other way round: so either will do.
SELECT t.wait_id, t.run_id, t.step_path, r.workflow_id, r.workflow_version, w.name
FROM workflow_run_waits t
JOIN workflow_runs r ON r.tenant = t.tenant AND r.run_id = t.run_id
JOIN workflow_definitions w ON w.tenant = r.tenant AND w.workflow_id = r.workflow_id
WHERE t.tenant = CAST(:tenant AS uuid) AND t.status = 'WAITING' AND t.wait_type = 'event'
  AND t.event_name = :event_name AND t.key IN (CAST(:key AS text), app_own_key_digest(CAST(:key AS text)))
ORDER BY t.created_at, t.wait_id

-- name: add_run
-- A queued run of a workflow, started by the event.
INSERT INTO workflow_runs
  (tenant, run_id, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at, origin,
   correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json, redacted_input_json)
VALUES
  (CAST(:tenant AS uuid), CAST(:run_id AS uuid), CAST(:workflow_id AS uuid), :version, :event_name,
   CAST(:event_id AS uuid), CAST(:created_at AS timestamptz), :origin, CAST(:correlation_key AS text),
   CAST(:mapped AS boolean), CAST(:schema_ref AS text), CAST(:input AS jsonb), CAST(:redacted_input AS jsonb))
