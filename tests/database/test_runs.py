"""Runs as people see them: lists, one in full, cancel and retry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database, runs
from lib.auth import Actor
from lib.database import Database
from lib.errors import Conflict, NotFound, PermissionDenied
from tests.workflow_runs import log_step, publish, row_of, start_run

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def actor(new_actor: Any) -> Actor:
    person: Actor = new_actor("manage")
    return person


def change(run: UUID, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    with database.operate() as conn:
        conn.execute(text(f"UPDATE workflow_runs SET {assignments} WHERE run_id = :run"), {**columns, "run": run})


def listed(actor: Actor, **filters: Any) -> list[UUID]:
    with database.read(actor) as conn:
        return [run.run_id for run in runs.list_runs(conn, tenant=actor.tenant, **filters).runs]


def test_pages_hold_every_run_once_latest_first(db: Database, actor: Actor) -> None:
    workflow = publish(actor.tenant, [log_step("one")])
    made = [start_run(actor, workflow) for _ in range(7)]
    for number, run in enumerate(made):
        change(run, triggered_at=NOON + timedelta(minutes=number // 3))  # several at the same instant
    found: list[UUID] = []
    cursor = None
    for size in (3, 3, 1):
        with database.read(actor) as conn:
            page = runs.list_runs(conn, tenant=actor.tenant, cursor=cursor, limit=3)
        assert len(page.runs) == size
        found += [run.run_id for run in page.runs]
        cursor = page.next
    assert cursor is None
    assert found == sorted(made, key=lambda run: (row_of(run).triggered_at, run), reverse=True)


def test_filters_narrow_the_list(db: Database, actor: Actor) -> None:
    first, second = publish(actor.tenant, [log_step("one")]), publish(actor.tenant, [log_step("one")])
    failed, simulated, other = (start_run(actor, workflow) for workflow in (first, first, second))
    change(failed, status="FAILED")
    change(simulated, origin="simulated", event_type="OTHER")
    assert listed(actor, status="FAILED") == [failed]
    assert listed(actor, origin="simulated") == [simulated]
    assert listed(actor, event_type="OTHER") == [simulated]
    assert listed(actor, workflow_id=second) == [other]
    assert listed(actor, workflow_id=second, status="FAILED") == []


def test_run_is_shown_redacted(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]), {"password": "hunter22", "id": 1})
    with database.read(actor) as conn:
        shown = runs.get_run(conn, tenant=actor.tenant, run_id=run)
    assert shown.input == {"password": "[redacted]", "id": 1}
    assert (shown.summary.workflow_name, shown.summary.status, shown.summary.seconds) == ("Test", "QUEUED", None)
    change(run, started_at=NOON, completed_at=NOON + timedelta(seconds=2.5))
    with database.read(actor) as conn:
        assert runs.get_run(conn, tenant=actor.tenant, run_id=run).summary.seconds == 2.5


def test_other_tenants_run_reads_as_a_missing_one(db: Database, actor: Actor, new_actor: Any) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    stranger = new_actor("admin")
    said = set()
    for run_id in (run, uuid4()):
        with pytest.raises(NotFound) as caught, database.write(stranger) as conn:
            runs.get_run(conn, tenant=stranger.tenant, run_id=run_id)
        said.add(str(caught.value))
        for act in (runs.cancel, runs.retry):
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
        (found,) = runs.runs_of_event(conn, tenant=actor.tenant, event_id=event)
        assert found.run_id == run
        assert runs.runs_of_event(conn, tenant=actor.tenant, event_id=uuid4()) == ()


def test_cancel_ends_a_run_once(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    with database.write(actor) as conn:
        runs.cancel(conn, actor, run_id=run)
    row = row_of(run)
    assert (row.status, row.completed_at is not None) == ("CANCELED", True)
    with pytest.raises(Conflict, match="CANCELED"), database.write(actor) as conn:
        runs.cancel(conn, actor, run_id=run)


def test_retry_repeats_a_failed_run_as_a_new_one(db: Database, actor: Actor) -> None:
    run = start_run(actor, publish(actor.tenant, [log_step("one")]), {"password": "hunter22"})
    with pytest.raises(Conflict, match="QUEUED"), database.write(actor) as conn:
        runs.retry(conn, actor, run_id=run)
    change(run, status="FAILED", triggered_at=NOON)
    with database.write(actor) as conn:
        again = runs.retry(conn, actor, run_id=run)
    row = row_of(again)
    assert (row.status, row.retry_of, row.triggered_at) == ("QUEUED", run, NOON)
    assert row.input_json == {"password": "hunter22"}
    assert row_of(run).status == "FAILED"
    with database.operate() as conn:
        queued = conn.execute(
            text("SELECT status FROM dbos.workflow_status WHERE workflow_uuid = :r"), {"r": str(again)}
        )
        assert queued.scalar_one() == "ENQUEUED"
    with database.read(actor) as conn:
        assert runs.get_run(conn, tenant=actor.tenant, run_id=run).retried_as == (again,)


def test_reader_may_neither_cancel_nor_retry(db: Database, actor: Actor, new_actor: Any) -> None:
    reader = new_actor("read", tenant=actor.tenant)
    run = start_run(actor, publish(actor.tenant, [log_step("one")]))
    for act in (runs.cancel, runs.retry):
        with pytest.raises(PermissionDenied, match="manage"), database.write(reader) as conn:
            act(conn, reader, run_id=run)
    assert row_of(run).status == "QUEUED"
