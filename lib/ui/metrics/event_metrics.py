"""The metrics of one event type: the figures, the charts, and from a bar to the events behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.events.matching import reason_word
from lib.metrics import reports
from lib.metrics.reports import EventMetrics, Period, Reasons
from lib.metrics.rollups import EventCounts
from lib.ui.components import figures, guard, table
from lib.ui.components.text import NOTHING, count, duration, exactly, percent, plural
from lib.ui.metrics import charts, metrics_slice
from lib.ui.metrics.metrics_filters import MetricsView
from lib.ui.metrics.metrics_slice import Narrowed

DeltaColor = Literal["off", "normal", "inverse"]

_VOLUME = "metrics_volume"
_STATUSES = (
    ("Matched", "matched", "Started at least one workflow, or resumed one, and no error"),
    ("Unmatched", "unmatched", "Neither started nor resumed anything"),
    (
        "Errors",
        "error",
        "Processing failed, whatever else happened. Matched, unmatched and errors always sum to the executions.",
    ),
)
_NO_RUNS = "No run was started from these events."


def load(actor: Actor, event_type: str, view: MetricsView) -> tuple[EventMetrics, list[list[int]], Reasons]:
    """Everything counted, events by hour of the week, and why events were unmatched."""
    asked: dict[str, Any] = {
        "tenant": actor.tenant,
        "event_type": event_type,
        "window": view.window,
        "origins": view.origins,
    }
    with database.read(actor) as conn:
        found = reports.event_metrics(conn, **asked)
        week = reports.by_hour_of_week(conn, **asked)
        # To learn that there are none, all events of the range would be read.
        reasons = reports.unmatched_reasons(conn, **asked) if found.total.events.unmatched else Reasons(0, [])
    return found, week, reasons


def draw(found: EventMetrics, week: list[list[int]], reasons: Reasons, view: MetricsView) -> None:
    """The figures and the charts."""
    summary(found, view.words)
    _volume(found, view)
    if not found.total.events.total and not found.total.runs.runs:
        return
    with st.grid(min_column_width=420, gap="small"):
        with figures.framed(
            "Run duration",
            "How long the runs took that these events started, from start to end: "
            "half of them at most p50, 95 of 100 at most p95.",
            lambda: charts.latency_table(found),
            columns={name: table.seconds() for name in charts.LATENCIES},
            name="latency",
        ):
            _chart(charts.latency(found), bool(found.total.runs.completed), _NO_RUNS, "Run duration over time")
        with figures.framed(
            "Success rate",
            "Of the runs that these events started, the share that succeeded. Runs under way count as started.",
            lambda: charts.success_table(found),
            columns={"Success rate": table.share()},
            name="success",
        ):
            _chart(charts.success(found), bool(found.total.runs.runs), _NO_RUNS, "Success rate over time")
        with figures.framed(
            "Busiest hours",
            "Events by weekday and hour of day, in the time zone chosen above.",
            lambda: charts.heatmap_table(week),
            name="hours",
        ):
            _chart(charts.heatmap(week), True, "", "Events by weekday and hour")
        _reasons(found, reasons)


def summary(found: EventMetrics, words: str) -> None:
    """The figures of the range, each with how it differs from the period before."""
    with st.grid(4, min_column_width=150, gap="small"):
        _event_figures(found.total, found.previous)
        _run_figures(found.total, found.previous)
    compared_with(words)


def _event_figures(now: Period, before: Period) -> None:
    compared(
        "Executions",
        count(now.events.total),
        now.events.total,
        before.events.total,
        exactly(now.events.total, "Events of this type in the range"),
    )
    for label, status, definition in _STATUSES:
        part = getattr(now.events, status)
        figure(
            label,
            count(part),
            change(part, getattr(before.events, status)),
            _share(part, now),
            exactly(part, definition),
            color="inverse" if status == "error" else "off",
        )


def _run_figures(now: Period, before: Period) -> None:
    compared(
        "Runs started",
        count(now.runs.runs),
        now.runs.runs,
        before.runs.runs,
        exactly(now.runs.runs, "Workflow runs that these events started"),
    )
    figure(
        "Success rate",
        percent(now.runs.success_rate),
        _points(now, before),
        f"{now.runs.open:,} running" if now.runs.runs else "",
        "Succeeded runs of all that these events started. Those still running count as started.",
        color="normal",
    )
    compared(
        "Average duration",
        duration(now.runs.average_seconds),
        now.runs.average_seconds,
        before.runs.average_seconds,
        "Mean time from start to end of the runs that have both",
        color="inverse",
    )
    compared(
        "p50 · p95",
        _percentiles(now),
        now.durations.p95 if now.durations else None,
        before.durations.p95 if before.durations else None,
        "Half of the runs took at most p50, 95 of 100 at most p95; each within 5 % of the exact figure.",
        "in p95",
        color="inverse",
    )


def compared(
    label: str,
    value: str,
    now: float | None,
    before: float | None,
    definition: str,
    said: str = "",
    *,
    color: DeltaColor = "off",
) -> None:
    """One figure in its card, with its change against the period before and what is said of the change."""
    changed = change(now, before)
    figure(label, value, changed, said if changed else "", definition, color=color)


def compared_with(words: str) -> None:
    """Say once what all changes are against; a card is too narrow for it on a phone."""
    st.caption(f"Changes are against the {words} before.")


def figure(
    label: str, value: str, changed: str | None, said: str, definition: str, *, color: DeltaColor = "off"
) -> None:
    """One figure in its card: its change in a coloured chip, if there is one, and what is said beside it."""
    st.metric(
        label,
        value,
        changed or said or None,
        delta_description=said if changed else None,
        help=definition,
        border=True,
        height="stretch",
        delta_color=color if changed else "off",
        delta_arrow="auto" if changed and changed[0] in "+-" else "off",
    )


def change(now: float | None, before: float | None) -> str | None:
    """+12.5 %, from ten times on ×12, against nothing "new"; None when it is as good as the same or cannot be said."""
    if now is None or before is None or now == before:
        return None
    if before == 0:
        return "new"
    if now / before >= 10:
        return f"×{now / before:,.0f}"
    share = (now - before) / before
    if abs(share) < 0.0005:
        return None
    return f"{share:+.0%}".replace("%", " %") if abs(share) >= 0.1 else f"{share:+.1%}".replace("%", " %")


def _volume(found: EventMetrics, view: MetricsView) -> None:
    hint = "Choose a bar, or draw across several, to list the events behind them."
    with figures.framed(
        "Volume over time",
        f"Events by local {view.window.step}, stacked by status. {hint}",
        lambda: charts.volume_table(found),
        name="volume",
    ):
        if not found.total.events.total:
            _nothing(found, view)
            return
        narrowed = metrics_slice.asked(found.window)
        bars = narrowed.bars(found.window)
        key = _chart_key(narrowed)
        st.altair_chart(
            charts.volume(found, chosen=bars, status=narrowed.status and narrowed.status.capitalize()),
            key=key,
            on_select=guard.callback(lambda: _choose_bars(key, found.window.boundaries)),
            selection_mode=[charts.BARS, charts.BRUSH],
            alt="Events over time by status",
        )
        if bars:
            st.caption(f"Listed below: {narrowed.words(found.window)}. Choose the same once more for all.")


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


def _choose_bars(key: str, boundaries: list[datetime]) -> None:
    """Narrow the recent events to the bars chosen in the chart."""
    chosen = st.session_state[key]["selection"]
    bars = chosen.get(charts.BARS) or []
    numbers, statuses = [int(bar["n"]) for bar in bars], {str(bar["Status"]).lower() for bar in bars}
    if drawn := chosen.get(charts.BRUSH, {}).get(charts.BRUSH_FIELD):
        numbers, statuses = [int(drawn[0]), max(int(drawn[0]), -int(-drawn[1] // 1) - 1)], set()
    if not numbers:
        metrics_slice.forget()
        return
    numbers = [min(max(n, 0), len(boundaries) - 2) for n in numbers]
    metrics_slice.choose(boundaries, numbers, statuses.pop() if len(statuses) == 1 else None)


def _nothing(found: EventMetrics, view: MetricsView) -> None:
    with st.container(horizontal_alignment="center", gap="xxsmall"):
        st.space("medium")
        st.markdown(f"#### No events in {view.these_words}", width="content")
        before = found.previous.events.total
        told = f"The {view.words} before had {plural(before, 'event')}." if before else "Nor in as long before."
        st.caption(f"{told} A longer range, or test traffic, may show some.", width="content")
        st.space("medium")


def _reasons(found: EventMetrics, reasons: Reasons) -> None:
    counted = pd.DataFrame(
        [(reason_word(r.reason), r.events, r.events / reasons.looked_at) for r in reasons.reasons],
        columns=["Reason", "Events", "Share"],
    )
    with figures.framed(
        "Unmatched by reason",
        "Why events started nothing. An event with several candidate workflows counts with each of their reasons.",
        lambda: counted,
        columns={"Share": table.share()},
        name="reasons",
    ):
        _chart(
            charts.reasons(counted), bool(reasons.reasons), no_reasons(found.total.events), "Unmatched events by reason"
        )
        if reasons.looked_at < found.total.events.unmatched:
            st.caption(f"Of the latest {reasons.looked_at:,} of {found.total.events.unmatched:,} unmatched events.")


def no_reasons(events: EventCounts) -> str:
    """Why there is no reason to show."""
    if events.unmatched:
        return f"No reason is recorded for {plural(events.unmatched, 'unmatched event')}."
    if not events.total:
        return "There were no events in this range."
    if not events.error:
        return "Every event of the range matched something."
    return f"No event was unmatched: {events.matched:,} matched, {plural(events.error, 'error')}."


def _chart(chart: charts.Chart, shown: bool, otherwise: str, alt: str) -> None:
    if shown:
        st.altair_chart(chart, alt=alt)
    else:
        st.caption(otherwise)


def _points(now: Period, before: Period) -> str | None:
    """Difference of success rates in percentage points."""
    if now.runs.success_rate is None or before.runs.success_rate is None:
        return None
    points = (now.runs.success_rate - before.runs.success_rate) * 100
    return f"{points:+.1f} pp" if abs(points) >= 0.05 else None


def _share(part: int, period: Period) -> str:
    return f"{percent(part / period.events.total)} of all" if period.events.total else ""


def _percentiles(period: Period) -> str:
    found = period.durations
    return f"{duration(found.p50)} · {duration(found.p95)}" if found else NOTHING
