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
