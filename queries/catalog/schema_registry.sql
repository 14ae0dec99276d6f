-- name: register_system
-- Add the system schemas that are not there yet; existing refs stay as they are.
INSERT INTO system_payload_schemas (schema_ref, schema)
SELECT key, value FROM json_each(CAST(:schemas AS json))
ON CONFLICT (schema_ref) DO NOTHING

-- name: differing_system
-- Refs whose registered schema is not the one given.
SELECT s.schema_ref
FROM json_each(CAST(:schemas AS json)) given JOIN system_payload_schemas s ON s.schema_ref = given.key
WHERE CAST(s.schema AS jsonb) <> CAST(given.value AS jsonb)
ORDER BY s.schema_ref

-- name: schema
-- One schema by ref, as this tenant sees it.
SELECT schema FROM registered_schemas WHERE tenant = CAST(:tenant AS uuid) AND schema_ref = :ref

-- name: refs
-- Every ref that this tenant's registry knows.
SELECT schema_ref FROM registered_schemas WHERE tenant = CAST(:tenant AS uuid) ORDER BY schema_ref

-- name: some_refs
-- The refs that match, those that belong to one event only if they are asked for, and no more of them than that.
SELECT schema_ref FROM registered_schemas
WHERE tenant = CAST(:tenant AS uuid) AND search_text LIKE ALL (CAST(:patterns AS text[]))
  AND (CAST(:with_inline AS boolean) OR inline_of IS NULL)
ORDER BY schema_ref
LIMIT CAST(:most AS bigint)

-- name: of_system
-- Which of these families the system has.
SELECT DISTINCT family FROM system_payload_schemas WHERE family = ANY(CAST(:families AS text[]))

-- name: register
-- Add a tenant's schemas that are not there yet; existing refs stay as they are.
INSERT INTO payload_schemas (tenant, schema_ref, schema, inline_of, created_by)
SELECT CAST(:tenant AS uuid), key, value, CAST(:inline_of AS text), CAST(:user_id AS uuid)
FROM json_each(CAST(:schemas AS json))
ON CONFLICT (tenant, schema_ref) DO NOTHING
RETURNING schema_ref

-- name: differing
-- Refs under which this tenant sees another schema than the one given, or whose schema is of another event.
SELECT r.schema_ref
FROM json_each(CAST(:schemas AS json)) given
JOIN registered_schemas r ON r.tenant = CAST(:tenant AS uuid) AND r.schema_ref = given.key
WHERE CAST(r.schema AS jsonb) <> CAST(given.value AS jsonb) OR r.inline_of IS DISTINCT FROM CAST(:inline_of AS text)
ORDER BY r.schema_ref

-- name: in_order
-- One page of the families while nothing is narrowed, with the number of all. Own ones are read in the order of their
-- index, and no further than the page.
WITH own AS (
  SELECT DISTINCT family COLLATE "C" AS family
  FROM payload_schemas
  WHERE tenant = CAST(:tenant AS uuid)
  ORDER BY family COLLATE "C"
  LIMIT CAST(:offset AS bigint) + CAST(:size AS bigint)
), of_system AS (
  SELECT DISTINCT family COLLATE "C" AS family
  FROM registered_schemas
  WHERE tenant = CAST(:tenant AS uuid) AND source = 'system'
)
SELECT f.family, CAST(NULL AS int) AS version,
       (SELECT count(DISTINCT family COLLATE "C") FROM payload_schemas WHERE tenant = CAST(:tenant AS uuid))
       + (SELECT count(*) FROM of_system s
          WHERE NOT EXISTS (SELECT FROM payload_schemas p
                            WHERE p.tenant = CAST(:tenant AS uuid) AND p.family COLLATE "C" = s.family)) AS total
FROM (SELECT family FROM own UNION SELECT family FROM of_system) f
ORDER BY f.family
OFFSET CAST(:offset AS bigint) LIMIT CAST(:size AS bigint)

-- name: narrowed
-- One page of the families that match, with the number of all that do, and of each its newest version that matches.
WITH matching AS (
  SELECT family COLLATE "C" AS family, version,
         CASE WHEN CAST(:field AS text) = '' THEN 0
              WHEN strpos(field_names, E'\n' || :field || E'\n') > 0 THEN 1 ELSE 2 END AS rank
  FROM registered_schemas
  WHERE tenant = CAST(:tenant AS uuid)
    AND (CAST(:kind AS text) IS NULL OR CASE WHEN inline_of IS NULL THEN source ELSE 'event' END = :kind)
    AND search_text LIKE ALL (CAST(:patterns AS text[]))
    AND (CAST(:field AS text) = '' OR strpos(field_names, :field) > 0)
), found AS MATERIALIZED (
  SELECT family, max(coalesce(version, -1)) AS version, min(rank) AS rank FROM matching GROUP BY family
)
SELECT family, version, (SELECT count(*) FROM found) AS total
FROM found
ORDER BY rank, family
OFFSET CAST(:offset AS bigint) LIMIT CAST(:size AS bigint)

-- name: newest
-- Of each of these families the newest schema, or the one of the version that is asked for, and how many there are.
WITH asked AS (
  SELECT family, version FROM unnest(CAST(:families AS text[]), CAST(:versions AS int[])) AS a(family, version)
), known AS (
  SELECT family, schema_ref, version, source, inline_of, count(*) OVER (PARTITION BY family) AS versions
  FROM registered_schemas
  WHERE tenant = CAST(:tenant AS uuid) AND family = ANY (CAST(:families AS text[]))
)
SELECT DISTINCT ON (k.family) k.family, k.schema_ref AS newest, k.version, k.source, k.inline_of, k.versions
FROM known k JOIN asked a ON a.family = k.family
WHERE a.version IS NULL OR coalesce(k.version, -1) = a.version
ORDER BY k.family, coalesce(k.version, -1) DESC, k.schema_ref

-- name: versions
-- Every schema of a family, newest first.
SELECT r.schema_ref, r.version, r.source, r.inline_of, r.created_at, u.name AS created_by
FROM registered_schemas r LEFT JOIN users u ON u.user_id = r.created_by
WHERE r.tenant = CAST(:tenant AS uuid) AND r.family = :family
ORDER BY r.version DESC NULLS LAST, r.schema_ref

-- name: texts
-- Schemas by ref as they were written, in which numbers are as they were given.
SELECT schema_ref, CAST(schema AS text) AS schema FROM registered_schemas
WHERE tenant = CAST(:tenant AS uuid) AND schema_ref = ANY(CAST(:refs AS text[]))

-- name: events_with
-- The events whose payloads have one of these schemas.
SELECT payload_schema_ref AS schema_ref, event_type, name FROM catalog_entries
WHERE tenant = CAST(:tenant AS uuid) AND payload_schema_ref = ANY(CAST(:refs AS text[]))
ORDER BY name, event_type

-- name: workflows_with
-- The workflows whose published version, or draft if there is none, takes one of these schemas or maps from it.
WITH named AS (
  SELECT workflow_id, name, status, payload_schema_ref AS takes,
         coalesce(trigger, CAST(draft_definition -> 'trigger' AS jsonb)) ->> 'sourcePayloadSchemaRef' AS reads
  FROM workflow_definitions
  WHERE tenant = CAST(:tenant AS uuid) AND status <> 'archived'
)
SELECT used.schema_ref, w.workflow_id, w.name, w.status, used.role
FROM named w
CROSS JOIN LATERAL (VALUES (w.takes, 'payload'), (w.reads, 'trigger')) AS used(schema_ref, role)
WHERE used.schema_ref = ANY(CAST(:refs AS text[]))
ORDER BY lower(w.name), w.workflow_id, used.role
