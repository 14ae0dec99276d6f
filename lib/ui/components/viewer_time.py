"""Moments as the viewer reads them: in the time zone of their browser, which a page names once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from lib.metrics import time_window


def zone() -> ZoneInfo:
    """The viewer's time zone, as the browser says it; UTC when it does not."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def shown(moment: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    """The moment and the zone it is in: 2026-03-01 14:05 Europe/Berlin."""
    return f"{clock(moment, form)} {zone().key}"


def clock(moment: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """The moment alone; its zone's abbreviation is there only in the hour that a change of clocks repeats."""
    return time_window.clock(moment.astimezone(zone()), form)
