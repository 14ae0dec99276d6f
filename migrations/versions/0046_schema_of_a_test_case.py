"""A test case of an event keeps the schema ref that its payload claims."""

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.execute("ALTER TABLE event_test_cases ADD COLUMN schema_ref text")
    op.execute("COMMENT ON COLUMN event_test_cases.schema_ref IS 'What the payload claims, NULL for the catalog''s'")
