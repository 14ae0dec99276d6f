"""The first event after the start is no more work than those after it, and what was rehearsed leaves no trace."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lib.database import Database
from lib.operations import rehearsal
from lib.settings import ROOT

_COUNTED = ("tenants", "workflow_runtime_events", "workflow_runs", "event_submissions", "audit_logs")


def counts(db: Database) -> list[int]:
    with db.owner.begin() as conn:
        return [conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in _COUNTED]


@pytest.mark.own_database
def test_the_first_event_is_as_much_work_as_the_tenth(db: Database) -> None:
    url = db.owner.url.render_as_string(hide_password=False)
    program = [sys.executable, "-m", "tests.support.first_events", url]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    first, *_, tenth = json.loads(done.stdout.splitlines()[-1])
    assert first["statements"] <= tenth["statements"]
    assert first["calls"] <= 1.1 * tenth["calls"]


@pytest.mark.own_database
@pytest.mark.parametrize("tenants", [0, 1])
def test_a_rehearsal_leaves_no_trace(db: Database, tenants: int) -> None:
    if tenants:
        with db.owner.begin() as conn:
            conn.exec_driver_sql("INSERT INTO tenants (name) VALUES ('Acme')")
    before = counts(db)
    rehearsal.rehearse()
    assert counts(db) == before
    assert db.app.pool.checkedin() >= rehearsal.CONNECTIONS  # type: ignore[attr-defined]
