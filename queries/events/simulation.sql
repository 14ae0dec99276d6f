-- name: last_payload
-- The most recent event of this type, as people may see it.
SELECT CAST(redacted_payload AS text) AS payload, created_at, origin
FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_name = :event_type
ORDER BY created_at DESC, event_id DESC
LIMIT 1

-- name: payload_of
-- One event's type and payload, as people may see it.
SELECT event_name, CAST(redacted_payload AS text) AS payload, created_at, origin
FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)
