-- name: probe
-- Whether the server answers.
SELECT 1 AS answered

-- name: lock_migrations
-- Wait until nobody else migrates; let go with the transaction.
SELECT pg_advisory_xact_lock(CAST(:key AS bigint))

-- name: server_version
-- The server's version as a number, such as 150004.
SELECT CAST(current_setting('server_version_num') AS int) AS version
