-- name: claim_turns
-- Turns that this worker executes from now on, as DBOS keeps them: so many at most, and of each tenant so many at most
-- with those that it executes already. Tenants come in random order, so that none waits behind another's thousands.
WITH RECURSIVE waiting(tenant) AS (
  SELECT min(queue_partition_key) FROM dbos.workflow_status
  WHERE queue_name = 'runs' AND status = 'ENQUEUED' AND queue_partition_key IS NOT NULL
  UNION ALL
  SELECT (SELECT min(queue_partition_key) FROM dbos.workflow_status
          WHERE queue_name = 'runs' AND status = 'ENQUEUED' AND queue_partition_key > w.tenant)
  FROM waiting w WHERE w.tenant IS NOT NULL
), room AS (
  SELECT tenant, CAST(:of_a_tenant AS int) - coalesce(u.turns, 0) AS turns
  FROM waiting
  LEFT JOIN unnest(CAST(:tenants AS text[]), CAST(:turns AS int[])) AS u(tenant, turns) USING (tenant)
  WHERE tenant IS NOT NULL
  ORDER BY random()
), next AS MATERIALIZED (
  SELECT turn.workflow_uuid
  FROM room CROSS JOIN LATERAL (
    SELECT workflow_uuid FROM dbos.workflow_status
    WHERE queue_name = 'runs' AND status = 'ENQUEUED' AND queue_partition_key = room.tenant
    ORDER BY priority, created_at
    LIMIT greatest(room.turns, 0)
    FOR UPDATE SKIP LOCKED
  ) turn
  LIMIT CAST(:room AS int)
)
UPDATE dbos.workflow_status w
SET status = 'PENDING', executor_id = CAST(:executor_id AS text), owner_xid = CAST(:owner AS text),
    recovery_attempts = recovery_attempts + 1, rate_limited = false,
    started_at_epoch_ms = extract(epoch FROM now()) * 1000, updated_at = extract(epoch FROM now()) * 1000
FROM next
WHERE w.workflow_uuid = next.workflow_uuid
RETURNING w.workflow_uuid, w.status, w.name, w.class_name, w.config_name, w.authenticated_user, w.assumed_role,
          w.authenticated_roles, w.created_at, w.updated_at, w.queue_name, w.executor_id,
          w.application_version AS app_version, w.application_id AS app_id, w.recovery_attempts,
          w.workflow_timeout_ms, w.workflow_deadline_epoch_ms, w.deduplication_id, w.priority,
          coalesce((SELECT i.inputs FROM dbos.workflow_input i WHERE i.workflow_uuid = w.workflow_uuid), w.inputs)
            AS inputs,
          w.queue_partition_key, w.forked_from, w.parent_workflow_id, w.started_at_epoch_ms, w.serialization,
          w.delay_until_epoch_ms, w.attributes, w.schedule_name, w.debounce_deadline_epoch_ms, w.is_debounced,
          w.application_name, w.owner_xid, NULL AS shard_key
