"""Events of types that the catalog does not know are refused, and counted, so that somebody may define them."""

from alembic import op

revision = "0027"
down_revision = "0026"

# What is beyond the bounds is counted under the name '', which no type and no source can have.
TABLES = """
CREATE TABLE unknown_event_types (
  tenant uuid NOT NULL REFERENCES tenants,
  event_type text NOT NULL,
  events bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  samples bigint NOT NULL DEFAULT 0,
  sampled_at timestamptz,
  is_dismissed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, event_type)
);
COMMENT ON TABLE unknown_event_types IS
  'Events that were refused because the catalog had no such type; the type '''' stands for those beyond the bounds';
COMMENT ON COLUMN unknown_event_types.samples IS 'How many were kept ever; the latest ones still are';
CREATE INDEX unknown_event_types_last ON unknown_event_types (last_at);
CREATE TABLE unknown_event_sources (
  tenant uuid NOT NULL,
  event_type text NOT NULL,
  source text NOT NULL,
  events bigint NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, event_type, source),
  FOREIGN KEY (tenant, event_type) REFERENCES unknown_event_types ON DELETE CASCADE
);
COMMENT ON TABLE unknown_event_sources IS 'Where the events of an unknown type came from';
CREATE TABLE unknown_event_samples (
  tenant uuid NOT NULL,
  event_type text NOT NULL,
  sample_no smallint NOT NULL,
  received_at timestamptz NOT NULL,
  payload json NOT NULL,
  PRIMARY KEY (tenant, event_type, sample_no),
  FOREIGN KEY (tenant, event_type) REFERENCES unknown_event_types ON DELETE CASCADE
);
COMMENT ON TABLE unknown_event_samples IS 'Redacted payloads of an unknown type, a few of the latest'
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON unknown_event_types, unknown_event_sources, unknown_event_samples TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("unknown_event_types", "unknown_event_sources", "unknown_event_samples"):
        op.execute(f"CALL app_isolate('{table}')")
    op.execute(GRANTS)
