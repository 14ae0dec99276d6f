"""Sign-ins, and the sessions that each of them has in the tenants of its person."""

from alembic import op

revision = "0030"
down_revision = "0029"

TABLES = """
CREATE TABLE sign_ins (
  sign_in_id uuid PRIMARY KEY DEFAULT app_uuidv7(),
  user_id uuid NOT NULL REFERENCES users,
  proof_hash bytea NOT NULL,
  started_at timestamptz NOT NULL DEFAULT app_now(),
  last_seen_at timestamptz NOT NULL DEFAULT app_now(),
  ended_at timestamptz,
  CONSTRAINT sign_ins_proof_key UNIQUE (proof_hash)
);
CREATE INDEX sign_ins_user ON sign_ins (user_id);
CREATE INDEX sign_ins_started ON sign_ins (started_at);
COMMENT ON COLUMN sign_ins.proof_hash IS 'Hash of what the browser presents and no other sign-in does';
CREATE TABLE sessions (
  tenant uuid NOT NULL,
  session_id uuid NOT NULL DEFAULT app_uuidv7(),
  sign_in_id uuid NOT NULL REFERENCES sign_ins ON DELETE CASCADE,
  user_id uuid NOT NULL,
  signed_in_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL DEFAULT app_now(),
  ended_at timestamptz,
  address text NOT NULL,
  browser text NOT NULL,
  PRIMARY KEY (tenant, session_id),
  CONSTRAINT sessions_sign_in_key UNIQUE (tenant, sign_in_id),
  FOREIGN KEY (tenant, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX sessions_sign_in ON sessions (sign_in_id);
CREATE INDEX sessions_user ON sessions (tenant, user_id);
COMMENT ON TABLE sessions IS 'The use of one sign-in in one tenant: what an admin of the tenant may see of it, and end'
"""

# A sign-in belongs to a person, not to a tenant. Pages reach it through the functions below alone.
SIGN_INS_POLICY = """
ALTER TABLE sign_ins ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_ins FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON sign_ins TO CURRENT_USER USING (true) WITH CHECK (true)
"""

# Asked at every rerun. Only whoever knows the proof learns anything. The time of use is noted once a minute.
SIGNED_IN = """
CREATE FUNCTION app_signed_in(
  p_proof bytea, p_tenant uuid, p_in_use boolean, p_lifetime interval, p_idle interval)
RETURNS TABLE (sign_in_id uuid, state text, tenant uuid, tenant_name text, is_demo boolean, user_id uuid, email text,
               name text, permission text, session text, started_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found public.sign_ins;
  found_state text;
BEGIN
  SELECT * INTO found FROM public.sign_ins i WHERE i.proof_hash = p_proof;
  IF found.sign_in_id IS NULL THEN
    RETURN;
  END IF;
  found_state := CASE
    WHEN found.ended_at IS NOT NULL THEN 'ended'
    WHEN found.started_at + p_lifetime <= public.app_now() THEN 'expired'
    WHEN found.last_seen_at + p_idle <= public.app_now() THEN 'idle'
    ELSE 'open' END;
  IF found_state = 'open' AND p_in_use THEN
    IF found.last_seen_at < public.app_now() - interval '1 minute' THEN
      UPDATE public.sign_ins i SET last_seen_at = public.app_now() WHERE i.sign_in_id = found.sign_in_id;
    END IF;
    UPDATE public.sessions s SET last_seen_at = public.app_now()
    WHERE s.tenant = p_tenant AND s.sign_in_id = found.sign_in_id
      AND s.last_seen_at < public.app_now() - interval '1 minute';
  END IF;
  RETURN QUERY
    SELECT found.sign_in_id, found_state, m.tenant, t.name, t.is_demo, u.user_id, u.email, u.name, m.permission,
           CASE WHEN s.session_id IS NULL THEN 'none' WHEN s.ended_at IS NULL THEN 'open' ELSE 'ended' END,
           found.started_at
    FROM public.users u
    LEFT JOIN public.memberships m ON m.user_id = u.user_id
    LEFT JOIN public.tenants t ON t.tenant = m.tenant
    LEFT JOIN public.sessions s ON s.tenant = m.tenant AND s.sign_in_id = found.sign_in_id
    WHERE u.user_id = found.user_id
    ORDER BY s.last_seen_at DESC NULLS LAST, t.tenant;
END
$$
"""

# An own session ends with its sign-in, in every tenant. Somebody else's ends in this tenant alone.
END_SESSION = """
CREATE FUNCTION app_end_session(p_tenant uuid, p_session uuid, p_by uuid) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  WITH ended AS (
    UPDATE sessions SET ended_at = app_now()
    WHERE tenant = p_tenant AND tenant = app_tenant() AND session_id = p_session AND ended_at IS NULL
    RETURNING sign_in_id, user_id
  ), signed_out AS (
    UPDATE sign_ins i SET ended_at = app_now() FROM ended
    WHERE i.sign_in_id = ended.sign_in_id AND ended.user_id = p_by AND i.ended_at IS NULL
    RETURNING i.sign_in_id
  ), elsewhere AS (
    UPDATE sessions s SET ended_at = app_now() FROM signed_out
    WHERE s.sign_in_id = signed_out.sign_in_id AND s.ended_at IS NULL AND s.session_id <> p_session
    RETURNING s.session_id
  )
  SELECT user_id FROM ended
$$
"""

GRANTS = """
REVOKE ALL ON FUNCTION app_signed_in, app_end_session FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_signed_in, app_end_session TO event_catalog_app;
GRANT SELECT, INSERT ON sessions TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("CALL app_isolate('sessions')")
    for statement in (SIGN_INS_POLICY, SIGNED_IN, END_SESSION, GRANTS):
        op.execute(statement)
