-- name: examples
-- An example of each event of the system catalog.
SELECT event_type, CAST(example AS text) AS example FROM system_event_catalog ORDER BY event_type

-- name: any_tenant
-- A tenant, if there is one.
SELECT tenant FROM tenants ORDER BY tenant LIMIT 1
