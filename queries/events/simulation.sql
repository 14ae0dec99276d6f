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

-- name: lately
-- Event types that a person simulated last, latest first, among their latest acts of that kind.
SELECT event_type
FROM (
  SELECT detail ->> 'eventType' AS event_type, at
  FROM audit_logs
  WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND action = :action
  ORDER BY at DESC, audit_id DESC
  LIMIT :looked_at
) acts
GROUP BY event_type
ORDER BY max(at) DESC, event_type
LIMIT :most
