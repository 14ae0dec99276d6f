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

-- name: add_event
-- The event itself, with what became of it.
INSERT INTO workflow_runtime_events
  (tenant, event_id, event_name, origin, source, correlation_key, payload, redacted_payload, payload_schema_ref,
   schema_ref_conflict, schema_errors, created_at, processed_at, matched_run_id, matched_wait_id,
   matched_step_path, error_message, submitted_by, parent_event_id)
VALUES
  (CAST(:tenant AS uuid), CAST(:event_id AS uuid), :event_name, :origin, :source, CAST(:correlation_key AS text),
   CAST(:payload AS jsonb), CAST(:redacted_payload AS jsonb), CAST(:schema_ref AS text),
   CAST(:schema_ref_conflict AS jsonb), CAST(:schema_errors AS jsonb), CAST(:created_at AS timestamptz),
   clock_timestamp(), CAST(:matched_run_id AS uuid), CAST(:matched_wait_id AS uuid),
   CAST(:matched_step_path AS text), CAST(:error_message AS text), CAST(:submitted_by AS uuid),
   CAST(:parent_event_id AS uuid))

-- name: add_matches
-- Why each candidate did or did not start, in order.
INSERT INTO workflow_event_matches
  (tenant, event_id, match_no, workflow_id, workflow_version, outcome, reason, detail, run_id, wait_id)
SELECT CAST(:tenant AS uuid), CAST(:event_id AS uuid), m.match_no, m.workflow_id, m.workflow_version, m.outcome,
       m.reason, m.detail, m.run_id, m.wait_id
FROM jsonb_to_recordset(CAST(:matches AS jsonb)) AS m(
  match_no smallint, workflow_id uuid, workflow_version int, outcome text, reason text, detail jsonb, run_id uuid,
  wait_id uuid)

-- name: add_run
-- A queued run of a workflow, started by the event.
INSERT INTO workflow_runs
  (tenant, run_id, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at, origin,
   correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json, redacted_input_json)
VALUES
  (CAST(:tenant AS uuid), CAST(:run_id AS uuid), CAST(:workflow_id AS uuid), :version, :event_name,
   CAST(:event_id AS uuid), CAST(:created_at AS timestamptz), :origin, CAST(:correlation_key AS text),
   CAST(:mapped AS boolean), CAST(:schema_ref AS text), CAST(:input AS jsonb), CAST(:redacted_input AS jsonb))

-- name: submission
-- An event as its sender is told of it.
SELECT e.event_id, e.event_name, e.created_at, e.correlation_key, e.payload_schema_ref, e.schema_ref_conflict,
       e.schema_errors, e.error_message, e.outcome
FROM workflow_runtime_events e
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = CAST(:event_id AS uuid)

-- name: matches
-- What became of an event, candidate by candidate.
SELECT m.workflow_id, w.name AS workflow_name, m.workflow_version, m.outcome, m.reason, m.detail, m.run_id, m.wait_id
FROM workflow_event_matches m
LEFT JOIN workflow_definitions w ON w.tenant = m.tenant AND w.workflow_id = m.workflow_id
WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = CAST(:event_id AS uuid)
ORDER BY m.match_no
