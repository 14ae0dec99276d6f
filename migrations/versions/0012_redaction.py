"""Redaction beyond the payload: digests for secret keys, a tenant's own redacted fields, ids as senders gave them."""

from alembic import op

revision = "0012"
down_revision = "0011"

# No role but the owner's may read these: with them, values could be tried without asking the database.
SECRETS = """
CREATE TABLE tenant_digest_keys (
  tenant uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
  inner_key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
  outer_key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
COMMENT ON TABLE tenant_digest_keys IS 'What app_key_digest() is keyed with. Never shown, never changed'
"""

FILL = """
INSERT INTO tenant_digest_keys (tenant) SELECT tenant FROM tenants;
CREATE FUNCTION app_make_digest_key() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO tenant_digest_keys (tenant) VALUES (NEW.tenant);
  RETURN NULL;
END $$;
CREATE TRIGGER make_digest_key AFTER INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION app_make_digest_key()
"""

# A hash keyed inside and outside, as in HMAC, which PostgreSQL has in an extension only. Written in the letters
# a to p: no digits, in which redaction might see a card number.
DIGEST = """
CREATE FUNCTION app_key_digest(p_tenant uuid, p_key text) RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT 'redacted:' || translate(left(encode(
           sha256(outer_key || sha256(inner_key || convert_to(p_key, 'UTF8'))), 'hex'), 16),
           '0123456789', 'ghijklmnop')
  FROM tenant_digest_keys WHERE tenant = p_tenant
$$;
COMMENT ON FUNCTION app_key_digest IS
  'What stands for a correlation key that is a secret: the same for the same key, and the key cannot be told from it';
CREATE FUNCTION app_own_key_digest(p_key text) RETURNS text
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
RETURN app_key_digest(app_tenant(), p_key)
"""

FIELDS = """
CREATE TABLE redacted_fields (
  tenant uuid NOT NULL REFERENCES tenants,
  event_type text NOT NULL,
  pointers text[] NOT NULL,
  updated_by uuid,
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, event_type)
);
COMMENT ON TABLE redacted_fields IS
  'JSON pointers to what a tenant wants redacted in the payloads of an event type; * stands for all of them'
"""

# A record shows the id that its sender gave, and people look for events by it.
SENDERS_IDS = """
CREATE INDEX event_submissions_event ON event_submissions (tenant, event_id);
CREATE INDEX event_submissions_id ON event_submissions (tenant, submission_id)
"""

GRANTS = """
REVOKE ALL ON FUNCTION app_key_digest, app_own_key_digest, app_make_digest_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_own_key_digest TO event_catalog_app;
GRANT SELECT, INSERT, UPDATE ON redacted_fields TO event_catalog_app
"""


def upgrade() -> None:
    for statement in (SECRETS, FIELDS):
        op.execute(statement)
    op.execute("CALL app_isolate('tenant_digest_keys')")
    op.execute("CALL app_isolate('redacted_fields')")
    for statement in (FILL, DIGEST, SENDERS_IDS, GRANTS):
        op.execute(statement)
