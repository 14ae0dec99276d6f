-- name: create
-- A new token, of which only the hash is kept; returns its id.
INSERT INTO api_tokens (tenant, name, token_hash, permission, created_by)
VALUES (CAST(:tenant AS uuid), :name, :token_hash, :permission, CAST(:created_by AS uuid))
RETURNING token_id

-- name: by_hash
-- The token that is presented, unless it was revoked, and whether its use is yet to be noted for this minute.
SELECT token_id, name, permission, coalesce(last_used_at < app_now() - interval '1 minute', true) AS use_unnoted
FROM api_tokens
WHERE tenant = CAST(:tenant AS uuid) AND token_hash = :token_hash AND revoked_at IS NULL

-- name: note_use
-- Remember that a token is in use, unless another request of this minute did.
UPDATE api_tokens SET last_used_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND token_id = CAST(:token_id AS uuid)
  AND coalesce(last_used_at < app_now() - interval '1 minute', true)

-- name: revoke
-- End a token; no row when there is none to end.
UPDATE api_tokens SET revoked_at = app_now()
WHERE tenant = CAST(:tenant AS uuid) AND token_id = CAST(:token_id AS uuid) AND revoked_at IS NULL
RETURNING name

-- name: list
-- Every token of a tenant with who made it, latest first.
SELECT t.token_id, t.name, t.permission, t.created_at, u.email AS created_by, t.last_used_at, t.revoked_at
FROM api_tokens t
LEFT JOIN users u ON u.user_id = t.created_by
WHERE t.tenant = CAST(:tenant AS uuid)
ORDER BY t.created_at DESC, t.token_id DESC

-- name: id_by_hash
-- The token that has this hash, revoked or not.
SELECT token_id FROM api_tokens WHERE tenant = CAST(:tenant AS uuid) AND token_hash = :token_hash

-- name: tenants_named
-- Tenants by name or id, for whoever operates the server.
SELECT tenant FROM tenants WHERE name = :name OR CAST(tenant AS text) = lower(:name)
