-- name: lease
-- So many requests of a token for this process, and how many are left for others. None are given when too few are left.
SELECT granted, available
FROM app_lease_requests(CAST(:tenant AS uuid), CAST(:token_id AS uuid), CAST(:need AS int), CAST(:want AS int),
                        CAST(:per_second AS double precision), CAST(:burst AS int))
