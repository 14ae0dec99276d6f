-- name: probe
-- Whether the server takes changes, if it answers.
SELECT NOT CAST(current_setting('transaction_read_only') AS boolean) AS takes_changes

-- name: lock_migrations
-- Wait until nobody else migrates; let go with the transaction.
SELECT pg_advisory_xact_lock(CAST(:key AS bigint))
