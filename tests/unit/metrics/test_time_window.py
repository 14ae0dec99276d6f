"""Windows of time: how a time is written where clocks show it twice, where a moment lies, what came before."""

from __future__ import annotations

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
def test_the_period_before_is_as_long_and_ends_where_the_window_begins(window: Window) -> None:
    before = window.previous
    assert before.until == window.since and before.until - before.since == window.until - window.since
    assert (before.zone, before.step) == (window.zone, window.step)


def test_a_period_that_would_reach_into_the_window_ends_where_it_begins() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since, until = (start_of(date(2026, 10, day), berlin) for day in (25, 26))  # 25 hours after 24
    window = Window.of(since, until, berlin, compared_from=start_of(date(2026, 10, 24), berlin))
    assert window.previous.until == since and window.previous.since == since - timedelta(hours=24)
