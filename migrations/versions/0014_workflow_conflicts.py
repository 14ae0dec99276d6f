"""What undoing a detach and taking a backfill up again need to know."""

from alembic import op

revision = "0014"
down_revision = "0013"

WORKFLOWS = """
ALTER TABLE workflow_definitions ADD COLUMN draft_updated_by uuid;
COMMENT ON COLUMN workflow_definitions.draft_updated_by IS
  'Who changed the draft last; updated_by also names who paused or archived the workflow';
UPDATE workflow_definitions SET draft_updated_by = updated_by;
ALTER TABLE workflow_definition_versions ADD COLUMN draft_trigger jsonb;
COMMENT ON COLUMN workflow_definition_versions.draft_trigger IS
  'The trigger of the unpublished draft that this detach took out of it; undoing the detach puts it back'
"""

BACKFILLS = """
ALTER TABLE workflow_backfills ADD COLUMN ended_because text, ADD COLUMN reasons jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN workflow_backfills.ended_because IS 'Why it was canceled, as words that follow "because"';
COMMENT ON COLUMN workflow_backfills.reasons IS 'Why events started no run: each sentence with its number of events';
UPDATE workflow_backfills b SET status = 'canceled'
WHERE b.status = 'running'
  AND EXISTS (SELECT FROM workflow_backfills later
              WHERE later.tenant = b.tenant AND later.workflow_id = b.workflow_id AND later.status = 'running'
                AND later.backfill_id > b.backfill_id);
CREATE UNIQUE INDEX workflow_backfills_running ON workflow_backfills (tenant, workflow_id) WHERE status = 'running';
GRANT UPDATE (ended_because, reasons) ON workflow_backfills TO event_catalog_app
"""

# From now on a replay leaves a claim only where it started a run. Those of earlier ones that did not would keep
# their events from ever being replayed again. Other senders may call themselves backfill, with ids of their own.
CLAIMS = """
DELETE FROM event_submissions s
WHERE s.source = 'backfill' AND s.submission_id ~ '^[0-9a-f-]{36}:[0-9a-f-]{36}$'
  AND NOT EXISTS (SELECT FROM workflow_event_matches m
                  WHERE m.tenant = s.tenant AND m.event_id = s.event_id AND m.outcome = 'started')
"""


def upgrade() -> None:
    for statements in (WORKFLOWS, BACKFILLS, CLAIMS):
        op.execute(statements)
