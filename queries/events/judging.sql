-- name: facts
-- All that events are decided on, one row for each kind of event (its type, and the schema ref that its sender names),
-- with ids for the events of that kind: the catalog entry, the schema, the fields that are redacted, the published
-- workflows that it triggers (or the one asked for), whether runs wait for it, and whether any source or id of the
-- tenant is kept as a digest. And whether the token that sends them, if one does, still may send events, and those; it
-- stays so until the transaction ends. Where that was waited for, all else is as it was before the wait.
SELECT ARRAY(SELECT app_uuidv7() FROM generate_series(1, k.events)) AS event_ids, app_now() AS created_at,
       t.waited, t.may_send, t.event_types IS NULL OR k.event_type = ANY (t.event_types) AS is_allowed,
       e.event_type IS NOT NULL AS is_known, e.payload_schema_ref, e.correlation_paths,
       CAST(coalesce(CASE WHEN k.schema_ref IS NULL OR k.schema_ref = e.payload_schema_ref THEN e.payload_schema END,
                     r.schema) AS text) AS schema,
       ARRAY(SELECT unnest(f.pointers) FROM redacted_fields f
             WHERE f.tenant = CAST(:tenant AS uuid) AND f.event_type IN ('*', k.event_type)) AS redacted_fields,
       EXISTS (SELECT FROM workflow_run_waits t
               WHERE t.tenant = CAST(:tenant AS uuid) AND t.status = 'WAITING' AND t.event_name = k.event_type
                 AND t.wait_type = 'event') AS has_waits,
       -- In any collation these two stand around all digests, and nearly nothing else.
       EXISTS (SELECT FROM event_submissions s
               WHERE s.tenant = CAST(:tenant AS uuid) AND s.submission_id BETWEEN 'redacted:a' AND 'redacted:q')
         OR EXISTS (SELECT FROM event_submissions s
                    WHERE s.tenant = CAST(:tenant AS uuid) AND s.source BETWEEN 'redacted:a' AND 'redacted:q')
         AS has_digests,
       c.candidates
FROM app_hold_token(CAST(:tenant AS uuid), CAST(:token_id AS uuid), false) t
CROSS JOIN unnest(CAST(:event_types AS text[]), CAST(:schema_refs AS text[]), CAST(:counts AS int[]))
     WITH ORDINALITY AS k(event_type, schema_ref, events, number)
LEFT JOIN LATERAL (
  SELECT e.event_type, e.payload_schema_ref, e.payload_schema, e.correlation_paths FROM catalog_entries e
  WHERE e.tenant = CAST(:tenant AS uuid) AND e.event_type = k.event_type
  LIMIT 1
) e ON true
LEFT JOIN LATERAL (
  SELECT r.schema FROM registered_schemas r
  -- Not by coalesce: PostgreSQL does not take that for leakproof, so it would read every row that the tenant may see.
  WHERE r.tenant = CAST(:tenant AS uuid)
    AND r.schema_ref = CASE WHEN k.schema_ref IS NULL THEN e.payload_schema_ref ELSE k.schema_ref END
  LIMIT 1
) r ON true
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(json_build_object(
           'workflow_id', w.workflow_id, 'name', w.name, 'is_paused', w.is_paused, 'version', v.version,
           'definition', CAST(v.definition_json AS text),
           'schema', CAST(coalesce(v.payload_schema_json, s.schema) AS text)
         ) ORDER BY w.name, w.workflow_id), '[]') AS candidates
  FROM workflow_definitions w
  JOIN workflow_definition_versions v
    ON v.tenant = w.tenant AND v.workflow_id = w.workflow_id AND v.version = w.published_version
  LEFT JOIN LATERAL (
    SELECT s.schema FROM registered_schemas s
    WHERE s.tenant = CAST(:tenant AS uuid) AND s.schema_ref = v.definition_json ->> 'payloadSchemaRef'
    LIMIT 1
  ) s ON true
  WHERE w.tenant = CAST(:tenant AS uuid) AND w.status = 'published' AND w.trigger ->> 'eventName' = k.event_type
    AND (CAST(:only_workflow AS uuid) IS NULL OR w.workflow_id = CAST(:only_workflow AS uuid))
) c
ORDER BY k.number
