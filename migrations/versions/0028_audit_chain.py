"""The audit trail says where an act came from, and each of its rows is chained to the one before it."""

from alembic import op

revision = "0028"
down_revision = "0027"

# Rows from before do not know where they came from, so both may be missing.
ORIGIN = """
ALTER TABLE audit_logs
  ADD COLUMN origin text CHECK (origin IN ('page', 'api', 'command', 'engine')),
  ADD COLUMN address text
"""

# A table of its own: links are written when a transaction commits, and rows of the trail are never changed.
LINKS = """
CREATE TABLE audit_links (
  tenant uuid NOT NULL,
  number bigint NOT NULL CHECK (number > 0),
  audit_id uuid NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (tenant, number),
  CONSTRAINT audit_links_audit_key UNIQUE (tenant, audit_id)
)
"""

APPEND_ONLY = """
ALTER FUNCTION audit_logs_are_append_only() RENAME TO app_append_only;
CREATE OR REPLACE FUNCTION app_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_links
  FOR EACH STATEMENT EXECUTE FUNCTION app_append_only()
"""

# The hash of a link is SHA-256 of the hash before it (nothing before the first) and the row's text: a JSON array of its
# number, its tenant and all its columns. `lib.auth.audit_chain` reads the same text by a statement of its own. The
# moment is in seconds, as a text would depend on the session's time zone.
APPEND = """
CREATE FUNCTION app_append_audit_link(line audit_logs) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  last_number bigint;
  last_hash bytea;
BEGIN
  SELECT number, hash INTO last_number, last_hash
    FROM audit_links WHERE tenant = line.tenant ORDER BY number DESC LIMIT 1;
  INSERT INTO audit_links (tenant, number, audit_id, hash)
  VALUES (line.tenant, coalesce(last_number, 0) + 1, line.audit_id,
          sha256(coalesce(last_hash, '') || convert_to(jsonb_build_array(
            coalesce(last_number, 0) + 1, line.tenant, line.audit_id, extract(epoch FROM line.at), line.user_id,
            line.email, line.action, line.target_type, line.target_id, line.detail, line.origin, line.address
          )::text, 'UTF8')));
END $$;
REVOKE ALL ON FUNCTION app_append_audit_link FROM PUBLIC
"""

# Deferred to the commit. So whoever acts holds the end of the chain only while the transaction commits, when it waits
# for nothing else, and acts of one tenant neither lock each other out nor wait for each other's work. As the owner, as
# the application's role may not write links. A commit knows no statement_timeout, so the wait has a bound of its own.
LINK = """
CREATE FUNCTION app_link_audit_log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '5s' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.tenant::text, 28));
  PERFORM app_append_audit_link(NEW);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION app_link_audit_log FROM PUBLIC;
CREATE CONSTRAINT TRIGGER link AFTER INSERT ON audit_logs
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app_link_audit_log()
"""

# The trigger above keeps others from writing rows meanwhile.
EXISTING = """
DO $$
DECLARE
  line audit_logs;
BEGIN
  FOR line IN SELECT * FROM audit_logs ORDER BY tenant, at, audit_id LOOP
    PERFORM app_append_audit_link(line);
  END LOOP;
END $$
"""

# The trail is read by person, by act, by kind of object, by object and by origin, the latest first.
INDEXES = """
CREATE INDEX audit_logs_person ON audit_logs (tenant, user_id, at DESC, audit_id DESC);
CREATE INDEX audit_logs_action ON audit_logs (tenant, action, at DESC, audit_id DESC);
CREATE INDEX audit_logs_kind ON audit_logs (tenant, target_type, at DESC, audit_id DESC);
CREATE INDEX audit_logs_target ON audit_logs (tenant, target_id, at DESC, audit_id DESC);
CREATE INDEX audit_logs_origin ON audit_logs (tenant, origin, at DESC, audit_id DESC)
"""


def upgrade() -> None:
    op.execute(ORIGIN)
    op.execute(LINKS)
    op.execute("CALL app_isolate('audit_links')")
    for statement in (APPEND_ONLY, APPEND, LINK, EXISTING, INDEXES):
        op.execute(statement)
