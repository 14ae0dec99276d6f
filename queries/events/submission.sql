-- name: record
-- Keep events with what became of each candidate, and take (source, id) for those that have one to take; the ids of the
-- events that were kept. Without redacted_payload that is the payload itself. One whose (source, id) an earlier
-- submission has, or an earlier event here, is left out. Claims wait for one that is under way, and are made in one
-- order, so that two batches with the same ids do not wait for each other.
WITH sent AS (
  SELECT * FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS e(
    event_id uuid, event_name text, source text, correlation_key text, payload jsonb, redacted_payload jsonb,
    payload_schema_ref text, schema_ref_conflict jsonb, schema_errors jsonb, matched_run_id uuid, matched_wait_id uuid,
    matched_step_path text, error_message text, matches jsonb, claim_source text, claim_id text, content_hash text)
), claimed AS (
  INSERT INTO event_submissions (tenant, source, submission_id, event_id, content_hash)
  SELECT CAST(:tenant AS uuid), s.claim_source, s.claim_id, s.event_id, decode(s.content_hash, 'hex')
  FROM sent s
  WHERE s.claim_id IS NOT NULL
  ORDER BY s.claim_source, s.claim_id, s.event_id
  ON CONFLICT (tenant, source, submission_id) DO NOTHING
  RETURNING event_id
), kept AS (
  SELECT * FROM sent s WHERE s.claim_id IS NULL OR s.event_id IN (SELECT event_id FROM claimed)
), events AS (
  INSERT INTO workflow_runtime_events
    (tenant, event_id, event_name, origin, source, correlation_key, payload, redacted_payload, payload_schema_ref,
     schema_ref_conflict, schema_errors, created_at, processed_at, matched_run_id, matched_wait_id, matched_step_path,
     error_message, submitted_by, parent_event_id)
  SELECT CAST(:tenant AS uuid), k.event_id, k.event_name, :origin, k.source, k.correlation_key,
         coalesce(k.payload, 'null'), coalesce(k.redacted_payload, k.payload, 'null'), k.payload_schema_ref,
         k.schema_ref_conflict, k.schema_errors, CAST(:created_at AS timestamptz), clock_timestamp(),
         k.matched_run_id, k.matched_wait_id, k.matched_step_path, k.error_message, CAST(:submitted_by AS uuid), CAST(:parent_event_id AS uuid)
  FROM kept k
), traces AS (
  INSERT INTO workflow_event_matches
    (tenant, event_id, match_no, workflow_id, workflow_version, outcome, reason, detail, run_id, wait_id)
  SELECT CAST(:tenant AS uuid), k.event_id, m.match_no, m.workflow_id, m.workflow_version, m.outcome, m.reason,
         m.detail, m.run_id, m.wait_id
  FROM kept k CROSS JOIN LATERAL jsonb_to_recordset(k.matches) AS m(
    match_no smallint, workflow_id uuid, workflow_version int, outcome text, reason text, detail jsonb, run_id uuid,
    wait_id uuid)
)
SELECT event_id FROM kept

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
