"""A start whose database goes away in the middle ends with a sentence or comes through, and never in a traceback."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from lib.database import Database
from lib.errors import CatalogError
from lib.operations import startup
from lib.runs import engine
from lib.settings import Settings
from tests.support.waiting import wait_for

END_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.mark.own_database
@pytest.mark.parametrize("number", [1, *(pytest.param(number, marks=pytest.mark.slow) for number in range(3, 12, 2))])
def test_a_start_whose_sessions_end_says_so(db: Database, number: int) -> None:
    """All sessions end when the start opens its nth."""
    url = db.owner.url.render_as_string(hide_password=False)
    opened: list[None] = []

    def count(*_: object) -> None:
        opened.append(None)
        if len(opened) == number:
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
                other.execute(END_SESSIONS)

    event.listen(Pool, "connect", count)
    try:
        startup.start(Settings(database_url=url, auth="off"))
    except CatalogError as error:
        assert "\n" not in str(error)
        assert not engine.listens(), "nothing is left running"
    else:
        try:
            wait_for(lambda: len(opened) >= number)  # the engine's threads open the last ones
        finally:
            startup.stop()
    finally:
        event.remove(Pool, "connect", count)
    assert len(opened) >= number
