"""Finding what was done to an object, by act, and which workflows an event ever started."""

from alembic import op

revision = "0035"
down_revision = "0034"

# Drafts are saved far more often than anything else is done to a workflow. A search for acts of some kinds to one
# object must not read them, nor one for a version read definitions.
INDEXES = """
CREATE INDEX audit_logs_change ON audit_logs (tenant, target_id, action, at DESC, audit_id DESC);
CREATE INDEX workflow_definition_versions_trigger
  ON workflow_definition_versions (tenant, (definition_json -> 'trigger' ->> 'eventName'), workflow_id)
"""


def upgrade() -> None:
    op.execute(INDEXES)
