"""A token that ended while whoever sends by it waited for that has ended, though their transaction began before."""

from alembic import op

revision = "0042"
down_revision = "0041"

# The time of a transaction is that of its first statement. Whoever waited in it asks for the time after the wait.
APP_CLOCK = """
CREATE FUNCTION app_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp())
"""

# As in revision 0029, but for the time.
HOLD = """
CREATE OR REPLACE FUNCTION app_hold_token(p_tenant uuid, p_token uuid, p_alone boolean,
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
  SELECT t.revoked_at IS NULL AND coalesce(t.expires_at > app_clock(), true) AND t.permission <> 'read', t.event_types
  INTO may_send, event_types
  FROM api_tokens t WHERE t.tenant = p_tenant AND t.token_id = p_token;
  may_send := coalesce(may_send, false);
END $$
"""


def upgrade() -> None:
    op.execute(APP_CLOCK)
    op.execute(HOLD)
