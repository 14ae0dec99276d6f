-- name: envelope
-- What an event came with, its payload redacted.
SELECT source, origin, processed_at, CAST(redacted_payload AS text) AS data
FROM workflow_runtime_events
WHERE tenant = CAST(:tenant AS uuid) AND event_id = CAST(:event_id AS uuid)
