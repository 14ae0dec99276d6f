"""What the driver and the pool raise reaches nobody as it is."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from lib.database import Database, translated
from lib.errors import DatabaseUnavailable


def test_no_connection_is_free(db: Database) -> None:
    engine = create_engine(db.app.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with engine.connect(), pytest.raises(DatabaseUnavailable, match="in use"), translated():
        engine.connect()
    engine.dispose()
