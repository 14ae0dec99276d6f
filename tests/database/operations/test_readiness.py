"""Ready is a process whose next event is answered in the usual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from lib import database
from lib.database import Database
from lib.errors import DatabaseUnavailable
from lib.operations import readiness
from lib.runs import engine, wake
from lib.settings import Settings
from tests.conftest import ActorFactory
from tests.support.waiting import wait_for

IN_PROCESS, EXTERNAL = Settings(worker="in-process"), Settings(worker="external")
NO_ENGINE = "The workflow engine of this process does not run."
HEARS_NOT = "The workflow engine of this process does not hear of new runs yet."
END_LISTENERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()
"""


@pytest.fixture
def running(db: Database) -> Iterator[None]:
    engine.start(IN_PROCESS, worker=True)
    yield
    engine.stop()


def test_an_engine_elsewhere_is_not_waited_for(db: Database) -> None:
    assert readiness.reason_against(IN_PROCESS) == NO_ENGINE
    assert readiness.reason_against(EXTERNAL) is None


@pytest.mark.own_database
def test_an_engine_that_hears_of_no_run_is_not_ready(
    db: Database, running: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert readiness.reason_against(IN_PROCESS) is None
    monkeypatch.setattr(wake, "_LISTEN", "LISTEN to nothing")  # refused: it stays deaf until that was seen
    with db.owner.begin() as conn:
        ended = conn.execute(text(END_LISTENERS))
        assert ended.scalars().all() == [True]
    wait_for(lambda: readiness.reason_against(IN_PROCESS) == HEARS_NOT)
    monkeypatch.undo()
    wait_for(lambda: readiness.reason_against(IN_PROCESS) is None)


def test_a_login_of_pages_that_cannot_connect_is_not_ready(db: Database) -> None:
    nowhere = database.app_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    database.use(replace(db, app=nowhere))
    assert readiness.reason_against(EXTERNAL) == readiness.NO_DATABASE


@pytest.mark.own_database
def test_a_database_that_takes_no_changes_is_not_ready(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    make_read_only(db, True)
    assert readiness.reason_against(EXTERNAL) == "The database takes no changes at the moment: it is read-only."
    with pytest.raises(DatabaseUnavailable, match="read-only"), database.write(actor) as conn:
        conn.execute(text("UPDATE tenants SET time_zone = time_zone"))
    with pytest.raises(DatabaseUnavailable, match="read-only"), database.operate() as conn:
        conn.execute(text("UPDATE tenants SET time_zone = time_zone"))
    with database.read(actor) as conn:
        assert conn.execute(text("SELECT count(*) FROM tenants")).scalar_one() == 1
    make_read_only(db, False)
    assert readiness.reason_against(EXTERNAL) is None


def make_read_only(db: Database, read_only: bool) -> None:
    """As a host does when its disk is nearly full. Sessions that are there already go on as they were."""
    with db.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("SET default_transaction_read_only = off")
        to = "on" if read_only else "off"
        conn.exec_driver_sql(f"ALTER DATABASE {db.owner.url.database} SET default_transaction_read_only = {to}")
    db.owner.dispose()
    db.app.dispose()
