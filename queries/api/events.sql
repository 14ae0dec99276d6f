-- name: sent
-- What an event was sent with, its payload redacted.
SELECT e.source, s.submission_id AS id, e.origin, e.processed_at, CAST(e.redacted_payload AS text) AS data
FROM workflow_runtime_events e
LEFT JOIN event_submissions s ON s.tenant = e.tenant AND s.event_id = e.event_id AND e.origin = 'live'
WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_id = CAST(:event_id AS uuid)
