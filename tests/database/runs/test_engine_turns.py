"""The turns of runs: who may hand them over, who may not write any more, and what happens when an engine ends."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth.actors import Actor
from lib.database import Database, advisory_locks
from lib.runs import engine, records, recovery, wake
from lib.runs.journal import NotInCharge, RunJournal, Suspended, Turn
from lib.settings import Settings, settings
from lib.steps import Step
from lib.steps.execution import Wait
from tests.database.runs.test_engine import steps_of
from tests.support.locks import await_waiting
from tests.support.waiting import PATIENCE, wait_for
from tests.support.workflow_runs import (
    await_run,
    insert_event,
    log_step,
    open_wait,
    publish,
    row_of,
    start_run,
    step,
)

pytestmark = pytest.mark.own_database


@pytest.fixture
def actor(new_actor: Any) -> Actor:
    person: Actor = new_actor("manage")
    return person


def test_application_role_cannot_reach_the_engine_itself(db: Database, actor: Actor, new_actor: Any) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    other = new_actor("manage")
    for statement in (
        "SELECT count(*) FROM dbos.workflow_status",
        "SELECT dbos.enqueue_workflow('advance_run', 'runs')",
        f"SELECT app_drive_run('{actor.tenant}', '{uuid4()}', 1)",
        "SELECT result FROM workflow_run_results",
        "SELECT input_json FROM workflow_runs",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), database.write(actor) as conn:
            conn.execute(text(statement))
    run = start_run(actor, workflow)
    with pytest.raises(DBAPIError, match="no queued run"), database.write(other) as conn:
        engine.enqueue_runs(conn, tenant=actor.tenant, run_ids=[run])
    with database.write(other) as conn:
        assert engine.cancel_run(conn, tenant=actor.tenant, run_id=run) is None
        refused = engine.retry_run(conn, tenant=actor.tenant, run_id=run, repeats_seen=0, newest=False)
        assert (refused.run_id, refused.refusal) == (None, "not_failed")
    assert row_of(run).status == "QUEUED"


def test_turn_that_lost_its_run_is_fenced_off(db: Database, actor: Actor) -> None:
    """A worker taken for dead that comes back finds its writes refused."""
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    journal = RunJournal(Turn(actor.tenant, run, 1), threading.Event())
    journal.open()
    recovery.restart(Turn(actor.tenant, run, 1))
    with pytest.raises(NotInCharge):
        journal.begin(Step("one", "action.call", {}, "one"), None)
    with pytest.raises(NotInCharge):
        journal.finish(None)
    assert row_of(run).turn == 2
    recovery.hand_over(Turn(actor.tenant, run, 1))  # nor can it pass on what it does not have
    assert row_of(run).turn == 2
    recovery.hand_over(Turn(actor.tenant, run, 2))
    assert (row_of(run).turn, row_of(run).attempts) == (3, 0)


def test_a_wait_that_opens_while_its_run_is_canceled_is_canceled_too(db: Database, actor: Actor) -> None:
    """Canceling looks for waits before the turn's transaction has committed the new one, and then waits for the run."""
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    journal = RunJournal(Turn(actor.tenant, run, 1), threading.Event())
    journal.open()
    with db.owner.begin() as conn:
        conn.exec_driver_sql(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;"
            " CREATE TRIGGER hold AFTER INSERT ON workflow_run_waits FOR EACH ROW EXECUTE FUNCTION hold()"
        )

    def cancel() -> None:
        with database.write(actor) as conn:
            records.cancel(conn, actor, run_id=run)

    reply = Step("reply", "event.wait", {}, "reply")
    with ThreadPoolExecutor(2) as pool:
        with db.owner.begin() as conn:
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
            turn = pool.submit(journal.wait, reply, Wait("REPLY", "k", seconds=3600), None)
            await_waiting(db, unless_done=turn, like="%INSERT INTO workflow_run_waits%")
            canceling = pool.submit(cancel)
            await_waiting(db, unless_done=canceling, like="%app_cancel_run%")
        with pytest.raises(Suspended):
            turn.result(PATIENCE)
        canceling.result(PATIENCE)
    with database.read(actor) as conn:
        found = records.get_run(conn, tenant=actor.tenant, run_id=run)
    assert found.summary.status == "CANCELED"
    assert [step.status for step in found.steps] == ["CANCELED"]
    assert [wait.status for wait in found.waits] == ["CANCELED"]


def test_run_that_stops_its_worker_is_given_up(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    for number in range(1, recovery.MAX_ATTEMPTS + 1):
        with database.operate() as conn:
            conn.execute(text("UPDATE workflow_runs SET status = 'RUNNING', attempts = attempts + 1"))
        recovery.restart(Turn(actor.tenant, run, number))
    row = row_of(run)
    assert (row.status, row.error_json["code"]) == ("FAILED", "dead_letter")
    assert row.completed_at is not None


@pytest.fixture
def reach_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Lets steps connect to this machine; a port there at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    monkeypatch.setenv("EGRESS_ALLOW", f"127.0.0.1:{port}")
    monkeypatch.setenv("EGRESS_ALLOW_PRIVATE", "1")
    settings.cache_clear()
    yield port
    monkeypatch.undo()
    settings.cache_clear()


def test_stop_hands_runs_over(db: Database, actor: Actor, reach_loopback: int) -> None:
    """A run in the pause between two attempts goes on in the next process, and that is no failure of it."""
    call = step(
        "call",
        "action.call",
        action="http.request",
        input={"url": f"http://127.0.0.1:{reach_loopback}/"},
        retry={"maxAttempts": 2, "backoffSeconds": 30},
    )
    engine.start(settings(), worker=True)
    run = start_run(actor, publish(actor.tenant, [call]))
    wait_for(lambda: bool(steps_of(actor, run)))
    engine.stop()
    row = row_of(run)
    assert (row.status, row.turn, row.attempts) == ("RUNNING", 2, 0)
    engine.start(settings(), worker=True)
    try:
        assert await_run(run).error_json["code"] == "network"
        assert steps_of(actor, run)["call"].attempt == 2
    finally:
        engine.stop()


def test_what_has_begun_goes_before_what_has_not(db: Database, actor: Actor) -> None:
    reply = step("reply", "event.wait", eventName="REPLY", correlationKey="k")
    one_at_a_time = Settings(worker_concurrency=2)  # for each tenant, and from the very first look at the queue
    engine.start(one_at_a_time, worker=True)
    waiting = start_run(actor, publish(actor.tenant, [reply]))
    wait = open_wait(waiting)
    engine.stop()
    workflow = publish(actor.tenant, [log_step("one")])
    queued = [start_run(actor, workflow) for _ in range(5)]
    with database.write(actor) as conn:
        event = insert_event(conn, actor.tenant, "REPLY", {})
        assert engine.resume_wait(conn, tenant=actor.tenant, wait_id=wait.wait_id, event_id=event)
    engine.start(one_at_a_time, worker=True)
    try:
        ended = {run: await_run(run).completed_at for run in (waiting, *queued)}
        assert min(ended, key=lambda run: ended[run]) == waiting
    finally:
        engine.stop()


def test_health_tells_where_runs_execute(db: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    start_run(actor, publish(actor.tenant, [log_step("one")]))
    health = engine.health()
    assert (health.state, health.queue_depth, health.live_executors) == ("down", 1, 0)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "MOST_QUEUED", 1)
        assert "1+ waiting to start, 0 workers" in engine.health().detail
    time.sleep(0.05)
    assert engine.health().oldest_queued_seconds > health.oldest_queued_seconds
    engine.start(Settings(), worker=True)
    assert engine.health().state == "running"
    assert engine.health().live_executors == 1
    engine.stop()
    # The server drops the lock of a closed connection in its own time.
    wait_for(lambda: engine.health().state == "down")


def test_a_run_that_was_not_announced_starts_all_the_same(
    db: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.owner.begin() as conn:
        drive = conn.execute(text("SELECT pg_get_functiondef('app_drive_run'::regproc)")).scalar_one()
        silent = re.sub(r"PERFORM pg_notify\(.*\);", "", drive)
        assert silent != drive
        conn.exec_driver_sql(silent)
    monkeypatch.setattr(wake, "IDLE_SECONDS", 0.5)
    workflow = publish(actor.tenant, [log_step("one")])
    engine.start(Settings(), worker=True)
    try:
        await_run(start_run(actor, workflow))
        time.sleep(0.4)  # until the worker has been at rest for a while: at work it looks by itself
        assert await_run(start_run(actor, workflow)).status == "SUCCEEDED"
    finally:
        engine.stop()


def test_nobody_asks_the_engine_before_its_schema_is_there(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    starting = threading.Thread(target=engine.start, args=(Settings(),), kwargs={"worker": True})
    with db.owner.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA dbos CASCADE")
    with db.owner.connect() as conn, db.owner.connect() as other:
        conn.exec_driver_sql("CREATE SCHEMA dbos")  # not committed: the engine has to wait before it can make it
        starting.start()
        await_waiting(db, like="CREATE%")
        executors = text(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database AND datname = current_database()"
            " WHERE locktype = 'advisory' AND classid = :lock_class"
        )
        alive = other.execute(executors, {"lock_class": advisory_locks.ALIVE}).scalar_one()
        conn.rollback()
    starting.join()
    engine.stop()
    assert alive == 0, "housekeeping has not begun"
    assert caplog.messages == []


def add_finished(db: Database, turns: int, *, minutes: int, status: str = "SUCCESS") -> None:
    """Turns that were begun and last changed so many minutes ago."""
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, created_at, updated_at)"
                " SELECT gen_random_uuid(), :status, 'advance_run', 'runs', at, at FROM generate_series(1, :turns),"
                " CAST(extract(epoch FROM now() - make_interval(mins => :minutes)) * 1000 AS bigint) AS at"
            ),
            {"turns": turns, "minutes": minutes, "status": status},
        )


def test_finished_turns_are_deleted_faster_than_a_worker_finishes_them(db: Database) -> None:
    assert recovery._CLEANED_AT_ONCE / recovery._CLEAN_SECONDS > 2 * 80 * 5, "of 80 runs a second, with 5 turns each"
    add_finished(db, 2_500, minutes=61)
    add_finished(db, 3, minutes=59)
    engine.start(Settings(), worker=True)
    try:
        with db.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            count = "SELECT count(*) FROM dbos.workflow_status"
            wait_for(lambda: conn.exec_driver_sql(count).scalar_one() <= 3)
            assert conn.exec_driver_sql(count).scalar_one() == 3
    finally:
        engine.stop()


def test_one_worker_at_a_time_deletes_finished_turns(db: Database) -> None:
    add_finished(db, 5, minutes=61)
    for status in ("ENQUEUED", "DELAYED", "PENDING"):
        add_finished(db, 1, minutes=61, status=status)

    def old(conn: database.Connection, most: int = 10) -> int:
        row = {"lock": advisory_locks.OLD_TURNS, "most": most}
        return len(conn.execute(recovery.queries["old_turns"], row).all())

    with database.operate() as one, database.operate() as other:
        assert (old(one), old(other)) == (5, 0)
    with database.operate() as conn:
        assert (old(conn), old(conn, most=3)) == (5, 3)
