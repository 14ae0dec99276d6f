-- name: memberships
-- Every person of every tenant, for acting as any of them where no sign-in is configured.
SELECT m.tenant, t.name AS tenant_name, t.is_demo, m.user_id, u.email, u.name, m.permission
FROM memberships m JOIN tenants t USING (tenant) JOIN users u USING (user_id)
ORDER BY t.tenant,
         array_position(ARRAY['admin', 'manage', 'read'], m.permission), u.email

-- name: add_tenant
-- A new tenant; returns its id.
INSERT INTO tenants (name, time_zone, is_demo)
VALUES (:name, :time_zone, CAST(:is_demo AS boolean))
RETURNING tenant

-- name: upsert_user
-- A person by e-mail; returns their id, new or not. Someone who is known keeps their name.
INSERT INTO users (email, name) VALUES (:email, :name)
ON CONFLICT (email) DO UPDATE SET email = excluded.email
RETURNING user_id

-- name: upsert_membership
-- Let a person into a tenant, or change their permission there.
INSERT INTO memberships (tenant, user_id, permission)
VALUES (CAST(:tenant AS uuid), CAST(:user_id AS uuid), :permission)
ON CONFLICT (tenant, user_id) DO UPDATE SET permission = excluded.permission
