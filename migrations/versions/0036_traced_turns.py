"""A turn belongs to the trace of what queued it, so that its spans in another process join those of the event."""

from alembic import op

revision = "0036"
down_revision = "0035"

# Whoever traces sets app.trace_parent for its transaction. DBOS reads it back from the attributes of the turn, under a
# name of its own. A turn that is queued without it goes on in the trace of the turn before it.
DRIVE = """
CREATE OR REPLACE FUNCTION app_drive_run(p_tenant uuid, p_run uuid, p_turn int, p_delay interval DEFAULT NULL)
RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_turn_id text := app_turn_id(p_run, p_turn);
  v_parent text := current_setting('app.trace_parent', true);
  v_attributes jsonb;
BEGIN
  PERFORM pg_notify('event_catalog_turns', '');
  PERFORM dbos.enqueue_workflow(
    workflow_name => 'advance_run',
    queue_name => 'runs',
    positional_args => ARRAY[to_json(p_tenant::text), to_json(p_run::text)],
    workflow_id => v_turn_id,
    app_version => '1',
    priority => CASE WHEN p_turn = 1 THEN 1 ELSE 0 END,
    queue_partition_key => p_tenant::text,
    delay_until_epoch_ms => (extract(epoch FROM clock_timestamp() + p_delay) * 1000)::bigint);
  IF v_parent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' THEN
    v_attributes := jsonb_build_object('dbos.otelContext', jsonb_build_object('traceparent', v_parent));
  ELSIF p_turn > 1 THEN
    SELECT attributes INTO v_attributes FROM dbos.workflow_status WHERE workflow_uuid = app_turn_id(p_run, p_turn - 1);
  END IF;
  IF v_attributes IS NOT NULL THEN
    UPDATE dbos.workflow_status SET attributes = v_attributes WHERE workflow_uuid = v_turn_id;
  END IF;
  RETURN v_turn_id;
END $$
"""


def upgrade() -> None:
    op.execute(DRIVE)
