"""Bounds the wait for the end of the audit chain where revision 0028 was made before it had that bound."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute("ALTER FUNCTION app_link_audit_log() SET lock_timeout = '5s'")
