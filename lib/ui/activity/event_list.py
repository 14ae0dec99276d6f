"""The list of runtime events, still or live, and the way from a row to its record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.database.paging import Total
from lib.events import activity
from lib.events.activity import EventFilters, EventPage, EventSummary
from lib.events.matching import reason_word
from lib.metrics.time_window import clock
from lib.ui.activity import event_filters
from lib.ui.components import guard, links, not_kept, nothing_here, page_buttons, statuses, table, viewer_time
from lib.ui.components.statuses import Color
from lib.ui.components.text import of_total, shorten

PARAMETER = "eventId"

_LIVE_SECONDS = 2
_TABLE = "activity-table"
_CHOSEN = "activity-chosen"
_PAYLOAD = 140
# With those of the other columns they fill a page 1,440 wide.
_NAME_WIDTH, _KEY_WIDTH = 232, 248


def draw(actor: Actor, filters: EventFilters, *, live: bool) -> None:
    """Draw the page of events that the URL asks for; live, the latest ones anew every two seconds."""
    if not live:
        _draw(actor, filters, live=False)
        return

    @guard.fragment(run_every=_LIVE_SECONDS)
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
        older, newer = (None, None) if live else (page_buttons.BEFORE.asked(), page_buttons.AFTER.asked())
        with database.read(actor) as conn:
            page = activity.page(conn, tenant=actor.tenant, filters=filters, older_than=older, newer_than=newer)
            total = None if live else activity.how_many(conn, tenant=actor.tenant, filters=filters)
        if not page.events:
            _draw_nothing_found(actor, filters, narrowed=filters != EventFilters() or older is not None)
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            _draw_open(page)
            st.caption(f"{_count_line(page, total)} · {table.SORTED}", width="content")
        _draw_table(page)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if not live:
                with st.container(width="content"):
                    page_buttons.draw_ways(event_filters.FILTERS, page)


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


def _count_line(page: EventPage, total: Total | None) -> str:
    """How much of the list this page is, and in whose time; without a total the page is live."""
    zone = viewer_time.zone()
    first, last = (event.created_at.astimezone(zone) for event in (page.events[-1], page.events[0]))
    same_day = first.date() == last.date()
    start, end = (
        (clock(first, "%Y-%m-%d %H:%M"), clock(last, "%H:%M"))
        if same_day
        else (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}")
    )
    told = f"{of_total(len(page.events), total, 'event')} · {start} to {end} · Times in {zone.key}"
    return told if total else f":green[:material/sync:] Refreshed at {datetime.now(zone):%H:%M:%S} · {told}"


def _draw_table(page: EventPage) -> None:
    # What is chosen in one page means nothing in the next.
    key = f"{_TABLE}-{page.events[0].event_id if page.newer else 'latest'}"

    def choose_row() -> None:
        row = table.chosen_row(key)
        st.session_state[_CHOSEN] = page.events[row].event_id if row is not None else None

    table.draw(
        [_row(event) for event in page.events],
        {
            "Status": table.state(statuses.FATE, width=105, help="Amber: a workflow was there and was not started"),
            "Created": table.moment(),
            "Result": table.marks(
                {word: color for event in page.events for word, color in _result(event).items()},
                width=175,
                help="How the runs that it started are doing; else why none was",
            ),
            "Origin": table.state(statuses.ORIGIN, width=90),
            "Correlation key": table.text(width=_KEY_WIDTH),
            "Took": table.hidden(table.seconds()),
            "Schema": table.hidden(table.text()),
            "Payload": table.hidden(table.text()),
            "Event id": table.hidden(table.text()),
        },
        key=key,
        way_in=table.WayIn(
            "Event",
            lambda row: open_record(str(page.events[row].event_id)),
            width=_NAME_WIDTH,
            help="Opens the event",
        ),
        when_chosen=choose_row,
    )


def _row(event: EventSummary) -> Mapping[str, object]:
    return {
        "Event": event.event_type,
        "Status": event.fate,
        "Created": event.created_at,
        "Result": list(_result(event)),
        "Correlation key": event.correlation_key,
        "Took": event.seconds,
        "Origin": event.origin,
        "Schema": statuses.VERDICT[event.schema_status].word,
        "Payload": shorten(event.payload, _PAYLOAD),
        "Event id": str(event.event_id),
    }


def _result(event: EventSummary) -> dict[str, Color]:
    """What came of the event in a few words, each with its colour."""
    found = statuses.run_counts(event.runs)
    if event.resumed:
        found[f"{event.resumed:,} resumed"] = statuses.OUTCOME["resumed"].color
    if event.fate == "skipped" and event.reason:
        found[reason_word(event.reason)] = statuses.FATE["skipped"].color
    return found


def _draw_nothing_found(actor: Actor, filters: EventFilters, *, narrowed: bool) -> None:
    if not narrowed:
        with nothing_here.framed(
            "Nothing has happened yet", "Events appear here as soon as they arrive, or as you simulate one."
        ):
            links.page_link("simulate.py", label="Simulate an event", icon=":material/play_arrow:")
        return
    hint = not_kept.sentence(actor, filters.since) or "Try a longer time or fewer filters."
    with nothing_here.framed("No event matches these filters", f"{hint} What is redacted is never found."):
        st.button(
            "Clear all filters",
            icon=":material/filter_alt_off:",
            key="clear-no-activity",
            on_click=guard.callback(event_filters.FILTERS.clear),
        )
