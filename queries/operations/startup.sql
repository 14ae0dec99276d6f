-- name: lock
-- Waits for any other process that is loading the catalog or the demo; ends with the transaction.
SELECT pg_advisory_xact_lock(CAST(:key AS bigint))
