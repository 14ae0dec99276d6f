-- name: seen
-- The views that a person sees: their own by name, then what others share. And which one opens its page for them.
SELECT v.view_id, v.page, v.name, CAST(v.parameters AS text) AS parameters, v.is_shared,
       v.owner = CAST(:user_id AS uuid) AS is_own, u.name AS owner_name, p.name IS NOT NULL AS is_default
FROM saved_views v
LEFT JOIN users u ON u.user_id = v.owner
LEFT JOIN user_preferences p
  ON p.tenant = v.tenant AND p.user_id = CAST(:user_id AS uuid) AND p.name = :default_of || v.page
  AND p.value = to_jsonb(CAST(v.view_id AS text))
WHERE v.tenant = CAST(:tenant AS uuid) AND (v.owner = CAST(:user_id AS uuid) OR v.is_shared)
ORDER BY is_own DESC, v.folded_name, v.view_id

-- name: one
-- One view that a person sees, held until the transaction ends.
SELECT v.view_id, v.page, v.name, CAST(v.parameters AS text) AS parameters, v.is_shared,
       v.owner = CAST(:user_id AS uuid) AS is_own, u.name AS owner_name
FROM saved_views v
LEFT JOIN users u ON u.user_id = v.owner
WHERE v.tenant = CAST(:tenant AS uuid) AND v.view_id = CAST(:view_id AS uuid)
  AND (v.owner = CAST(:user_id AS uuid) OR v.is_shared)
FOR NO KEY UPDATE OF v

-- name: take_turns
-- Until the transaction ends, no other one counts and adds views of this tenant.
SELECT pg_advisory_xact_lock(hashtextextended(CAST(CAST(:tenant AS uuid) AS text), CAST(:lock AS bigint)))

-- name: how_many
-- How many views a person has, and how many are shared in the tenant.
SELECT count(*) FILTER (WHERE owner = CAST(:user_id AS uuid)) AS own, count(*) FILTER (WHERE is_shared) AS shared
FROM saved_views
WHERE tenant = CAST(:tenant AS uuid) AND (owner = CAST(:user_id AS uuid) OR is_shared)

-- name: add
-- A new view.
INSERT INTO saved_views (tenant, owner, page, name, folded_name, parameters, is_shared)
VALUES (CAST(:tenant AS uuid), CAST(:user_id AS uuid), :page, :name, :folded_name, CAST(:parameters AS jsonb),
        CAST(:is_shared AS boolean))
RETURNING view_id

-- name: change
-- Another name, other filters or other people; without parameters the filters stay.
UPDATE saved_views SET
  name = :name, folded_name = :folded_name, is_shared = CAST(:is_shared AS boolean),
  parameters = coalesce(CAST(:parameters AS jsonb), parameters)
WHERE tenant = CAST(:tenant AS uuid) AND view_id = CAST(:view_id AS uuid)

-- name: delete
-- Forget a view.
DELETE FROM saved_views WHERE tenant = CAST(:tenant AS uuid) AND view_id = CAST(:view_id AS uuid)
