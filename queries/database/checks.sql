-- name: server
-- What kind of server and database this is.
SELECT CAST(current_setting('server_version_num') AS int) AS version,
       current_setting('server_encoding') AS encoding,
       current_database() AS database,
       CAST(current_user AS text) AS login,
       pg_is_in_recovery() AS is_standby,
       CAST(current_setting('transaction_read_only') AS boolean) AS is_read_only

-- name: rights
-- What the login may do here: make schemas, make tables in public, and make roles.
SELECT has_database_privilege(current_database(), 'CREATE') AS may_add_schemas,
       coalesce(has_schema_privilege(to_regnamespace('public'), 'CREATE'), false) AS may_add_tables,
       r.rolsuper OR r.rolcreaterole AS may_add_roles
FROM pg_roles r WHERE r.rolname = current_user

-- name: app_role
-- The role that this database's tables were granted to, NULL before there are any.
SELECT CAST(grantee.rolname AS text) AS name
FROM pg_class c
CROSS JOIN LATERAL aclexplode(c.relacl) AS entry
JOIN pg_roles grantee ON grantee.oid = entry.grantee
WHERE c.oid = to_regclass('public.tenants') AND entry.privilege_type = 'SELECT'
  AND grantee.rolname LIKE 'event\_catalog\_app%'
ORDER BY 1
LIMIT 1

-- name: usable_role
-- Whether a role exists, and whether the login may grant it or become it.
SELECT r.rolname IS NOT NULL AS is_there,
       me.rolsuper OR (CAST(current_setting('server_version_num') AS int) < 160000 AND me.rolcreaterole)
         OR coalesce(pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION'), false) AS may_grant,
       coalesce(pg_has_role(r.oid, 'MEMBER'), false) AS is_member
FROM pg_roles me LEFT JOIN pg_roles r ON r.rolname = :role
WHERE me.rolname = current_user

-- name: database_oid
-- The number of this database in its cluster.
SELECT CAST(oid AS text) AS oid FROM pg_database WHERE datname = current_database()

-- name: remember
-- Leave a word in this session.
SELECT set_config('event_catalog.word', :word, false) AS word

-- name: recall
-- The word that was left in this session, if any.
SELECT current_setting('event_catalog.word', true) AS word

-- name: hold
-- Hold a lock that only sessions of this database of this server see.
SELECT pg_advisory_lock(CAST(:class AS int), CAST(:word AS int)) AS held

-- name: app_login
-- Whether the login may change something and see every tenant, and whether it is where the owner holds that lock.
SELECT CAST(current_user AS text) AS login,
       CAST(current_setting('transaction_read_only') AS boolean) AS is_read_only,
       (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = current_user) AS sees_all,
       EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               WHERE l.locktype = 'advisory' AND d.datname = current_database()
                 AND CAST(l.classid AS bigint) = CAST(:class AS bigint)
                 AND CAST(l.objid AS bigint) = CAST(:word AS bigint)) AS is_same_database

-- name: app_member
-- Whether the login may act as the role of the application.
SELECT CAST(current_user AS text) AS login,
       coalesce(pg_has_role(to_regrole(:role), 'MEMBER'), false) AS is_member

-- name: revision
-- The revision that the tables are at, NULL in an empty database.
SELECT to_regclass('public.alembic_version') IS NOT NULL AS is_migrated

-- name: at_revision
-- The revision that the tables are at.
SELECT version_num FROM public.alembic_version

-- name: shape
-- Everything that migrations make, a line each, of routines with a digest of what they do. Partitions come and go, so
-- they do not count.
SELECT kind || ' ' || name AS line FROM (
  SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence'
                        ELSE 'table' END AS kind, CAST(c.relname AS text) AS name
  FROM pg_class c
  WHERE c.relnamespace = to_regnamespace('public') AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'v', 'i', 'I', 'S')
    AND NOT EXISTS (SELECT FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
                    WHERE x.indexrelid = c.oid AND t.relispartition)
  UNION ALL
  SELECT 'column', c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                   || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = to_regnamespace('public') AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'v')
    AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT 'routine', CAST(CAST(p.oid AS regprocedure) AS text) || ' '
                    || md5(regexp_replace(p.prosrc, '\s+', ' ', 'g') || coalesce(CAST(p.proconfig AS text), '')
                           || CAST(p.prosecdef AS text))
  FROM pg_proc p WHERE p.pronamespace = to_regnamespace('public')
  UNION ALL
  SELECT 'trigger', c.relname || '.' || t.tgname
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = to_regnamespace('public') AND NOT t.tgisinternal AND NOT c.relispartition
  UNION ALL
  SELECT 'policy', c.relname || '.' || p.polname
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
  WHERE c.relnamespace = to_regnamespace('public') AND NOT c.relispartition
) AS made
ORDER BY line
