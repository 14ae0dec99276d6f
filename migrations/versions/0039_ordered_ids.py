"""Ids that are made one after another are in that order also within a millisecond."""

from alembic import op

revision = "0039"
down_revision = "0038"

# RFC 9562 section 6.2, method 3: the twelve bits after the version hold the fraction of the millisecond, in 4096ths.
# Milliseconds and fraction are one number, so that the clock is read once.
APP_UUIDV7 = """
CREATE OR REPLACE FUNCTION app_uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (overlay(lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0')
                PLACING '7' FROM 13 FOR 0)
        || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid
"""


def upgrade() -> None:
    op.execute(APP_UUIDV7)
