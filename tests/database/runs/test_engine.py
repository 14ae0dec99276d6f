"""The engine on a real database: what runs do, what people may see of it, and who may hand runs over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion
from lib.runs import engine
from lib.runs import records as run_records
from lib.settings import Settings, settings
from tests.support.statements import counted_statements
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
from tests.unit.steps.test_egress import Canary, reply


@pytest.fixture(scope="module")
def worker(module_database: Database) -> Iterator[Database]:
    """An engine that executes the module's runs in this process; its database."""
    database.use(module_database)
    engine.start(Settings(), worker=True)
    yield module_database
    engine.stop()
    database.use(None)


@pytest.fixture
def db(worker: Database) -> Database:
    """The engine's database. It stays in use between two tests, since the engine goes on."""
    return worker


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


def test_steps_run_in_order_and_leave_their_rows(actor: Actor) -> None:
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
    assert scalar("SELECT count(*) FROM workflow_run_results WHERE run_id = :r", r=run) == 0


def statements_of(actor: Actor, steps: list[Any]) -> list[str]:
    """What a run with these steps sends to the database, besides what the engine does for it."""
    workflow = publish(actor.tenant, steps)
    with counted_statements() as sent:
        assert await_run(start_run(actor, workflow)).status == "SUCCEEDED"
    assert "BEGIN" not in sent  # each is a transaction by itself
    return [one for one in sent if "workflow_run_steps" in one or "SET status = 'RUNNING', started_at" in one]


def test_what_a_run_records_takes_few_trips_to_the_database(actor: Actor) -> None:
    steps = [step("set", "transform.assign", assign={"vars.n": 1}), log_step("log"), step("end", "control.return")]
    # It begins; the first step has ended and the one that acts on the world begins; that has ended; the last one has
    # ended, and with it the run.
    assert len(statements_of(actor, steps)) == 4


def test_steps_without_an_effect_are_recorded_together(actor: Actor) -> None:
    add = step("add", "transform.assign", assign={"vars.n": expr("item")})
    loop = step("each", "control.forEach", items=expr("[1..120]"), steps=[add])
    assert len(statements_of(actor, [loop])) < 40  # 8, and one for each quarter of a second that it takes


def test_not_too_much_is_recorded_together(actor: Actor) -> None:
    keep = step("keep", "transform.assign", assign={"vars.text": "x" * 100_000})
    loop = step("each", "control.forEach", items=expr("[1..12]"), steps=[keep])
    assert len(statements_of(actor, [loop])) >= 4 + 12 // 2  # each item is kept for the run, and shown


def test_loop_runs_each_item_under_its_own_path(actor: Actor) -> None:
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


@pytest.mark.parametrize("waits", [False, True])
def test_loops_that_a_return_leaves_end_with_the_run(actor: Actor, waits: bool) -> None:
    """Also those that an earlier turn began."""
    inside = [step("nap", "time.wait", seconds=0.1)] if waits else []
    end = step("end", "control.return", output=expr("item"))
    inner = step("inner", "control.forEach", items=expr("[7, 8]"), steps=[*inside, end])
    outer = step("outer", "control.forEach", items=expr("[1, 2]"), steps=[inner])
    run = start_run(actor, publish(actor.tenant, [outer]))
    assert await_run(run).output_json == 7
    steps = steps_of(actor, run)
    assert {"outer", "outer[0]/inner", "outer[0]/inner[0]/end"} <= steps.keys()
    assert {(one.status, bool(one.completed_at), one.error) for one in steps.values()} == {("SUCCEEDED", True, None)}


def test_failing_step_fails_the_run_and_names_itself(actor: Actor) -> None:
    workflow = publish(actor.tenant, [step("sum", "transform.assign", assign={"vars.a": expr("payload.text + 1")})])
    run = start_run(actor, workflow, {"text": "x"})
    row = await_run(run)
    assert row.status == "FAILED"
    assert "sum" in row.error_json["message"]
    assert steps_of(actor, run)["sum"].error == row.error_json
    # Its code is read again when the run goes on, and is none of what the payload hides.
    again = await_run(start_run(actor, workflow, {"text": "x", "password": row.error_json["code"]}))
    assert again.error_json["code"] == row.error_json["code"]


def test_event_resumes_a_wait_with_its_payload(actor: Actor) -> None:
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
    assert scalar("SELECT count(*) FROM workflow_run_steps WHERE run_id = :r AND step_path = 'set'", r=run) == 1


@pytest.mark.parametrize(("on_timeout", "status"), [("fail", "FAILED"), ("continue", "SUCCEEDED")])
def test_wait_that_nothing_ends_times_out(actor: Actor, on_timeout: str, status: str) -> None:
    wait = step("reply", "event.wait", eventName="REPLY", correlationKey="k", timeoutSeconds=0.3, onTimeout=on_timeout)
    run = start_run(actor, publish(actor.tenant, [wait, log_step("after")]))
    assert await_run(run).status == status
    assert shown(actor, run).waits[0].status == "TIMED_OUT"
    assert ("after" in steps_of(actor, run)) == (status == "SUCCEEDED")


def test_time_wait_holds_no_worker(actor: Actor) -> None:
    """More runs wait than one tenant may execute at a time, and another still gets through."""
    sleeper = publish(actor.tenant, [step("sleep", "time.wait", seconds=3600)])
    sleepers = [start_run(actor, sleeper) for _ in range(20)]
    for run in sleepers:
        await_run(run, "WAITING")
    assert await_run(start_run(actor, publish(actor.tenant, [log_step("one")]))).status == "SUCCEEDED"


def test_time_wait_ends_at_its_instant(actor: Actor) -> None:
    until = step("sleep", "time.wait", until=expr("$fromMillis($toMillis('2020-01-01T00:00:00Z'))"))
    run = start_run(actor, publish(actor.tenant, [until, step("nap", "time.wait", seconds=0.2)]))
    assert await_run(run).status == "SUCCEEDED"
    assert [wait.status for wait in shown(actor, run).waits] == ["RESUMED", "RESUMED"]


@pytest.mark.parametrize(
    ("written", "status"), [("0001-01-02T00:00:00Z", "SUCCEEDED"), ("0001-01-01T00:00:00+01:00", "FAILED")]
)
def test_a_run_that_waited_for_an_early_instant_can_be_read(actor: Actor, written: str, status: str) -> None:
    run = start_run(actor, publish(actor.tenant, [step("nap", "time.wait", until=expr("payload.at"))]), {"at": written})
    assert await_run(run).status == status
    assert len(shown(actor, run).waits) == (status == "SUCCEEDED")


def test_run_and_hand_over_commit_together(actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    with pytest.raises(ZeroDivisionError), database.write(actor) as conn:
        run = insert_run(conn, actor.tenant, workflow)
        raise ZeroDivisionError
    with database.operate() as conn:
        assert conn.execute(text("SELECT count(*) FROM workflow_runs WHERE run_id = :r"), {"r": run}).scalar_one() == 0
        found = conn.execute(
            text("SELECT count(*) FROM dbos.workflow_status WHERE workflow_uuid = :r"), {"r": str(run)}
        )
        assert found.scalar_one() == 0


def test_run_ends_whatever_is_wrong_with_its_definition(actor: Actor) -> None:
    broken = publish(actor.tenant, [step("x", "no.such.type")])
    row = await_run(start_run(actor, broken))
    assert (row.status, row.error_json["code"]) == ("FAILED", "invalid_definition")
    row = await_run(start_run(actor, broken, version=7))
    assert (row.status, row.error_json["code"]) == ("FAILED", "unknown_version")


def test_secret_of_the_input_is_hidden_under_any_name(actor: Actor) -> None:
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


@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_wait_for_a_secret_key_ends_and_shows_neither_key_nor_payload(
    is_dropped: bool, db: Database, actor: Actor
) -> None:
    """Nor when the event has gone with its month, while the run goes on with what it got."""
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
    if is_dropped:
        with db.owner.begin() as conn:
            for table in ("workflow_event_matches", "workflow_runtime_events"):
                conn.execute(text(f"DELETE FROM {table} WHERE tenant = :t"), {"t": actor.tenant})
    resume(actor, {"ref": f"again {pin}"})
    assert await_run(run).status == "SUCCEEDED" and row_of(run).output_json == {"pin": pin}
    assert all(re.fullmatch("redacted:[a-p]{16}", wait.key) for wait in waits)
    assert token not in str(shown(actor, run)) and pin not in str(shown(actor, run))


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that runs may reach, which answers each request with a token."""
    server = Canary()
    server.answer = lambda handler: reply(
        handler, 200, b'{"access_token": "qx9-hunter-77", "to": "qx9-hunter-77"}', Content_Type="application/json"
    )
    monkeypatch.setenv("EGRESS_ALLOW", f"127.0.0.1:{server.port}")
    monkeypatch.setenv("EGRESS_ALLOW_PRIVATE", "1")
    settings.cache_clear()
    yield f"http://127.0.0.1:{server.port}/"
    monkeypatch.undo()
    settings.cache_clear()
    server.stop()


def test_secret_of_an_answer_is_hidden_under_any_name(db: Database, actor: Actor, sign_in: str) -> None:
    """Also when the run goes on in another turn, which has the answer from what was recorded."""
    token, copied = "qx9-hunter-77", expr("vars.t")
    broken = step("broken", "transform.assign", assign={"vars.x": expr("$error('no ' & vars.t)")})
    add_entry(db, actor.tenant, "OWN", paths=["ref"])
    workflow = publish(
        actor.tenant,
        [
            step("login", "action.call", action="http.request", input={"url": sign_in}),
            step("copy", "transform.assign", assign={"vars.t": expr("steps.login.output.body.access_token")}),
            log_step("log", copied),
            step("wait", "event.wait", eventName="OWN", correlationKey=copied),
            log_step("again", expr("'it is ' & vars.t")),
            step("try", "control.forEach", items=expr("[1]"), onItemError="continue", steps=[broken]),
            step("end", "control.return", output=copied),
        ],
    )
    run = start_run(actor, workflow)
    wait = open_wait(run)
    assert re.fullmatch("redacted:[a-p]{16}", wait.key) and token not in str(shown(actor, run))
    resume(actor, {"ref": token})
    assert await_run(run).output_json == token
    assert token not in str(shown(actor, run))
    assert steps_of(actor, run)["again"].output == {"message": "it is [redacted]"}
    assert steps_of(actor, run)["try[0]/broken"].status == "FAILED"


def resume(actor: Actor, payload: Any) -> None:
    with database.write(actor) as conn:
        done = ingestion.submit_event(conn, actor, event_type="OWN", payload=payload)
    assert [match.outcome for match in done.matches] == ["resumed"]


def test_too_large_a_result_fails_its_step(actor: Actor) -> None:
    big = step("big", "transform.assign", assign={"vars.x": expr("payload.x & payload.x & payload.x")})
    row = await_run(start_run(actor, publish(actor.tenant, [big]), {"x": "y" * 100_000}))
    assert row.status == "FAILED"
    assert "big" in row.error_json["message"]


def test_canceled_run_writes_no_more(actor: Actor) -> None:
    wait = step("reply", "event.wait", eventName="REPLY", correlationKey="k")
    run = start_run(actor, publish(actor.tenant, [wait]))
    wait_id = open_wait(run).wait_id
    with database.write(actor) as conn:
        assert engine.cancel_run(conn, tenant=actor.tenant, run_id=run) == "WAITING"
        assert engine.cancel_run(conn, tenant=actor.tenant, run_id=run) is None
        event = insert_event(conn, actor.tenant, "REPLY", {})
        assert not engine.resume_wait(conn, tenant=actor.tenant, wait_id=wait_id, event_id=event)
    assert row_of(run).status == "CANCELED"
    assert steps_of(actor, run)["reply"].status == "CANCELED"
    assert [wait.status for wait in shown(actor, run).waits] == ["CANCELED"]  # or events would go on to match it


def test_run_that_lost_its_turn_is_found(actor: Actor) -> None:
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
