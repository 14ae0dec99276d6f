"""Moments as the viewer reads them: in the time zone of their browser, which is named."""

from __future__ import annotations

from datetime import datetime

from lib.ui import activity_filters


def shown(moment: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """The moment and the zone it is in: 2026-03-01 14:05 Europe/Berlin."""
    zone = activity_filters.zone()
    return f"{moment.astimezone(zone).strftime(pattern)} {zone.key}"
