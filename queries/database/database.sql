-- name: probe
-- Whether the server answers.
SELECT 1 AS answered

-- name: lock_migrations
-- Wait until nobody else migrates; let go with the transaction.
SELECT pg_advisory_xact_lock(CAST(:key AS bigint))
