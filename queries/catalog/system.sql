-- name: upsert
-- Bring the system catalog to what the files say; entries that did not change are not written.
INSERT INTO system_event_catalog
  (event_type, name, description, category, status, payload_schema_ref, correlation_paths, example)
SELECT e.event_type, e.name, e.description, e.category, e.status, e.payload_schema_ref, e.correlation_paths,
       e.example
FROM json_to_recordset(CAST(:events AS json)) AS e(
  event_type text, name text, description text, category text, status text, payload_schema_ref text,
  correlation_paths text[], example json)
ON CONFLICT (event_type) DO UPDATE SET
  name = excluded.name, description = excluded.description, category = excluded.category,
  status = excluded.status, payload_schema_ref = excluded.payload_schema_ref,
  correlation_paths = excluded.correlation_paths, example = excluded.example, updated_at = app_now()
WHERE (system_event_catalog.name, system_event_catalog.description, system_event_catalog.category,
       system_event_catalog.status, system_event_catalog.payload_schema_ref,
       system_event_catalog.correlation_paths, CAST(system_event_catalog.example AS jsonb))
  IS DISTINCT FROM
      (excluded.name, excluded.description, excluded.category, excluded.status, excluded.payload_schema_ref,
       excluded.correlation_paths, CAST(excluded.example AS jsonb))
