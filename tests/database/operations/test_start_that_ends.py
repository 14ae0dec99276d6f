"""A start that is asked to end brings the database up to the end, and begins nothing more."""

from __future__ import annotations

import pytest

from lib.database import Database
from lib.operations import startup, stopping
from lib.runs import engine
from lib.settings import Settings


@pytest.mark.own_database
@pytest.mark.parametrize("is_asked", [False, True])
def test_no_engine_is_started_for_a_process_that_ends(
    db: Database, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    monkeypatch.setattr(stopping, "_is_asked", is_asked)
    startup.start(Settings(database_url=db.owner.url.render_as_string(hide_password=False), auth="off"))
    try:
        assert engine.listens() is not is_asked
    finally:
        startup.stop()
