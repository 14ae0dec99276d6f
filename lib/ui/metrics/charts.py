"""Charts from figures: pure functions that know neither Streamlit nor the database.

Every chart has a function beside it that gives the same numbers as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import altair as alt
import pandas as pd

from lib.metrics.reports import EventMetrics
from lib.metrics.rollups import EVENT_STATUSES
from lib.metrics.time_window import Window
from lib.ui.components import axes, statuses
from lib.ui.components.text import NOTHING, duration, percent
from lib.ui.metrics import time_axis
from lib.ui.metrics.marks import Mark

_STATUS_COLORS = {look.word: look.hex for look in statuses.EVENT.values()}
_SUCCESS = statuses.RUN["SUCCEEDED"].hex
# From hardly there, on a light or a dark page, to the colour itself.
_HEAT = ("rgba(59, 130, 246, 0.07)", "rgba(59, 130, 246, 1)")
_PERCENTILE_COLORS = {"p50": "#7c83f7", "p95": "#f0913a"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Name of the selection of whole bars, and of the one drawn across them with the field that it is in.
BARS, BRUSH, BRUSH_FIELD = "bars", "brush", "left"

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

_HEIGHT = 250
_SMALL_HEIGHT = 210
# Of a whole bar: narrower ones could not be pointed at.
_NARROWEST = 0.15
# Of durations that are numbers in a table.
_UNIT = " (s)"
#: The columns of durations in the table of latencies.
LATENCIES = tuple(f"{name}{_UNIT}" for name in ("Average", "p50", "p95", "p99"))


def volume_table(metrics: EventMetrics) -> pd.DataFrame:
    """Events by slice and status, and their sum."""
    columns = time_axis.begins(metrics.window)
    for status in EVENT_STATUSES:
        columns[statuses.EVENT[status].word] = [getattr(p.events, status) for p in metrics.slices]
    return pd.DataFrame({**columns, "Total": [p.events.total for p in metrics.slices]})


def volume(
    metrics: EventMetrics, *, chosen: range | None = None, status: str | None = None, marks: Sequence[Mark] = ()
) -> Chart:
    """Bars of events over time, stacked by status; bars are chosen by a click or by drawing across them.

    The slices already chosen, and of them the status, stand out: a chart that is drawn anew has no selection. The
    period before is a dotted line.
    """
    long = _bars(metrics)
    bars = alt.selection_point(BARS, fields=["n", "Status"], on=time_axis.click_on("n"))
    brush = alt.selection_interval(BRUSH, encodings=["x"])
    # A bar is chosen with any part of it, not only when it begins inside.
    drawn = f"{BRUSH}.{BRUSH_FIELD}"
    across = f"!isDefined({drawn}) || (datum.right > {drawn}[0] && datum.left < {drawn}[1])"
    marked: Any = {"and": [{"param": BARS}, across]}
    if chosen is not None:
        long["chosen"] = long["n"].isin(chosen) & ((long["Status"] == status) | (status is None))
        marked = "datum.chosen"
    chart: alt.Chart = (
        alt.Chart(long, name="volume")
        .mark_bar(cursor="pointer")
        .encode(
            x=time_axis.slices(metrics.window, BRUSH_FIELD, bin="binned"),
            x2=alt.X2("right:Q"),
            y=_counts("Events", stack="zero"),
            color=_legend(_STATUS_COLORS, "Status"),
            order=alt.Order("order:Q"),
            opacity=alt.OpacityValue(0.3, condition={"test": marked, "value": 1}),
            tooltip=[
                *_tooltips("When", "Status"),
                *(alt.Tooltip(f"{name}:Q", format=",") for name in ("Events", "Total")),
                alt.Tooltip("Before:N", title="Total before"),
            ],
        )
        .add_params(bars, brush)
    )
    behind, before = time_axis.across(metrics.window, marks=marks)
    layers = [*behind, chart, *_before(metrics), *before]
    return alt.layer(*layers, height=_HEIGHT, padding=time_axis.PADDING)


def before_table(metrics: EventMetrics) -> pd.DataFrame:
    """Events of the period before by the number of the bar that they are compared with, and where its middle stands.

    A bar is missing whose time that period does not have: an hour that clocks skipped, or one that comes twice now.
    """
    window = metrics.window
    events = metrics.before or [0] * len(window.starts)
    bars = enumerate(zip(pairwise(window.boundaries), pairwise(window.boundaries_before), events, strict=True))
    return pd.DataFrame(
        [
            (n, window.place(at + (end - at) / 2), came)
            for n, ((at, end), (since, until), came) in bars
            if since < until
        ],
        columns=["n", "at", "Events"],
    )


def _before(metrics: EventMetrics) -> list[alt.Chart]:
    """A dotted line of the period before; none where that had no events. Bars say its numbers."""
    if not metrics.previous.events.total or not metrics.before:
        return []
    base = alt.Chart(before_table(metrics)).encode(
        x=time_axis.slices(metrics.window, "at"), y=_counts("Events"), tooltip=alt.TooltipValue(None)
    )
    return [base.mark_line(strokeDash=[2, 4], strokeWidth=2, strokeCap="round", color=time_axis.INK, opacity=0.65)]


def _counts(column: str, *, stack: Literal["zero"] | None = None) -> alt.Y:
    return alt.Y(
        f"{column}:Q",
        title=None,
        stack=stack,
        axis=alt.Axis(tickCount=5, labelExpr="format(datum.value, '~s')", tickMinStep=1),
    )


def _bars(metrics: EventMetrics) -> pd.DataFrame:
    """A row a bar: its slice and status, its events, and from where to where it reaches."""
    table = volume_table(metrics)
    table["When"] = time_axis.labels(metrics.window)
    earlier = before_table(metrics)
    before = {n: f"{events:,}" for n, events in zip(earlier["n"], earlier["Events"], strict=True)}
    table["Before"] = [before.get(n, NOTHING) for n in table.index]
    words = [statuses.EVENT[status].word for status in EVENT_STATUSES]
    bars = table.reset_index(names="n").melt(["n", "When", "Total", "Before"], words, "Status", "Events")
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
    return pd.DataFrame(time_axis.begins(metrics.window)).join(seconds)


def latency(metrics: EventMetrics, *, marks: Sequence[Mark] = ()) -> Chart:
    """Lines of p50 and p95 of run durations over time."""
    table = latency_table(metrics).rename(columns=lambda name: name.removesuffix(_UNIT))
    table["When"] = time_axis.labels(metrics.window)
    long = table.reset_index(names="n").melt(["n", "When"], list(_PERCENTILE_COLORS), "Percentile", "seconds")
    long["at"] = long["n"] + 0.5
    long["Duration"] = [duration(None if pd.isna(s) else s) for s in long["seconds"]]
    longest = long["seconds"].max()
    axis, end = axes.durations(0 if pd.isna(longest) else longest)
    base = alt.Chart().encode(
        x=time_axis.slices(metrics.window, "at", most=time_axis.SMALL_MOST_TICKS),
        y=alt.Y("seconds:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, end])),
        color=_legend(_PERCENTILE_COLORS, "Percentile"),
        tooltip=_tooltips("When", "Percentile", "Duration"),
    )
    return _line(long, base, metrics.window, marks)


def success_table(metrics: EventMetrics) -> pd.DataFrame:
    """Runs by slice and how they went, with the share of successes (0 to 1)."""
    runs = [p.runs for p in metrics.slices]
    return pd.DataFrame(
        {
            **time_axis.begins(metrics.window),
            "Runs": [r.runs for r in runs],
            "Succeeded": [r.succeeded for r in runs],
            "Failed": [r.failed for r in runs],
            "Canceled": [r.canceled for r in runs],
            "Still running": [r.open for r in runs],
            "Success rate": [r.success_rate for r in runs],
        }
    ).astype({"Success rate": float})


def success(metrics: EventMetrics, *, marks: Sequence[Mark] = ()) -> Chart:
    """A line of the share of runs that succeeded over time."""
    table = success_table(metrics)
    table["When"] = time_axis.labels(metrics.window)
    table["at"] = table.index + 0.5
    table["Share"] = [percent(None if pd.isna(rate) else rate) for rate in table["Success rate"]]
    base = alt.Chart().encode(
        x=time_axis.slices(metrics.window, "at", most=time_axis.SMALL_MOST_TICKS),
        y=alt.Y("Success rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5, format=".0%")),
        tooltip=[
            *_tooltips("When"),
            alt.Tooltip("Share:N", title="Success rate"),
            alt.Tooltip("Runs:Q", format=","),
            alt.Tooltip("Still running:Q", format=","),
        ],
        color=alt.ColorValue(_SUCCESS),
    )
    return _line(table, base, metrics.window, marks, area=_SUCCESS)


def heatmap_table(week: Sequence[Sequence[int]], zone: str) -> pd.DataFrame:
    """Events by weekday and hour of day in this time zone, a row a weekday; a file of it says the zone, too."""
    return _hours(week).rename(columns={"Weekday": f"Weekday, {zone}"})


def _hours(week: Sequence[Sequence[int]]) -> pd.DataFrame:
    hours = {f"{hour:02}": [day[hour] for day in week] for hour in range(24)}
    return pd.DataFrame({"Weekday": WEEKDAYS, **hours})


def heatmap(week: Sequence[Sequence[int]], zone: str = "UTC") -> Chart:
    """Hour of day in this time zone against weekday, the darker the busier, with its scale in events."""
    long = _hours(week).melt("Weekday", var_name="hour", value_name="Events")
    long["Hour"] = long["hour"] + ":00 – " + long["hour"] + ":59"
    most = max(int(long["Events"].max()), 1)
    bare: dict[str, Any] = {"ticks": False, "domain": False, "grid": False}
    scale = alt.Legend(
        orient="top",
        direction="horizontal",
        title="Events",
        titleOrient="left",
        gradientLength=160,
        gradientThickness=8,
        values=[0, most],
        format=",d",  # or 54 would be written as 5e+1
        offset=6,
    )
    chart: alt.Chart = (
        alt.Chart(long, height=_SMALL_HEIGHT + 30, padding=time_axis.PADDING)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "hour:O",
                title=f"Hour of day, {zone}",
                scale=alt.Scale(paddingInner=0.08),
                axis=alt.Axis(labelAngle=0, values=[f"{h:02}" for h in range(0, 24, 3)], **bare),
            ),
            y=alt.Y(
                "Weekday:O",
                title=None,
                sort=list(WEEKDAYS),
                scale=alt.Scale(paddingInner=0.12),
                axis=alt.Axis(**bare),
            ),
            color=alt.Color("Events:Q", scale=alt.Scale(domain=[0, most], range=list(_HEAT)), legend=scale),
            tooltip=[*_tooltips("Weekday", "Hour"), alt.Tooltip("Events:Q", format=",")],
        )
    )
    return chart


def reasons(table: pd.DataFrame, *, is_sample: bool = False) -> Chart:
    """Bars of events by the reason for which they were unmatched; columns Reason, Events and Share.

    Of a sample the bars say shares: its counts are not those of the range.
    """
    table = table.assign(Said=[percent(share) for share in table["Share"]])
    shown = alt.Text("Said:N") if is_sample else alt.Text("Events:Q", format=",")
    counted = alt.Tooltip("Events:Q", format=",", title="Events of the sample" if is_sample else "Events")
    base = alt.Chart().encode(
        y=alt.Y("Reason:N", title=None, sort="-x", axis=alt.Axis(labelLimit=200, ticks=False, domain=False)),
        x=alt.X("Events:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, nice=False, padding=42)),
        tooltip=[*_tooltips("Reason"), alt.Tooltip("Said:N", title="Share"), counted],
    )
    bars = base.mark_bar(color=statuses.EVENT["unmatched"].hex, cornerRadiusEnd=3, height=22)
    numbers = base.mark_text(align="left", dx=5).encode(text=shown)
    return alt.layer(bars, numbers, data=table, height=max(40, 40 * len(table)), padding=time_axis.PADDING)


def _line(
    rows: pd.DataFrame, base: alt.Chart, window: Window, marks: Sequence[Mark], *, area: str | None = None
) -> Chart:
    """A line with its points, which alone show a slice between two empty ones; gaps stay gaps."""
    layers = [base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=26, opacity=1)]
    if area:
        layers.insert(0, base.mark_area(opacity=0.12, color=area))
    behind, before = time_axis.across(window, most=time_axis.SMALL_MOST_TICKS, marks=marks)
    return alt.layer(*behind, *layers, *before, data=rows, height=_SMALL_HEIGHT, padding=time_axis.PADDING)


def _tooltips(*columns: str) -> list[alt.Tooltip]:
    """What is told of a mark under the mouse, as it is. Altair takes ten times as long to make it from names alone."""
    return [alt.Tooltip(f"{name}:N") for name in columns]


def _legend(colors: dict[str, str], title: str) -> alt.Color:
    return alt.Color(
        f"{title}:N",
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend(orient="top", title=None, symbolType="circle", symbolSize=70, padding=0, offset=10),
    )
