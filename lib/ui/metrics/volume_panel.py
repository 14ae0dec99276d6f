"""The volume over time in its frame: from bars to what is behind them, from a mark to what was done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.auth.changes import Change
from lib.metrics.reports import EventMetrics
from lib.metrics.rollups import Origin
from lib.ui.components import figures, guard, links, vega_chart
from lib.ui.components.text import plural
from lib.ui.metrics import charts, marks, metrics_filters, metrics_slice, time_axis
from lib.ui.metrics.marks import Mark
from lib.ui.metrics.metrics_filters import MetricsView
from lib.ui.metrics.metrics_slice import Narrowed
from lib.ui.runs import run_filters

_VOLUME = "metrics_volume"


def draw(found: EventMetrics, changes: Sequence[Change], view: MetricsView, event_type: str) -> None:
    """One event type's volume. Bars chosen in it narrow what is listed below, and are kept in the URL."""
    with _framed(view, "Choose a bar, or draw across several, to list the events behind them.", found):
        if not found.total.events.total:
            _nothing(found, view, event_type)
            marks.draw(changes, found.window, is_charted=False)
            return
        narrowed = metrics_slice.asked(found.window)
        bars = narrowed.bars(found.window)
        shown = marks.joined(changes, found.window)
        key = _chart_key(narrowed)
        _chart(found, shown, key, partial(_choose_bars, key, found.window.boundaries, shown), bars, narrowed.status)
        _draw_ways_on(found, view, narrowed, event_type)
        marks.draw(changes, found.window)


def draw_of_all(found: EventMetrics, changes: Sequence[Change], view: MetricsView) -> None:
    """The volume of all event types together. Bars chosen in it become the range."""
    with _framed(view, "Choose a bar, or draw across several, to see their time alone.", found):
        if not found.total.events.total:
            _nothing(found, view)
            marks.draw(changes, found.window, is_charted=False)
            return
        shown = marks.joined(changes, found.window)
        asked = sorted(st.query_params.to_dict().items())
        key = f"{_VOLUME}-all-{asked}"  # a chart of another range has no selection
        _chart(found, shown, key, partial(_zoom_to_bars, key, found.window.boundaries, shown))
        with _below():
            _draw_legend(found, view)
            draw_failed_runs(found.total.runs.failed, view, found.window.since, found.window.until)
        marks.draw(changes, found.window)


def draw_failed_runs(
    failed: int, view: MetricsView, since: datetime, until: datetime, event_type: str | None = None
) -> None:
    """Draw the link to the runs of the events of this time that failed, if any did."""
    if failed:
        origin: Origin | None = view.origins[0] if len(view.origins) == 1 else None
        links.page_link(
            "runs.py",
            label=plural(failed, "failed run"),
            icon=":material/error:",
            query_params=run_filters.failed_of(event_type=event_type, origin=origin, since=since, until=until),
        )


def _framed(view: MetricsView, hint: str, found: EventMetrics) -> AbstractContextManager[None]:
    return figures.framed(
        "Volume over time",
        f"Events by local {view.window.step}, stacked by status. {hint}",
        lambda: charts.volume_table(found),
        columns=time_axis.begin_column(found.window),
        name="volume",
    )


def _chart(
    found: EventMetrics,
    shown: Sequence[Mark],
    key: str,
    choose: partial[None],
    bars: range | None = None,
    status: str | None = None,
) -> None:
    chart = charts.volume(found, chosen=bars, status=status and status.capitalize(), marks=shown)
    vega_chart.draw(
        chart,
        key=key,
        on_select=guard.callback(choose),
        selection_mode=[charts.BARS, charts.BRUSH, *([marks.MARKS] if shown else [])],
        alt="Events over time by status",
    )


def _below() -> DeltaGenerator:
    """The row below the chart."""
    return st.container(horizontal=True, vertical_alignment="center", gap="medium")


def _draw_legend(found: EventMetrics, view: MetricsView) -> None:
    if found.previous.events.total:
        st.caption(f"Dotted: {view.against}", width="content")


def _draw_ways_on(found: EventMetrics, view: MetricsView, narrowed: Narrowed, event_type: str) -> None:
    """What the chosen bars lead to, else the whole range."""
    bars = narrowed.bars(found.window)
    failed = sum(found.slices[n].runs.failed for n in (range(len(found.slices)) if bars is None else bars))
    with _below():
        _draw_legend(found, view)
        if bars is not None:
            st.button(
                "Zoom in",
                icon=":material/zoom_in:",
                key="metrics-zoom",
                on_click=guard.callback(metrics_filters.zoom),
                args=(narrowed.since, narrowed.until),
                help="Make this time the range",
            )
        draw_failed_runs(failed, view, narrowed.since, narrowed.until, event_type)


def _chart_key(narrowed: Narrowed) -> str:
    """A new one whenever the URL asks for other bars.

    A chart keeps its selection for as long as its key lasts, and would neither forget the bars of a closed slice nor
    let them be chosen again.
    """
    shown = narrowed if narrowed.sliced else None
    last, number = st.session_state.get(_VOLUME) or (None, 0)
    if shown != last:
        st.session_state[_VOLUME] = (shown, number := number + 1)
    return f"{_VOLUME}-{number}"


def _chosen_bars(key: str, boundaries: list[datetime]) -> tuple[list[int], set[str]]:
    """Numbers of the first and last bar chosen in the chart, and of which statuses; none where none were."""
    chosen = st.session_state[key]["selection"]
    bars = [bar for bar in chosen.get(charts.BARS) or [] if bar.get("n") is not None]
    numbers, statuses = [int(bar["n"]) for bar in bars], {str(bar["Status"]).lower() for bar in bars}
    if drawn := chosen.get(charts.BRUSH, {}).get(charts.BRUSH_FIELD):
        numbers, statuses = [int(drawn[0]), max(int(drawn[0]), -int(-drawn[1] // 1) - 1)], set()
    return [min(max(n, 0), len(boundaries) - 2) for n in numbers], statuses


def _choose_bars(key: str, boundaries: list[datetime], shown: Sequence[Mark]) -> None:
    """Narrow the recent events to the bars chosen in the chart."""
    if marks.chosen(key, shown):
        return
    numbers, statuses = _chosen_bars(key, boundaries)
    if not numbers:
        metrics_slice.forget()
        return
    metrics_slice.choose(boundaries, numbers, statuses.pop() if len(statuses) == 1 else None)


def _zoom_to_bars(key: str, boundaries: list[datetime], shown: Sequence[Mark]) -> None:
    """Make the bars chosen in the chart the range."""
    if marks.chosen(key, shown):
        return
    numbers, _ = _chosen_bars(key, boundaries)
    if numbers:
        metrics_filters.zoom(boundaries[min(numbers)], boundaries[max(numbers) + 1])


def _nothing(found: EventMetrics, view: MetricsView, event_type: str | None = None) -> None:
    """That no event came, and what may show some."""
    with st.container(horizontal_alignment="center", gap="xxsmall"):
        st.space("medium")
        st.markdown(f"## No events {metrics_filters.during(view.these)}", width="content")
        before = found.previous.events.total
        told = f"{view.against[0].upper()}{view.against[1:]}: {plural(before, 'event')}." if before else "Nor before."
        st.caption(f"{told} A longer range, or test traffic, may show some.", width="content")
        with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center", gap="small"):
            metrics_filters.draw_longer(found.window)
            links.page_link(
                "simulate.py",
                label="Simulate an event",
                icon=":material/play_arrow:",
                query_params={"eventType": event_type} if event_type else {},
            )
        st.space("medium")
