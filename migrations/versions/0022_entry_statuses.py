"""The statuses of catalog entries are listed by the application alone (docs/decisions/0069): the database keeps text.

`lib.catalog.entries.EntryStatus` is the list. A new status is one value there, without a migration.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for table in ("system_event_catalog", "event_catalog"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_status_check")
