"""Values anywhere in a payload are searched, numbers by what they are worth; indexed behind inserts, not by them."""

from alembic import op

revision = "0013"
down_revision = "0012"

# Writing a row a value made inserting an event cost twice as much. An insert now only notes its event here; the
# worker indexes notes by the thousand, and a search looks into the payloads of those that are still waiting.
PENDING = """
CREATE TABLE event_payload_pending (
  tenant uuid NOT NULL,
  created_at timestamptz NOT NULL,
  event_id uuid NOT NULL,
  PRIMARY KEY (tenant, created_at, event_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE event_payload_pending IS
  'Events whose payload is not in event_payload_values yet. Written by a trigger, emptied by the worker'
"""

# The text that a scalar is hashed by: 100, 100.0 and 1e2 are one number.
TEXT = """
CREATE FUNCTION app_payload_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value) WHEN 'number' THEN CAST(trim_scale(CAST(value AS numeric)) AS text)
                                ELSE value #>> '{}' END
"""

NOTE_NEW_EVENTS = """
CREATE OR REPLACE FUNCTION app_index_payload_values() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO event_payload_pending (tenant, created_at, event_id) SELECT tenant, created_at, event_id FROM new_events;
  RETURN NULL;
END $$
"""

# What was indexed by other rules is indexed anew, latest first, by the worker and in batches. Nobody adds events
# meanwhile, so each is noted once.
INDEX_ANEW = """
LOCK TABLE workflow_runtime_events IN SHARE ROW EXCLUSIVE MODE;
TRUNCATE event_payload_values;
INSERT INTO event_payload_pending (tenant, created_at, event_id)
SELECT tenant, created_at, event_id FROM workflow_runtime_events ORDER BY created_at DESC
"""


def upgrade() -> None:
    op.execute(PENDING)
    op.execute("CALL app_isolate('event_payload_pending')")
    op.execute("GRANT SELECT ON event_payload_pending TO event_catalog_app")
    for statement in (TEXT, NOTE_NEW_EVENTS, INDEX_ANEW):
        op.execute(statement)
