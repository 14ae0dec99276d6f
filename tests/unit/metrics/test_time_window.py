"""Windows of time: how a time is written where clocks show it twice, where a moment lies, what came before."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.metrics.time_window import SliceStep, Window, clock, start_of


@pytest.mark.parametrize(
    ("utc", "zone", "written"),
    [
        ("2026-10-25T00:30", "Europe/Berlin", "02:30 CEST"),
        ("2026-10-25T01:30", "Europe/Berlin", "02:30 CET"),
        ("2026-10-25T02:30", "Europe/Berlin", "03:30"),
        ("2026-03-29T01:30", "Europe/Berlin", "03:30"),
        ("2026-11-01T05:59", "America/New_York", "01:59 EDT"),
        ("2026-04-04T15:15", "Australia/Lord_Howe", "01:45 +1030"),
        ("2026-10-25T01:30", "UTC", "01:30"),
        ("2026-10-25T01:30", "Asia/Kathmandu", "07:15"),
    ],
)
def test_only_a_time_that_comes_twice_has_its_zone(utc: str, zone: str, written: str) -> None:
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert clock(at, "%H:%M") == written


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 20_000)))
    until = since + timedelta(minutes=draw(st.integers(1, 20_000)))
    step: SliceStep = draw(st.sampled_from(["hour", "day"]))
    return Window.of(since, until, ZoneInfo(draw(ZONES)), step)


@given(windows())
def test_every_slice_begins_at_its_number_and_places_follow_time(window: Window) -> None:
    places = [window.place(at) for at in window.boundaries]
    late, early = window.missing
    last = len(window.starts)
    assert places[0] == pytest.approx(late) and places[-1] == pytest.approx(last - early)
    assert places[1:-1] == list(range(1, last))
    assert places == sorted(places)
    assert window.place(window.since - timedelta(days=1)) == places[0]
    assert window.place(window.until + timedelta(days=1)) == places[-1]


@given(windows())
def test_offsets_hold_from_where_clocks_change_on(window: Window) -> None:
    begins = [since for since, _ in window.offsets]
    at = window.since
    while at < window.until:
        _, offset = window.offsets[bisect_right(begins, at) - 1]
        assert at.astimezone(window.zone).utcoffset() == offset
        at += timedelta(minutes=5)
    assert begins[0] == window.since and len(begins) <= 3


@given(windows())
def test_the_period_before_is_as_long_and_ends_where_the_window_begins(window: Window) -> None:
    before = window.previous
    assert before.until == window.since
    assert (before.zone, before.step) == (window.zone, window.step)
    since, until, first = (at.astimezone(window.zone) for at in (window.since, window.until, before.since))
    if since.time() == until.time() and since.replace(tzinfo=None) < until.replace(tzinfo=None):
        assert since.replace(tzinfo=None) - first.replace(tzinfo=None) == until.replace(tzinfo=None) - since.replace(
            tzinfo=None
        )
    else:
        assert before.until - before.since == window.until - window.since


BERLIN = ZoneInfo("Europe/Berlin")


def local(day: int, hour: int = 0, zone: ZoneInfo = BERLIN) -> datetime:
    """A time of March 2026 there; in Berlin clocks are put forward on the 29th."""
    return datetime(2026, 3, day, hour, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "until", "compared_from", "first", "end"),
    [
        (local(29), local(30), local(28), local(28), local(29)),  # yesterday, of 23 hours
        (local(29), local(29, 12), local(28), local(28), local(28, 12)),  # today up to noon
        (local(23), local(30), local(16), local(16), local(23)),  # last week
        (local(23), local(29, 12), local(16), local(16), local(22, 12)),  # this week up to noon
        (local(23), local(30), None, local(16), local(23)),  # picked from day to day
        (local(29), local(29, 12), None, local(28, 13), local(29)),  # eleven hours
    ],
)
def test_a_time_of_the_calendar_is_compared_by_the_clock(
    since: datetime, until: datetime, compared_from: datetime | None, first: datetime, end: datetime
) -> None:
    before = Window.of(since, until, BERLIN, compared_from=compared_from).previous
    assert (before.since, before.until) == (first, end)


def test_a_day_that_begins_an_hour_late_is_compared_with_the_whole_day_before() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # at midnight of 24 April 2026 it is one o'clock
    begins = [start_of(date(2026, 4, day), cairo) for day in (23, 24, 25)]
    before = Window.of(begins[1], begins[2], cairo, compared_from=begins[0]).previous
    assert (before.since, before.until) == (begins[0], begins[1])


def test_the_hour_that_comes_twice_is_compared_with_the_one_before() -> None:
    twice = [datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert Window.of(*twice, BERLIN).previous.since == twice[0] - timedelta(hours=1)


def test_hours_are_compared_with_the_same_ones_by_the_clock() -> None:
    window = Window.of(local(29), local(30), BERLIN, "hour", local(28))
    before = dict(zip(window.boundaries, window.boundaries_before, strict=True))
    assert all(before[local(29, hour)] == local(28, hour) for hour in (0, 1, 3, 12, 23))
    after = Window.of(local(30), local(31), BERLIN, "hour")
    assert after.boundaries_before[1:5] == [local(29, hour) for hour in (1, 3, 3, 4)], "there was no two o'clock"


def test_an_odd_length_is_compared_slice_by_slice_with_all_of_the_period_before() -> None:
    window = Window.of(local(10), local(10, 5) + timedelta(minutes=20), BERLIN, "hour")
    begin = local(10) - timedelta(hours=5, minutes=20)
    nearest = [begin + timedelta(minutes=5 + 60 * hour) for hour in range(1, 6)]
    assert window.boundaries_before == [begin, *nearest, window.since]


@given(windows())
def test_the_period_before_is_cut_into_as_many_slices_and_nothing_of_it_is_left_out(window: Window) -> None:
    before = window.boundaries_before
    assert len(before) == len(window.boundaries) and before == sorted(before)
    assert (before[0], before[-1]) == (window.previous.since, window.previous.until)


def test_a_period_that_would_reach_into_the_window_ends_where_it_begins() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since, until = (start_of(date(2026, 10, day), berlin) for day in (25, 26))  # 25 hours after 24
    window = Window.of(since, until, berlin, compared_from=start_of(date(2026, 10, 24), berlin))
    assert window.previous.until == since and window.previous.since == since - timedelta(hours=24)
