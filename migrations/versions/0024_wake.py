"""Whoever queues a turn wakes the engine, so that it need not look often."""

from alembic import op

revision = "0024"
down_revision = "0023"

# The notice goes out when the transaction commits, one for all the turns that it queues.
DRIVE = """
CREATE OR REPLACE FUNCTION app_drive_run(p_tenant uuid, p_run uuid, p_turn int, p_delay interval DEFAULT NULL)
RETURNS text LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT pg_notify('event_catalog_turns', '');
  SELECT dbos.enqueue_workflow(
    workflow_name => 'advance_run',
    queue_name => 'runs',
    positional_args => ARRAY[to_json(p_tenant::text), to_json(p_run::text)],
    workflow_id => app_turn_id(p_run, p_turn),
    app_version => '1',
    priority => CASE WHEN p_turn = 1 THEN 1 ELSE 0 END,
    queue_partition_key => p_tenant::text,
    delay_until_epoch_ms => (extract(epoch FROM clock_timestamp() + p_delay) * 1000)::bigint)
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL check_function_bodies = off")
    op.execute(DRIVE)
