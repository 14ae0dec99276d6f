"""Moments in a viewer's time zone, also in the hours that a change of clocks repeats or leaves out."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lib.ui import viewer_time

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("month", "day", "hour", "told"),
    [
        (7, 1, 12, "2026-07-01 14:30"),
        (10, 25, 0, "2026-10-25 02:30 +0200"),
        (10, 25, 1, "2026-10-25 02:30 +0100"),
        (10, 25, 2, "2026-10-25 03:30"),
        (3, 29, 0, "2026-03-29 01:30"),
        (3, 29, 1, "2026-03-29 03:30"),
    ],
)
def test_a_moment_in_the_hour_that_comes_twice_has_its_offset(month: int, day: int, hour: int, told: str) -> None:
    moment = datetime(2026, month, day, hour, 30, tzinfo=UTC)
    assert viewer_time.clock(moment, "%Y-%m-%d %H:%M", BERLIN) == told
