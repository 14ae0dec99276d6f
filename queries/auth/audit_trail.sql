-- name: acts
-- Acts that the filters let through, on one side of the edge and nearest first: at most `shown` of them, each with how
-- many there are up to `limit`. A search reads no more rows than `reach`, as no index helps it. If it gets that far, the
-- last row that it read is among the acts, whether it matches or not: there the search goes on. What was tried is in the
-- detail of a refusal, whose own kind of object is no object's.
WITH narrowed AS NOT MATERIALIZED (
  SELECT a.audit_id, a.at, a.user_id, a.email, a.action, a.target_type, a.target_id, a.detail, a.origin, a.address,
         CAST(:search AS text) IS NULL
         OR strpos(lower(concat_ws(' ', a.email, a.action, a.target_type, a.target_id, a.address, a.detail)),
                   lower(CAST(:search AS text))) > 0 AS matches
  FROM audit_logs a
  WHERE a.tenant = CAST(:tenant AS uuid)
    AND (CAST(:own AS uuid) IS NULL OR a.user_id = CAST(:own AS uuid))
    AND (CAST(:person AS uuid) IS NULL OR a.user_id = CAST(:person AS uuid))
    AND (CAST(:action AS text) IS NULL OR a.action = CAST(:action AS text))
    AND (CAST(:target_type AS text) IS NULL OR a.target_type = CAST(:target_type AS text))
    AND (CAST(:tried AS text) IS NULL OR a.detail ->> 'tried' = CAST(:tried AS text))
    AND (CAST(:tried_on AS text) IS NULL OR a.detail ->> 'objectKind' = CAST(:tried_on AS text))
    AND (CAST(:target_id AS text) IS NULL OR a.target_id = CAST(:target_id AS text))
    AND (CAST(:origin AS text) IS NULL OR a.origin = CAST(:origin AS text))
), beside AS (
  (SELECT * FROM (
     SELECT n.*, row_number() OVER (ORDER BY n.at DESC, n.audit_id DESC) AS number
     FROM narrowed n
     WHERE CAST(:side AS text) = 'older'
       AND n.at >= CAST(:since AS timestamptz) AND n.at <= CAST(:edge AS timestamptz)
       AND (n.at, n.audit_id) < (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
     ORDER BY n.at DESC, n.audit_id DESC
     LIMIT :reach
   ) near
   WHERE near.matches OR near.number = :reach
   ORDER BY near.at DESC, near.audit_id DESC
   LIMIT :limit)
  UNION ALL
  (SELECT * FROM (
     SELECT n.*, row_number() OVER (ORDER BY n.at, n.audit_id) AS number
     FROM narrowed n
     WHERE CAST(:side AS text) = 'newer'
       AND n.at >= CAST(:edge AS timestamptz) AND n.at < CAST(:until AS timestamptz)
       AND (n.at, n.audit_id) > (CAST(:edge AS timestamptz), CAST(:edge_id AS uuid))
     ORDER BY n.at, n.audit_id
     LIMIT :reach
   ) near
   WHERE near.matches OR near.number = :reach
   ORDER BY near.at, near.audit_id
   LIMIT :limit)
)
SELECT b.*, u.name
FROM (
  SELECT *, count(*) FILTER (WHERE matches) OVER () AS total, bool_or(number = :reach) OVER () AS is_at_reach
  FROM beside ORDER BY number LIMIT :shown
) b
LEFT JOIN users u ON u.user_id = b.user_id
ORDER BY b.number

-- name: get
-- One act.
SELECT a.audit_id, a.at, a.user_id, a.email, a.action, a.target_type, a.target_id, a.detail, a.origin, a.address, u.name
FROM audit_logs a
LEFT JOIN users u ON u.user_id = a.user_id
WHERE a.tenant = CAST(:tenant AS uuid) AND a.audit_id = CAST(:audit_id AS uuid)
  AND (CAST(:own AS uuid) IS NULL OR a.user_id = CAST(:own AS uuid))

-- name: people
-- Everybody who has acts in the trail, each found by one step in the index, with the e-mail address of the latest act.
WITH RECURSIVE person AS (
  (SELECT a.user_id FROM audit_logs a
   WHERE a.tenant = CAST(:tenant AS uuid) AND a.user_id IS NOT NULL ORDER BY a.user_id LIMIT 1)
  UNION ALL
  SELECT (SELECT a.user_id FROM audit_logs a
          WHERE a.tenant = CAST(:tenant AS uuid) AND a.user_id > p.user_id ORDER BY a.user_id LIMIT 1)
  FROM person p WHERE p.user_id IS NOT NULL
)
SELECT p.user_id, latest.email
FROM person p
CROSS JOIN LATERAL (
  SELECT a.email FROM audit_logs a
  WHERE a.tenant = CAST(:tenant AS uuid) AND a.user_id = p.user_id ORDER BY a.at DESC, a.audit_id DESC LIMIT 1
) latest
WHERE p.user_id IS NOT NULL
LIMIT :most
