"""How a time is written where clocks show it twice."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lib.metrics.time_window import clock


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
