"""The latest events of an event type, or of the bars chosen in a chart, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.database.paging import Total
from lib.events import activity
from lib.events.activity import EventFilters
from lib.metrics import reports
from lib.metrics.reports import RecentEvent, RecentPage
from lib.metrics.rollups import EVENT_STATUSES, EventStatus
from lib.metrics.time_window import clock, iso
from lib.ui.activity import event_export
from lib.ui.components import figures, guard, links, not_kept, page_buttons, printed, statuses, table
from lib.ui.components.text import of_total
from lib.ui.metrics import metrics_slice
from lib.ui.metrics.metrics_filters import MetricsView
from lib.ui.metrics.metrics_slice import Narrowed

_TABLE = "metrics-recent"
_CREATED_WIDTH = 155
_ON_PAPER = ["Created", "Status", "Runs", "Took", "Origin", "Correlation key", "Error"]


def draw(actor: Actor, event_type: str, view: MetricsView) -> None:
    """Draw the page of the list that the URL asks for."""
    narrowed = metrics_slice.asked(view.window)
    asked: dict[str, Any] = {
        "tenant": actor.tenant,
        "event_type": event_type,
        "since": narrowed.since,
        "until": narrowed.until,
        "origins": view.origins,
        "status": narrowed.status,
    }
    older, newer = metrics_slice.asked_page()
    with database.read(actor) as conn:
        total = activity.how_many(conn, tenant=actor.tenant, filters=_filters(event_type, view, narrowed))
        # To learn that there are none, all events of the range would be read.
        page = reports.recent(conn, older_than=older, newer_than=newer, **asked) if total.number else None
        # A range that ends now leaves a page of a kept address behind.
        gone = page is not None and not page.events and bool(older or newer)
        page = reports.recent(conn, **asked) if gone else page
        shown = [event.event_id for event in page.events] if page else []
        runs = activity.runs_of(conn, tenant=actor.tenant, event_ids=shown)
    with figures.framed(
        "Recent events",
        "Latest first. Open one to see the event in full.",
        tools=lambda: event_export.draw(actor, _filters(event_type, view, narrowed), key="recent-export"),
    ):
        _draw_narrowing(event_type, view, narrowed)
        for complaint in metrics_slice.left_out(narrowed):
            st.caption(f":orange[:material/link_off: {complaint}]")
        if told := not_kept.sentence(actor, narrowed.since):
            st.caption(told)
        if not page or not page.events:
            st.caption("No events.")
            return
        if gone:
            st.caption("The page that the address asks for is outside the range by now; these are the latest events.")
        _draw_table(page, view, runs)
        _draw_pages(page, total, view)


def activity_query(event_type: str, view: MetricsView, narrowed: Narrowed) -> dict[str, str]:
    """Parameters with which the activity page shows the same events."""
    query = {"event": event_type, "time": "Custom", "since": iso(narrowed.since), "until": iso(narrowed.until)}
    if len(view.origins) == 1:
        query["origin"] = view.origins[0].capitalize()
    if narrowed.status:
        query["eventStatus"] = narrowed.status.capitalize()
    return query


def _filters(event_type: str, view: MetricsView, narrowed: Narrowed) -> EventFilters:
    """The same events as the activity page asks for them."""
    return EventFilters(
        event_types=(event_type,),
        status=narrowed.status,
        since=narrowed.since,
        until=narrowed.until,
        origin=view.origins[0] if len(view.origins) == 1 else None,
    )


def _draw_narrowing(event_type: str, view: MetricsView, narrowed: Narrowed) -> None:
    if narrowed.sliced or narrowed.status:
        printed.draw_line(f"Filtered to {narrowed.words(view.window)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="screen-narrowing"):
        if narrowed.sliced:
            st.button(
                f"Filtered to {narrowed.words(view.window)} · clear",
                icon=":material/close:",
                icon_position="right",
                key="metrics-forget",
                on_click=guard.callback(metrics_slice.forget),
                help="Show the whole range again",
            )
        else:
            _draw_status(narrowed.status)
        links.page_link(
            "activity.py",
            label="Open in activity",
            icon=":material/open_in_new:",
            query_params=activity_query(event_type, view, narrowed),
        )


def _draw_status(status: EventStatus | None) -> None:
    def choose() -> None:
        chosen = st.session_state["metrics-status"]
        metrics_slice.choose_status(None if chosen == "All" else chosen.lower())

    # From the URL each time: Back may have changed it.
    st.session_state["metrics-status"] = status.capitalize() if status else "All"
    st.segmented_control(
        "Status",
        ["All", *(s.capitalize() for s in EVENT_STATUSES)],
        key="metrics-status",
        required=True,
        label_visibility="collapsed",
        on_change=guard.callback(choose),
    )


def _draw_table(page: RecentPage, view: MetricsView, runs: Mapping[UUID, Mapping[str, int]]) -> None:
    def open_event(row: int) -> None:
        st.switch_page("activity.py", query_params={"eventId": str(page.events[row].event_id)})

    rows = [
        _row(event, view) | {"Runs": list(statuses.run_counts(runs.get(event.event_id, {})))} for event in page.events
    ]
    columns = {
        "Status": table.state(statuses.EVENT, width=100),
        "Runs": table.marks(
            {word: color for one in runs.values() for word, color in statuses.run_counts(one).items()},
            width=165,
            help="How the runs that it started are doing",
        ),
        "Took": table.seconds(width=78),
        "Origin": table.state(statuses.ORIGIN, width=85),
        "Correlation key": table.text(width=258),
        "Error": table.text(width=205),
        "Processed": table.hidden(table.moment(zone=view.window.zone)),
        "Matched run": table.hidden(table.text()),
        "Event id": table.hidden(table.text()),
    }
    table.draw(
        rows,
        columns,
        key=_TABLE,
        way_in=table.WayIn("Created", open_event, width=_CREATED_WIDTH, help="Opens the event"),
        most_in_sight=len(page.events),
    )
    printed.draw_rows(pd.DataFrame(rows, columns=_ON_PAPER), columns)


def _row(event: RecentEvent, view: MetricsView) -> dict[str, object]:
    took = (event.processed_at - event.created_at).total_seconds() if event.processed_at else None
    return {
        # The label of a button is text. Written like this, text sorts as time does.
        "Created": clock(event.created_at.astimezone(view.window.zone), "%Y-%m-%d %H:%M:%S"),
        "Status": event.status,
        "Took": took,
        "Origin": event.origin,
        "Correlation key": event.correlation_key,
        "Processed": event.processed_at,
        "Error": event.error_message,
        "Matched run": str(event.matched_run_id) if event.matched_run_id else None,
        "Event id": str(event.event_id),
    }


def _draw_pages(page: RecentPage, total: Total, view: MetricsView) -> None:
    first, last = (e.created_at.astimezone(view.window.zone) for e in (page.events[0], page.events[-1]))
    shown = of_total(len(page.events), total, "event")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{shown} · {first:%d %b %H:%M:%S} back to {last:%d %b %H:%M:%S}", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            page_buttons.draw(
                "recent",
                newest=metrics_slice.turn if page.newer else None,
                newer=partial(metrics_slice.turn, newer=page.newer) if page.newer else None,
                older=partial(metrics_slice.turn, older=page.older) if page.older else None,
            )
