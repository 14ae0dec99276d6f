-- name: get
-- A draft of a person's own.
SELECT value FROM user_preferences
WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND name = :name

-- name: add
-- A new draft.
INSERT INTO user_preferences (tenant, user_id, name, value)
VALUES (CAST(:tenant AS uuid), CAST(:user_id AS uuid), :name, CAST(:value AS jsonb))

-- name: replace
-- What a draft holds from now on, unless it was kept by another tab since.
UPDATE user_preferences SET value = CAST(:value AS jsonb)
WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND name = :name
  AND CAST(value ->> 'version' AS bigint) = CAST(:expected AS bigint)
RETURNING name

-- name: drop_oldest
-- Keep the latest drafts of a person.
DELETE FROM user_preferences
WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND name IN (
  SELECT name FROM user_preferences
  WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND starts_with(name, :prefix)
  ORDER BY value ->> 'kept_at' DESC, name
  OFFSET CAST(:most AS bigint))

-- name: drop
-- A draft is done with.
DELETE FROM user_preferences
WHERE tenant = CAST(:tenant AS uuid) AND user_id = CAST(:user_id AS uuid) AND name = :name
