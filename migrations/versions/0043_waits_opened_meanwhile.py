"""Canceling a run also ends the wait that its turn was just opening, and waits left open so before are ended."""

from alembic import op

revision = "0043"
down_revision = "0042"

# As in revision 0023, but for the second look at the waits. The first is before the run, as in app_resume_wait: one
# order of locks, no deadlock. The second comes after the run, so it waits for nobody.
CANCEL = """
CREATE OR REPLACE FUNCTION app_cancel_run(p_tenant uuid, p_run uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_before text;
BEGIN
  IF p_tenant IS DISTINCT FROM app_tenant() THEN
    RETURN NULL;
  END IF;
  UPDATE workflow_run_waits SET status = 'CANCELED', resolved_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run AND status = 'WAITING';
  SELECT status INTO v_before FROM workflow_runs
    WHERE tenant = p_tenant AND run_id = p_run AND status IN ('QUEUED', 'RUNNING', 'WAITING')
    FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE workflow_runs
    SET status = 'CANCELED', turn = turn + 1, completed_at = app_now(), updated_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run;
  -- The turn may have opened a wait while it held the run. Who has that locked is ending it and waits for the run.
  UPDATE workflow_run_waits SET status = 'CANCELED', resolved_at = app_now()
    WHERE tenant = p_tenant AND wait_id IN (
      SELECT wait_id FROM workflow_run_waits
      WHERE tenant = p_tenant AND run_id = p_run AND status = 'WAITING'
      FOR UPDATE SKIP LOCKED);
  UPDATE workflow_run_steps SET status = 'CANCELED', completed_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run AND status IN ('RUNNING', 'WAITING');
  DELETE FROM workflow_run_results WHERE tenant = p_tenant AND run_id = p_run;
  RETURN v_before;
END $$
"""

LEFT_OPEN = """
UPDATE workflow_run_waits w SET status = 'CANCELED', resolved_at = r.completed_at
FROM workflow_runs r
WHERE r.tenant = w.tenant AND r.run_id = w.run_id AND r.status = 'CANCELED' AND w.status = 'WAITING'
"""


def upgrade() -> None:
    op.execute(CANCEL)
    op.execute(LEFT_OPEN)
