"""Moments as the viewer reads them: in the time zone of their browser, which a page names once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from lib.ui import activity_filters


def shown(moment: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """The moment and the zone it is in: 2026-03-01 14:05 Europe/Berlin."""
    return f"{clock(moment, pattern)} {activity_filters.zone().key}"


def clock(moment: datetime, pattern: str = "%Y-%m-%d %H:%M:%S", zone: ZoneInfo | None = None) -> str:
    """The moment alone; in the hour that a change of clocks repeats, with its offset: 2026-10-25 02:30:00 +0100."""
    local = moment.astimezone(zone or activity_filters.zone())
    repeated = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return local.strftime(f"{pattern} %z" if repeated else pattern)
