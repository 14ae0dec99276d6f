-- part: shown
-- What is told of an act. Who did it, and the number of the line, are there for those who may read it.
a.at, a.action, a.target_type, a.target_id, a.detail ->> 'name' AS name, a.detail ->> 'email' AS email,
CASE WHEN a.is_readable THEN a.audit_id END AS audit_id,
CASE WHEN a.is_readable THEN coalesce(u.name, a.email) END AS who

-- part: with_readable
-- An act, and whether the one who asks may read its line: any, or those of their own.
one.*, CAST(:own AS uuid) IS NULL OR one.user_id = CAST(:own AS uuid) AS is_readable

-- part: columns
-- What of an act's line is looked at.
l.at, l.audit_id, l.action, l.target_type, l.target_id, l.detail, l.user_id, l.email

-- part: let_through
-- The acts of this kind in the range.
    l.tenant = CAST(:tenant AS uuid) AND l.action = wanted.action
AND l.at >= CAST(:since AS timestamptz) AND l.at < CAST(:until AS timestamptz)

-- name: of_tenant
-- The latest acts of these kinds in the range, each kind found by a step of its own in the index of acts.
SELECT {shown}
FROM (
  SELECT {with_readable}
  FROM unnest(CAST(:actions AS text[])) AS wanted(action)
  CROSS JOIN LATERAL (
    SELECT {columns} FROM audit_logs l WHERE {let_through} ORDER BY l.at DESC, l.audit_id DESC LIMIT :most
  ) one
  ORDER BY one.at DESC, one.audit_id DESC
  LIMIT :most
) a
LEFT JOIN users u ON u.user_id = a.user_id
ORDER BY a.at DESC, a.audit_id DESC

-- name: of_objects
-- The same of these objects alone, each kind of act to each of them found by a step of its own.
SELECT {shown}
FROM (
  SELECT {with_readable}
  FROM unnest(CAST(:actions AS text[]), CAST(:kinds AS text[])) AS wanted(action, kind)
  JOIN unnest(CAST(:targets AS text[]), CAST(:target_kinds AS text[])) AS object(id, kind) ON object.kind = wanted.kind
  CROSS JOIN LATERAL (
    SELECT {columns} FROM audit_logs l WHERE {let_through} AND l.target_id = object.id
    ORDER BY l.at DESC, l.audit_id DESC LIMIT :most
  ) one
  ORDER BY one.at DESC, one.audit_id DESC
  LIMIT :most
) a
LEFT JOIN users u ON u.user_id = a.user_id
ORDER BY a.at DESC, a.audit_id DESC
