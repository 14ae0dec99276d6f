"""The latest events of an event type, or of the bars chosen in a chart, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd
import streamlit as st

from lib import database, metrics
from lib.activity import Cursor
from lib.auth import Actor
from lib.metrics import STATUSES, RecentEvent, RecentPage, Status
from lib.ui import figures
from lib.ui.activity_filters import zone as browser_zone
from lib.ui.activity_list import ORIGIN_COLORS, STATUS_COLORS
from lib.ui.metrics_filters import MetricsView, forget_slice
from lib.ui.text import duration, plural

_TABLE = "metrics-recent"
_ROW_HEIGHT = 36
_EXPORTED = 1000


class _Parameters(NamedTuple):
    """Names of the URL parameters that narrow and page the list."""

    slice: str = "slice"
    status: str = "outcome"
    older: str = "older"
    newer: str = "newer"


PARAMETERS = _Parameters()


class _Asked(NamedTuple):
    since: datetime
    until: datetime
    status: Status | None
    sliced: bool


def draw(actor: Actor, event_type: str, view: MetricsView) -> None:
    """Draw the page of the list that the URL asks for."""
    asked = _asked(view)
    page = load(actor, event_type, view, asked)
    with figures.framed("Recent events", "Latest first. Choose a row to see the event in full.",
                        lambda: _everything(actor, event_type, view, asked), name="recent"):  # fmt: skip
        _draw_narrowing(event_type, view, asked)
        if not page.events:
            st.caption("No events here.")
            return
        _draw_table(page, view)
        _draw_pages(page, view)


def load(
    actor: Actor, event_type: str, view: MetricsView, asked: _Asked, *, limit: int = 25
) -> RecentPage:
    """The page of the list that the URL asks for."""
    with database.read(actor) as conn:
        return metrics.recent(
            conn, tenant=actor.tenant, event_type=event_type, since=asked.since, until=asked.until,
            origins=view.origins, status=asked.status, limit=limit,
            older_than=Cursor.parse(st.query_params.get(PARAMETERS.older)),
            newer_than=Cursor.parse(st.query_params.get(PARAMETERS.newer)),
        )  # fmt: skip


def _asked(view: MetricsView) -> _Asked:
    """What the URL narrows the list to; nonsense narrows nothing."""
    window = view.window
    given = st.query_params.get(PARAMETERS.status, "")
    status: Status | None = next((s for s in STATUSES if s == given.lower()), None)
    try:
        first, last = (
            datetime.fromisoformat(part).astimezone(UTC)
            for part in st.query_params.get(PARAMETERS.slice, "").split("/")
        )
    except (ValueError, OverflowError):
        return _Asked(window.since, window.until, status, False)
    since, until = max(first, window.since), min(last, window.until)
    if since >= until:
        return _Asked(window.since, window.until, status, False)
    return _Asked(since, until, status, True)


def _draw_narrowing(event_type: str, view: MetricsView, asked: _Asked) -> None:
    zone = view.window.zone
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        status = st.segmented_control(
            "Status", ["All", *(s.capitalize() for s in STATUSES)], key="metrics-status", required=True,
            default=asked.status.capitalize() if asked.status else "All", label_visibility="collapsed",
            on_change=_choose_status,
        ) if not asked.sliced else None  # fmt: skip
        if asked.sliced:
            since, until = asked.since.astimezone(zone), asked.until.astimezone(zone)
            told = f"{since:%a %d %b %H:%M} – {until:%H:%M}" if since.date() == until.date() else (
                f"{since:%a %d %b %H:%M} – {until:%a %d %b %H:%M}")  # fmt: skip
            if asked.status:
                told += f" · {asked.status}"
            st.button(told, icon=":material/close:", icon_position="right", key="metrics-forget", on_click=forget_slice,
                      help="Show the whole range again")  # fmt: skip
        st.page_link("activity.py", label="Open in activity", icon=":material/open_in_new:",
                     query_params=_activity_query(event_type, asked, status))  # fmt: skip


def _choose_status() -> None:
    chosen = st.session_state["metrics-status"]
    forget_slice()
    if chosen != "All":
        st.query_params[PARAMETERS.status] = chosen.lower()


def _activity_query(event_type: str, asked: _Asked, status: str | None) -> dict[str, str]:
    local = browser_zone()
    query = {
        "event": event_type,
        "time": "Custom",
        "since": f"{asked.since.astimezone(local):%Y-%m-%dT%H:%M}",
        "until": f"{asked.until.astimezone(local):%Y-%m-%dT%H:%M}",
    }
    return query | ({"eventStatus": asked.status.capitalize()} if asked.status else {})


def _draw_table(page: RecentPage, view: MetricsView) -> None:
    def open_row() -> None:
        cells = st.session_state[_TABLE]["selection"]["cells"]
        if cells:
            st.switch_page("activity.py", query_params={"eventId": str(page.events[cells[0][0]].event_id)})

    column, key = st.column_config, view.window.zone.key
    st.dataframe(
        table_of(page.events),
        key=_TABLE,
        hide_index=True,
        placeholder="",
        row_height=_ROW_HEIGHT,
        height=len(page.events) * _ROW_HEIGHT + 40,
        on_select=open_row,
        selection_mode="single-cell",
        column_config={
            "Status": column.MultiselectColumn(options=list(STATUS_COLORS), color=list(STATUS_COLORS.values()),
                                               width=110),
            "Created": column.DatetimeColumn(format="MMM D, HH:mm:ss", timezone=key, width=140),
            "Processed": column.DatetimeColumn(format="HH:mm:ss.SSS", timezone=key, width=120),
            "Took": column.TextColumn(width=70, alignment="right"),
            "Correlation key": column.TextColumn(width=290),
            "Origin": column.MultiselectColumn(options=list(ORIGIN_COLORS), color=list(ORIGIN_COLORS.values()),
                                               width=105),
            "Workflows started": column.NumberColumn(width=130),
            "Matched run": column.TextColumn(width=290),
            "Error": column.TextColumn(width="medium"),
            "Event id": column.TextColumn(width=290),
        },
    )  # fmt: skip


def table_of(events: list[RecentEvent]) -> pd.DataFrame:
    """The events as the table shows them."""
    return pd.DataFrame([
        {
            "Status": [e.status.capitalize()],
            "Created": e.created_at,
            "Processed": e.processed_at,
            "Took": duration((e.processed_at - e.created_at).total_seconds()) if e.processed_at else None,
            "Correlation key": e.correlation_key,
            "Origin": [e.origin.capitalize()],
            "Workflows started": e.workflows_started,
            "Matched run": str(e.matched_run_id) if e.matched_run_id else None,
            "Error": e.error_message,
            "Event id": str(e.event_id),
        }
        for e in events
    ])  # fmt: skip


def _draw_pages(page: RecentPage, view: MetricsView) -> None:
    first, last = (e.created_at.astimezone(view.window.zone) for e in (page.events[0], page.events[-1]))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{plural(len(page.events), 'event')} · {first:%d %b %H:%M:%S} back to {last:%d %b %H:%M:%S}",
                   width="content")  # fmt: skip
        with st.container(horizontal=True, width="content", gap="small"):
            st.button("Newest", icon=":material/first_page:", key="recent-newest", type="tertiary",
                      disabled=page.newer is None, on_click=_turn, args=(None, None))  # fmt: skip
            st.button("Newer", icon=":material/chevron_left:", key="recent-newer", disabled=page.newer is None,
                      on_click=_turn, args=(PARAMETERS.newer, page.newer))  # fmt: skip
            st.button("Older", icon=":material/chevron_right:", icon_position="right", key="recent-older",
                      disabled=page.older is None, on_click=_turn, args=(PARAMETERS.older, page.older))  # fmt: skip


def _turn(parameter: str | None, cursor: Cursor | None) -> None:
    """Callback: to the page beside this one, or the first."""
    for name in (PARAMETERS.older, PARAMETERS.newer):
        st.query_params.pop(name, None)
    if parameter:
        st.query_params[parameter] = str(cursor)


def _everything(actor: Actor, event_type: str, view: MetricsView, asked: _Asked) -> pd.DataFrame:
    """From this page on, as many as a file is given."""
    table = table_of(load(actor, event_type, view, asked, limit=_EXPORTED).events)
    if table.empty:
        return table
    for column in ("Status", "Origin"):
        table[column] = table[column].str[0]
    return table
