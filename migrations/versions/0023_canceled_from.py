"""Canceling a run says how the run was before, for the audit trail."""

from alembic import op

revision = "0023"
down_revision = "0022"

# The wait before the run, as in app_resume_wait: one order of locks, no deadlock.
CANCEL = """
CREATE FUNCTION app_cancel_run(p_tenant uuid, p_run uuid) RETURNS text
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
  UPDATE workflow_run_steps SET status = 'CANCELED', completed_at = app_now()
    WHERE tenant = p_tenant AND run_id = p_run AND status IN ('RUNNING', 'WAITING');
  DELETE FROM workflow_run_results WHERE tenant = p_tenant AND run_id = p_run;
  RETURN v_before;
END $$;
COMMENT ON FUNCTION app_cancel_run IS 'Ends an unfinished run; its status before, NULL when there is none';
REVOKE ALL ON FUNCTION app_cancel_run FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_cancel_run TO event_catalog_app
"""


def upgrade() -> None:
    op.execute("DROP FUNCTION app_cancel_run")
    op.execute(CANCEL)
