"""The axis of slices that charts over time share, and what is drawn across each of them: midnights and marks.

Time runs along slice numbers that are labelled in the viewer's time zone, not along a time scale, which the
browser would read in its own zone and where the hour that a change of clocks repeats would cover its double.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd

from lib.metrics.time_window import Window, clock
from lib.ui.components import axes, statuses, table
from lib.ui.components.table import Column
from lib.ui.metrics.marks import MARKS, Mark

#: The box around a chart has its own.
PADDING = {"top": 0, "bottom": 0, "left": 0, "right": 0}
MOST_TICKS, SMALL_MOST_TICKS = 9, 5
#: The colour of the page's text, whichever theme it has.
INK = "currentColor"

_MARK = statuses.HEX["violet"]
# The name of the column, and room for the longest that is said in it: "Wed 25 Nov 2026, from 18:30".
_BEGIN = "From"
_BEGIN_WIDTH = 190


def slices(window: Window, column: str, *, most: int = MOST_TICKS, bin: Any = alt.Undefined) -> alt.X:
    """The axis, labelled in the middle of days, or from where round hours begin."""
    starts = window.starts
    numbers = _ticks(window, most)
    shown = [_tick(starts[n], window) for n in numbers]
    by_day = window.step == "day"
    ticks = [n + 0.5 for n in numbers] if by_day else numbers
    # A label of an hour stands beside its tick, under what it begins; in the middle it would be half under the hour
    # before, and a date half under the day before.
    beside: dict[str, Any] = {} if by_day else {"labelAlign": "left", "labelOffset": -2}
    return alt.X(
        f"{column}:Q",
        bin=bin,
        title=None,
        scale=alt.Scale(domain=[0, len(starts)], nice=False),
        axis=axes.labelled(ticks, shown, grid=False, labelAngle=0, labelFlush=False, **beside),
    )


def across(
    window: Window, *, most: int = MOST_TICKS, marks: Sequence[Mark] = ()
) -> tuple[list[alt.Chart], list[alt.Chart]]:
    """The layers behind a chart's own and before them: a rule at each midnight, and at each mark one with its head."""
    behind = [_midnights(window, most)] if midnights(window) else []
    return behind, [*_marks(window, most, marks)] if marks else []


def labels(window: Window) -> list[str]:
    """What a tooltip calls each slice, and where one that is cut begins or ends."""
    if window.step == "hour":
        labels = [f"{at:%a} {at.day} {at:%b}, {clock(at)}" for at in window.starts]
    else:
        labels = [f"{at:%a} {at.day} {at:%b} {at.year}" for at in window.starts]
        if window.missing[0]:
            labels[0] += f", from {clock(window.starts[0])}"
    if window.missing[1]:
        labels[-1] += f", until {clock(window.until.astimezone(window.zone))}"
    return labels


def begins(window: Window) -> dict[str, Any]:
    """Where each slice begins, as the first column of a chart's table: as CSV has it, sorted by time as text is."""
    return {_BEGIN: [_iso(at) for at in window.starts]}


def begin_column(window: Window) -> dict[str, Column]:
    """How that column reads on the screen: in the words of the tooltips."""
    words = dict(zip(begins(window)[_BEGIN], labels(window), strict=True))
    return {_BEGIN: replace(table.text(width=_BEGIN_WIDTH), reads=words.__getitem__)}


def _iso(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes")


def click_on(field: str) -> str:
    """The click that a selection listens to: on what has this field, and on nothing else that the chart draws."""
    # Where no script may be made of text, Vega gives this filter the event and not its datum.
    return f"click[event.item && event.item.datum && isValid(event.item.datum.{field})]"


def midnights(window: Window) -> list[int]:
    """Numbers of the slices with which another day begins, where days are read by hours."""
    if window.step == "day":
        return []
    return [n for n, at in enumerate(window.starts) if n and _midnight(at)]


def _midnights(window: Window, most: int) -> alt.Chart:
    rows = pd.DataFrame({"at": pd.Series(midnights(window), dtype=float)})
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_rule(color=INK, opacity=0.25, description="Midnight")
        .encode(x=slices(window, "at", most=most))
    )
    return chart


def _marks(window: Window, most: int, marks: Sequence[Mark]) -> tuple[alt.Chart, alt.Chart]:
    rows = pd.DataFrame(
        [{"at": mark.place, "mark": n, "When": mark.when, "What": mark.words} for n, mark in enumerate(marks)]
    )
    told = [alt.Tooltip("What:N"), alt.Tooltip("When:N")]
    x = slices(window, "at", most=most)
    rules = alt.Chart(rows).mark_rule(color=_MARK, strokeDash=[4, 3], strokeWidth=1.5, opacity=0.9)
    heads = (
        alt.Chart(rows, name="changes")
        .mark_point(shape="triangle-down", size=130, filled=True, color=_MARK, opacity=1, cursor="pointer")
        .encode(
            x=x,
            y=alt.YValue(5),  # type: ignore[no-untyped-call]
            tooltip=told,
            description=alt.Description("What:N"),
        )
        .add_params(alt.selection_point(MARKS, fields=["mark"], on=click_on("mark")))
    )
    return rules.encode(x=x, tooltip=told), heads


def _ticks(window: Window, most: int) -> list[int]:
    """Numbers of the slices that get a label: at most so many, evenly spaced in local time."""
    starts = window.starts
    whole = list(range(len(starts)))
    if window.step == "hour":
        whole = [n for n, at in enumerate(starts) if _midnight(at)]
        for hours in (12, 6, 3, 1):
            finer = [n for n, at in enumerate(starts) if at.hour % hours == 0 and at.minute == 0]
            if len(finer) > most:
                break
            whole = finer
    return whole[:: -(-len(whole) // most) or 1] or [0]


def _tick(at: datetime, window: Window) -> str:
    if window.step == "hour" and not _midnight(at):
        return clock(at)
    return f"{at:%a} {at.day} {at:%b}"


def _midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
