"""Lets the owner read each month of events by itself, as pg_dump does: without being a superuser it found none."""

from alembic import op

revision = "0037"
down_revision = "0036"

# As in revision 0010, with the owner's policy.
MAKE_PARTITION = """
CREATE OR REPLACE PROCEDURE app_make_event_partition(month date) LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', month);
  since timestamptz := first::timestamp AT TIME ZONE 'UTC';
  until timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
  part text := 'workflow_runtime_events_' || to_char(first, 'YYYYMM');
  columns text;
BEGIN
  IF to_regclass(part) IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = 'workflow_runtime_events'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('CREATE TABLE %I (LIKE workflow_runtime_events INCLUDING ALL)', part);
  LOCK TABLE workflow_runtime_events_default IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('WITH moved AS (DELETE FROM workflow_runtime_events_default'
                 ' WHERE created_at >= %L AND created_at < %L RETURNING *)'
                 ' INSERT INTO %I (%s) SELECT %s FROM moved', since, until, part, columns, columns);
  EXECUTE format('ALTER TABLE workflow_runtime_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                 part, since, until);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.02,'
                 ' autovacuum_analyze_scale_factor = 0.02)', part);
  EXECUTE format('CREATE POLICY operator ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', part);
END $$
"""

EXISTING = """
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN
    SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = 'workflow_runtime_events'::regclass
      AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = i.inhrelid AND p.polname = 'operator')
  LOOP
    EXECUTE format('CREATE POLICY operator ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', part);
  END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute(MAKE_PARTITION)
    op.execute(EXISTING)
