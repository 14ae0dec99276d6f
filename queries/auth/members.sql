-- name: list
-- The people of a tenant, admins first.
SELECT m.user_id, u.email, u.name, m.permission, m.added_at, a.name AS added_by
FROM memberships m
JOIN users u ON u.user_id = m.user_id
LEFT JOIN users a ON a.user_id = m.added_by
WHERE m.tenant = CAST(:tenant AS uuid)
ORDER BY array_position(ARRAY['admin', 'manage', 'read'], m.permission), u.name, m.user_id

-- name: admins
-- The name of a tenant, and who administers it.
SELECT t.name AS tenant_name,
       ARRAY(SELECT u.name FROM memberships m JOIN users u ON u.user_id = m.user_id
             WHERE m.tenant = t.tenant AND m.permission = 'admin' ORDER BY u.name, u.user_id) AS names
FROM tenants t WHERE t.tenant = CAST(:tenant AS uuid)

-- name: add
-- Let a person into the tenant, making them known first if they are new; NULL if they belong to it already.
SELECT app_add_member(:email, :name, :permission, CAST(:by AS uuid))

-- name: is_tenant_name
-- Whether a tenant is called so, in any case.
SELECT EXISTS (SELECT FROM tenants WHERE lower(name) = lower(:name))

-- name: hold_admins
-- Who administers the tenant. Whoever else asks waits until this transaction ends, and then finds what it left.
SELECT user_id FROM memberships
WHERE tenant = CAST(:tenant AS uuid) AND permission = 'admin'
ORDER BY user_id
FOR NO KEY UPDATE

-- name: change_permission
-- What a person may from now on.
UPDATE memberships SET permission = :permission
WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid)

-- name: remove
-- A person belongs to the tenant no longer. What they preferred there is forgotten.
DELETE FROM memberships WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid)
