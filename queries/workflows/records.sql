-- name: attached
-- Published workflows whose trigger is this event, system ones first.
SELECT workflow_id, name, description, published_version AS version, status, is_system, is_paused
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND status = 'published' AND trigger ->> 'eventName' = :event_type
ORDER BY is_system DESC, name, workflow_id

-- name: ever_attached
-- Workflows of which any version has this event as its trigger, each found by one step in the index.
WITH RECURSIVE found AS (
  (SELECT v.workflow_id FROM workflow_definition_versions v
   WHERE v.tenant = CAST(:tenant AS uuid) AND v.definition_json -> 'trigger' ->> 'eventName' = :event_type
   ORDER BY v.workflow_id LIMIT 1)
  UNION ALL
  SELECT (SELECT v.workflow_id FROM workflow_definition_versions v
          WHERE v.tenant = CAST(:tenant AS uuid) AND v.definition_json -> 'trigger' ->> 'eventName' = :event_type
            AND v.workflow_id > f.workflow_id
          ORDER BY v.workflow_id LIMIT 1)
  FROM found f
  WHERE f.workflow_id IS NOT NULL
)
SELECT workflow_id FROM found WHERE workflow_id IS NOT NULL LIMIT :most

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

-- name: changed_lately
-- The workflows that were changed last, for going on with one.
SELECT workflow_id, name, status, is_system, draft_version,
       coalesce(trigger ->> 'eventName', draft_definition -> 'trigger' ->> 'eventName') AS event_type
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND status <> 'archived'
ORDER BY updated_at DESC, workflow_id
LIMIT CAST(:most AS int)
