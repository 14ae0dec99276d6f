"""Saved views: a page's filters under a name, for one person or for everybody in the tenant."""

from alembic import op

revision = "0038"
down_revision = "0037"

# The owner is no foreign key: what was shared stays when its owner leaves, and what was not is there if they come back.
TABLE = """
CREATE TABLE saved_views (
  tenant uuid NOT NULL REFERENCES tenants,
  view_id uuid NOT NULL DEFAULT app_uuidv7(),
  owner uuid NOT NULL,
  page text NOT NULL,
  name text NOT NULL,
  folded_name text NOT NULL,
  parameters jsonb NOT NULL,
  is_shared boolean NOT NULL,
  PRIMARY KEY (tenant, view_id),
  CONSTRAINT saved_views_name_key UNIQUE (tenant, owner, page, folded_name)
);
CREATE INDEX saved_views_shared ON saved_views (tenant) WHERE is_shared;
COMMENT ON COLUMN saved_views.folded_name IS 'The name without regard to case, by which one person tells views apart';
COMMENT ON COLUMN saved_views.parameters IS 'What the URL of the page asks for: names with their values, as lists'
"""

GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE ON saved_views TO event_catalog_app"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CALL app_isolate('saved_views')")
    op.execute(GRANT)
