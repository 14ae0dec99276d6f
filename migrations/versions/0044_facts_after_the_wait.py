"""Whoever sends by a token learns that it waited for it, and decides on what holds after the wait."""

from alembic import op

revision = "0044"
down_revision = "0043"

# As in revision 0042, and it says whether it waited. A statement sees the database as it was when it began, which is
# before a wait in it.
HOLD = """
CREATE FUNCTION app_hold_token(p_tenant uuid, p_token uuid, p_alone boolean,
                               OUT may_send boolean, OUT event_types text[], OUT waited boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  waited := false;
  IF p_token IS NULL THEN
    may_send := true;
    RETURN;
  ELSIF p_alone THEN
    PERFORM pg_advisory_xact_lock(1953460590, hashtext(p_token::text));
  ELSIF NOT pg_try_advisory_xact_lock_shared(1953460590, hashtext(p_token::text)) THEN
    PERFORM pg_advisory_xact_lock_shared(1953460590, hashtext(p_token::text));
    waited := true;
  END IF;
  SELECT t.revoked_at IS NULL AND coalesce(t.expires_at > app_clock(), true) AND t.permission <> 'read', t.event_types
  INTO may_send, event_types
  FROM api_tokens t WHERE t.tenant = p_tenant AND t.token_id = p_token;
  may_send := coalesce(may_send, false);
END $$;
COMMENT ON FUNCTION app_hold_token IS
  'What a token may send, which stays so until the transaction ends, and whether that had to be waited for'
"""


def upgrade() -> None:
    op.execute("DROP FUNCTION app_hold_token(uuid, uuid, boolean)")
    op.execute(HOLD)
