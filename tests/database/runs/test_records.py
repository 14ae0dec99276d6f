"""Runs as people see them: lists, one in full, cancel and retry."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.database.paging import Cursor
from lib.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from lib.metrics.rollups import ORIGINS
from lib.runs import records as run_records
from lib.runs.records import Repeat, Run, RunFilters
from tests.support.workflow_runs import log_step, publish, row_of, start_run

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def actor(new_actor: Any) -> Actor:
    person: Actor = new_actor("manage")
    return person


def change(run: UUID, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    with database.operate() as conn:
        conn.execute(text(f"UPDATE workflow_runs SET {assignments} WHERE run_id = :run"), {**columns, "run": run})


def shown(actor: Actor, run: UUID) -> Run:
    with database.read(actor) as conn:
        return run_records.get_run(conn, tenant=actor.tenant, run_id=run)


def listed(actor: Actor, **filters: Any) -> list[UUID]:
    with database.read(actor) as conn:
        page = run_records.list_runs(conn, tenant=actor.tenant, filters=RunFilters(**filters), limit=1000)
    return [run.run_id for run in page.runs]


def walk(actor: Actor, filters: RunFilters, limit: int) -> list[UUID]:
    found: list[UUID] = []
    cursor: Cursor | None = None
    while True:
        with database.read(actor) as conn:
            page = run_records.list_runs(conn, tenant=actor.tenant, filters=filters, cursor=cursor, limit=limit)
        found += [run.run_id for run in page.runs]
        if page.next is None:
            return found
        cursor = Cursor.parse(str(page.next))
        assert cursor == page.next


def add_runs(actor: Actor, workflow: UUID, count: int, **columns: str) -> None:
    """Many runs a second apart, with these SQL expressions of `n` as columns."""
    names = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    with database.operate() as conn:
        conn.execute(
            text(
                f"INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, triggered_at{names})"
                f" SELECT :t, :w, 1, CAST(:at AS timestamptz) + n * interval '1 second'{values}"
                f" FROM generate_series(1, {count}) n"
            ),
            {"t": actor.tenant, "w": workflow, "at": NOON},
        )


def add_wait(run: UUID, key: str, status: str = "RESUMED") -> None:
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, event_name, key, status)"
                " SELECT tenant, run_id, 'wait', 'event', 'REPLY', :k, :s FROM workflow_runs WHERE run_id = :r"
            ),
            {"r": run, "k": key, "s": status},
        )


def audited(run: UUID) -> list[tuple[str, Any]]:
    with database.operate() as conn:
        query = text("SELECT action, detail FROM audit_logs WHERE target_id = :r ORDER BY audit_id")
        return [(row.action, row.detail) for row in conn.execute(query, {"r": str(run)})]


def test_pages_hold_every_run_once_latest_first(db: Database, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    made = [start_run(actor, workflow) for _ in range(7)]
    for number, run in enumerate(made):
        change(run, triggered_at=NOON + timedelta(minutes=number // 3))  # several at the same instant
    found = walk(actor, RunFilters(), 3)
    assert found == sorted(made, key=lambda run: (row_of(run).triggered_at, run), reverse=True)


def test_every_mix_of_filters_finds_what_a_plain_look_finds(db: Database, actor: Actor, new_actor: Any) -> None:
    stranger, chance = new_actor(), random.Random(5)
    statuses, keys = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"], ["k1", "k2", None]
    made = []
    for person in (actor, stranger):
        workflows = [publish(person.tenant, [log_step("one")]) for _ in range(2)]
        for _ in range(80):
            run = start_run(person, chance.choice(workflows))
            status = chance.choice(statuses)
            columns: dict[str, Any] = {
                "status": status,
                "workflow_version": chance.choice([1, 2]),
                "origin": chance.choice(ORIGINS),
                "event_type": chance.choice(["ONE", "TWO"]),
                "correlation_key": chance.choice(keys),
                "triggered_at": NOON + timedelta(minutes=chance.randrange(30)),
                "error_json": '{"code": "down", "message": "The Gateway is down"}' if status == "FAILED" else None,
            }
            change(run, **columns)
            waited = chance.choice([None, None, "k1", "w"])
            if waited:
                add_wait(run, waited)
            made.append(
                {**columns, "run_id": run, "waited": waited, "actor": person, "workflow_id": row_of(run).workflow_id}
            )
    ours = [run["workflow_id"] for run in made if run["actor"] is actor]
    for _ in range(150):
        since, until = (chance.choice([None, None, NOON + timedelta(minutes=chance.randrange(30))]) for _ in range(2))
        filters = RunFilters(
            status=chance.choice([None, None, *statuses]),
            workflow_id=chance.choice([None, *ours[:3]]),
            workflow_version=chance.choice([None, None, 2]),
            event_type=chance.choice([None, None, "TWO"]),
            origin=chance.choice([None, None, *ORIGINS]),
            since=since,
            until=until,
            key=chance.choice([None, None, "k1", "w", "k"]),
            error=chance.choice([None, None, "gateway", "DOWN", "x"]),
        )
        wanted = [
            run
            for run in made
            if run["actor"] is actor
            and all(
                getattr(filters, name) in (None, run[name])
                for name in ("status", "workflow_id", "workflow_version", "event_type", "origin")
            )
            and (since is None or run["triggered_at"] >= since)
            and (until is None or run["triggered_at"] < until)
            and (filters.key is None or filters.key in (run["correlation_key"], run["waited"]))
            and (filters.error is None or (run["error_json"] is not None and filters.error != "x"))
        ]
        wanted.sort(key=lambda run: (run["triggered_at"], run["run_id"]), reverse=True)
        assert walk(actor, filters, 7) == [run["run_id"] for run in wanted], filters


def test_finding_runs_reads_no_run_that_does_not_match(db: Database, actor: Actor) -> None:
    many, few = publish(actor.tenant, [log_step("one")]), publish(actor.tenant, [log_step("one")])
    add_runs(
        actor,
        many,
        20_000,
        status="CASE n % 1000 WHEN 1 THEN 'FAILED' WHEN 2 THEN 'WAITING' ELSE 'SUCCEEDED' END",
        event_type="CASE WHEN n % 1000 = 3 THEN 'RARE' ELSE 'TICKET_CREATED' END",
        origin="CASE WHEN n % 1000 = 4 THEN 'replay' ELSE 'live' END",
        correlation_key="'k' || n",
    )
    add_runs(actor, few, 20)
    with database.operate() as conn:
        conn.exec_driver_sql(
            "UPDATE workflow_runs SET workflow_version = 2 WHERE extract(second FROM triggered_at) = 5"
            " AND extract(minute FROM triggered_at) = 5"
        )
        conn.exec_driver_sql(
            "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, event_name, key)"
            " SELECT tenant, run_id, 'wait', 'event', 'REPLY', 'w' || correlation_key FROM workflow_runs"
        )
    with db.owner.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    for filters in (
        RunFilters(),
        RunFilters(status="FAILED"),
        RunFilters(status="WAITING"),
        RunFilters(status="SUCCEEDED"),
        RunFilters(workflow_id=few),
        RunFilters(workflow_id=many, workflow_version=2),
        RunFilters(event_type="RARE"),
        RunFilters(event_type="TICKET_CREATED"),
        RunFilters(origin="replay"),
        RunFilters(key="k77"),
        RunFilters(key="wk77"),
        RunFilters(since=NOON, until=NOON + timedelta(hours=1)),
        RunFilters(error="broke"),
    ):
        read = [rows_read(actor, filters) for _ in range(8)]  # PostgreSQL would soon plan for any filters
        assert max(read) < 500, filters
    first = rows_read(actor, RunFilters(), Cursor(NOON + timedelta(seconds=100), UUID(int=1)))
    assert 0 < first < 500, "the last page is as near as the first"


def rows_read(actor: Actor, filters: RunFilters, cursor: Cursor | None = None) -> int:
    """How many rows finding a page touched."""
    counted = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname ~ '^workflow_'"
    )
    with database.read(actor) as conn:
        before = conn.execute(counted).scalar_one()
        run_records.list_runs(conn, tenant=actor.tenant, filters=filters, cursor=cursor)
        return int(conn.execute(counted).scalar_one() - before)


def test_a_search_in_errors_looks_through_so_many_runs_a_page_and_goes_on(
    db: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_records, "LOOKED_AT", 100)
    workflow = publish(actor.tenant, [log_step("one")])
    add_runs(
        actor,
        workflow,
        250,
        status="'FAILED'",
        error_json="jsonb_build_object('message', CASE WHEN n IN (20, 30, 150) THEN 'Broke' ELSE 'Other' END)",
    )
    with database.read(actor) as conn:
        first = run_records.list_runs(conn, tenant=actor.tenant, filters=RunFilters(error="broke"))
    assert first.runs == () and first.next is not None, "the newest 100 hold none"
    assert [row_of(run).triggered_at for run in walk(actor, RunFilters(error="broke"), 50)] == [
        NOON + timedelta(seconds=n) for n in (150, 30, 20)
    ]
    assert rows_read(actor, RunFilters(error="broke")) < 300


def test_text_that_no_database_holds_is_refused_by_name(db: Database, actor: Actor) -> None:
    for name in ("key", "error", "event_type"):
        with pytest.raises(InvalidInput, match=name.removesuffix("_type")):
            listed(actor, **{name: "a\0b"})


def test_run_is_shown_redacted(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]), {"password": "hunter22", "id": 1})
    found = shown(actor, run)
    assert found.input == {"password": "[redacted]", "id": 1}
    assert (found.summary.workflow_name, found.summary.status, found.summary.seconds) == ("Test", "QUEUED", None)
    change(run, started_at=NOON, completed_at=NOON + timedelta(seconds=2.5))
    assert shown(actor, run).summary.seconds == 2.5


def test_other_tenants_run_reads_as_a_missing_one(db: Database, actor: Actor, new_actor: Any) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    stranger = new_actor("admin")
    said = set()
    for run_id in (run, uuid4()):
        with pytest.raises(NotFound) as caught, database.write(stranger) as conn:
            run_records.get_run(conn, tenant=stranger.tenant, run_id=run_id)
        said.add(str(caught.value))
        for act in (run_records.cancel, run_records.retry):
            with pytest.raises(NotFound) as caught, database.write(stranger) as conn:
                act(conn, stranger, run_id=run_id)
            said.add(str(caught.value))
    assert len(said) == 1
    assert row_of(run).status == "QUEUED"


def test_runs_of_an_event(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    event = uuid4()
    change(run, trigger_event_id=event)
    with database.read(actor) as conn:
        (found,) = run_records.runs_of_event(conn, tenant=actor.tenant, event_id=event)
        assert found.run_id == run
        assert run_records.runs_of_event(conn, tenant=actor.tenant, event_id=uuid4()) == ()


@pytest.mark.parametrize("before", ["QUEUED", "RUNNING", "WAITING"])
def test_cancel_ends_a_run_once(db: Database, actor: Actor, before: str) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    change(run, status=before)
    with database.write(actor) as conn:
        run_records.cancel(conn, actor, run_id=run)
    row = row_of(run)
    assert (row.status, row.completed_at is not None) == ("CANCELED", True)
    with pytest.raises(Conflict, match="This run was already canceled"), database.write(actor) as conn:
        run_records.cancel(conn, actor, run_id=run)
    assert audited(run) == [("run.canceled", {"previousStatus": before})]


def test_retry_repeats_a_failed_run_as_a_new_one(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]), {"password": "hunter22"})
    with pytest.raises(Conflict, match="Only a failed run"), database.write(actor) as conn:
        run_records.retry(conn, actor, run_id=run)
    change(run, status="FAILED", triggered_at=NOON)
    with database.write(actor) as conn:
        again = run_records.retry(conn, actor, run_id=run)
    row = row_of(again)
    assert (row.status, row.retry_of, row.triggered_at) == ("QUEUED", run, NOON)
    assert row.input_json == {"password": "hunter22"}
    assert row_of(run).status == "FAILED"
    with database.operate() as conn:
        queued = conn.execute(
            text("SELECT status FROM dbos.workflow_status WHERE workflow_uuid = :r"), {"r": str(again)}
        )
        assert queued.scalar_one() == "ENQUEUED"
    assert audited(run) == [("run.retried", {"newRun": str(again)})]
    assert shown(actor, run).repeats == (Repeat(again, "QUEUED"),)


def test_a_run_is_repeated_once_and_a_canceled_repeat_does_not_count(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    change(run, status="FAILED")
    assert shown(actor, run).can_be_repeated
    with database.write(actor) as conn:
        again = run_records.retry(conn, actor, run_id=run)
    for status in ("QUEUED", "FAILED", "SUCCEEDED"):
        change(again, status=status)
        assert not shown(actor, run).can_be_repeated
        with pytest.raises(Conflict, match="already run again"), database.write(actor) as conn:
            run_records.retry(conn, actor, run_id=run)
    change(again, status="CANCELED")
    assert shown(actor, run).can_be_repeated
    with database.write(actor) as conn:
        run_records.retry(conn, actor, run_id=run)


def test_two_people_retry_at_once_and_one_new_run_is_made(db: Database, actor: Actor, new_actor: Any) -> None:
    people = [actor, new_actor("manage", tenant=actor.tenant)]
    for _ in range(10):
        run = start_run(actor, publish(actor.tenant, [log_step("one")]))
        change(run, status="FAILED")
        both = threading.Barrier(2)

        def press(person: Actor, run: UUID = run, both: threading.Barrier = both) -> str:
            both.wait()
            try:
                with database.write(person) as conn:
                    run_records.retry(conn, person, run_id=run)
            except Conflict as error:
                return str(error)
            return "made"

        with ThreadPoolExecutor(2) as threads:
            said = sorted(threads.map(press, people))
        assert said == ["This run was already run again.", "made"]
        assert len(shown(actor, run).repeats) == 1 and len(audited(run)) == 1


def test_reader_may_neither_cancel_nor_retry(db: Database, actor: Actor, new_actor: Any) -> None:
    reader = new_actor("read", tenant=actor.tenant)
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    change(run, status="FAILED")
    for act in (run_records.cancel, run_records.retry):
        with pytest.raises(PermissionDenied, match="you need manage"), database.write(reader) as conn:
            act(conn, reader, run_id=run)
    assert row_of(run).status == "FAILED" and {action for action, _ in audited(run)} == {"act.refused"}
