-- name: of_event
-- What the tenant has redacted in an event type, and in every one.
SELECT f.event_type, f.pointers, f.updated_at, u.name AS updated_by
FROM redacted_fields f
LEFT JOIN users u ON u.user_id = f.updated_by
WHERE f.tenant = CAST(:tenant AS uuid) AND f.event_type IN (:event_type, '*')
ORDER BY f.updated_at

-- name: by_event
-- What the tenant has redacted, for each event type and in every one.
SELECT f.event_type, f.pointers, f.updated_at, u.name AS updated_by
FROM redacted_fields f
LEFT JOIN users u ON u.user_id = f.updated_by
WHERE f.tenant = CAST(:tenant AS uuid) AND cardinality(f.pointers) > 0
ORDER BY f.event_type

-- name: lock
-- What was redacted until now; nobody else changes it before this transaction ends.
SELECT pointers FROM redacted_fields
WHERE tenant = CAST(:tenant AS uuid) AND event_type = :event_type
FOR UPDATE

-- name: change
-- Redact these fields from now on; no row if others are redacted than those before.
INSERT INTO redacted_fields (tenant, event_type, pointers, updated_by)
VALUES (CAST(:tenant AS uuid), :event_type, CAST(:pointers AS text[]), CAST(:user_id AS uuid))
ON CONFLICT (tenant, event_type) DO UPDATE
SET pointers = excluded.pointers, updated_by = excluded.updated_by, updated_at = app_now()
WHERE redacted_fields.pointers = CAST(:before AS text[])
RETURNING event_type
