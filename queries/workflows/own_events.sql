-- name: awaited
-- Which published workflows have a step that waits for an event, and how many runs wait for it now.
SELECT ARRAY(
         SELECT w.name FROM workflow_definitions w
         JOIN workflow_definition_versions v
           ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
         WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published'
           AND jsonb_path_exists(v.definition_json, '$.steps.**.config.eventName ? (@ == $type)',
                                 jsonb_build_object('type', CAST(:event_type AS text)))
         ORDER BY w.name, w.workflow_id) AS awaited_by,
       (SELECT count(*) FROM workflow_run_waits t
        WHERE t.tenant = CAST(:tenant AS uuid) AND t.status = 'WAITING' AND t.event_name = :event_type
          AND t.wait_type = 'event') AS waiting_runs

-- name: overridden
-- What the system's event of a type carries, which a tenant's own one takes the place of.
SELECT e.payload_schema_ref, CAST(coalesce(e.payload_schema, r.schema) AS text) AS schema
FROM system_event_catalog e
LEFT JOIN LATERAL (
  SELECT r.schema FROM registered_schemas r
  WHERE r.tenant = CAST(:tenant AS uuid) AND r.schema_ref = e.payload_schema_ref
  LIMIT 1
) r ON true
WHERE e.event_type = :event_type
