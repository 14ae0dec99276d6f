"""What the URL narrows the recent events to: bars of the volume chart, a status, a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from lib.database.paging import Cursor
from lib.metrics.rollups import EVENT_STATUSES, EventStatus
from lib.metrics.time_window import Window, clock, iso
from lib.ui.components import url_filters
from lib.ui.components.url_parameters import Choice, Place

_SLICE, _STATUS, _OLDER, _NEWER = "slice", "outcome", "older", "newer"
#: Of the metrics' filters in the URL.
PAGE = "metrics"
_OUTCOME = Choice(_STATUS, "Status", {status: status for status in EVENT_STATUSES})
_PAGES = (Place(_OLDER), Place(_NEWER))


@dataclass(frozen=True)
class Narrowed:
    """The recent events asked for; `sliced` when bars were chosen and not the whole range."""

    since: datetime
    until: datetime
    status: EventStatus | None
    sliced: bool

    def bars(self, window: Window) -> range | None:
        """Numbers of the slices chosen; None when none were."""
        if not self.sliced:
            return None
        inside = [n for n, at in enumerate(window.boundaries[:-1]) if self.since <= at < self.until]
        return range(inside[0], inside[-1] + 1) if inside else range(0)

    def words(self, window: Window) -> str:
        """The slice as its viewer says it."""
        since, until = (at.astimezone(window.zone) for at in (self.since, self.until))
        end = clock(until) if since.date() == until.date() else f"{_day(until)} {clock(until)}"
        return f"{_day(since)} {clock(since)}–{end}" + (f" · {self.status}" if self.status else "")


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b}"


def asked(window: Window) -> Narrowed:
    """What the URL narrows the list to; nonsense narrows nothing."""
    status = asked_status()
    try:
        first, last = (
            datetime.fromisoformat(part).astimezone(UTC) for part in st.query_params.get(_SLICE, "").split("/")
        )
    except (ValueError, OverflowError):
        return Narrowed(window.since, window.until, status, False)
    since, until = max(first, window.since), min(last, window.until)
    if since >= until:
        return Narrowed(window.since, window.until, status, False)
    return Narrowed(since, until, status, True)


def left_out(narrowed: Narrowed) -> list[str]:
    """What the URL asks the list for in vain, each in a sentence."""
    complaints = []
    if _SLICE in st.query_params and not narrowed.sliced:
        complaints.append("The bars that the address asks for are not in this range, so all of it is listed.")
    for parameter in (_OUTCOME, *_PAGES):
        asked = st.query_params.get(parameter.key, "")
        if asked and (reason := url_filters.in_vain(parameter, asked)):
            complaints.append(url_filters.left_out(parameter.key, asked, reason))
    return complaints


def asked_status() -> EventStatus | None:
    """The status that the URL asks for."""
    given = st.query_params.get(_STATUS, "").lower()
    return next((status for status in EVENT_STATUSES if status == given), None)


def asked_page() -> tuple[Cursor | None, Cursor | None]:
    """Where the page of the URL ends, and where it begins: events older than the one, or newer than the other."""
    older, newer = (place.asked() for place in _PAGES)
    return older, newer


def choose(boundaries: Sequence[datetime], bars: Sequence[int], status: str | None) -> None:
    """Narrow the recent events to these slices, and of them to a status; chosen once more, to nothing."""
    window = f"{iso(boundaries[min(bars)])}/{iso(boundaries[max(bars) + 1])}"
    again = st.query_params.get(_SLICE) == window and st.query_params.get(_STATUS) == status
    forget()
    if again:
        return
    st.query_params[_SLICE] = window
    if status:
        st.query_params[_STATUS] = status


def choose_status(status: str | None) -> None:
    """Narrow the recent events of the range to a status."""
    forget()
    if status:
        st.query_params[_STATUS] = status


def turn(*, older: Cursor | None = None, newer: Cursor | None = None) -> None:
    """Callback: to the page beside this one, or the first."""
    for name, cursor in ((_OLDER, older), (_NEWER, newer)):
        st.query_params.pop(name, None)
        if cursor:
            st.query_params[name] = str(cursor)


def forget() -> None:
    """Callback: back to the first page of all recent events of the range."""
    url_filters.forget_complaints(PAGE)
    for name in (_SLICE, _STATUS, _OLDER, _NEWER):
        st.query_params.pop(name, None)
