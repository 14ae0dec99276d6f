"""The engine on a real database: what runs do, what people may see of it, and who may hand runs over."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion
from lib.runs import engine, recovery
from lib.runs import records as run_records
from lib.runs.journal import NotInCharge, RunJournal, Turn
from lib.settings import Settings, settings
from lib.steps import Step
from tests.support.tenant_catalog import add_entry
from tests.support.workflow_runs import (
    await_run,
    expr,
    insert_event,
    insert_run,
    log_step,
    open_wait,
    publish,
    row_of,
    start_run,
    step,
)


@pytest.fixture
def worker(db: Database) -> Iterator[None]:
    """An engine that executes runs in this process."""
    engine.start(Settings(), worker=True)
    yield
    engine.stop()


@pytest.fixture
def actor(new_actor: Any) -> Actor:
    person: Actor = new_actor("manage")
    return person


def scalar(statement: str, **parameters: Any) -> Any:
    with database.operate() as conn:
        return conn.execute(text(statement), parameters).scalar_one()


def shown(actor: Actor, run: UUID) -> run_records.Run:
    with database.read(actor) as conn:
        return run_records.get_run(conn, tenant=actor.tenant, run_id=run)


def steps_of(actor: Actor, run: UUID) -> dict[str, run_records.RunStep]:
    return {row.step_path: row for row in shown(actor, run).steps}


def test_steps_run_in_order_and_leave_their_rows(worker: None, actor: Actor) -> None:
    workflow = publish(
        actor.tenant,
        [
            step("set", "transform.assign", assign={"vars.total": expr("payload.a + payload.b"), "vars.who.name": "x"}),
            step(
                "check",
                "control.if",
                condition=expr("vars.total > 2"),
                then=[log_step("big", expr("'sum ' & vars.total"))],
                **{"else": [log_step("small")]},
            ),
            step("end", "control.return", output={"total": expr("vars.total"), "key": expr("event.correlationKey")}),
            log_step("never"),
        ],
    )
    run = start_run(actor, workflow, {"a": 1, "b": 2})
    row = await_run(run)
    assert (row.status, row.output_json) == ("SUCCEEDED", {"total": 3, "key": "key-1"})
    assert row.started_at <= row.completed_at
    steps = steps_of(actor, run)
    assert list(steps) == ["set", "check", "check/big", "end"]
    assert all(s.status == "SUCCEEDED" and s.completed_at and s.attempt == 1 for s in steps.values())
    assert steps["set"].output == {"vars.total": 3, "vars.who.name": "x"}
    assert steps["check/big"].output == {"message": "sum 3"}
    assert scalar("SELECT count(*) FROM workflow_run_results") == 0


def test_loop_runs_each_item_under_its_own_path(worker: None, actor: Actor) -> None:
    loop = step(
        "each",
        "control.forEach",
        items=expr("payload.lines"),
        itemName="line",
        onItemError="continue",
        steps=[
            step("add", "transform.assign", assign={"vars.sum": expr("vars.sum + line.n")}),
            step("odd", "control.if", condition=expr("line.n"), then=[log_step("log", expr("line.n"))]),
        ],
    )
    start = step("start", "transform.assign", assign={"vars.sum": 0})
    workflow = publish(actor.tenant, [start, loop, step("end", "control.return", output=expr("vars.sum"))])
    run = start_run(actor, workflow, {"lines": [{"n": 1}, {"n": 2}, {"n": 3}]})
    assert await_run(run).output_json == 6
    steps = steps_of(actor, run)
    # A number is no condition: every item fails there, and the loop goes on.
    assert steps["each"].output["failed"] == 3
    assert {"each[0]/add", "each[1]/add", "each[2]/add"} <= steps.keys()
    assert steps["each[1]/odd"].status == "FAILED"


def test_failing_step_fails_the_run_and_names_itself(worker: None, actor: Actor) -> None:
    workflow = publish(actor.tenant, [step("sum", "transform.assign", assign={"vars.a": expr("payload.text + 1")})])
    run = start_run(actor, workflow, {"text": "x"})
    row = await_run(run)
    assert row.status == "FAILED"
    assert "sum" in row.error_json["message"]
    assert steps_of(actor, run)["sum"].error == row.error_json


def test_event_resumes_a_wait_with_its_payload(worker: None, actor: Actor) -> None:
    workflow = publish(
        actor.tenant,
        [
            step("set", "transform.assign", assign={"vars.id": expr("payload.id")}),
            step("reply", "event.wait", eventName="REPLY", correlationKey=expr("vars.id"), timeoutSeconds=60),
            step("end", "control.return", output=expr("vars.id & steps.reply.output.text")),
        ],
    )
    run = start_run(actor, workflow, {"id": "T-1 "})
    wait = open_wait(run)
    assert (wait.event_name, wait.key, wait.step_path) == ("REPLY", "T-1 ", "reply")
    assert steps_of(actor, run)["reply"].status == "WAITING"
    with database.write(actor) as conn:
        event = insert_event(conn, actor.tenant, "REPLY", {"text": "hello"})
        assert engine.resume_wait(conn, tenant=actor.tenant, wait_id=wait.wait_id, event_id=event)
        assert not engine.resume_wait(conn, tenant=actor.tenant, wait_id=wait.wait_id, event_id=event)
    assert await_run(run).output_json == "T-1 hello"
    assert shown(actor, run).waits[0].resolved_by_event_id == event
    assert scalar("SELECT count(*) FROM workflow_run_steps WHERE step_path = 'set'") == 1


@pytest.mark.parametrize(("on_timeout", "status"), [("fail", "FAILED"), ("continue", "SUCCEEDED")])
def test_wait_that_nothing_ends_times_out(worker: None, actor: Actor, on_timeout: str, status: str) -> None:
    wait = step("reply", "event.wait", eventName="REPLY", correlationKey="k", timeoutSeconds=0.3, onTimeout=on_timeout)
    run = start_run(actor, publish(actor.tenant, [wait, log_step("after")]))
    assert await_run(run).status == status
    assert shown(actor, run).waits[0].status == "TIMED_OUT"
    assert ("after" in steps_of(actor, run)) == (status == "SUCCEEDED")


def test_time_wait_holds_no_worker(worker: None, actor: Actor) -> None:
    """More runs wait than one tenant may execute at a time, and another still gets through."""
    sleeper = publish(actor.tenant, [step("sleep", "time.wait", seconds=3600)])
    sleepers = [start_run(actor, sleeper) for _ in range(20)]
    for run in sleepers:
        await_run(run, "WAITING")
    assert await_run(start_run(actor, publish(actor.tenant, [log_step("one")]))).status == "SUCCEEDED"


def test_time_wait_ends_at_its_instant(worker: None, actor: Actor) -> None:
    until = step("sleep", "time.wait", until=expr("$fromMillis($toMillis('2020-01-01T00:00:00Z'))"))
    run = start_run(actor, publish(actor.tenant, [until, step("nap", "time.wait", seconds=0.2)]))
    assert await_run(run).status == "SUCCEEDED"
    assert [wait.status for wait in shown(actor, run).waits] == ["RESUMED", "RESUMED"]


def test_run_and_hand_over_commit_together(worker: None, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    with pytest.raises(ZeroDivisionError), database.write(actor) as conn:
        run = insert_run(conn, actor.tenant, workflow)
        raise ZeroDivisionError
    with database.operate() as conn:
        assert conn.execute(text("SELECT count(*) FROM workflow_runs")).scalar_one() == 0
        found = conn.execute(
            text("SELECT count(*) FROM dbos.workflow_status WHERE workflow_uuid = :r"), {"r": str(run)}
        )
        assert found.scalar_one() == 0


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
        engine.enqueue_run(conn, tenant=actor.tenant, run_id=run)
    with database.write(other) as conn:
        assert not engine.cancel_run(conn, tenant=actor.tenant, run_id=run)
        assert engine.retry_run(conn, tenant=actor.tenant, run_id=run) is None
    assert row_of(run).status == "QUEUED"


def test_run_ends_whatever_is_wrong_with_its_definition(worker: None, actor: Actor) -> None:
    broken = publish(actor.tenant, [step("x", "no.such.type")])
    row = await_run(start_run(actor, broken))
    assert (row.status, row.error_json["code"]) == ("FAILED", "invalid_definition")
    row = await_run(start_run(actor, broken, version=7))
    assert (row.status, row.error_json["code"]) == ("FAILED", "unknown_version")


def test_secret_of_the_input_is_hidden_under_any_name(worker: None, actor: Actor) -> None:
    token = "tok-7f3a9c"
    workflow = publish(
        actor.tenant,
        [
            step("copy", "transform.assign", assign={"vars.harmless": expr("payload.password")}),
            log_step("log", expr("'it is ' & vars.harmless")),
            step("fail", "transform.assign", assign={"vars.x": expr("$error('no ' & vars.harmless)")}),
        ],
    )
    run = start_run(actor, workflow, {"password": token})
    assert await_run(run).status == "FAILED"
    assert token not in str(shown(actor, run))
    assert steps_of(actor, run)["log"].output is not None


def test_a_wait_for_a_secret_key_ends_and_shows_neither_key_nor_payload(
    db: Database, worker: None, actor: Actor
) -> None:
    token, pin = "tok-7f3a9c", "8841-zebra"
    add_entry(db, actor.tenant, "OWN", paths=["ref"], schema={"properties": {"marked": {"x-sensitive": True}}})
    workflow = publish(
        actor.tenant,
        [
            step("first", "event.wait", eventName="OWN", correlationKey=expr("payload.password")),
            step("copy", "transform.assign", assign={"vars.pin": expr("steps.first.output.marked")}),
            step("second", "event.wait", eventName="OWN", correlationKey=expr("'again ' & vars.pin")),
            step("end", "control.return", output={"pin": expr("vars.pin")}),
        ],
    )
    run = start_run(actor, workflow, {"password": token})
    waits = [open_wait(run)]
    # To this event its key is no secret, and yet it is the one.
    resume(actor, {"ref": token, "marked": pin})
    waits.append(open_wait(run))
    resume(actor, {"ref": f"again {pin}"})
    assert await_run(run).status == "SUCCEEDED" and row_of(run).output_json == {"pin": pin}
    assert all(re.fullmatch("redacted:[a-p]{16}", wait.key) for wait in waits)
    assert token not in str(shown(actor, run)) and pin not in str(shown(actor, run))


def resume(actor: Actor, payload: Any) -> None:
    with database.write(actor) as conn:
        done = ingestion.submit_event(conn, actor, event_type="OWN", payload=payload)
    assert [match.outcome for match in done.matches] == ["resumed"]


def test_too_large_a_result_fails_its_step(worker: None, actor: Actor) -> None:
    big = step("big", "transform.assign", assign={"vars.x": expr("payload.x & payload.x & payload.x")})
    row = await_run(start_run(actor, publish(actor.tenant, [big]), {"x": "y" * 100_000}))
    assert row.status == "FAILED"
    assert "big" in row.error_json["message"]


def test_canceled_run_writes_no_more(worker: None, actor: Actor) -> None:
    wait = step("reply", "event.wait", eventName="REPLY", correlationKey="k")
    run = start_run(actor, publish(actor.tenant, [wait]))
    wait_id = open_wait(run).wait_id
    with database.write(actor) as conn:
        assert engine.cancel_run(conn, tenant=actor.tenant, run_id=run)
        assert not engine.cancel_run(conn, tenant=actor.tenant, run_id=run)
        event = insert_event(conn, actor.tenant, "REPLY", {})
        assert not engine.resume_wait(conn, tenant=actor.tenant, wait_id=wait_id, event_id=event)
    assert row_of(run).status == "CANCELED"
    assert steps_of(actor, run)["reply"].status == "CANCELED"
    assert [wait.status for wait in shown(actor, run).waits] == ["CANCELED"]  # or events would go on to match it


def test_turn_that_lost_its_run_is_fenced_off(db: Database, actor: Actor) -> None:
    """A worker taken for dead that comes back finds its writes refused."""
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    journal = RunJournal(Turn(actor.tenant, run, 1), threading.Event())
    journal.open()
    recovery.restart(Turn(actor.tenant, run, 1))
    with pytest.raises(NotInCharge):
        journal.succeed(Step("one", "action.call", {}, "one"), None, shown_input=None, seconds=0)
    with pytest.raises(NotInCharge):
        journal.finish(None)
    assert row_of(run).turn == 2
    recovery.hand_over(Turn(actor.tenant, run, 1))  # nor can it pass on what it does not have
    assert row_of(run).turn == 2
    recovery.hand_over(Turn(actor.tenant, run, 2))
    assert (row_of(run).turn, row_of(run).attempts) == (3, 0)


def test_run_that_stops_its_worker_is_given_up(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    for number in range(1, recovery.MAX_ATTEMPTS + 1):
        with database.operate() as conn:
            conn.execute(text("UPDATE workflow_runs SET status = 'RUNNING', attempts = attempts + 1"))
        recovery.restart(Turn(actor.tenant, run, number))
    row = row_of(run)
    assert (row.status, row.error_json["code"]) == ("FAILED", "dead_letter")
    assert row.completed_at is not None


def test_run_that_lost_its_turn_is_found(worker: None, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    with database.operate() as conn:
        run = uuid4()
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, updated_at)"
                " VALUES (:t, :r, :w, 1, now() - interval '1 minute')"
            ),
            {"t": actor.tenant, "r": run, "w": workflow},
        )
    assert await_run(run).status == "SUCCEEDED"


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
    deadline = time.monotonic() + 10
    while not steps_of(actor, run) and time.monotonic() < deadline:
        time.sleep(0.02)
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


def test_health_tells_where_runs_execute(db: Database, actor: Actor) -> None:
    start_run(actor, publish(actor.tenant, [log_step("one")]))
    health = engine.health()
    assert (health.state, health.queue_depth, health.live_executors) == ("down", 1, 0)
    time.sleep(0.05)
    assert engine.health().oldest_queued_seconds > health.oldest_queued_seconds
    engine.start(Settings(), worker=True)
    assert engine.health().state == "running"
    assert engine.health().live_executors == 1
    engine.stop()
    deadline = time.monotonic() + 10
    while engine.health().state != "down":  # the server drops the lock of a closed connection in its own time
        assert time.monotonic() < deadline
        time.sleep(0.02)
