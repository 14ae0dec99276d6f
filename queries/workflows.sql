-- name: attached
-- Published workflows whose trigger is this event, system ones first.
SELECT workflow_id, name, description, published_version AS version, status, is_system, is_paused
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND status = 'published' AND trigger ->> 'eventName' = :event_type
ORDER BY is_system DESC, name, workflow_id
