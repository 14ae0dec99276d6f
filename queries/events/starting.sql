-- name: event_type
-- The type of an event, if there is one.
SELECT event_name FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)

-- name: hold
-- An event in error with its raw payload, which nobody else starts until the transaction ends; no row when it is none.
SELECT event_name, created_at, origin, payload, correlation_key, payload_schema_ref
FROM app_event_to_start(CAST(:tenant AS uuid), CAST(:event_id AS uuid))

-- name: failed
-- The workflows that an event could not start and the waits that it could not end, whatever was tried last for each.
-- Matches of earlier releases name no wait that could not be ended, only its step: no workflow is started for those.
SELECT workflow_id, wait_id FROM (
  SELECT DISTINCT ON (m.workflow_id, m.wait_id) m.workflow_id, m.wait_id, m.outcome
  FROM workflow_event_matches m
  WHERE m.tenant = CAST(:tenant AS uuid) AND m.event_id = CAST(:event_id AS uuid) AND m.workflow_id IS NOT NULL
    AND (m.wait_id IS NOT NULL OR m.detail -> 'stepPath' IS NULL)
  ORDER BY m.workflow_id, m.wait_id, m.match_no DESC
) latest
WHERE outcome = 'failed'

-- name: add_matches
-- What came of candidates that were tried again, after what came of them before.
INSERT INTO workflow_event_matches
  (tenant, event_id, match_no, workflow_id, workflow_version, outcome, reason, detail, run_id, wait_id)
SELECT CAST(:tenant AS uuid), CAST(:event_id AS uuid), l.last + 1 + m.match_no, m.workflow_id, m.workflow_version,
       m.outcome, m.reason, m.detail, m.run_id, m.wait_id
FROM jsonb_to_recordset(CAST(:matches AS jsonb)) AS m(
  match_no smallint, workflow_id uuid, workflow_version int, outcome text, reason text, detail jsonb, run_id uuid,
  wait_id uuid)
CROSS JOIN (
  SELECT max(match_no) AS last FROM workflow_event_matches
  WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)
) l

-- name: settle
-- What an event is after it was tried again.
UPDATE workflow_runtime_events
SET processed_at = clock_timestamp(), matched_run_id = coalesce(matched_run_id, CAST(:run_id AS uuid)),
    matched_wait_id = coalesce(matched_wait_id, CAST(:wait_id AS uuid)), error_message = CAST(:error_message AS text)
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)
  AND created_at = CAST(:created_at AS timestamptz)
