"""Members are added by e-mail and removed; tokens expire, are limited, and take the place of others."""

from alembic import op

revision = "0029"
down_revision = "0028"

TOKENS = """
ALTER TABLE api_tokens
  ADD COLUMN send_only boolean NOT NULL DEFAULT false,
  ADD COLUMN event_types text[],
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN replaces uuid,
  ADD CONSTRAINT api_tokens_send_only CHECK (NOT send_only OR permission = 'manage'),
  ADD CONSTRAINT api_tokens_event_types CHECK (cardinality(event_types) > 0),
  ADD FOREIGN KEY (tenant, replaces) REFERENCES api_tokens;
COMMENT ON COLUMN api_tokens.event_types IS 'The event types that it may send; NULL: any'
"""

# Whoever takes events in holds a token until the transaction ends, together with others. Whoever changes what it may
# holds it alone. So a change waits for events under way, and those that come later see it. Each statement in a volatile
# function sees what was committed before it began: after the wait, not before.
HOLD = """
CREATE FUNCTION app_hold_token(p_tenant uuid, p_token uuid, p_alone boolean,
                               OUT may_send boolean, OUT event_types text[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF p_token IS NULL THEN
    may_send := true;
    RETURN;
  ELSIF p_alone THEN
    PERFORM pg_advisory_xact_lock(1953460590, hashtext(p_token::text));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(1953460590, hashtext(p_token::text));
  END IF;
  SELECT t.revoked_at IS NULL AND coalesce(t.expires_at > app_now(), true) AND t.permission <> 'read', t.event_types
  INTO may_send, event_types
  FROM api_tokens t WHERE t.tenant = p_tenant AND t.token_id = p_token;
  may_send := coalesce(may_send, false);
END $$;
COMMENT ON FUNCTION app_hold_token IS
  'What a token may send, which stays so until the transaction ends. Without a token: all'
"""

# Compared by this and kept in lower case, so that one person is one row however the address was typed.
MEMBERS = """
CREATE FUNCTION app_email_key(p_email text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(normalize(p_email, NFC));
CREATE INDEX users_email ON users (app_email_key(email), created_at);
ALTER TABLE memberships ADD COLUMN added_at timestamptz, ADD COLUMN added_by uuid;
ALTER TABLE memberships ALTER COLUMN added_at SET DEFAULT app_now();
COMMENT ON COLUMN memberships.added_at IS 'NULL: before this was kept'
"""

# The pages' role may not write users: a person belongs to several tenants, and none may rename them or see who else
# there is. It reaches this one way in, which lets a person into the tenant of the transaction and into no other.
ADD_MEMBER = """
CREATE FUNCTION app_add_member(p_email text, p_name text, p_permission text, p_by uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  person uuid;
BEGIN
  SELECT user_id INTO person FROM users WHERE app_email_key(email) = app_email_key(p_email)
  ORDER BY created_at, user_id LIMIT 1;
  IF person IS NULL THEN
    INSERT INTO users (email, name) VALUES (p_email, p_name)
    ON CONFLICT (email) DO UPDATE SET email = excluded.email  -- another tenant was quicker; their name stays
    RETURNING user_id INTO person;
  END IF;
  INSERT INTO memberships (tenant, user_id, permission, added_by)
  VALUES (app_tenant(), person, p_permission, p_by)
  ON CONFLICT (tenant, user_id) DO NOTHING;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN person;
END $$
"""

GRANTS = """
GRANT UPDATE (name, permission, send_only, event_types, expires_at) ON api_tokens TO event_catalog_app;
GRANT UPDATE (permission), DELETE ON memberships TO event_catalog_app;
REVOKE ALL ON FUNCTION app_add_member FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_add_member TO event_catalog_app
"""


def upgrade() -> None:
    for statement in (TOKENS, HOLD, MEMBERS, ADD_MEMBER, GRANTS):
        op.execute(statement)
