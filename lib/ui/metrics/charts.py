"""Charts from figures: pure functions that know neither Streamlit nor the database.

Time runs along slice numbers that are labelled in the viewer's time zone, not along a time scale, which the
browser would read in its own zone and where the hour that a change of clocks repeats would cover its double.
Every chart has a function beside it that gives the same numbers as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd

from lib.metrics.reports import EventMetrics
from lib.metrics.rollups import EVENT_STATUSES
from lib.metrics.time_window import Window, clock
from lib.ui.components import axes, statuses
from lib.ui.components.text import duration

_STATUS_COLORS = {look.word: look.hex for look in statuses.EVENT.values()}
_SUCCESS = statuses.RUN["SUCCEEDED"].hex
_PERCENTILE_COLORS = {"p50": "#7c83f7", "p95": "#f0913a"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Name of the selection of whole bars, and of the one drawn across them with the field that it is in.
BARS, BRUSH, BRUSH_FIELD = "bars", "brush", "left"

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

_HEIGHT = 250
_SMALL_HEIGHT = 210
# The box around a chart has its own.
_PADDING = {"top": 0, "bottom": 0, "left": 0, "right": 0}
# Of a whole bar: narrower ones could not be pointed at.
_NARROWEST = 0.15
_MOST_TICKS = 9
_SMALL_MOST_TICKS = 5
# Of durations that are numbers in a table.
_UNIT = " (s)"
#: The columns of durations in the table of latencies.
LATENCIES = tuple(f"{name}{_UNIT}" for name in ("Average", "p50", "p95", "p99"))


def volume_table(metrics: EventMetrics) -> pd.DataFrame:
    """Events by slice and status, and their sum."""
    columns: dict[str, Any] = {"From": [_iso(at) for at in metrics.window.starts]}
    for status in EVENT_STATUSES:
        columns[statuses.EVENT[status].word] = [getattr(p.events, status) for p in metrics.slices]
    return pd.DataFrame({**columns, "Total": [p.events.total for p in metrics.slices]})


def volume(metrics: EventMetrics, *, chosen: range | None = None, status: str | None = None) -> Chart:
    """Bars of events over time, stacked by status; bars are chosen by a click or by drawing across them.

    The slices already chosen, and of them the status, stand out: a chart that is drawn anew has no selection.
    """
    long = _bars(metrics)
    bars = alt.selection_point(BARS, fields=["n", "Status"])
    brush = alt.selection_interval(BRUSH, encodings=["x"])
    # A bar is chosen with any part of it, not only when it begins inside.
    drawn = f"{BRUSH}.{BRUSH_FIELD}"
    across = f"!isDefined({drawn}) || (datum.right > {drawn}[0] && datum.left < {drawn}[1])"
    marked: Any = {"and": [{"param": BARS}, across]}
    if chosen is not None:
        long["chosen"] = long["n"].isin(chosen) & ((long["Status"] == status) | (status is None))
        marked = "datum.chosen"
    chart: alt.Chart = (
        alt.Chart(long)
        .mark_bar(cursor="pointer")
        .encode(
            x=_time(metrics.window, BRUSH_FIELD, bin="binned"),
            x2="right:Q",
            y=alt.Y("Events:Q", title=None, stack="zero", axis=alt.Axis(tickCount=5, format="~s", tickMinStep=1)),
            color=_legend(_STATUS_COLORS, "Status"),
            order="order:Q",
            opacity=alt.condition({"test": marked}, alt.value(1), alt.value(0.3)),
            tooltip=["When:N", "Status:N", alt.Tooltip("Events:Q", format=","), alt.Tooltip("Total:Q", format=",")],
        )
        .add_params(bars, brush)
        .properties(height=_HEIGHT, padding=_PADDING)
    )
    return chart


def _bars(metrics: EventMetrics) -> pd.DataFrame:
    """A row a bar: its slice and status, its events, and from where to where it reaches."""
    table = volume_table(metrics)
    table["When"] = _labels(metrics.window)
    words = [statuses.EVENT[status].word for status in EVENT_STATUSES]
    bars = table.reset_index(names="n").melt(["n", "When", "Total"], words, "Status", "Events")
    # An hour or day that the range has only a part of is as much narrower: its count is not to be read as a low.
    late, early = (min(share, 1 - _NARROWEST) for share in metrics.window.missing)
    last = len(table) - 1
    bars["left"] = [n + late * (n == 0) for n in bars["n"]]
    bars["right"] = [n + 1 - early * (n == last) for n in bars["n"]]
    bars["order"] = bars["Status"].map({word: n for n, word in enumerate(words)})
    return bars


def latency_table(metrics: EventMetrics) -> pd.DataFrame:
    """Run durations by slice, as numbers to reckon with; nothing where no run has ended."""
    names = ("p50", "p95", "p99")
    table = {
        "Average": [p.runs.average_seconds for p in metrics.slices],
        **{name: [getattr(p.durations, name) if p.durations else None for p in metrics.slices] for name in names},
    }
    seconds = pd.DataFrame(table, dtype=float).add_suffix(_UNIT)
    seconds.insert(0, "From", [_iso(at) for at in metrics.window.starts])
    return seconds


def latency(metrics: EventMetrics) -> Chart:
    """Lines of p50 and p95 of run durations over time."""
    table = latency_table(metrics).rename(columns=lambda name: name.removesuffix(_UNIT))
    table["When"] = _labels(metrics.window)
    long = table.reset_index(names="n").melt(["n", "When"], list(_PERCENTILE_COLORS), "Percentile", "seconds")
    long["at"] = long["n"] + 0.5
    long["Duration"] = [duration(None if pd.isna(s) else s) for s in long["seconds"]]
    longest = long["seconds"].max()
    axis, end = axes.durations(0 if pd.isna(longest) else longest)
    base = alt.Chart(long).encode(
        x=_time(metrics.window, "at", most=_SMALL_MOST_TICKS),
        y=alt.Y("seconds:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, end])),
        color=_legend(_PERCENTILE_COLORS, "Percentile"),
        tooltip=["When:N", "Percentile:N", "Duration:N"],
    )
    return _line(base)


def success_table(metrics: EventMetrics) -> pd.DataFrame:
    """Runs by slice and how they went, with the share of successes (0 to 1)."""
    runs = [p.runs for p in metrics.slices]
    return pd.DataFrame(
        {
            "From": [_iso(at) for at in metrics.window.starts],
            "Runs": [r.runs for r in runs],
            "Succeeded": [r.succeeded for r in runs],
            "Failed": [r.failed for r in runs],
            "Canceled": [r.canceled for r in runs],
            "Still running": [r.open for r in runs],
            "Success rate": [r.success_rate for r in runs],
        }
    ).astype({"Success rate": float})


def success(metrics: EventMetrics) -> Chart:
    """A line of the share of runs that succeeded over time."""
    table = success_table(metrics)
    table["When"] = _labels(metrics.window)
    table["at"] = table.index + 0.5
    base = alt.Chart(table).encode(
        x=_time(metrics.window, "at", most=_SMALL_MOST_TICKS),
        y=alt.Y("Success rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5, format=".0%")),
        tooltip=[
            "When:N",
            alt.Tooltip("Success rate:Q", format=".1%"),
            alt.Tooltip("Runs:Q", format=","),
            alt.Tooltip("Still running:Q", format=","),
        ],
        color=alt.value(_SUCCESS),
    )
    return _line(base, area=_SUCCESS)


def heatmap_table(week: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Events by weekday and hour of day, a row a weekday."""
    hours = {f"{hour:02}": [day[hour] for day in week] for hour in range(24)}
    return pd.DataFrame({"Weekday": WEEKDAYS, **hours})


def heatmap(week: Sequence[Sequence[int]]) -> Chart:
    """Hour of day against weekday, the darker the busier."""
    long = heatmap_table(week).melt("Weekday", var_name="hour", value_name="Events")
    long["Hour"] = long["hour"] + ":00 – " + long["hour"] + ":59"
    chart: alt.Chart = (
        alt.Chart(long)
        .mark_rect(cornerRadius=2, color=statuses.EVENT["matched"].hex)
        .encode(
            x=alt.X(
                "hour:O",
                title=None,
                scale=alt.Scale(paddingInner=0.08),
                axis=alt.Axis(
                    labelAngle=0, values=[f"{h:02}" for h in range(0, 24, 3)], ticks=False, domain=False, grid=False
                ),
            ),
            y=alt.Y(
                "Weekday:O",
                title=None,
                sort=list(WEEKDAYS),
                scale=alt.Scale(paddingInner=0.12),
                axis=alt.Axis(ticks=False, domain=False, grid=False),
            ),
            opacity=alt.Opacity("Events:Q", scale=alt.Scale(range=[0.06, 1], domainMin=0), legend=None),
            tooltip=["Weekday:N", "Hour:N", alt.Tooltip("Events:Q", format=",")],
        )
        .properties(height=_SMALL_HEIGHT, padding=_PADDING)
    )
    return chart


def reasons(table: pd.DataFrame) -> Chart:
    """Bars of events by the reason for which they were unmatched; columns Reason, Events and Share."""
    base = alt.Chart(table).encode(
        y=alt.Y("Reason:N", title=None, sort="-x", axis=alt.Axis(labelLimit=200, ticks=False, domain=False)),
        x=alt.X("Events:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, nice=False, padding=36)),
        tooltip=["Reason:N", alt.Tooltip("Events:Q", format=","), alt.Tooltip("Share:Q", format=".1%")],
    )
    bars = base.mark_bar(color=statuses.EVENT["unmatched"].hex, cornerRadiusEnd=3, height=22)
    numbers = base.mark_text(align="left", dx=5).encode(text=alt.Text("Events:Q", format=","))
    return alt.layer(bars, numbers).properties(height=max(40, 40 * len(table)), padding=_PADDING)


def _line(base: alt.Chart, *, area: str | None = None) -> Chart:
    """A line with its points, which alone show a slice between two empty ones; gaps stay gaps."""
    layers = [base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=26, opacity=1)]
    if area:
        layers.insert(0, base.mark_area(opacity=0.12, color=area))
    return alt.layer(*layers).properties(height=_SMALL_HEIGHT, padding=_PADDING)


def _legend(colors: dict[str, str], title: str) -> alt.Color:
    return alt.Color(
        f"{title}:N",
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend(orient="top", title=None, symbolType="circle", symbolSize=70, padding=0, offset=10),
    )


def _time(window: Window, column: str, *, most: int = _MOST_TICKS, bin: Any = alt.Undefined) -> alt.X:
    """The axis of slices, labelled where round hours begin, or in the middle of days."""
    starts = window.starts
    numbers = _ticks(window, most)
    shown = [_tick(starts[n], window) for n in numbers]
    ticks = [n + 0.5 for n in numbers] if window.step == "day" else numbers
    return alt.X(
        f"{column}:Q",
        bin=bin,
        title=None,
        scale=alt.Scale(domain=[0, len(starts)], nice=False),
        axis=axes.labelled(ticks, shown, grid=False, labelAngle=0, labelFlush=False),
    )


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


def _labels(window: Window) -> list[str]:
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


def _iso(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes")
