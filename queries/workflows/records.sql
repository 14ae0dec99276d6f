-- name: attached
-- Published workflows whose trigger is this event, system ones first.
SELECT workflow_id, name, description, published_version AS version, status, is_system, is_paused
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND status = 'published' AND trigger ->> 'eventName' = :event_type
ORDER BY is_system DESC, name, workflow_id

-- name: get
-- One workflow with its draft, and whether the draft says something that is not published: compared as text, in
-- which 1 and 1.0 differ.
SELECT d.workflow_id, d.name, d.description, d.status, CAST(d.trigger AS text) AS trigger, d.payload_schema_ref,
       CAST(d.draft_definition AS text) AS draft, d.draft_version, d.published_version, d.is_system, d.is_paused,
       d.created_at, c.name AS created_by, d.updated_at, u.name AS updated_by, e.name AS draft_updated_by,
       p.name AS published_by, d.validated_at, d.validation_status = 'unchecked' AS changed_since_validated,
       v.version_id IS NULL
         OR CAST(d.draft_definition - 'version' AS text) <> CAST(v.definition_json - 'version' AS text) AS draft_differs
FROM workflow_definitions d
LEFT JOIN workflow_definition_versions v
  ON v.tenant = d.tenant AND v.workflow_id = d.workflow_id AND v.version = d.published_version
LEFT JOIN users c ON c.user_id = d.created_by
LEFT JOIN users u ON u.user_id = d.updated_by
LEFT JOIN users e ON e.user_id = d.draft_updated_by
LEFT JOIN users p ON p.user_id = v.published_by
WHERE d.tenant = CAST(:tenant AS uuid) AND d.workflow_id = CAST(:workflow_id AS uuid)

-- name: lock
-- Keep everyone else from changing this workflow until the transaction ends; no row when there is none.
SELECT workflow_id FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND workflow_id = CAST(:workflow_id AS uuid)
FOR UPDATE

-- name: list
-- One page of the workflows that match, with the number of all that do and how the latest runs of each went.
WITH found AS (
  SELECT d.workflow_id, d.name, d.description, d.status, d.published_version, d.is_system, d.is_paused, d.updated_at,
         CASE WHEN d.published_version IS NULL THEN d.draft_definition -> 'trigger' ->> 'eventName'
              ELSE d.trigger ->> 'eventName' END AS event_type,
         d.tenant, d.draft_definition
  FROM workflow_definitions d
  WHERE d.tenant = CAST(:tenant AS uuid)
), matching AS (
  SELECT * FROM found
  WHERE (CASE WHEN CAST(:status AS text) IS NULL THEN status <> 'archived' ELSE status = CAST(:status AS text) END)
    AND (CAST(:event_type AS text) IS NULL OR event_type = CAST(:event_type AS text))
    AND (CAST(:is_system AS boolean) IS NULL OR is_system = CAST(:is_system AS boolean))
    AND (CAST(:is_paused AS boolean) IS NULL OR is_paused = CAST(:is_paused AS boolean))
    AND (CAST(:search AS text) = '' OR strpos(lower(concat_ws(' ', name, description, event_type)),
                                              lower(CAST(:search AS text))) > 0)
), page AS (
  SELECT *, count(*) OVER () AS total FROM matching
  ORDER BY lower(name), workflow_id
  OFFSET CAST(:offset AS int) LIMIT CAST(:size AS int)
)
SELECT p.workflow_id, p.name, p.description, p.status, p.published_version AS version, p.is_system, p.is_paused,
       p.updated_at, p.event_type, p.total, runs.last_run_at, runs.runs, runs.succeeded, runs.failed, runs.open,
       v.version_id IS NULL
         OR CAST(p.draft_definition - 'version' AS text) <> CAST(v.definition_json - 'version' AS text) AS draft_differs
FROM page p
LEFT JOIN workflow_definition_versions v
  ON v.tenant = p.tenant AND v.workflow_id = p.workflow_id AND v.version = p.published_version
CROSS JOIN LATERAL (
  SELECT max(r.triggered_at) AS last_run_at, count(*) AS runs,
         count(*) FILTER (WHERE r.status = 'SUCCEEDED') AS succeeded,
         count(*) FILTER (WHERE r.status = 'FAILED') AS failed,
         count(*) FILTER (WHERE r.status IN ('QUEUED', 'RUNNING', 'WAITING')) AS open
  FROM (
    SELECT status, triggered_at FROM workflow_runs
    WHERE tenant = p.tenant AND workflow_id = p.workflow_id
    ORDER BY triggered_at DESC, run_id DESC LIMIT CAST(:latest_runs AS int)
  ) r
) runs
ORDER BY lower(p.name), p.workflow_id

-- name: choices
-- Every workflow by name, for choosing one.
SELECT workflow_id, name, status, is_system, draft_version,
       coalesce(trigger ->> 'eventName', draft_definition -> 'trigger' ->> 'eventName') AS event_type
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND status <> 'archived'
ORDER BY lower(name), workflow_id
LIMIT 1000

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
