"""What wakes the engine. In most of these tests it never looks at the queue by itself, so whatever starts was woken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.runs import engine, recovery, wake
from lib.settings import Settings
from tests.support.waiting import wait_for
from tests.support.workflow_runs import await_run, insert_run, log_step, publish, start_run, step


@pytest.fixture(scope="module")
def worker(module_database: Database) -> Iterator[Database]:
    """An engine that waits to be woken, for as long as any of these tests takes."""
    by_itself = wake.IDLE_SECONDS
    wake.IDLE_SECONDS = 3600
    database.use(module_database)
    engine.start(Settings(), worker=True)
    yield module_database
    engine.stop()
    database.use(None)
    wake.IDLE_SECONDS = by_itself


@pytest.fixture
def db(worker: Database) -> Database:
    return worker


@pytest.fixture
def actor(new_actor: Any) -> Actor:
    person: Actor = new_actor("manage")
    return person


def test_a_queued_run_starts_and_so_does_what_a_wait_held_up(actor: Actor) -> None:
    workflow = publish(actor.tenant, [step("nap", "time.wait", seconds=0.1), log_step("one")])
    assert await_run(start_run(actor, workflow)).status == "SUCCEEDED"


def test_runs_that_found_no_room_start_when_there_is_some(actor: Actor) -> None:
    """They are announced once, together, and a tenant executes half of what its worker does."""
    workflow = publish(actor.tenant, [log_step("one")])
    with database.write(actor) as conn:
        runs = [insert_run(conn, actor.tenant, workflow) for _ in range(3 * Settings().worker_concurrency)]
    assert {await_run(run).status for run in runs} == {"SUCCEEDED"}


def test_a_delayed_turn_starts_when_it_is_due(actor: Actor) -> None:
    workflow, run = publish(actor.tenant, [log_step("one")]), uuid4()
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, attempts)"
                " VALUES (:t, :r, :w, 1, 2)"
            ),
            {"t": actor.tenant, "r": run, "w": workflow},
        )
        turn = {"tenant": actor.tenant, "run_id": run, "turn": 1}
        conn.execute(recovery.queries["next_turn"], {**turn, "planned": False, "delay": 0.2})
        status = text("SELECT status FROM dbos.workflow_status WHERE workflow_uuid = :id")
        assert conn.execute(status, {"id": f"{run}:2"}).scalar_one() == "DELAYED"
    assert await_run(run).status == "SUCCEEDED"


def test_a_lost_connection_is_made_again_and_nothing_missed(actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    for _ in range(2):
        cut_the_listener_off()
        assert await_run(start_run(actor, workflow)).status == "SUCCEEDED"  # nobody listens: it begins to, and looks
        assert await_run(start_run(actor, workflow)).status == "SUCCEEDED"


def cut_the_listener_off() -> None:
    """Once it listens."""
    cut = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN event_catalog%'"
    )

    def was_cut() -> bool:
        with database.operate() as conn:
            return bool(conn.execute(cut).scalar_one())

    wait_for(was_cut)


def test_nothing_of_dbos_works_by_the_clock(db: Database) -> None:
    """An update of DBOS that began to would cost every idle worker more than all that we do."""
    names = {thread.name for thread in threading.enumerate()}
    assert {"claiming turns", "listening for turns", "housekeeping"} <= names
    assert not [name for name in names if "queue" in name or "jobs" in name or "notifier" in name]
