"""Workflow definitions and their published versions."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE workflow_definitions (
  tenant uuid NOT NULL REFERENCES tenants,
  workflow_id uuid NOT NULL DEFAULT app_uuidv7(),
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
  trigger jsonb,
  payload_schema_ref text,
  draft_definition jsonb NOT NULL DEFAULT '{}',
  draft_version int NOT NULL DEFAULT 1,
  published_version int,
  is_system boolean NOT NULL DEFAULT false,
  is_visible boolean NOT NULL DEFAULT true,
  is_paused boolean NOT NULL DEFAULT false,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_by uuid,
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  validation_status text NOT NULL DEFAULT 'unchecked' CHECK (validation_status IN ('unchecked', 'valid', 'invalid')),
  validation_errors jsonb NOT NULL DEFAULT '[]',
  validated_at timestamptz,
  PRIMARY KEY (tenant, workflow_id)
);
COMMENT ON COLUMN workflow_definitions.trigger IS 'Trigger of the latest published version; NULL when it has none';
-- Who listens to an event, asked on every ingestion and every catalog card.
CREATE INDEX workflow_definitions_trigger ON workflow_definitions (tenant, (trigger ->> 'eventName'))
  WHERE status = 'published';
CREATE TABLE workflow_definition_versions (
  tenant uuid NOT NULL,
  version_id uuid NOT NULL DEFAULT app_uuidv7(),
  workflow_id uuid NOT NULL,
  version int NOT NULL CHECK (version > 0),
  definition_json jsonb NOT NULL,
  payload_schema_json json,
  change_note text NOT NULL DEFAULT '',
  published_by uuid,
  published_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, version_id),
  CONSTRAINT workflow_definition_versions_version_key UNIQUE (tenant, workflow_id, version),
  FOREIGN KEY (tenant, workflow_id) REFERENCES workflow_definitions
)
"""

# A published version is never changed, so the application may not update or delete one.
GRANTS = """
GRANT SELECT, INSERT, UPDATE ON workflow_definitions TO event_catalog_app;
GRANT SELECT, INSERT ON workflow_definition_versions TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("CALL app_isolate('workflow_definitions')")
    op.execute("CALL app_isolate('workflow_definition_versions')")
    op.execute(GRANTS)
