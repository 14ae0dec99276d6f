-- name: open_waits
-- Waits that events of these types with these keys end, oldest first. A wait keeps a secret key as its digest, and may
-- know of a secret what the event does not, or the other way round: so either will do.
SELECT k.number, t.wait_id, t.run_id, t.step_path, r.workflow_id, r.workflow_version, w.name
FROM unnest(CAST(:event_types AS text[]), CAST(:keys AS text[])) WITH ORDINALITY AS k(event_name, key, number)
JOIN workflow_run_waits t
  ON t.tenant = CAST(:tenant AS uuid) AND t.status = 'WAITING' AND t.wait_type = 'event'
 AND t.event_name = k.event_name AND t.key IN (k.key, app_own_key_digest(k.key))
JOIN workflow_runs r ON r.tenant = t.tenant AND r.run_id = t.run_id
JOIN workflow_definitions w ON w.tenant = r.tenant AND w.workflow_id = r.workflow_id
ORDER BY k.number, t.created_at, t.wait_id

-- name: add_runs
-- Queued runs of workflows, started by events.
INSERT INTO workflow_runs
  (tenant, run_id, workflow_id, workflow_version, event_type, trigger_event_id, triggered_at, event_at,
   origin, correlation_key, trigger_mapping_applied, source_payload_schema_ref, input_json, redacted_input_json)
SELECT CAST(:tenant AS uuid), r.run_id, r.workflow_id, r.version, r.event_name, r.event_id,
       CAST(:created_at AS timestamptz), CAST(:event_at AS timestamptz), :origin, r.correlation_key, r.mapped, r.schema_ref,
       coalesce(r.input, 'null'), coalesce(r.redacted_input, 'null')
FROM jsonb_to_recordset(CAST(:runs AS jsonb)) AS r(
  run_id uuid, workflow_id uuid, version int, event_name text, event_id uuid, correlation_key text, mapped boolean,
  schema_ref text, input jsonb, redacted_input jsonb)
