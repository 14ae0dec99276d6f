-- name: get
-- The tenant's own entry of a type.
SELECT e.event_id, e.event_type, e.name, e.description, e.category, e.status, e.owner, e.tags, e.correlation_paths,
       CAST(e.example AS text) AS example, e.payload_schema_ref,
       EXISTS (SELECT FROM payload_schemas p
               WHERE p.tenant = e.tenant AND p.schema_ref = e.payload_schema_ref
                 AND p.inline_of = e.event_type) AS is_inline,
       e.payload_schema IS NOT NULL AS holds_schema, e.version, e.updated_at, u.name AS updated_by,
       EXISTS (SELECT FROM system_event_catalog s WHERE s.event_type = e.event_type) AS overrides
FROM event_catalog e
LEFT JOIN users u ON u.user_id = coalesce(e.updated_by, e.created_by)
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = :event_type AND e.deleted_at IS NULL

-- name: lock
-- Nobody else changes this entry before this transaction ends.
SELECT FROM event_catalog
WHERE tenant = CAST(:tenant AS uuid) AND event_type = :event_type AND deleted_at IS NULL
FOR UPDATE

-- name: deleted
-- The latest deleted entry of a type that has no other entry of the tenant's own by now.
SELECT e.event_type, e.name, e.deleted_at, u.name AS deleted_by
FROM event_catalog e
LEFT JOIN users u ON u.user_id = e.updated_by
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = :event_type
  AND e.deleted_at > CAST(:since AS timestamptz)
  AND NOT EXISTS (SELECT FROM event_catalog now
                  WHERE now.tenant = e.tenant AND now.event_type = e.event_type AND now.deleted_at IS NULL)
ORDER BY e.deleted_at DESC
LIMIT 1

-- name: inline_of
-- The event that a schema belongs to alone.
SELECT inline_of FROM registered_schemas WHERE tenant = CAST(:tenant AS uuid) AND schema_ref = :ref

-- name: schema_text
-- One schema by ref, as it was written.
SELECT CAST(schema AS text) FROM registered_schemas WHERE tenant = CAST(:tenant AS uuid) AND schema_ref = :ref

-- name: inline_versions
-- The number of the latest inline schema of an event, 0 before the first.
SELECT coalesce(max(CAST(substring(schema_ref FROM '[.]v([0-9]{1,9})$') AS int)), 0)
FROM payload_schemas
WHERE tenant = CAST(:tenant AS uuid) AND inline_of = :event_type

-- name: add_inline_schema
-- The inline schema of an event.
INSERT INTO payload_schemas (tenant, schema_ref, schema, inline_of, created_by)
VALUES (CAST(:tenant AS uuid), :ref, CAST(:schema AS json), :event_type, CAST(:user_id AS uuid))

-- name: add
-- A new entry.
INSERT INTO event_catalog
  (tenant, event_type, name, description, category, status, owner, tags, correlation_paths, example,
   payload_schema_ref, created_by, updated_by)
VALUES
  (CAST(:tenant AS uuid), :event_type, :name, :description, :category, :status, :owner, CAST(:tags AS text[]),
   CAST(:correlation_paths AS text[]), CAST(:example AS json), :payload_schema_ref, CAST(:user_id AS uuid),
   CAST(:user_id AS uuid))

-- name: put
-- What an entry says from now on. A schema that an old row holds itself gives way to what is named now.
UPDATE event_catalog
SET name = :name, description = :description, category = :category, status = :status, owner = :owner,
    tags = CAST(:tags AS text[]), correlation_paths = CAST(:correlation_paths AS text[]),
    example = CAST(:example AS json), payload_schema_ref = :payload_schema_ref, payload_schema = NULL,
    version = version + 1, updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)
RETURNING version

-- name: set_status
-- Another status.
UPDATE event_catalog
SET status = :status, version = version + 1, updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)
RETURNING version

-- name: delete
-- Seen by nobody from now on.
UPDATE event_catalog
SET deleted_at = app_now(), version = version + 1, updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)

-- name: bring_back
-- The entry of this type that was deleted last is seen again.
UPDATE event_catalog
SET deleted_at = NULL, version = version + 1, updated_by = CAST(:user_id AS uuid), updated_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND event_id = (
  SELECT event_id FROM event_catalog
  WHERE tenant = CAST(:tenant AS uuid) AND event_type = :event_type AND deleted_at > CAST(:since AS timestamptz)
  ORDER BY deleted_at DESC, event_id DESC
  LIMIT 1)
RETURNING event_id

-- name: remove_deleted
-- What was deleted long ago is gone.
DELETE FROM event_catalog WHERE deleted_at <= CAST(:before AS timestamptz)
