"""Dropping months is as revision 0041 has it, also where an earlier wording of that was made."""

from alembic import op

revision = "0045"
down_revision = "0044"

# Word for word as in revision 0041.
DROP_PARTITIONS = """
CREATE OR REPLACE FUNCTION app_drop_event_partitions(keep interval, keep_errors interval) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  part text;
  first date;
  floor_at timestamptz := app_now() - keep;
  error_floor_at timestamptz := app_now() - greatest(keep, keep_errors);
  columns text;
BEGIN
  SELECT c.relname INTO part FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'workflow_runtime_events'::regclass AND c.relname ~ '_[0-9]{6}$'
      AND (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' <= floor_at
    ORDER BY c.relname LIMIT 1;
  IF part IS NULL THEN
    WITH gone AS (
      DELETE FROM workflow_runtime_events_default
      WHERE created_at < floor_at AND (error_message IS NULL OR created_at < error_floor_at)
      RETURNING tenant, event_id)
    DELETE FROM workflow_event_matches m USING gone g WHERE m.tenant = g.tenant AND m.event_id = g.event_id;
    INSERT INTO dropped_event_months (month)
      VALUES ((date_trunc('month', floor_at AT TIME ZONE 'UTC') - interval '1 month')::date) ON CONFLICT DO NOTHING;
    RETURN 0;
  END IF;
  first := to_date(right(part, 6), 'YYYYMM');
  EXECUTE format('DELETE FROM workflow_event_matches m USING %I e WHERE m.tenant = e.tenant'
                 ' AND m.event_id = e.event_id AND (e.error_message IS NULL OR e.created_at < %L)',
                 part, error_floor_at);
  EXECUTE format('DELETE FROM event_payload_values v WHERE v.created_at >= %L AND v.created_at < %L'
                 ' AND NOT EXISTS (SELECT FROM %I e WHERE e.tenant = v.tenant AND e.event_id = v.event_id'
                 ' AND e.error_message IS NOT NULL AND e.created_at >= %L)',
                 first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC',
                 part, error_floor_at);
  INSERT INTO dropped_event_months (month) VALUES (first) ON CONFLICT DO NOTHING;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = 'workflow_runtime_events'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('ALTER TABLE workflow_runtime_events DETACH PARTITION %I', part);
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('INSERT INTO workflow_runtime_events_default (%s) SELECT %s FROM %I'
                 ' WHERE error_message IS NOT NULL AND created_at >= %L', columns, columns, part, error_floor_at);
  EXECUTE format('DROP TABLE %I', part);
  RETURN 1;
END $$
"""


def upgrade() -> None:
    op.execute(DROP_PARTITIONS)
