-- name: tenants
-- Tenants by name or id, or all of them.
SELECT tenant, name FROM tenants
WHERE CAST(:name AS text) IS NULL OR name = CAST(:name AS text)
   OR CAST(tenant AS text) = lower(CAST(:name AS text))
ORDER BY name, tenant

-- name: chain
-- A tenant's links in order, each with what it holds: the text of its row, as app_append_audit_link wrote it.
SELECT l.number, l.audit_id, l.hash, a.audit_id IS NOT NULL AS has_row,
       CAST(jsonb_build_array(
         l.number, a.tenant, a.audit_id, extract(epoch FROM a.at), a.user_id, a.email, a.action, a.target_type,
         a.target_id, a.detail, a.origin, a.address
       ) AS text) AS content
FROM audit_links l
LEFT JOIN audit_logs a ON a.tenant = l.tenant AND a.audit_id = l.audit_id
WHERE l.tenant = CAST(:tenant AS uuid)
ORDER BY l.number

-- name: unlinked
-- The earliest row of a tenant that no link holds.
SELECT a.audit_id FROM audit_logs a
WHERE a.tenant = CAST(:tenant AS uuid)
  AND NOT EXISTS (SELECT FROM audit_links l WHERE l.tenant = a.tenant AND l.audit_id = a.audit_id)
ORDER BY a.at, a.audit_id
LIMIT 1

-- name: ends
-- The last link of every tenant that has one.
SELECT t.tenant, l.number, encode(l.hash, 'hex') AS hash
FROM tenants t
CROSS JOIN LATERAL (
  SELECT number, hash FROM audit_links WHERE tenant = t.tenant ORDER BY number DESC LIMIT 1
) l
ORDER BY t.tenant
