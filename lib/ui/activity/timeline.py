"""The timeline of a correlation key: each entry as a bar along the time, and as a row that leads to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.events import activity, timeline
from lib.events.activity import EventFilters, EventSummary
from lib.events.timeline import TimelineEntry
from lib.ui.components import (
    axes,
    guard,
    links,
    nothing_here,
    page_buttons,
    statuses,
    table,
    timeline_link,
    vega_chart,
    viewer_time,
)
from lib.ui.components.statuses import Look, Looks
from lib.ui.components.text import NOTHING, code, duration, of_total, plain, shorten
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import Text

_LOOKS: dict[str, Looks] = {"event": statuses.EVENT, "run": statuses.RUN, "wait": statuses.WAIT}
_KINDS = {"event": "Event", "run": "Run", "wait": "Wait"}
_KEY = Text(timeline_link.PARAMETER, "Correlation key", "Exact key")
FILTERS = UrlFilters("timeline", (_KEY,), positions=(page_buttons.BEFORE, page_buttons.AFTER), labels="visible")
_ROW, _AXIS = 24, 112
_PADDING = {"top": 4, "bottom": 0, "left": 0, "right": 0}
_LABEL = 190
# What took a few milliseconds still is a visible bar.
_THINNEST = 0.006
_NAME_WIDTH = 260
#: Keys that are offered where none is asked for.
_MOST_KEYS = 8


def draw(actor: Actor) -> None:
    """Draw the field for the key, and the page of its timeline that the URL asks for."""
    FILTERS.begin()
    with st.container(key="labelled-key"):
        key = FILTERS.type_text(_KEY)
    FILTERS.draw_complaints()
    if not key:
        _draw_start(actor)
        return
    with guard.errors_shown():
        older, newer = page_buttons.BEFORE.asked(), page_buttons.AFTER.asked()
        with database.read(actor) as conn:
            page = timeline.page(conn, tenant=actor.tenant, key=key, older_than=older, newer_than=newer)
            total = timeline.how_many(conn, tenant=actor.tenant, key=key)
        if not page.entries:
            _draw_nothing(key)
            return
        st.caption(f"{of_total(len(page.entries), total, 'entry')} · first on top · Times in {viewer_time.zone().key}")
        _draw_chart(page.entries)
        _draw_table(page.entries)
        if page.newer or page.older:
            page_buttons.draw_ways(FILTERS, page)


def _draw_start(actor: Actor) -> None:
    """Offer the keys of the latest events, and the way to any other."""
    with database.read(actor) as conn:
        latest = activity.page(conn, tenant=actor.tenant, filters=EventFilters()).events
    newest: dict[str, EventSummary] = {}
    for event in latest:
        if event.correlation_key:
            newest.setdefault(event.correlation_key, event)
    with st.container(border=True, gap="small", key="start-here"):
        st.header("Keys of the latest events" if newest else "No event has a correlation key yet", anchor=False)
        for key, event in list(newest.items())[:_MOST_KEYS]:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                timeline_link.draw(key, plain(shorten(key, 60)))
                when = viewer_time.clock(event.created_at)
                st.markdown(f":small[:gray[{code(event.event_type)} · {when}]]", width="content")
        st.caption("Name a correlation key above, or follow the way from any event or run to the timeline of its key.")
        with st.container(horizontal=True, gap="small"):
            links.page_link("activity.py", label="Activity", icon=":material/bolt:")
            links.page_link("runs.py", label="Runs", icon=":material/play_circle:")


def _draw_nothing(key: str) -> None:
    nothing_here.draw("Nothing has this key", f"No event, run or wait has {code(shorten(key, 80))}. Keys are exact.")


def _draw_chart(entries: tuple[TimelineEntry, ...]) -> None:
    rows, total = _bars(entries)
    labels = [row["label"] for row in rows]
    colors = {look.word: look.hex for entry in entries if (look := _look(entry))}
    scale = alt.Scale(domain=[0, total * 1.02])
    x = alt.X("from:Q", title="Since the first of these", axis=axes.durations(total)[0], scale=scale)
    y = alt.Y(
        "row:Q",
        title=None,
        axis=alt.Axis(
            values=[*range(len(rows))],
            labelExpr=f"{json.dumps(labels)}[datum.value]",  # a Vega expression; JSON strings are its strings
            labelLimit=_LABEL,
            labelOverlap=False,
            ticks=False,
            domain=False,
            grid=False,
        ),
        scale=alt.Scale(domain=[len(rows) - 0.5, -0.5], nice=False),
    )
    drawn = alt.Chart().encode(
        y=y,
        color=alt.Color(
            "status:N",
            legend=alt.Legend(orient="top", title=None),
            scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        ),
        tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in _TOLD.items()],
    )
    lengths = drawn.transform_filter("datum.kind != 'Event'").mark_bar(cornerRadius=3, height=12)
    bars = lengths.encode(x=x, x2=alt.X2("to:Q"))
    points = drawn.transform_filter("datum.kind == 'Event'").mark_point(size=70, filled=True, opacity=1).encode(x=x)
    with st.container(border=True):
        vega_chart.draw(
            alt.layer(bars, points, data=pd.DataFrame(rows), height=len(rows) * _ROW + _AXIS, padding=_PADDING),
            alt="Each entry along the time, as in the table below",
        )


_TOLD = {"kind": "What", "label": "Name", "status": "Status", "began": "Began", "took": "Took"}


def _bars(entries: tuple[TimelineEntry, ...]) -> tuple[list[dict[str, Any]], float]:
    """A row an entry, with seconds since the first began, and how many there are to the last end."""
    begin, now = entries[0].at, datetime.now(UTC)
    ends = [((entry.ended_at or now) - begin).total_seconds() for entry in entries]
    total = max(*ends, 0.001)
    rows = []
    for number, (entry, end) in enumerate(zip(entries, ends, strict=True)):
        start = (entry.at - begin).total_seconds()
        rows.append(
            {
                "row": number,
                "kind": _KINDS[entry.kind],
                "label": shorten(_name(entry), 60),
                "status": _look(entry).word,
                "from": start,
                "to": max(end, start + total * _THINNEST),
                "began": viewer_time.clock(entry.at),
                "took": duration(entry.seconds) if entry.ended_at else "under way",
            }
        )
    return rows, total


def _draw_table(entries: tuple[TimelineEntry, ...]) -> None:
    def open_entry(row: int) -> None:
        entry = entries[row]
        if entry.kind == "event":
            st.switch_page("activity.py", query_params={"eventId": str(entry.id)})
        st.switch_page("runs.py", query_params={"runId": str(entry.run_id)})

    table.draw(
        [_row(entry) for entry in entries],
        {
            "Kind": table.text(width=70),
            "Status": table.marks({_look(one).word: _look(one).color for one in entries}, width=110),
            "Began": table.moment(),
            "Ended": table.moment(),
            "Took": table.seconds(width=90),
            "Step": table.text(width=140, help="The step that waits"),
        },
        key=f"timeline-{entries[0].id}-{len(entries)}",
        way_in=table.WayIn("Name", open_entry, width=_NAME_WIDTH, help="Opens the event or the run"),
        most_in_sight=len(entries),
    )


def _row(entry: TimelineEntry) -> Mapping[str, object]:
    return {
        "Name": _name(entry),
        "Kind": _KINDS[entry.kind],
        "Status": [_look(entry).word],
        "Began": entry.at,
        "Ended": entry.ended_at,
        "Took": entry.seconds,
        "Step": entry.step_path or NOTHING,
    }


def _look(entry: TimelineEntry) -> Look:
    return _LOOKS[entry.kind][entry.status]


def _name(entry: TimelineEntry) -> str:
    if entry.kind == "wait":
        return f"Wait for {entry.name}" if entry.name else "Wait for a time"
    return entry.name or NOTHING
