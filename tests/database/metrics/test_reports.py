"""Golden fixtures: what each figure of the metrics page means, down to the last event."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import InvalidInput
from lib.metrics import conformance, reports
from lib.metrics.reports import EventMetrics, EventOverview
from lib.metrics.rollups import ORIGINS, EventCounts, floor_to
from lib.metrics.time_window import Window, iso, start_of
from lib.metrics.time_window import moment as read_moment
from lib.sandbox import validation
from tests.conftest import ActorFactory

UTC_ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
WEEK = Window.of(NOON - timedelta(days=7), NOON, UTC_ZONE)
NAME = "TICKET_CREATED"


def totals(event: EventOverview) -> list[int]:
    """The events of the window's slices."""
    return [counts.total for counts in event.slices]


class Log:
    """Writes events, runs and matches of one tenant."""

    def __init__(self, db: Database, actor: Actor) -> None:
        self.db, self.tenant = db, actor.tenant
        self.workflow = uuid4()
        self._insert("workflow_definitions", workflow_id=self.workflow, name="w")

    def event(
        self, at: datetime, name: str = NAME, *, payload: str = "{}", reason: str | None = None, **columns: Any
    ) -> UUID:
        event_id = columns.pop("event_id", None) or uuid4()
        self._insert(
            "workflow_runtime_events",
            event_id=event_id,
            event_name=name,
            payload=payload,
            redacted_payload=payload,
            created_at=at,
            **columns,
        )
        if reason:
            self.match(event_id, reason=reason)
        return event_id

    def match(self, event_id: UUID, number: int = 0, *, reason: str, outcome: str = "skipped") -> None:
        self._insert("workflow_event_matches", event_id=event_id, match_no=number, outcome=outcome, reason=reason)

    def run(self, at: datetime, status: str, seconds: float | None, **columns: Any) -> None:
        ended = at + timedelta(seconds=1 + seconds) if seconds is not None else None
        row = {"event_type": NAME, "triggered_at": at, "started_at": at + timedelta(seconds=1), "completed_at": ended}
        self._insert("workflow_runs", workflow_id=self.workflow, workflow_version=1, status=status, **(row | columns))

    def _insert(self, table: str, **row: Any) -> None:
        row["tenant"] = self.tenant
        with self.db.owner.begin() as conn:
            values = ", ".join(f":{column}" for column in row)
            conn.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    return new_actor()


@pytest.fixture
def log(db: Database, actor: Actor) -> Log:
    return Log(db, actor)


def measured(actor: Actor, window: Window = WEEK, **asked: Any) -> EventMetrics:
    with database.read(actor) as conn:
        return reports.event_metrics(conn, tenant=actor.tenant, event_type=NAME, window=window, **asked)


def test_statuses_are_disjoint_and_sum_to_the_total(actor: Actor, log: Log) -> None:
    at = NOON - timedelta(hours=3)
    log.event(at)
    log.event(at, matched_run_id=uuid4())
    log.event(at, matched_wait_id=uuid4())
    log.event(at, error_message="broken")
    log.event(at, error_message="broken", matched_run_id=uuid4())
    assert measured(actor).total.events == EventCounts(total=5, matched=2, unmatched=1, error=2)


def test_executions_are_live_events_of_that_name_in_a_half_open_range(
    actor: Actor, log: Log, new_actor: ActorFactory
) -> None:
    for at in (WEEK.since, NOON - timedelta(microseconds=1)):
        log.event(at)
    log.event(WEEK.since - timedelta(microseconds=1))
    log.event(NOON)
    log.event(NOON - timedelta(hours=1), name="TICKET_UPDATED")
    Log(log.db, new_actor()).event(NOON - timedelta(hours=1))
    for origin in ORIGINS[1:]:
        log.event(NOON - timedelta(hours=1), origin=origin)
    found = measured(actor)
    assert found.total.events.total == 2 and found.previous.events.total == 1
    assert [p.events.total for p in found.slices] == [1, 0, 0, 0, 0, 0, 0, 1], "days without events are there too"
    assert measured(actor, origins=ORIGINS).total.events.total == 4


def test_runs_belong_to_the_range_of_their_event_and_open_ones_count_as_started(actor: Actor, log: Log) -> None:
    for status, seconds in (
        ("SUCCEEDED", 2.0),
        ("SUCCEEDED", 4.0),
        ("FAILED", 9.0),
        ("RUNNING", None),
        ("WAITING", None),
    ):
        log.run(NOON - timedelta(hours=1), status, seconds)
    log.run(NOON - timedelta(hours=2), "CANCELED", None, started_at=None, completed_at=NOON)
    log.run(NOON - timedelta(seconds=1), "SUCCEEDED", 5.0, origin="simulated")
    log.run(NOON, "SUCCEEDED", 5.0)
    log.run(NOON - timedelta(hours=1), "SUCCEEDED", 5.0, event_type="OTHER")
    runs = measured(actor).total.runs
    assert (runs.runs, runs.succeeded, runs.failed, runs.canceled, runs.open) == (6, 2, 1, 1, 2)
    assert runs.success_rate == pytest.approx(2 / 6)
    assert runs.average_seconds == pytest.approx(5.0), "of runs with a start and an end"


def test_percentiles_are_those_of_durations_to_within_5_percent(actor: Actor, log: Log) -> None:
    for n in range(1, 101):
        log.run(NOON - timedelta(hours=n), "SUCCEEDED", n / 10)
    durations = measured(actor).total.durations
    assert durations is not None and durations.completed == 100
    for got, exact in ((durations.p50, 5.0), (durations.p95, 9.5), (durations.p99, 9.9)):
        assert got == pytest.approx(exact, rel=0.05)
    assert measured(actor, Window.of(NOON, NOON + timedelta(days=1), UTC_ZONE)).total.durations is None


@pytest.mark.parametrize("seconds", [0.0, 0.000_001, 0.002, 1.0, 1.048_576, 1.14, 4096.0, 90_000.0])
def test_percentiles_of_durations_that_are_all_alike_are_within_5_percent(
    seconds: float, actor: Actor, log: Log
) -> None:
    for n in range(3):
        log.run(NOON - timedelta(hours=n + 1), "SUCCEEDED", seconds)
    durations = measured(actor).total.durations
    assert durations is not None
    for got in (durations.p50, durations.p95, durations.p99):
        assert got == pytest.approx(seconds, rel=0.05)


def test_the_period_before_is_as_long(actor: Actor, log: Log) -> None:
    window = Window.of(NOON - timedelta(hours=24), NOON, UTC_ZONE)
    for hours in (1, 25, 26, 49):
        log.event(NOON - timedelta(hours=hours))
        log.run(NOON - timedelta(hours=hours), "SUCCEEDED", 1.0)
    found = measured(actor, window)
    assert (found.total.events.total, found.previous.events.total) == (1, 2)
    assert (found.total.runs.runs, found.previous.runs.runs) == (1, 2)
    assert found.previous.durations is not None and found.previous.durations.completed == 2


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_has_as_many_hours_as_its_clocks_say(day: date, hours: int, actor: Actor, log: Log) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since, until = start_of(day, berlin), start_of(day + timedelta(days=1), berlin)
    for n in range(hours):
        log.event(since + timedelta(hours=n, minutes=30))
    log.event(until)
    by_hour = measured(actor, Window.of(since, until, berlin, "hour"))
    assert [p.events.total for p in by_hour.slices] == [1] * hours
    by_day = measured(actor, Window.of(since, until + timedelta(days=3), berlin, "day"))
    assert [p.events.total for p in by_day.slices] == [hours, 1, 0, 0]


def test_days_in_kathmandu_begin_at_1815_utc(actor: Actor, log: Log) -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")
    since = start_of(date(2026, 6, 1), kathmandu)
    assert since == datetime(2026, 5, 31, 18, 15, tzinfo=UTC)
    for minute in (14, 15):
        log.event(datetime(2026, 6, 3, 18, minute, 59, tzinfo=UTC))
        log.run(datetime(2026, 6, 3, 18, minute, 59, tzinfo=UTC), "SUCCEEDED", 1.0)
    found = measured(actor, Window.of(since, since + timedelta(days=5), kathmandu))
    assert [p.events.total for p in found.slices] == [0, 0, 1, 1, 0]
    assert [p.durations.completed if p.durations else 0 for p in found.slices] == [0, 0, 1, 1, 0]
    with database.read(actor) as conn:
        week = reports.by_hour_of_week(conn, tenant=actor.tenant, event_type=NAME, window=found.window)
    assert week[2][23] == 1 and week[3][0] == 1 and sum(map(sum, week)) == 2, "Wednesday 23:59, Thursday 0:00"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham"])
def test_weekdays_and_hours_are_those_of_the_viewers_clocks(zone: str, actor: Actor, log: Log) -> None:
    """Those of Python, by a name that the database has never heard of: its zones may be older."""
    with resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        there = ZoneInfo.from_file(file, key="Europe/Not_Yet")
    for change in (datetime(2025, 10, 4), datetime(2025, 10, 25), datetime(2026, 3, 7), datetime(2026, 4, 4)):
        since = change.replace(hour=3, minute=7, tzinfo=UTC)
        moments = [since + n * timedelta(minutes=53) for n in range(60)]
        for at in moments:
            log.event(at)
        window = Window.of(since, moments[-1] + timedelta(minutes=1), there)
        with database.read(actor) as conn:
            week = reports.by_hour_of_week(conn, tenant=actor.tenant, event_type=NAME, window=window)
        shown = Counter((at.weekday(), at.hour) for at in (at.astimezone(there) for at in moments))
        assert week == [[shown[weekday, hour] for hour in range(24)] for weekday in range(7)]


zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "America/Asuncion",
        "Pacific/Chatham",
    ]
).map(ZoneInfo)


@given(
    zone=zones,
    at=st.datetimes(datetime(2019, 1, 1), datetime(2027, 12, 1)),
    hours=st.integers(1, 24 * 20),
    step=st.sampled_from(["hour", "day"]),
)
def test_slices_begin_where_local_hours_and_days_do(zone: ZoneInfo, at: datetime, hours: int, step: Any) -> None:
    since = at.replace(tzinfo=UTC)
    window = Window.of(since, since + timedelta(hours=hours), zone, step)
    assert window.boundaries[0] == since and window.boundaries[-1] == window.until
    assert sorted(set(window.boundaries)) == window.boundaries
    assert all(0 <= share < 1 for share in window.missing)
    lengths = [b - a for a, b in zip(window.boundaries, window.boundaries[1:], strict=False)]
    if window.step == "day":
        assert max(lengths) <= timedelta(hours=25) and all(x >= timedelta(hours=23) for x in lengths[1:-1])
        for start in window.starts[1:]:
            assert (start - timedelta(microseconds=1)).date() < start.date() or start.hour == 0 or start.hour == 1
    else:
        assert max(lengths) <= timedelta(minutes=90)
        assert all(start.minute == 0 or start.minute == 30 for start in window.starts[1:])


def test_how_much_of_the_outer_slices_is_missing() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    noon = datetime(2026, 6, 3, 12, tzinfo=berlin)
    assert Window.of(noon, noon + timedelta(days=4, hours=6), berlin).missing == (0.5, 0.25)
    assert Window.of(noon, noon + timedelta(hours=6), berlin, "day").missing == (0.5, 0.25), "of one day"
    assert Window.of(noon - timedelta(hours=12), noon + timedelta(hours=12), berlin, "day").missing == (0, 0)
    assert Window.of(noon + timedelta(minutes=15), noon + timedelta(minutes=210), berlin).missing == (0.25, 0.5)


def test_reasons_are_those_of_unmatched_events(actor: Actor, log: Log) -> None:
    at = NOON - timedelta(hours=1)
    for _ in range(3):
        log.event(at, reason="no_workflow")
    both = log.event(at, reason="paused")
    log.match(both, 1, reason="no_mapping")
    log.match(both, 2, reason="paused")
    log.event(at, matched_run_id=uuid4(), reason="paused")
    log.event(at, error_message="x", reason="start_failed")
    log.event(at, origin="simulated", reason="paused")
    log.event(NOON, reason="paused")
    with database.read(actor) as conn:
        found = reports.unmatched_reasons(conn, tenant=actor.tenant, event_type=NAME, window=WEEK)
    assert found.looked_at == 4
    assert {r.reason: r.events for r in found.reasons} == {"no_workflow": 3, "no_mapping": 1, "paused": 1}


def test_recent_events_are_paged_both_ways_without_loss(actor: Actor, log: Log) -> None:
    at = NOON - timedelta(hours=1)
    ids = [
        log.event(
            at + timedelta(seconds=n // 3),
            correlation_key=f"k{n}",
            processed_at=at,
            error_message="x" if n % 5 == 0 else None,
            event_id=UUID(int=n + 1),
        )
        for n in range(23)
    ]
    asked: dict[str, Any] = {"tenant": actor.tenant, "event_type": NAME, "since": WEEK.since, "until": NOON, "limit": 5}
    with database.read(actor) as conn:
        pages = [reports.recent(conn, **asked)]
        while pages[-1].older:
            pages.append(reports.recent(conn, older_than=pages[-1].older, **asked))
        assert [e.event_id for p in pages for e in p.events] == ids[::-1]
        back = [pages[-1]]
        while back[-1].newer:
            back.append(reports.recent(conn, newer_than=back[-1].newer, **asked))
        assert [p.events for p in back] != [] and back[-1].newer is None
        assert [e.event_id for p in reversed(back) for e in p.events] == ids[::-1]
        errors = reports.recent(conn, status="error", **asked)
    first = pages[0].events[0]
    assert pages[0].newer is None and (first.status, first.correlation_key) == ("unmatched", "k22")
    assert [e.event_id for e in errors.events] == [ids[n] for n in (20, 15, 10, 5, 0)]
    assert errors.older is None and {e.status for e in errors.events} == {"error"}


def test_overview_ranks_by_traffic_and_names_the_newly_silent(actor: Actor, log: Log) -> None:
    for name, now, before in (("BUSY", 5, 1), ("QUIET", 1, 0), ("SILENT", 0, 3)):
        for n in range(now):
            log.event(NOON - timedelta(hours=n + 1), name=name)
        for n in range(before):
            log.event(WEEK.since - timedelta(hours=n + 1), name=name)
    log.run(NOON - timedelta(hours=1), "FAILED", 1.0, event_type="BUSY")
    log.event(NOON - timedelta(days=30), name="LONG_GONE")
    with database.read(actor) as conn:
        found = reports.overview(conn, tenant=actor.tenant, window=WEEK)
    assert [(e.event_type, e.events.total, e.previous.total, e.newly_silent) for e in found] == [
        ("BUSY", 5, 1, False),
        ("QUIET", 1, 0, False),
        ("SILENT", 0, 3, True),
    ]
    assert found[0].runs.failed == 1 and found[0].unmatched_share == 1.0 and sum(totals(found[0])) == 5


def test_runs_that_were_repeated_long_after_their_event_are_in_the_overview(actor: Actor, log: Log) -> None:
    log.event(NOON - timedelta(days=30), name="LONG_GONE")
    log.event(NOON - timedelta(days=30), name="WITHOUT_RUNS")
    log.run(NOON - timedelta(hours=1), "FAILED", 1.0, event_type="LONG_GONE", event_at=NOON - timedelta(days=30))
    with database.read(actor) as conn:
        found = reports.overview(conn, tenant=actor.tenant, window=WEEK)
    assert [(e.event_type, e.events.total, e.newly_silent, e.runs.failed) for e in found] == [
        ("LONG_GONE", 0, False, 1)
    ]
    assert reports.together(found, WEEK).total.runs.runs == 1


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Pacific/Auckland", "America/Los_Angeles"])
def test_the_trend_of_the_overview_has_the_days_of_the_viewer(zone: str, actor: Actor, log: Log) -> None:
    there = ZoneInfo(zone)
    window = Window.of(
        start_of(date(2026, 6, 8), there) + timedelta(hours=15), start_of(date(2026, 6, 15), there), there
    )
    for day, events in ((8, 2), (9, 3), (13, 1)):
        begin = start_of(date(2026, 6, day), there)
        for n in range(events):
            log.event(begin + timedelta(hours=23, minutes=59 - n))
    for hours in (0, 24):  # at the very begin of a day
        log.event(start_of(date(2026, 6, 10), there) + timedelta(hours=hours))
    with database.read(actor) as conn:
        (found,) = reports.overview(conn, tenant=actor.tenant, window=window)
    assert totals(found) == [2, 3, 1, 1, 0, 1, 0]
    assert totals(found) == [p.events.total for p in measured(actor, window).slices]


def test_the_period_before_has_slices_of_its_own(actor: Actor, log: Log) -> None:
    for hours in (1, 1, 30, 24 * 6 + 13):
        log.event(WEEK.since - timedelta(hours=hours))
    for days in (0, 8, 15):
        log.event(NOON - timedelta(days=days, microseconds=1))
    found = measured(actor)
    assert found.before == [1, 0, 0, 0, 0, 0, 2, 2] and len(found.before) == len(found.slices)
    assert sum(found.before) == found.previous.events.total == 5
    with database.read(actor) as conn:
        (overview,) = reports.overview(conn, tenant=actor.tenant, window=WEEK)
    assert overview.before == found.before and reports.together([overview], WEEK).before == found.before


def test_bars_of_an_odd_length_are_compared_with_all_events_of_the_period_before(actor: Actor, log: Log) -> None:
    window = Window.of(NOON, NOON + timedelta(hours=5, minutes=20), UTC_ZONE)
    for minutes in (1, 10, 70, 310, 320):
        log.event(NOON - timedelta(minutes=minutes))
    found = measured(actor, window)
    assert found.previous.events.total == 5 and found.before == [2, 0, 0, 0, 1, 2]


def test_a_day_is_compared_with_the_same_time_of_the_day_before(actor: Actor, log: Log) -> None:
    today = NOON.replace(hour=0)
    window = Window.of(today, NOON, UTC_ZONE, compared_from=today - timedelta(days=1))
    for hours, status in (
        (-25, "FAILED"),
        (-24, "FAILED"),
        (-13, "SUCCEEDED"),
        (-12, "FAILED"),
        (0, "FAILED"),
        (11, "SUCCEEDED"),
    ):
        log.event(today + timedelta(hours=hours))
        log.run(today + timedelta(hours=hours), status, 9.0 if hours == -12 else 2.0)
    found = measured(actor, window)
    assert (found.total.events.total, found.previous.events.total) == (2, 2), "what lies between the two is in neither"
    assert (found.total.runs.failed, found.previous.runs.failed, found.previous.runs.succeeded) == (1, 1, 1)
    assert found.total.durations and found.previous.durations
    assert (found.total.durations.completed, found.previous.durations.completed) == (2, 2)
    assert found.before == [1, *[0] * 10, 1]


@given(st.integers(1, 200_000), st.integers(0, 1440))
def test_a_trend_has_at_most_so_many_steps_all_as_long(minutes: int, offset: int) -> None:
    until = NOON + timedelta(minutes=offset)
    window = Window.of(until - timedelta(minutes=minutes), until, UTC_ZONE)
    ends = reports.trend_boundaries(window)
    assert (ends[0], ends[-1]) == (window.since, window.until) and ends == sorted(set(ends))
    assert len(ends) - 1 <= reports.TREND_STEPS
    assert all(at == floor_to(at, 15) for at in ends[1:-1]), "between them no row has to be read"
    lengths = [later - at for at, later in pairwise(ends)]
    assert len(set(lengths[1:-1])) <= 1 and (len(lengths) < 3 or lengths[-1] - lengths[1] < timedelta(minutes=15))


def test_the_trend_of_a_week_is_in_quarters_of_a_day(actor: Actor, log: Log) -> None:
    for hours in (1, 7, 8, 167):
        log.event(NOON - timedelta(hours=hours))
    with database.read(actor) as conn:
        (found,) = reports.overview(conn, tenant=actor.tenant, window=WEEK)
    assert found.trend == [1, *[0] * 25, 2, 1]


def test_recent_events_are_counted(actor: Actor, log: Log) -> None:
    for n in range(10):
        log.event(NOON - timedelta(minutes=n + 1), error_message="x" if n % 2 else None)
    asked: dict[str, Any] = {"tenant": actor.tenant, "event_type": NAME, "since": WEEK.since, "until": NOON}
    with database.read(actor) as conn:
        assert (reports.how_many(conn, **asked), reports.how_many(conn, status="unmatched", **asked)) == (10, 5)
        assert reports.how_many(conn, **(asked | {"since": NOON - timedelta(minutes=3)})) == 3


@pytest.mark.parametrize(
    ("text_", "end", "moment"),
    [
        ("2026-06-04", False, "2026-06-03T18:15Z"),
        ("2026-06-04", True, "2026-06-04T18:15Z"),
        ("2026-06-04T01:30", True, "2026-06-03T19:45Z"),
        ("2026-06-04T01:30Z", False, "2026-06-04T01:30Z"),
        ("2026-06-04T01:30+02:00", False, "2026-06-03T23:30Z"),
        ("2026-06-04T01:30 02:00", False, "2026-06-03T23:30Z"),
        ("2026-06-04T01:30:15.5Z", False, "2026-06-04T01:30:15.500000Z"),
    ],
)
def test_moments_are_iso_dates_and_times(text_: str, end: bool, moment: str) -> None:
    assert iso(read_moment(text_, ZoneInfo("Asia/Kathmandu"), field="x", end=end)) == moment


@pytest.mark.parametrize(
    "text_", ["yesterday", "2026-99-99", "1999-01-01", "9999-12-31", "0001-01-01", "T", "1", "\0", "x" * 9999]
)
def test_what_is_no_moment_is_refused_with_a_sentence(text_: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_moment(text_, UTC_ZONE, field="“from” in the URL")
    assert refused.value.sentence.startswith("“from” in the URL must be a date or a time")


def test_conformance_names_violated_paths_and_fields_outside_the_schema(actor: Actor, log: Log) -> None:
    at = NOON - timedelta(hours=1)
    schema = (
        '{"type": "object", "properties": {"id": {}, "open": {"type": "object"},'
        ' "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {}}}}}}'
    )
    log._insert(
        "event_catalog",
        event_type="ORDER",
        name="n",
        description="",
        category="c",
        status="active",
        payload_schema=schema,
    )
    missing = validation.violations({"required": ["id"]}, {}).violations[0]
    errors = [
        {"path": "/lines/7/sku"},
        {"path": "/lines/12/sku"},
        {"path": missing.pointer, "message": missing.message, "keyword": missing.keyword},
    ]
    bad = json.dumps({"status": "invalid", "errors": errors})
    log.event(at, "ORDER", payload='{"id": 1, "note": 2, "lines": [{"sku": 1, "size": 2}], "open": {"any": 1}}')
    for _ in range(2):
        log.event(at, "ORDER", schema_errors=bad)
    log.event(at, "ORDER", schema_errors='{"status": "unknown", "errors": []}')
    log.event(at, "FREE", payload='{"anything": {"at": "all"}}')
    with database.read(actor) as conn:
        order, free = conformance.conformance(conn, tenant=actor.tenant, names=["FREE", "ORDER", "NONE"], window=WEEK)
    assert (order.event_name, order.looked_at, order.violating, order.violating_share) == ("ORDER", 4, 2, 0.5)
    assert order.paths == [("/id", 2), ("/lines/*/sku", 2)]
    assert order.unknown_fields == ["lines[].size", "note"]
    assert (free.event_name, free.violating, free.unknown_fields) == ("FREE", 0, []), "no schema, nothing to break"
