"""Functions, the application role, and who is who: tenants, users, memberships, tokens, audit."""

from alembic import op

revision = "0001"
down_revision = None

# Time as the application sees it; tests set app.now instead of sleeping.
APP_NOW = """
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
"""

# The tenant of this transaction, NULL outside one. missing_ok and nullif: a setting that was local to an
# earlier transaction of the connection reads as '' and must count as unset.
APP_TENANT = """
CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.tenant', true), '')::uuid
"""

# RFC 9562 section 5.7: 48 bits of Unix milliseconds, version 7, the rest random. Built in only since
# PostgreSQL 18; digits 14 on of a version 4 uuid already carry the right variant.
APP_UUIDV7 = """
CREATE FUNCTION app_uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
"""

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'event_catalog_app') THEN
    CREATE ROLE event_catalog_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- a migration of another database came first
END $$
"""

# The owner needs the role only to fall back to SET LOCAL ROLE. One who was given it need not be able to give it.
GRANT_ROLE = """
DO $$ BEGIN
  GRANT event_catalog_app TO CURRENT_USER;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$
"""

# Gives a table its tenant wall. FORCE binds the owner too; the owner's own policy then lets migrations, the
# demo loader and the engine work across tenants whether or not the owner is a superuser.
ISOLATE = """
CREATE PROCEDURE app_isolate(tbl regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tbl);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tbl);
  EXECUTE format('CREATE POLICY tenant ON %s USING (tenant = app_tenant())'
                 ' WITH CHECK (tenant = app_tenant())', tbl);
  EXECUTE format('CREATE POLICY operator ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', tbl);
END $$
"""

TABLES = """
CREATE TABLE tenants (
  tenant uuid PRIMARY KEY DEFAULT app_uuidv7(),
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  is_demo boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT app_now()
);
CREATE TABLE users (
  user_id uuid PRIMARY KEY DEFAULT app_uuidv7(),
  email text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  CONSTRAINT users_email_key UNIQUE (email)
);
CREATE TABLE memberships (
  tenant uuid NOT NULL REFERENCES tenants,
  user_id uuid NOT NULL REFERENCES users,
  permission text NOT NULL CHECK (permission IN ('read', 'manage', 'admin')),
  PRIMARY KEY (tenant, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);
CREATE TABLE user_preferences (
  tenant uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  value jsonb NOT NULL,
  PRIMARY KEY (tenant, user_id, name),
  FOREIGN KEY (tenant, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE TABLE api_tokens (
  tenant uuid NOT NULL REFERENCES tenants,
  token_id uuid NOT NULL DEFAULT app_uuidv7(),
  name text NOT NULL,
  token_hash bytea NOT NULL,
  permission text NOT NULL CHECK (permission IN ('read', 'manage', 'admin')),
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  last_used_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (tenant, token_id),
  CONSTRAINT api_tokens_hash_key UNIQUE (tenant, token_hash)
);
CREATE TABLE audit_logs (
  tenant uuid NOT NULL REFERENCES tenants,
  audit_id uuid NOT NULL DEFAULT app_uuidv7(),
  at timestamptz NOT NULL DEFAULT app_now(),
  user_id uuid,
  email text,
  action text NOT NULL,
  target_type text NOT NULL,
  target_id text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant, audit_id)
);
CREATE INDEX audit_logs_at ON audit_logs (tenant, at DESC, audit_id DESC)
"""

# A person is visible to the tenants they belong to, and to no other.
USERS_POLICY = """
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY member ON users FOR SELECT
  USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.user_id AND m.tenant = app_tenant()));
CREATE POLICY operator ON users TO CURRENT_USER USING (true) WITH CHECK (true)
"""

GRANTS = """
GRANT USAGE ON SCHEMA public TO event_catalog_app;
GRANT SELECT ON tenants, users, memberships TO event_catalog_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON user_preferences TO event_catalog_app;
GRANT SELECT, INSERT ON api_tokens, audit_logs TO event_catalog_app;
GRANT UPDATE (last_used_at, revoked_at) ON api_tokens TO event_catalog_app
"""

# Append-only for everyone, the owner included; the demo loader only ever inserts.
AUDIT_TRIGGER = """
CREATE FUNCTION audit_logs_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_are_append_only()
"""


def upgrade() -> None:
    for statement in (APP_NOW, APP_TENANT, APP_UUIDV7, ROLE, GRANT_ROLE, ISOLATE, TABLES):
        op.execute(statement)
    for table in ("tenants", "memberships", "user_preferences", "api_tokens", "audit_logs"):
        op.execute(f"CALL app_isolate('{table}')")
    for statement in (USERS_POLICY, GRANTS, AUDIT_TRIGGER):
        op.execute(statement)
