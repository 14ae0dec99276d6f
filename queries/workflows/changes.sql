-- name: lock
-- Keep everyone else from changing this workflow until the transaction ends; no row when there is none.
SELECT workflow_id FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
FOR UPDATE

-- name: add
-- A draft that was never published.
INSERT INTO workflow_definitions
  (tenant, workflow_id, name, description, payload_schema_ref, draft_definition, created_by, updated_by,
   draft_updated_by)
VALUES (CAST(:tenant AS uuid), CAST(:workflow_id AS uuid), :name, :description, CAST(:payload_schema_ref AS text),
        CAST(:draft AS jsonb), CAST(:user_id AS uuid), CAST(:user_id AS uuid), CAST(:user_id AS uuid))

-- name: save_draft
-- The draft as edited. What lists show follows it only as long as nothing is published.
UPDATE workflow_definitions SET
  draft_definition = CAST(:draft AS jsonb), draft_version = draft_version + 1,
  name = CASE WHEN published_version IS NULL THEN CAST(:name AS text) ELSE name END,
  description = CASE WHEN published_version IS NULL THEN CAST(:description AS text) ELSE description END,
  payload_schema_ref = CASE WHEN published_version IS NULL THEN CAST(:payload_schema_ref AS text)
                            ELSE payload_schema_ref END,
  validation_status = 'unchecked', updated_by = CAST(:user_id AS uuid), updated_at = app_now(),
  draft_updated_by = CAST(:user_id AS uuid)
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
RETURNING draft_version

-- name: delete_draft
-- The draft as the latest published version, which was valid when it was published.
UPDATE workflow_definitions d SET
  draft_definition = v.definition_json - 'version', draft_version = d.draft_version + 1,
  validation_status = 'valid', updated_by = CAST(:user_id AS uuid), updated_at = app_now(),
  draft_updated_by = CAST(:user_id AS uuid)
FROM workflow_definition_versions v
WHERE d.tenant = CAST(:tenant AS uuid) AND d.workflow_id = CAST(:workflow_id AS uuid)
  AND v.tenant = d.tenant AND v.workflow_id = d.workflow_id AND v.version = d.published_version
RETURNING d.draft_version

-- name: set_paused
-- Let the workflow start runs, or not.
UPDATE workflow_definitions
SET is_paused = CAST(:is_paused AS boolean), updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
RETURNING workflow_id

-- name: set_status
-- Archive the workflow, or bring it back.
UPDATE workflow_definitions
SET status = CAST(:status AS text), updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
RETURNING workflow_id

-- name: end_backfill
-- End the running backfill of a workflow; what was replayed stays.
UPDATE workflow_backfills SET status = 'canceled', ended_because = :reason
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid) AND status = 'running'
RETURNING backfill_id
