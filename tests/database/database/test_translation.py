"""What the driver and the pool raise reaches nobody as it is."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lib.database import Database, translated
from lib.errors import DatabaseUnavailable


def test_no_connection_is_free(db: Database) -> None:
    engine = create_engine(db.app.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with engine.connect(), pytest.raises(DatabaseUnavailable, match="in use"), translated():
        engine.connect()
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        # A text that does not get shorter by compression, in an index whose rows hold 2,704 bytes.
        "DO $$ BEGIN CREATE TEMPORARY TABLE long (key text UNIQUE);"
        " INSERT INTO long SELECT string_agg(md5(CAST(n AS text)), '') FROM generate_series(1, 200) n; END $$",
        "SELECT CAST(repeat('[', 100000) AS jsonb)",
    ],
    ids=["row of an index", "value"],
)
def test_what_is_too_large_is_no_database_away(db: Database, statement: str) -> None:
    """Whoever waits for the database to come back would wait for ever."""
    with db.app.connect() as conn, pytest.raises(OperationalError, match=r"size|stack depth"), translated():
        conn.execute(text(statement))
