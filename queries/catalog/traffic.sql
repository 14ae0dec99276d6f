-- name: attached
-- How many published workflows react to each type that has some.
SELECT trigger ->> 'eventName' AS event_type, count(*) AS workflows
FROM workflow_definitions
WHERE tenant = CAST(:tenant AS uuid) AND status = 'published' AND trigger ->> 'eventName' IS NOT NULL
GROUP BY 1
ORDER BY 1

-- name: skipped
-- Why live events of types with a published workflow started nothing although a workflow was looked at, by the first
-- reason of each. At most so many events are looked at.
WITH looked_at AS MATERIALIZED (
  SELECT e.event_id
  FROM workflow_runtime_events e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_name = ANY (CAST(:attached AS text[]))
    AND e.created_at >= CAST(:since AS timestamptz) AND e.created_at < CAST(:until AS timestamptz)
    AND e.origin = 'live' AND e.outcome = 0
  LIMIT CAST(:most AS bigint)
), reasons AS (
  SELECT l.event_id, min(m.reason) AS reason
  FROM looked_at l
  JOIN workflow_event_matches m ON m.tenant = CAST(:tenant AS uuid) AND m.event_id = l.event_id
  WHERE m.outcome = 'skipped' AND m.workflow_id IS NOT NULL
  GROUP BY l.event_id
)
SELECT reason, count(*) AS events FROM reasons GROUP BY reason ORDER BY events DESC, reason
