"""Runs as people see them: lists, one in full, cancel and retry."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
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
from lib.metrics import rollups
from lib.metrics.rollups import ORIGINS
from lib.runs import records as run_records
from lib.runs import repeating
from lib.runs.records import Repeat, Run, RunFilters
from lib.runs.repeating import FailedRun, Progress
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
        for act in (run_records.cancel, repeating.run_again):
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


def run_again(actor: Actor, run: UUID, repeats_seen: int = 0, *, newest: bool = False) -> repeating.Repeated:
    with database.write(actor) as conn:
        return repeating.run_again(conn, actor, run_id=run, repeats_seen=repeats_seen, newest=newest)


def test_a_failed_run_is_repeated_as_a_new_one(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]), {"password": "hunter22"})
    with pytest.raises(Conflict, match="Only a failed run"):
        run_again(actor, run)
    event = uuid4()
    change(run, status="FAILED", triggered_at=NOON, trigger_event_id=event)
    made = run_again(actor, run)
    row = row_of(made.run_id)
    assert made.is_new and (row.status, row.retry_of, row.trigger_event_id) == ("QUEUED", run, event)
    assert row.input_json == {"password": "hunter22"}
    assert row_of(run).status == "FAILED"
    with database.operate() as conn:
        queued = conn.execute(
            text("SELECT status FROM dbos.workflow_status WHERE workflow_uuid = :r"), {"r": str(made.run_id)}
        )
        assert queued.scalar_one() == "ENQUEUED"
    assert audited(run) == [("run.retried", {"newRun": str(made.run_id)})]
    assert shown(actor, run).repeats == (Repeat(made.run_id, "QUEUED"),)


def test_a_repeat_has_its_own_time_and_keeps_that_of_its_event(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    other = start_run(actor, publish(actor.tenant, [log_step("one")]))
    change(run, status="FAILED", triggered_at=NOON)
    change(other, triggered_at=NOON + timedelta(days=1))
    begun = datetime.now(UTC)
    again = run_again(actor, run).run_id
    assert listed(actor) == [again, other, run], "latest first"
    assert listed(actor, since=begun - timedelta(minutes=1)) == [again], "the last hour has it"
    assert row_of(again).event_at == NOON
    change(again, status="FAILED")
    assert row_of(run_again(actor, again).run_id).event_at == NOON


def test_a_run_is_run_again_as_often_as_somebody_asks(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    change(run, status="FAILED")
    made = []
    for number, status in enumerate(("FAILED", "SUCCEEDED", "CANCELED")):
        assert shown(actor, run).can_be_repeated
        made.append(run_again(actor, run, number).run_id)
        assert not shown(actor, run).can_be_repeated, "it is under way"
        for seen in (number, number + 1):
            assert run_again(actor, run, seen) == repeating.Repeated(made[-1], is_new=False)
        change(made[-1], status=status)
        assert run_again(actor, run, number) == repeating.Repeated(made[-1], is_new=False), "a late second click"
    assert len(set(made)) == 3 and [repeat.run_id for repeat in shown(actor, run).repeats] == made
    assert len(audited(run)) == 3


def test_two_people_ask_at_once_and_one_new_run_is_made(db: Database, actor: Actor, new_actor: Any) -> None:
    people = [actor, new_actor("manage", tenant=actor.tenant)]
    for _ in range(10):
        run = start_run(actor, publish(actor.tenant, [log_step("one")]))
        change(run, status="FAILED")
        both = threading.Barrier(2)

        def press(person: Actor, run: UUID = run, both: threading.Barrier = both) -> repeating.Repeated:
            both.wait()
            return run_again(person, run)

        with ThreadPoolExecutor(2) as threads:
            made = sorted(threads.map(press, people), key=lambda one: one.is_new)
        assert [one.is_new for one in made] == [False, True] and made[0].run_id == made[1].run_id
        assert len(shown(actor, run).repeats) == 1 and len(audited(run)) == 1


def test_a_run_is_repeated_by_its_own_version_or_the_newest(db: Database, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    run = start_run(actor, workflow)
    change(run, status="FAILED")
    add_version(workflow, 2)
    assert row_of(run_again(actor, run).run_id).workflow_version == 1
    change(shown(actor, run).repeats[0].run_id, status="FAILED")
    assert row_of(run_again(actor, run, 1, newest=True).run_id).workflow_version == 2
    change(shown(actor, run).repeats[1].run_id, status="FAILED")
    add_version(workflow, 3, payloadSchemaRef="payload.Other.v1")
    with pytest.raises(Conflict, match="takes another payload"):
        run_again(actor, run, 2, newest=True)
    assert row_of(run_again(actor, run, 2).run_id).workflow_version == 1


def add_version(workflow: UUID, version: int, **changes: Any) -> None:
    with database.operate() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_definition_versions (tenant, workflow_id, version, definition_json)"
                " SELECT tenant, workflow_id, :v, definition_json || CAST(:c AS jsonb)"
                " FROM workflow_definition_versions WHERE workflow_id = :w AND version = 1"
            ),
            {"w": workflow, "v": version, "c": json.dumps(changes)},
        )
        conn.execute(
            text("UPDATE workflow_definitions SET published_version = :v WHERE workflow_id = :w"),
            {"w": workflow, "v": version},
        )


def test_many_failed_runs_are_run_again_and_those_that_cannot_be_are_left_out(
    db: Database, actor: Actor, new_actor: Any
) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    made = [start_run(actor, workflow) for _ in range(60)]
    for number, run in enumerate(made):
        change(run, status="SUCCEEDED" if number < 2 else "FAILED", triggered_at=NOON + timedelta(minutes=number))
    change(run_again(actor, made[2]).run_id, status="SUCCEEDED")
    change(run_again(actor, made[3]).run_id, status="CANCELED")
    with database.read(actor) as conn:
        failed = repeating.failed_runs(conn, tenant=actor.tenant, filters=RunFilters(workflow_id=workflow))
        narrowed = RunFilters(since=NOON, until=NOON + timedelta(minutes=5))
        few = repeating.failed_runs(conn, tenant=actor.tenant, filters=narrowed)
    assert [one.summary.run_id for one in failed] == made[:2:-1], "what succeeded when it was run again is done with"
    assert [(one.summary.run_id, one.repeats) for one in few] == [(made[4], 0), (made[3], 1)]
    change(made[59], status="SUCCEEDED")  # meanwhile
    told = run_many_again(actor, failed)
    assert [one.done for one in told] == [25, 50, 57], "it says how far it is"
    reason = "Only a failed run can be run again, and this one has not failed."
    assert told[-1] == Progress(57, 56, 0, ((reason, 1),))
    [*_, twice] = run_many_again(actor, failed)
    assert twice == Progress(57, 0, 56, ((reason, 1),)), "a second click starts nothing"
    assert all(len(audited(run)) == 1 for run in made[4:59]) and len(audited(made[3])) == 2
    reader, stranger = new_actor("read", tenant=actor.tenant), new_actor("manage")
    with pytest.raises(PermissionDenied, match="you need manage"):
        run_many_again(reader, failed)
    with pytest.raises(NotFound, match="no such run"):
        run_many_again(stranger, few)
    with pytest.raises(Conflict, match="At most 25"), database.write(actor) as conn:
        repeating.run_many_again(conn, actor, chosen=failed[:26])


def run_many_again(actor: Actor, chosen: Sequence[FailedRun]) -> list[Progress]:
    """As a page does it; how far it was after each transaction."""
    told = [Progress()]
    for first in range(0, len(chosen), repeating.BATCH):
        with database.write(actor) as conn:
            batch = chosen[first : first + repeating.BATCH]
            told.append(repeating.run_many_again(conn, actor, chosen=batch, so_far=told[-1]))
    return told[1:]


def test_the_failed_runs_of_a_range_are_those_that_its_success_rate_counts(db: Database, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    add_runs(
        actor,
        workflow,
        240,
        event_type="CASE WHEN n % 3 = 0 THEN 'OTHER' ELSE 'TICKET_CREATED' END",
        status="CASE WHEN n % 4 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END",
        origin="CASE WHEN n % 5 = 0 THEN 'simulated' ELSE 'live' END",
    )
    [first] = listed(actor, status="FAILED", since=NOON, until=NOON + timedelta(seconds=5))
    change(run_again(actor, first).run_id, status="FAILED", event_type="TICKET_CREATED")
    now = datetime.now(UTC)
    for since, until in (
        (NOON, NOON + timedelta(seconds=100)),
        (NOON + timedelta(seconds=37), NOON + timedelta(seconds=201)),
        (NOON - timedelta(days=9), NOON + timedelta(days=1)),
        (now - timedelta(hours=1), now + timedelta(hours=1)),  # the repeat is of its own time
    ):
        with database.read(actor) as conn:
            found = rollups.runs(conn, tenant=actor.tenant, names=["TICKET_CREATED"], boundaries=[since, until])
        counted = found["TICKET_CREATED"][0].failed
        failed = listed(actor, status="FAILED", event_type="TICKET_CREATED", origin="live", since=since, until=until)
        assert len(failed) == counted > 0


def test_a_total_is_exact_or_says_that_there_are_more(db: Database, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    add_runs(actor, workflow, 1200, status="CASE WHEN n <= 1000 THEN 'FAILED' ELSE 'SUCCEEDED' END")

    def total(**filters: Any) -> str:
        with database.read(actor) as conn:
            return str(run_records.how_many(conn, tenant=actor.tenant, filters=RunFilters(**filters)))

    assert total() == "1,000+" and total(status="FAILED") == "1,000" and total(status="SUCCEEDED") == "200"
    assert total(since=NOON, until=NOON + timedelta(seconds=11)) == "10" and total(key="none") == "0"


def test_reader_may_neither_cancel_nor_retry(db: Database, actor: Actor, new_actor: Any) -> None:
    reader = new_actor("read", tenant=actor.tenant)
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    change(run, status="FAILED")
    for act in (run_records.cancel, repeating.run_again):
        with pytest.raises(PermissionDenied, match="you need manage"), database.write(reader) as conn:
            act(conn, reader, run_id=run)
    assert row_of(run).status == "FAILED" and {action for action, _ in audited(run)} == {"act.refused"}
