"""The range of time of a list or chart: a length up to now, or two ends that a person picks.

The URL has the ends as ISO dates or times; pages share their meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from lib.errors import InvalidInput
from lib.metrics.time_window import EARLIEST, LATEST, end_of_this_minute, iso, moment, start_of
from lib.ui.components import guard

Ends = tuple[datetime | None, datetime | None]

CUSTOM = "Custom"
#: What lists offer: lengths of time up to now, and ends to be picked.
RANGES: dict[str, timedelta | None] = {
    "Last hour": timedelta(hours=1),
    "Last 24 hours": timedelta(hours=24),
    "Last 7 days": timedelta(days=7),
    "Last 30 days": timedelta(days=30),
    CUSTOM: None,
}

#: Days and weeks of the calendar, as they are asked for by name.
CALENDAR = ("Today", "Yesterday", "This week", "Last week")


def of_calendar(name: str, zone: ZoneInfo, *, now: datetime) -> tuple[datetime, datetime, datetime]:
    """Where one of CALENDAR begins and ends in a time zone, not after now, and where the day or week before begins.

    A range ends before `now`. At midnight today is therefore the day that ends.
    """
    today = (now - timedelta(microseconds=1)).astimezone(zone).date()
    length = 7 if name.endswith("week") else 1
    first = today - timedelta(days=today.weekday() if length == 7 else 0)
    if name in ("Yesterday", "Last week"):
        first -= timedelta(days=length)
    since, until, before = (start_of(first + timedelta(days=days), zone) for days in (0, length, -length))
    return since, min(until, now), before


def of_choice(
    choice: str | None, names: tuple[str, str], zone: ZoneInfo, *, changed: Callable[[], object]
) -> tuple[Ends, str | None]:
    """The ends of what was chosen of RANGES, drawn if they are to be picked; without a choice any time."""
    if choice == CUSTOM:
        return draw(names, zone, changed=changed)
    length = RANGES[choice] if choice else None
    return (end_of_this_minute() - length if length else None, None), None


def draw(
    names: tuple[str, str], zone: ZoneInfo, *, otherwise: Ends = (None, None), changed: Callable[[], object]
) -> tuple[Ends, str | None]:
    """Draw the two ends and read them; what the URL lacks is as in `otherwise`.

    `names` are URL parameters. With an end that cannot be read, or ends the wrong way round, `otherwise` comes back
    with a sentence that says so.
    """
    ends: list[datetime | None] = []
    problem: str | None = None
    with st.container(horizontal=True, gap="small", width="content"):
        for name, label, usual in zip(names, ("From", "To"), otherwise, strict=True):
            try:
                end = read(name, zone, end=label == "To") or usual
            except InvalidInput as error:
                problem, end = problem or error.sentence, usual
            _draw_end(name, label, end, zone, changed)
            ends.append(end)
    since, until = ends
    if not problem and since and until and since >= until:
        problem = "The range ends before it begins."
    return (otherwise, problem) if problem else ((since, until), None)


def read(name: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """The moment that this URL parameter names, None without it. Raises InvalidInput."""
    given = st.query_params.get(name)
    return moment(given, zone, field=f"“{name}” in the URL", end=end) if given else None


def _draw_end(name: str, label: str, at: datetime | None, zone: ZoneInfo, changed: Callable[[], object]) -> None:
    key = f"{name}-end"

    def pick() -> None:
        picked: datetime | None = st.session_state[key]
        changed()
        if picked:
            st.query_params[name] = iso(picked.replace(tzinfo=zone))
        else:
            st.query_params.pop(name, None)

    # From the URL each time, and not bound to it: there it has its zone, which a picked time of day lacks.
    st.session_state[key] = at and at.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    st.datetime_input(
        label,
        None,
        key=key,
        width=212,
        min_value=EARLIEST,
        max_value=LATEST,
        format="YYYY-MM-DD",
        on_change=guard.callback(pick),
        help=f"{zone.key} time" + (" (not included)" * (label == "To")),
    )
