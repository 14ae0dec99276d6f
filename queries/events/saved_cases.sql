-- name: of_event
-- The saved test cases of an event, by name.
SELECT c.case_id, c.event_type, c.name, CAST(c.payload AS text) AS payload, c.correlation_key, c.schema_ref,
       c.expected_workflows, u.name AS created_by, c.updated_at
FROM event_test_cases c
LEFT JOIN users u ON u.user_id = c.created_by
WHERE c.tenant = CAST(:tenant AS uuid) AND c.event_type = :event_type
ORDER BY lower(c.name), c.case_id

-- name: save
-- Keep a test case under its name, in place of that one as it was last saved; no row if another has the name.
INSERT INTO event_test_cases
  (tenant, event_type, name, payload, correlation_key, schema_ref, expected_workflows, created_by)
VALUES
  (CAST(:tenant AS uuid), :event_type, :name, CAST(:payload AS json), CAST(:correlation_key AS text),
   CAST(:schema_ref AS text), CAST(:expected_workflows AS uuid[]), CAST(:user_id AS uuid))
ON CONFLICT (tenant, event_type, name) DO UPDATE SET
  payload = excluded.payload, correlation_key = excluded.correlation_key,
  schema_ref = excluded.schema_ref, expected_workflows = excluded.expected_workflows, updated_at = app_now()
WHERE event_test_cases.case_id = CAST(:replaces AS uuid)
  AND event_test_cases.updated_at = CAST(:last_saved AS timestamptz)
RETURNING case_id

-- name: delete
-- Forget a test case.
DELETE FROM event_test_cases
WHERE tenant = CAST(:tenant AS uuid) AND case_id = CAST(:case_id AS uuid)
RETURNING event_type, name
