"""What several web processes share: tickets of export links, and how much each API token may still ask for."""

from alembic import op

revision = "0033"
down_revision = "0032"

TICKETS = """
CREATE TABLE export_tickets (
  tenant uuid NOT NULL,
  ticket_hash bytea NOT NULL,
  user_id uuid NOT NULL,
  asked json NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (tenant, ticket_hash),
  FOREIGN KEY (tenant, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX export_tickets_until ON export_tickets (until);
COMMENT ON TABLE export_tickets IS 'Export links that nobody has followed yet';
COMMENT ON COLUMN export_tickets.asked IS 'Which file, and the filters that its rows have to pass'
"""

# Unlogged: after a crash all buckets are full, which is what they are after a pause, too.
BUCKETS = """
CREATE UNLOGGED TABLE rate_buckets (
  tenant uuid NOT NULL,
  token_id uuid NOT NULL,
  available double precision NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant, token_id),
  FOREIGN KEY (tenant, token_id) REFERENCES api_tokens ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE rate_buckets IS 'How many requests of a token its web processes may still lease, as of a moment'
"""

# Leases that wait for each other may begin in another order than they come to their turn. So time never goes back.
LEASE = """
CREATE FUNCTION app_lease_requests(p_tenant uuid, p_token uuid, p_need int, p_want int,
                                   p_per_second double precision, p_burst int,
                                   OUT granted int, OUT available double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  since timestamptz;
BEGIN
  INSERT INTO rate_buckets (tenant, token_id, available, at) VALUES (p_tenant, p_token, p_burst, app_now())
  ON CONFLICT DO NOTHING;
  SELECT b.available, b.at INTO available, since FROM rate_buckets b
  WHERE b.tenant = p_tenant AND b.token_id = p_token FOR UPDATE;
  available := least(p_burst, available + greatest(extract(epoch FROM app_now() - since), 0) * p_per_second);
  granted := CASE WHEN available < p_need THEN 0 ELSE least(floor(available), p_want) END;
  available := available - granted;
  UPDATE rate_buckets b SET available = app_lease_requests.available, at = greatest(b.at, app_now())
  WHERE b.tenant = p_tenant AND b.token_id = p_token;
END $$;
COMMENT ON FUNCTION app_lease_requests IS
  'Give a web process so many requests of a token: as many as it wants, at least what it needs, or none'
"""

GRANTS = """
REVOKE ALL ON FUNCTION app_lease_requests FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_lease_requests TO event_catalog_app;
GRANT SELECT, INSERT, DELETE ON export_tickets TO event_catalog_app;
GRANT SELECT, INSERT, UPDATE ON rate_buckets TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TICKETS)
    op.execute(BUCKETS)
    for table in ("export_tickets", "rate_buckets"):
        op.execute(f"CALL app_isolate('{table}')")
    for statement in (LEASE, GRANTS):
        op.execute(statement)
