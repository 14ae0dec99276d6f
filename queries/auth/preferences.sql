-- name: get
-- One preference of one person.
SELECT value FROM user_preferences
WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND name = :name

-- name: put
-- Remember a preference.
INSERT INTO user_preferences (tenant, user_id, name, value)
VALUES (CAST(:tenant AS uuid), CAST(:user_id AS uuid), :name, CAST(:value AS jsonb))
ON CONFLICT (tenant, user_id, name) DO UPDATE SET value = excluded.value
