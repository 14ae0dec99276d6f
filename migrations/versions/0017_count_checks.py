"""When counts were compared with the rows that they count, and how many buckets were off."""

from alembic import op

revision = "0017"
down_revision = "0015"

TABLE = """
CREATE TABLE count_checks (
  check_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  checked_at timestamptz NOT NULL DEFAULT app_now(),
  since timestamptz NOT NULL,
  until timestamptz NOT NULL,
  off int NOT NULL
);
COMMENT ON COLUMN count_checks.off IS 'Buckets of any tenant that were off, and repaired';
GRANT SELECT (checked_at) ON count_checks TO event_catalog_app
"""


def upgrade() -> None:
    op.execute(TABLE)
