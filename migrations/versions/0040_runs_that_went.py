"""Lets old runs go while their counts stay: a run's share of them is found by its id, and it is said up to when."""

from alembic import op

revision = "0040"
down_revision = "0039"

# As in revision 0010, with the run's id.
VIEW = """
CREATE OR REPLACE VIEW run_row_counts WITH (security_invoker = true) AS
SELECT tenant, event_type, origin, triggered_at, app_duration_bin(app_duration_us(started_at, completed_at)) AS bin,
       1 AS runs, (status = 'SUCCEEDED')::int AS succeeded, (status = 'FAILED')::int AS failed,
       (status = 'CANCELED')::int AS canceled, (status IN ('QUEUED', 'RUNNING', 'WAITING'))::int AS open,
       (app_duration_us(started_at, completed_at) IS NOT NULL)::int AS completed,
       coalesce(app_duration_us(started_at, completed_at), 0) AS duration_us, run_id
FROM workflow_runs
WHERE event_type IS NOT NULL
"""

DROPPED_UNTIL = """
CREATE FUNCTION app_dropped_until() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
RETURN (SELECT (max(month) + interval '1 month') AT TIME ZONE 'UTC' FROM dropped_event_months);
COMMENT ON FUNCTION app_dropped_until IS
  'Events before this moment were dropped, and runs of theirs are; NULL when none ever were';
REVOKE ALL ON FUNCTION app_dropped_until FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_dropped_until TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(VIEW)
    op.execute(DROPPED_UNTIL)
