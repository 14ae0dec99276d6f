"""What is old goes: months of events, their runs, the ids they came with. Their counts stay, and what is not over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import DatabaseUnavailable
from lib.metrics import reconciliation, reports, rollups
from lib.metrics.rollups import COUNT_GRAINS, Durations, EventCounts, RunCounts
from lib.metrics.time_window import Window, start_of
from lib.operations import retention
from lib.operations.retention import Kept
from lib.operations.upkeep import Upkeep
from lib.runs.chores import Chore, Chores
from lib.settings import Settings
from tests.conftest import ActorFactory
from tests.support.waiting import wait_for

pytestmark = pytest.mark.own_database

OLD, RECENT = datetime(2020, 2, 10, 7, tzinfo=UTC), datetime(2020, 3, 20, 7, tzinfo=UTC)
MONTHS = "CALL app_make_event_partition('2020-02-01'); CALL app_make_event_partition('2020-03-01')"
TYPE = "ORDER_PAID"
# One of each that goes with a run.
OF_A_RUN = {
    "workflow_run_steps": "INSERT INTO workflow_run_steps (tenant, run_id, step_path, step_type, status, started_at)"
    " VALUES (:t, :r, '/steps/0', 'x', 'SUCCEEDED', now())",
    "workflow_run_results": "INSERT INTO workflow_run_results (tenant, run_id, step_path, result)"
    " VALUES (:t, :r, '/steps/0', '{}')",
    "workflow_run_waits": "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, status, timeout_at)"
    " VALUES (:t, :r, '/steps/0', 'time', 'RESUMED', now())",
}


def add_event(conn: Connection, tenant: UUID, at: datetime, **columns: Any) -> UUID:
    """An event and the id that it came with."""
    row = {"tenant": tenant, "event_name": TYPE, "payload": "{}", "redacted_payload": "{}", "created_at": at, **columns}
    names = ", ".join(row)
    statement = f"INSERT INTO workflow_runtime_events ({names}) VALUES ({', '.join(':' + c for c in row)})"
    event_id: UUID = conn.execute(text(f"{statement} RETURNING event_id"), row).scalar_one()
    conn.execute(
        text(
            "INSERT INTO event_submissions (tenant, source, submission_id, event_id, content_hash, created_at)"
            " VALUES (:t, '/shop', CAST(:e AS text), :e, '', :at)"
        ),
        {"t": tenant, "e": event_id, "at": at},
    )
    return event_id


def add_run(
    conn: Connection,
    tenant: UUID,
    at: datetime,
    status: str = "SUCCEEDED",
    *,
    ended: datetime | None = None,
    event: UUID | None = None,
) -> UUID:
    """A run with what goes with one."""
    workflow, run = uuid4(), uuid4()
    conn.execute(
        text("INSERT INTO workflow_definitions (tenant, workflow_id, name) VALUES (:t, :w, CAST(:w AS text))"),
        {"t": tenant, "w": workflow},
    )
    conn.execute(
        text(
            "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, event_type, origin, status,"
            " triggered_at, started_at, completed_at, trigger_event_id)"
            " VALUES (:t, :r, :w, 1, :n, 'live', :s, :at, :at, :end, :e)"
        ),
        {"t": tenant, "r": run, "w": workflow, "n": TYPE, "s": status, "at": at, "end": ended, "e": event},
    )
    for statement in OF_A_RUN.values():
        conn.execute(text(statement), {"t": tenant, "r": run})
    return run


@contextmanager
def at(db: Database, now: str) -> Iterator[Connection]:
    """The owner's connection at some time."""
    with db.owner.begin() as conn:
        conn.execute(text("SELECT set_config('app.now', :now, true)"), {"now": now})
        yield conn


def drop_events(db: Database, now: str, kept: Kept) -> int:
    """As upkeep does it: a month in a transaction, until there is no more; how many."""
    months = 0
    while True:
        with at(db, now) as conn:
            if not (dropped := retention.drop_events(conn, kept)):
                return months
            months += dropped


def drop_runs(db: Database, now: str, kept: Kept) -> int:
    with at(db, now) as conn:
        return retention.drop_runs(conn, kept)


def left(db: Database, table: str, column: str = "run_id") -> set[Any]:
    with db.owner.connect() as conn:
        return set(conn.exec_driver_sql(f"SELECT {column} FROM {table}").scalars())


def counts(actor: Actor) -> tuple[EventCounts, RunCounts, Durations | None]:
    """What the metrics of both months say."""
    asked: dict[str, Any] = {
        "tenant": actor.tenant,
        "names": [TYPE],
        "boundaries": [OLD.replace(day=1, hour=0), RECENT.replace(month=4, day=1, hour=0)],
    }
    with database.read(actor) as conn:
        events, runs = (ask(conn, **asked).get(TYPE, {}) for ask in (rollups.events, rollups.runs))
        durations = rollups.durations(conn, **asked)
    return events.get(0, EventCounts()), runs.get(0, RunCounts()), durations.get(0)  # type: ignore[call-overload]


def fold_and_compare(db: Database) -> list[reconciliation.Drift]:
    with db.owner.begin() as conn:
        rollups.fold(conn)
        return reconciliation.reconcile(conn, since=OLD - timedelta(days=20), until=RECENT + timedelta(days=20))


def test_months_of_events_go_and_failed_ones_stay_longer(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with db.owner.begin() as conn:
        conn.exec_driver_sql(MONTHS)
        for moment in (OLD, RECENT):
            add_event(conn, actor.tenant, moment)
            add_event(conn, actor.tenant, moment, error_message="broken")
        conn.exec_driver_sql(
            "INSERT INTO workflow_event_matches (tenant, event_id, match_no, outcome, reason)"
            " SELECT tenant, event_id, 0, 'skipped', 'no_workflow' FROM workflow_runtime_events"
        )

    def drop(now: str, kept: Kept) -> tuple[int, list[datetime], int]:
        dropped = drop_events(db, now, kept)
        with db.owner.connect() as conn:
            moments = conn.exec_driver_sql("SELECT created_at FROM workflow_runtime_events ORDER BY 1").scalars().all()
        return dropped, list(moments), len(left(db, "workflow_event_matches", "event_id"))

    assert drop("2020-03-10", Kept(14, 14)) == (0, [OLD, OLD, RECENT, RECENT], 4), "February is not 14 days gone"
    assert drop("2020-04-02", Kept(14, 365)) == (1, [OLD, RECENT, RECENT], 3)
    assert left(db, "workflow_runtime_events_default", "created_at") == {OLD}
    assert drop("2021-04-02", Kept(14, 380))[:2] == (1, [RECENT]), "and an error goes at last, too"
    assert counts(actor)[0] == EventCounts(4, 0, 2, 2)
    assert fold_and_compare(db) == []
    assert counts(actor)[0] == EventCounts(4, 0, 2, 2)


def test_whatever_holds_the_events_is_not_waited_for(
    db: Database, new_actor: ActorFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as a backup: all who came after would wait with it. The other chores go on, and the months go later."""
    actor, done = new_actor(), threading.Event()
    with db.owner.begin() as conn:
        conn.exec_driver_sql(MONTHS)
        add_event(conn, actor.tenant, OLD)

    def drop() -> int:
        with database.translated():
            return drop_events(db, "2020-04-02", Kept(14, 14))

    chores = Chores("test", [Chore("old", drop), Chore("after", done.set)], seconds=0.01)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("LOCK TABLE workflow_runtime_events IN ACCESS SHARE MODE")
        with pytest.raises(DatabaseUnavailable):
            drop()
        chores.start()
        try:
            assert done.wait(60)
            assert "test, old could not go on; trying again." in caplog.text
        finally:
            chores.stop()
        assert left(db, "workflow_runtime_events", "created_at") == {OLD}
    assert drop() == 1
    assert left(db, "workflow_runtime_events", "created_at") == set()


@pytest.mark.parametrize("folded", [False, True])
def test_ended_runs_go_with_their_month_and_stay_counted(db: Database, new_actor: ActorFactory, folded: bool) -> None:
    actor, other, kept = new_actor(), new_actor(), Kept(14, 365)
    soon = timedelta(seconds=3)
    with db.owner.begin() as conn:
        for status in ("SUCCEEDED", "CANCELED"):
            add_run(conn, actor.tenant, OLD, status, ended=OLD + soon)
        add_run(conn, other.tenant, OLD, ended=OLD + soon)
        staying = {
            add_run(conn, actor.tenant, OLD, "FAILED", ended=OLD + soon),
            add_run(conn, actor.tenant, OLD, "WAITING"),
            # Somebody had it done again a month later.
            (again := add_run(conn, actor.tenant, OLD, ended=datetime(2020, 3, 30, tzinfo=UTC))),
            (recent := add_run(conn, actor.tenant, RECENT, ended=RECENT + soon)),
        }
        if folded:
            rollups.fold(conn)
    before = counts(actor), counts(other)
    assert before[0][1].runs == 6

    assert drop_runs(db, "2020-04-02", kept) == 0, "no month was dropped"
    assert drop_events(db, "2020-04-02", kept) == 0, "there was no partition of it"
    assert drop_runs(db, "2020-04-02", kept) == 3
    for table in ("workflow_runs", *OF_A_RUN):
        assert left(db, table) == staying, table
    assert (counts(actor), counts(other)) == before
    assert fold_and_compare(db) == []
    assert (counts(actor), counts(other)) == before

    assert drop_runs(db, "2020-04-14", kept) == 1
    assert left(db, "workflow_runs") == staying - {again}
    drop_events(db, "2021-04-14", kept)
    assert drop_runs(db, "2021-04-14", kept) == 2, "one that failed goes at last, too, and March has"
    assert len(left(db, "workflow_runs")) == 1 and recent not in left(db, "workflow_runs")
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE workflow_runs SET status = 'SUCCEEDED', completed_at = '2021-05-01'")
    _, runs, _ = counts(actor)
    assert (runs.runs, runs.open, runs.succeeded, runs.failed, runs.canceled) == (6, 0, 4, 1, 1)
    assert fold_and_compare(db) == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide"])
def test_percentiles_stay_where_hours_begin_between_those_of_utc(
    db: Database, new_actor: ActorFactory, zone: str
) -> None:
    actor, there, kept = new_actor(), ZoneInfo(zone), Kept(14, 14)
    last = datetime(2020, 2, 29, 23, 10, tzinfo=UTC)
    with db.owner.begin() as conn:
        for begun in (OLD, last, last + timedelta(hours=1)):
            add_run(conn, actor.tenant, begun, ended=begun + timedelta(seconds=3))

    def completed(first: date, days: int) -> tuple[int, int]:
        """In the slices, and in all of them together."""
        window = Window.of(start_of(first, there), start_of(first + timedelta(days=days), there), there)
        with database.read(actor) as conn:
            found = reports.event_metrics(conn, tenant=actor.tenant, event_type=TYPE, window=window)
        percentiles = [period.durations for period in (*found.slices, found.total)]
        *by_slice, together = [one.completed if one else 0 for one in percentiles]
        return sum(by_slice), together

    asked = {(OLD.date(), 1): 1, (OLD.date(), 5): 1, (date(2020, 2, 29), 2): 2, (date(2020, 2, 28), 5): 2}
    for dropped in (0, 2):
        assert drop_runs(db, "2020-03-16", kept) == dropped
        for range_, runs in asked.items():
            assert completed(*range_) == (runs, runs), (range_, dropped)
        drop_events(db, "2020-03-16", kept)
    within_an_hour = [OLD + timedelta(minutes=minutes) for minutes in (-5, 10, 40, 60)]
    with database.read(actor) as conn:
        found = rollups.durations(conn, tenant=actor.tenant, names=[TYPE], boundaries=within_an_hour)
    assert {slice_: one.completed for slice_, one in found.items()} == {2: 1, -1: 1}


def test_runs_go_some_at_a_time(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with db.owner.begin() as conn:
        add_run(conn, actor.tenant, OLD, ended=OLD)
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, status, triggered_at, completed_at)"
                " SELECT tenant, workflow_id, 1, 'SUCCEEDED', triggered_at, completed_at"
                " FROM workflow_runs, generate_series(1, CAST(:n AS int))"
            ),
            {"n": retention.MOST_AT_ONCE},
        )
    drop_events(db, "2020-04-02", Kept(14, 14))
    dropped = [drop_runs(db, "2020-04-02", Kept(14, 14)) for _ in range(3)]
    assert dropped == [retention.MOST_AT_ONCE, 1, 0]


def test_ids_and_runs_stay_with_an_event_that_does(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with db.owner.begin() as conn:
        conn.exec_driver_sql(MONTHS)
        add_event(conn, actor.tenant, OLD)
        failed = add_event(conn, actor.tenant, OLD, error_message="broken")
        run = add_run(conn, actor.tenant, OLD, ended=OLD, event=failed)
        recent = add_event(conn, actor.tenant, RECENT)

    def forget() -> int:
        with db.owner.begin() as conn:
            return retention.forget_submissions(conn)

    assert forget() == 0
    drop_events(db, "2020-04-02", Kept(14, 365))
    assert [forget(), forget()] == [1, 0]
    assert left(db, "event_submissions", "event_id") == {failed, recent}
    assert drop_runs(db, "2020-04-02", Kept(14, 365)) == 0
    drop_events(db, "2021-04-02", Kept(14, 365))
    assert (drop_runs(db, "2021-04-02", Kept(14, 365)), forget()) == (1, 2)
    assert run not in left(db, "workflow_runs")


def test_upkeep_drops_what_is_old(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    with db.owner.begin() as conn:
        conn.exec_driver_sql(MONTHS)
        add_event(conn, actor.tenant, OLD)
        add_run(conn, actor.tenant, OLD, ended=OLD)
    upkeep = Upkeep(Settings(database_url="postgresql://unused", retention_days=90), seconds=0.05)
    upkeep.start()
    for table, column in (("workflow_runtime_events", "event_id"), ("workflow_runs", "run_id")):
        wait_for(lambda table=table, column=column: not left(db, table, column))
    wait_for(lambda: not left(db, "event_submissions", "event_id"))
    upkeep.stop()
    assert len(left(db, "event_counts", "grain")) == len(COUNT_GRAINS)
    assert counts(actor)[1].runs == 1
