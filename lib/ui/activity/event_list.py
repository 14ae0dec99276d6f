"""The list of runtime events, still or live, and the way from a row to its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.events import activity
from lib.events.activity import EventFilters, EventPage, EventSummary
from lib.events.matching import reason_word
from lib.metrics.time_window import clock, is_ambiguous
from lib.ui.activity import event_filters
from lib.ui.components import guard, viewer_time
from lib.ui.components.text import NOTHING, duration, plural, shorten

PARAMETER = "eventId"

_LIVE_SECONDS = 2
_ROW_HEIGHT = 36
_TABLE = "activity-table"
_OPEN = "activity-open"
_CHOSEN = "activity-chosen"
_PAYLOAD = 140
#: How statuses and origins of events look in every table.
STATUS_COLORS = {"Matched": "green", "Unmatched": "orange", "Error": "red"}
ORIGIN_COLORS = {"Live": "blue", "Simulated": "violet", "Replay": "gray"}
_SCHEMA_WORDS = {
    "valid": "Fits",
    "invalid": "Violated",
    "timed_out": "Timed out",
    "schema_error": "Broken schema",
    "unknown": "Unknown",
    "missing": "None",
}


def draw(actor: Actor, filters: EventFilters, *, live: bool) -> None:
    """Draw the page of events that the URL asks for; live, the latest ones anew every two seconds."""
    if not live:
        _draw(actor, filters, live=False)
        return

    @st.fragment(run_every=_LIVE_SECONDS)
    def tail() -> None:
        if PARAMETER in st.query_params:
            st.rerun()  # a row was clicked, and its record is not part of this fragment
        _draw(actor, filters, live=True)

    tail()


def open_record(event_id: str) -> None:
    """Callback: show this event's record."""
    st.query_params[PARAMETER] = event_id


def _draw(actor: Actor, filters: EventFilters, *, live: bool) -> None:
    with guard.errors_shown():
        older, newer = (None, None) if live else (event_filters.older_than(), event_filters.newer_than())
        with database.read(actor) as conn:
            page = activity.page(conn, tenant=actor.tenant, filters=filters, older_than=older, newer_than=newer)
        if not page.events:
            _draw_nothing_found(narrowed=filters != EventFilters() or older is not None)
            return
        _draw_table(page)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                _draw_open(page)
                st.caption(_told(page, live=live), width="content")
            if not live:
                with st.container(width="content"):
                    event_filters.draw_pages(page)


def _draw_open(page: EventPage) -> None:
    """For whoever goes through the table by keyboard, where Enter does not press what is in a cell."""
    chosen = st.session_state.get(_CHOSEN)
    event = next((event for event in page.events if event.event_id == chosen), None)
    st.button(
        "Open event",
        icon=":material/open_in_full:",
        key="activity-open-chosen",
        disabled=event is None,
        shortcut="o",
        on_click=guard.callback(open_record),
        args=(str(chosen),),
        help="Opens the event whose row is chosen: by arrow keys, or a click beside its name",
    )


def _told(page: EventPage, *, live: bool) -> str:
    zone = viewer_time.zone()
    first, last = (event.created_at.astimezone(zone) for event in (page.events[-1], page.events[0]))
    same_day = first.date() == last.date()
    start, end = (
        (clock(first, "%Y-%m-%d %H:%M"), clock(last, "%H:%M"))
        if same_day
        else (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}")
    )
    span = f"{start} to {end}"
    told = f"{plural(len(page.events), 'event')} · {span} · {zone.key}"
    return f":green[:material/sensors:] Live at {datetime.now(zone):%H:%M:%S} · {told}" if live else told


def _draw_table(page: EventPage) -> None:
    # What is chosen in one page means nothing in the next.
    table = f"{_TABLE}-{page.events[0].event_id if page.newer else 'latest'}"

    def open_row() -> None:
        clicked = st.session_state[_OPEN]
        if clicked and clicked["row"] < len(page.events):
            open_record(str(page.events[clicked["row"]].event_id))

    def choose_row() -> None:
        cells = st.session_state[table]["selection"]["cells"]
        st.session_state[_CHOSEN] = page.events[cells[0][0]].event_id if cells else None

    zone = viewer_time.zone()
    st.dataframe(
        pd.DataFrame([_row(event) for event in page.events]),
        key=table,
        hide_index=True,
        placeholder=NOTHING,
        row_height=_ROW_HEIGHT,
        height=min(len(page.events), 18) * _ROW_HEIGHT + 40,
        on_select=guard.callback(choose_row),
        selection_mode="single-cell",
        column_config=_columns(
            open_row, zone, ambiguous=any(is_ambiguous(event.created_at.astimezone(zone)) for event in page.events)
        ),
    )


def _row(event: EventSummary) -> Mapping[str, object]:
    return {
        "Created": event.created_at,
        "Status": [event.status.capitalize()],
        "Event": event.event_type,
        "Result": _result(event),
        "Correlation key": event.correlation_key,
        "Origin": [event.origin.capitalize()],
        "Schema": _SCHEMA_WORDS[event.schema_status],
        "Took": duration(event.seconds),
        "Payload": shorten(event.payload, _PAYLOAD),
        "Event id": str(event.event_id),
    }


def _result(event: EventSummary) -> str:
    if event.started:
        return plural(event.started, "workflow")
    return reason_word(event.reason) if event.reason else NOTHING


def _columns(open_row: Callable[[], None], zone: ZoneInfo, *, ambiguous: bool) -> dict[str, Any]:
    column = st.column_config
    return {
        # These three are what a phone has room for.
        "Created": column.DatetimeColumn(
            "Created",
            format="MMM D, HH:mm:ss Z" if ambiguous else "MMM D, HH:mm:ss",
            timezone=zone.key,
            width=165 if ambiguous else 118,
            help=f"In your time zone, {zone.key}",
        ),
        "Status": column.MultiselectColumn(
            "Status", options=list(STATUS_COLORS), color=list(STATUS_COLORS.values()), width=92
        ),
        "Event": column.ButtonColumn(
            "Event",
            type="tertiary",
            alignment="left",
            key=_OPEN,
            on_click=guard.callback(open_row),
            width=235,
            help="Opens the event",
        ),
        "Result": column.TextColumn("Result", width=115, help="Workflows started or resumed, or why none was"),
        "Correlation key": column.TextColumn("Correlation key", width=290),
        "Origin": column.MultiselectColumn(
            "Origin", options=list(ORIGIN_COLORS), color=list(ORIGIN_COLORS.values()), width=100
        ),
        "Schema": column.TextColumn("Schema", width=70, help="Whether the payload fits the event's schema"),
        "Took": column.TextColumn("Took", width=65, alignment="right", help="From arrival to matched and recorded"),
        "Payload": column.TextColumn("Payload", width="large", help="Redacted"),
        "Event id": column.TextColumn("Event id", width=290),
    }


def _draw_nothing_found(*, narrowed: bool) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        if narrowed:
            st.markdown("#### No event matches these filters", width="content")
            st.caption("Try a longer time or fewer filters. What is redacted is never found.", width="content")
            st.button(
                "Clear all filters",
                icon=":material/filter_alt_off:",
                key="clear-no-activity",
                on_click=guard.callback(event_filters.FILTERS.clear),
            )
        else:
            st.markdown("#### Nothing has happened yet", width="content")
            st.caption("Events appear here as soon as they arrive, or as you simulate one.", width="content")
        st.space("small")
