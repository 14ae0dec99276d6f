-- name: create
-- A new token, of which only the hash is kept; returns its id.
INSERT INTO api_tokens (tenant, name, token_hash, permission, send_only, event_types, expires_at, created_by, replaces)
VALUES (CAST(:tenant AS uuid), :name, :token_hash, :permission, :send_only, CAST(:event_types AS text[]),
        CAST(:expires_at AS timestamptz), CAST(:created_by AS uuid), CAST(:replaces AS uuid))
RETURNING token_id

-- name: hold
-- Wait until no event is under way that this token sends, and let none begin before this transaction ends.
SELECT FROM app_hold_token(CAST(:tenant AS uuid), CAST(:token_id AS uuid), true)

-- name: by_hash
-- The token that is presented, unless it has ended, and whether its use is yet to be noted for this minute.
SELECT token_id, name, permission, send_only,
       coalesce(last_used_at < app_now() - interval '1 minute', true) AS use_unnoted
FROM api_tokens
WHERE tenant = CAST(:tenant AS uuid) AND token_hash = :token_hash AND revoked_at IS NULL
  AND coalesce(expires_at > app_now(), true)

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

-- name: change
-- What a token may from now on.
UPDATE api_tokens
SET name = :name, permission = :permission, send_only = :send_only, event_types = CAST(:event_types AS text[]),
    expires_at = CAST(:expires_at AS timestamptz)
WHERE tenant = CAST(:tenant AS uuid) AND token_id = CAST(:token_id AS uuid)

-- name: end_after
-- A token ends so many seconds from now, unless it does earlier anyway; returns when.
UPDATE api_tokens SET expires_at = least(expires_at, app_now() + make_interval(secs => :seconds))
WHERE tenant = CAST(:tenant AS uuid) AND token_id = CAST(:token_id AS uuid)
RETURNING expires_at

-- name: list
-- Every token of a tenant with who made it, latest first. Whether it has ended is asked after a wait for whoever ended
-- it, so not by the time at which the transaction began.
SELECT t.token_id, t.name, t.permission, t.send_only, t.event_types, t.created_at, u.name AS created_by,
       t.created_by AS created_by_id, t.last_used_at, t.expires_at, t.revoked_at, t.replaces,
       coalesce(t.expires_at <= app_clock(), false) AS has_expired
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
