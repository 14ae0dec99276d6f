"""Which submissions were seen, and test cases that people keep for an event."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE event_submissions (
  tenant uuid NOT NULL REFERENCES tenants,
  source text NOT NULL,
  submission_id text NOT NULL,
  event_id uuid NOT NULL,
  content_hash bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, source, submission_id)
);
COMMENT ON TABLE event_submissions IS
  'Makes (source, id) unique, which a table partitioned by time cannot: a repeated submission finds its event';
CREATE INDEX event_submissions_created ON event_submissions (tenant, created_at);
CREATE TABLE event_test_cases (
  tenant uuid NOT NULL REFERENCES tenants,
  case_id uuid NOT NULL DEFAULT app_uuidv7(),
  event_type text NOT NULL,
  name text NOT NULL,
  payload json NOT NULL,
  correlation_key text,
  expected_workflows uuid[] NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT app_now(),
  updated_at timestamptz NOT NULL DEFAULT app_now(),
  PRIMARY KEY (tenant, case_id),
  CONSTRAINT event_test_cases_name_key UNIQUE (tenant, event_type, name)
);
COMMENT ON COLUMN event_test_cases.expected_workflows IS 'Workflows that must start from the payload, and no other'
"""

GRANTS = """
GRANT SELECT, INSERT ON event_submissions TO event_catalog_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_test_cases TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("CALL app_isolate('event_submissions')")
    op.execute("CALL app_isolate('event_test_cases')")
    op.execute(GRANTS)
