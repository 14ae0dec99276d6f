"""Rollup reads equal plain SQL over raw rows at every moment; partitions come in time and go without a trace."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import search as payload_search
from lib.metrics import reconciliation, rollups
from lib.metrics.rollups import COUNT_GRAINS, DURATION_GRAINS, ORIGINS, EventCounts, RunCounts
from lib.operations import prometheus
from lib.operations.upkeep import Upkeep
from lib.settings import Settings
from tests.conftest import ActorFactory
from tests.support.waiting import wait_for

pytestmark = pytest.mark.own_database

START = datetime(2026, 3, 25, tzinfo=UTC)
DAYS = 12  # with the European change of clocks in it
NAMES = ("ORDER_PAID", "ORDER_SENT", "ORDER_LOST")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe")

RAW_EVENTS = text(
    """
    SELECT event_name, width_bucket(created_at, CAST(:slices AS timestamptz[])) - 1, count(*),
           count(*) FILTER (WHERE error_message IS NULL AND num_nonnulls(matched_run_id, matched_wait_id) > 0),
           count(*) FILTER (WHERE error_message IS NULL AND num_nonnulls(matched_run_id, matched_wait_id) = 0),
           count(*) FILTER (WHERE error_message IS NOT NULL)
    FROM workflow_runtime_events
    WHERE tenant = :tenant AND event_name = ANY (:names) AND origin = ANY (:origins)
      AND created_at >= :since AND created_at < :until
    GROUP BY 1, 2
    """
)
RAW_RUNS = text(
    """
    SELECT event_type, width_bucket(triggered_at, CAST(:slices AS timestamptz[])) - 1, count(*),
           count(*) FILTER (WHERE status = 'SUCCEEDED'), count(*) FILTER (WHERE status = 'FAILED'),
           count(*) FILTER (WHERE status = 'CANCELED'),
           count(*) FILTER (WHERE status IN ('QUEUED', 'RUNNING', 'WAITING')),
           count(completed_at - started_at),
           coalesce(sum((extract(epoch FROM completed_at - started_at) * 1000000)::bigint), 0)::bigint
    FROM workflow_runs
    WHERE tenant = :tenant AND event_type = ANY (:names) AND origin = ANY (:origins)
      AND triggered_at >= :since AND triggered_at < :until
    GROUP BY 1, 2
    """
)
RAW_DURATIONS = text(
    """
    SELECT width_bucket(triggered_at, CAST(:slices AS timestamptz[])) - 1, count(*),
           (percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
             ORDER BY extract(epoch FROM completed_at - started_at)))::float[]
    FROM workflow_runs
    WHERE tenant = :tenant AND event_type = ANY (:names) AND origin = ANY (:origins)
      AND triggered_at >= :since AND triggered_at < :until AND completed_at > started_at
    GROUP BY 1
    """
)


def local_days(zone: ZoneInfo, first: int, days: int) -> list[datetime]:
    return [datetime(2026, 3, 25, tzinfo=zone) + timedelta(days=first + n) for n in range(days + 1)]


times = st.integers(0, 40 * 24 * 60).map(lambda m: START + timedelta(minutes=m)) | st.integers(0, 10**13).map(
    lambda us: START + timedelta(microseconds=us)
)


@given(
    boundaries=st.lists(times, min_size=2, max_size=8).map(sorted),
    grains=st.sampled_from([COUNT_GRAINS, DURATION_GRAINS]),
)
def test_spans_cover_each_slice_once_in_whole_buckets(boundaries: list[datetime], grains: tuple[int, ...]) -> None:
    found = rollups.spans(boundaries, grains)
    at = boundaries[0]
    for span in found:
        assert span.since == at and span.until > span.since
        at = span.until
        inner = [b for b in boundaries if span.since < b < span.until]
        for edge in [span.since, span.until, *inner]:
            assert span.grain == 0 or rollups.floor_to(edge, span.grain) == edge, "whole buckets of one slice only"
        if span.grain != max(grains):
            coarser = grains[grains.index(span.grain) + 1] if span.grain else grains[0]
            for lo, hi in zip([span.since, *inner], [*inner, span.until], strict=True):
                assert hi - lo < 2 * timedelta(minutes=coarser), "what fits a coarser bucket is read from it"
    assert at == boundaries[-1]


class Traffic:
    """Random changes to events and runs, from several connections at once, with folds in between."""

    def __init__(self, db: Database, tenants: Sequence[UUID], workflow: UUID) -> None:
        self.db, self.tenants, self.workflow = db, tenants, workflow
        self.ended = threading.Event()
        self.errors: list[BaseException] = []
        self.changes = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._loop, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()
        if self.errors:
            raise self.errors[0]

    def _loop(self, seed: int) -> None:
        rng = random.Random(seed)
        try:
            while not self.ended.is_set():
                with self.db.owner.connect() as conn, conn.begin() as transaction:
                    for _ in range(rng.randint(1, 3)):
                        self.change(conn, rng)
                    if rng.random() < 0.1:
                        transaction.rollback()
        except BaseException as error:
            self.errors.append(error)

    def change(self, conn: Connection, rng: random.Random) -> None:
        self.changes += 1
        row: dict[str, Any] = {
            "t": rng.choice(self.tenants),
            "n": rng.choice(NAMES),
            "o": rng.choice(ORIGINS),
            "w": self.workflow,
            "at": START + timedelta(seconds=rng.uniform(-86400, (DAYS + 1) * 86400)),
            "k": rng.randint(1, 4),
            "s": rng.choice(["QUEUED", "RUNNING", "SUCCEEDED", "SUCCEEDED", "FAILED", "CANCELED"]),
            "d": rng.lognormvariate(0, 3),
            "e": rng.choice([None, None, "broken"]),
            "m": rng.choice([None, uuid4()]),
        }
        conn.execute(text(rng.choice(CHANGES)), row)
        if rng.random() < 0.15:
            rollups.fold(conn)


_SOME_EVENTS = (
    "(tenant, event_id) IN (SELECT tenant, event_id FROM workflow_runtime_events WHERE tenant = :t AND event_name = :n"
    " ORDER BY random() LIMIT :k FOR UPDATE SKIP LOCKED)"
)
_SOME_RUNS = _SOME_EVENTS.replace("event_id", "run_id").replace("runtime_events", "runs").replace("_name", "_type")
CHANGES = [
    *3
    * [
        "INSERT INTO workflow_runtime_events (tenant, event_name, origin, payload, redacted_payload, created_at,"
        " matched_run_id, error_message) SELECT :t, :n, :o, '{}', '{}',"
        " CAST(:at AS timestamptz) + g * interval '7 min', CAST(:m AS uuid), CAST(:e AS text)"
        " FROM generate_series(1, :k) g"
    ],
    *3
    * [
        "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, event_type, origin, triggered_at,"
        " started_at, completed_at, status)"
        " SELECT :t, :w, 1, :n, :o, a, a, a + make_interval(secs => CAST(:d AS float) * g), :s"
        " FROM generate_series(1, :k) g, LATERAL (SELECT CAST(:at AS timestamptz) + g * interval '11 min' AS a) x"
    ],
    f"UPDATE workflow_runtime_events SET matched_run_id = :m, error_message = :e WHERE {_SOME_EVENTS}",
    f"UPDATE workflow_runtime_events SET created_at = :at, event_name = :n WHERE {_SOME_EVENTS}",
    f"UPDATE workflow_runtime_events SET processed_at = now() WHERE {_SOME_EVENTS}",
    f"DELETE FROM workflow_runtime_events WHERE {_SOME_EVENTS}",
    f"UPDATE workflow_runs SET status = :s, completed_at = NULL WHERE {_SOME_RUNS}",
    f"UPDATE workflow_runs SET status = :s, completed_at = started_at + make_interval(secs => :d) WHERE {_SOME_RUNS}",
    f"DELETE FROM workflow_runs WHERE {_SOME_RUNS}",
]


def random_question(rng: random.Random) -> dict[str, Any]:
    """Slices by local day, by hour, ragged, or one alone; some names; some origins."""
    zone = ZoneInfo(rng.choice(ZONES))
    kind = rng.randrange(4)
    if kind == 0:
        boundaries = local_days(zone, rng.randint(-1, 6), rng.randint(1, 6))
    elif kind == 1:
        first = local_days(zone, rng.randint(0, 10), 0)[0].astimezone(UTC)
        boundaries = [first + timedelta(hours=n) for n in range(rng.randint(2, 30))]
    else:
        ends = sorted(rng.uniform(-1, DAYS + 1) for _ in range(2 if kind == 2 else 5))
        boundaries = [START + timedelta(days=d) for d in ends]
    return {
        "boundaries": boundaries,
        "names": rng.sample(NAMES, rng.randint(1, 3)),
        "origins": rng.sample(ORIGINS, rng.randint(1, 3)),
    }


def check(conn: Connection, tenant: UUID, question: dict[str, Any]) -> int:
    """Ask both ways; returns how many rows agreed."""
    b = question["boundaries"]
    raw = {"tenant": tenant, "slices": b[:-1], "since": b[0], "until": b[-1], **question}
    raw.pop("boundaries")
    ours = rollups.events(conn, tenant=tenant, **question)
    theirs: dict[str, dict[int, Any]] = {}
    for name, number, *counts in conn.execute(RAW_EVENTS, raw):
        theirs.setdefault(name, {})[number] = EventCounts(*counts)
    assert ours == theirs
    our_runs = rollups.runs(conn, tenant=tenant, **question)
    their_runs: dict[str, dict[int, Any]] = {}
    for name, number, *counts in conn.execute(RAW_RUNS, raw):
        their_runs.setdefault(name, {})[number] = RunCounts(*counts)
    assert our_runs == their_runs
    durations = rollups.durations(conn, tenant=tenant, **question)
    true = {row[0]: (row[1], row[2]) for row in conn.execute(RAW_DURATIONS, raw)}
    assert {n: d.completed for n, d in durations.items() if n >= 0} == {n: c for n, (c, _) in true.items()}
    for number, (_, percentiles) in true.items():
        got = durations[number]
        for mine, exact in zip((got.p50, got.p95, got.p99), percentiles, strict=True):
            assert exact / 1.05 <= mine <= exact * 1.05, "as the page says"
    return len(theirs) + len(their_runs) + len(true)


def test_reads_equal_plain_sql_at_every_moment(db: Database, new_actor: ActorFactory) -> None:
    actors = [new_actor(), new_actor()]
    traffic = Traffic(db, [a.tenant for a in actors], add_workflow(db, actors))
    rng, checks, agreed, unfolded = random.Random(4), 0, 0, 0
    with traffic.running():
        while checks < 500 and not traffic.errors:
            actor = rng.choice(actors)
            with as_reader(db, actor) as conn:
                for _ in range(5):
                    agreed += check(conn, actor.tenant, random_question(rng))
                    checks += 1
                unfolded += conn.exec_driver_sql("SELECT count(*) FROM event_deltas").scalar_one() > 0
    assert checks >= 500 and agreed > 2000 and unfolded > 30 and traffic.changes > 500
    while fold(db):
        pass
    with as_reader(db, actors[0]) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM event_deltas").scalar_one() == 0
        assert check(conn, actors[0].tenant, random_question(rng)) > 0
    assert reconcile(db) == [], "and nothing is left to repair"


@contextmanager
def as_reader(db: Database, actor: Actor) -> Iterator[Connection]:
    """The pages' role, in one snapshot for many statements."""
    with db.app.connect() as opened:
        conn = opened.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin():
            conn.execute(text("SELECT set_config('app.tenant', :t, true)"), {"t": str(actor.tenant)})
            yield conn


def add_workflow(db: Database, actors: Sequence[Actor]) -> UUID:
    workflow = uuid4()
    with db.owner.begin() as conn:
        for actor in actors:
            conn.execute(
                text("INSERT INTO workflow_definitions (tenant, workflow_id, name) VALUES (:t, :w, 'w')"),
                {"t": actor.tenant, "w": workflow},
            )
    return workflow


def fold(db: Database) -> int:
    with db.owner.begin() as conn:
        return rollups.fold(conn)


def reconcile(db: Database) -> list[reconciliation.Drift]:
    with db.owner.begin() as conn:
        return reconciliation.reconcile(conn, since=START - timedelta(days=2), until=START + timedelta(days=DAYS + 2))


def add(db: Database, tenant: UUID, at: datetime, name: str = "ORDER_PAID", **columns: Any) -> None:
    row = {"tenant": tenant, "event_name": name, "payload": "{}", "redacted_payload": "{}", "created_at": at, **columns}
    with db.owner.begin() as conn:
        conn.execute(
            text(f"INSERT INTO workflow_runtime_events ({', '.join(row)}) VALUES ({', '.join(':' + c for c in row)})"),
            row,
        )


def total(db: Database, actor: Actor, since: datetime, until: datetime) -> EventCounts:
    with database.read(actor) as conn:
        found = rollups.events(conn, tenant=actor.tenant, names=["ORDER_PAID"], boundaries=[since, until])
    return found.get("ORDER_PAID", {}).get(0, EventCounts())


def test_the_pages_role_is_counted_and_sees_its_own_counts_only(db: Database, new_actor: ActorFactory) -> None:
    ours, theirs = new_actor(), new_actor()
    with database.write(ours) as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload,"
                " created_at) VALUES (:t, 'ORDER_PAID', '{}', '{}', :at)"
            ),
            {"t": ours.tenant, "at": START},
        )
    add(db, theirs.tenant, START)
    for folded in (False, True):
        if folded:
            with db.owner.connect() as conn:
                assert conn.execute(prometheus.queries["unfolded_changes"]).scalar_one() == 2
            assert fold(db) == 2
        for actor in (ours, theirs):
            assert total(db, actor, START, START + timedelta(days=1)).total == 1
        for table in ("event_deltas", "event_counts", "event_row_counts"):
            with database.read(ours) as conn:
                tenants = set(conn.exec_driver_sql(f"SELECT tenant FROM {table}").scalars())
            assert tenants <= {ours.tenant}
    with database.read(ours) as conn:
        assert rollups.names(conn, tenant=ours.tenant) == ["ORDER_PAID"]


def test_what_passes_the_triggers_by_is_found_and_repaired(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = add_workflow(db, [actor])
    traffic, rng = Traffic(db, [actor.tenant], workflow), random.Random(1)
    with db.owner.begin() as conn:
        for _ in range(60):
            traffic.change(conn, rng)
    assert reconcile(db) == []
    with db.owner.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for _ in range(40):
            traffic.change(conn, rng)
    drift = reconcile(db)
    assert {d.kind for d in drift} == {"events", "runs", "durations"}
    assert reconcile(db) == []
    for _ in range(2):
        with as_reader(db, actor) as conn:
            for _ in range(20):
                check(conn, actor.tenant, random_question(rng))
        fold(db)


def test_drift_of_every_width_is_found_and_repaired(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    traffic, rng = Traffic(db, [actor.tenant], add_workflow(db, [actor])), random.Random(2)
    with db.owner.begin() as conn:
        for _ in range(60):
            traffic.change(conn, rng)
    while fold(db):
        pass
    for table, kind, counted, column, grains in (
        ("event_counts", "events", "total", "unmatched", COUNT_GRAINS),
        ("run_counts", "runs", "runs", "duration_us", COUNT_GRAINS),
        ("run_durations", "durations", "runs", "runs", DURATION_GRAINS),
    ):
        for grain in grains:
            # A row of zeros says the same as no row, so nothing would be missed without it.
            counting = f"grain = {grain} AND {counted} > 0"
            some = f"(SELECT ctid FROM {table} WHERE {counting} ORDER BY random() LIMIT 3)"
            for damage in (
                f"UPDATE {table} SET {column} = {column} + 7 WHERE ctid IN {some}",
                f"DELETE FROM {table} WHERE ctid IN {some}",
            ):
                with db.owner.begin() as conn:
                    assert conn.exec_driver_sql(damage).rowcount == 3
                drift = reconcile(db)
                assert (kind, grain) in {(d.kind, d.grain) for d in drift}, damage
                while fold(db):
                    pass
                reconcile(db)  # what only the narrowest lacked was added to all, and is taken back from the wider
                assert reconcile(db) == [], damage
        with as_reader(db, actor) as conn:
            for _ in range(20):
                check(conn, actor.tenant, random_question(rng))


def test_every_day_is_compared_in_turn(db: Database, new_actor: ActorFactory) -> None:
    now = datetime(2026, 4, 20, 9, 30, tzinfo=UTC)
    actor = new_actor()
    add(db, actor.tenant, START)
    fold(db)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE event_counts SET total = 5 WHERE grain = 360")
    with database.read(actor) as conn:
        assert reconciliation.compared_at(conn) is None
    found = []
    for n in range(26):  # a day more comes along at midnight
        with db.owner.begin() as conn:
            found += reconciliation.reconcile_hourly(conn, now=now + timedelta(hours=n))
    assert [(d.grain, d.bucket, d.missing) for d in found] == [(360, START, -4)]
    with db.owner.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*), sum(off) FROM count_checks").one() == (52, 1)
        assert conn.execute(prometheus.queries["compared_counts"]).one().repaired == 1
        days = conn.exec_driver_sql("SELECT since FROM count_checks WHERE until = since + interval '1 day'").scalars()
        assert set(days) == {START + timedelta(days=n) for n in range(26)}
    with database.read(actor) as conn:
        assert reconciliation.compared_at(conn) is not None


def test_an_event_before_its_partition_is_kept_and_moves_into_it(db: Database, new_actor: ActorFactory) -> None:
    actor, later = new_actor(), datetime(2031, 5, 9, 12, tzinfo=UTC)
    add(db, actor.tenant, later, matched_run_id=uuid4())
    assert partition_of(db, later) == "workflow_runtime_events_default"
    with db.owner.begin() as conn:
        conn.execute(text("SELECT set_config('app.now', '2031-04-20 00:00+00', true)"))
        rollups.make_partitions(conn)
        rollups.make_partitions(conn)
    assert partition_of(db, later) == "workflow_runtime_events_203105"
    assert total(db, actor, later, later + timedelta(days=1)) == EventCounts(1, 1, 0, 0)
    with db.owner.begin() as conn:
        assert conn.exec_driver_sql(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class"
            " WHERE relname = 'workflow_runtime_events_203105'"
        ).scalar_one()
        conn.execute(
            text("UPDATE workflow_runtime_events SET error_message = 'x' WHERE created_at = :at"), {"at": later}
        )
    assert total(db, actor, later, later + timedelta(days=1)) == EventCounts(1, 0, 0, 1)


def partition_of(db: Database, at: datetime) -> str:
    with db.owner.connect() as conn:
        statement = text("SELECT tableoid::regclass::text FROM workflow_runtime_events WHERE created_at = :at")
        return str(conn.execute(statement, {"at": at}).scalar_one())


def test_upkeep_folds_and_ends(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add(db, actor.tenant, START)
    upkeep = Upkeep(Settings(database_url="postgresql://unused"), seconds=0.05)
    upkeep.start()
    with db.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        wait_for(lambda: not conn.exec_driver_sql("SELECT count(*) FROM event_deltas").scalar_one())
        assert conn.exec_driver_sql("SELECT count(*) FROM event_counts").scalar_one() == len(COUNT_GRAINS)
    upkeep.stop()
    assert not upkeep.alive


def test_upkeep_goes_on_at_once_after_a_whole_batch_alone(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be at it all the time while events come in, and nobody else could compare or move counts."""
    monkeypatch.setattr(rollups, "MOST_A_FOLD", 2)
    monkeypatch.setattr(payload_search, "EVENTS_AT_ONCE", 2)
    chores = [chore for chore in Upkeep(Settings())._chores if chore.name in ("folding counts", "payloads to search")]
    tenant = new_actor().tenant
    assert len(chores) == 2
    for chore in chores:
        while chore.work():
            pass
        for added, goes_on in ((1, False), (3, True), (0, False)):
            for minutes in range(added):
                add(db, tenant, START + timedelta(minutes=minutes))
            assert bool(chore.work()) == goes_on, (chore.name, added)
