"""The metrics of one event type: the figures, the charts, and from a bar to the events behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.auth.changes import Change
from lib.catalog import entries
from lib.events.matching import reason_word
from lib.metrics import reports
from lib.metrics.reports import EventMetrics, Period, Reasons
from lib.metrics.rollups import EventCounts
from lib.ui.components import figures, guard, table, vega_chart
from lib.ui.components.text import NOTHING, count, duration, exactly, percent, plural
from lib.ui.metrics import charts, key_figures, marks, time_axis, volume_panel
from lib.ui.metrics.marks import Mark
from lib.ui.metrics.metrics_filters import MetricsView
from lib.ui.workflows import attach
from lib.workflows import records as workflow_records

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


@dataclass(frozen=True)
class EventFigures:
    """Everything the page knows of one event type. `is_unattached`: it is in the catalog, and starts no workflow."""

    event_type: str
    counted: EventMetrics
    week: list[list[int]]
    reasons: Reasons
    changes: Sequence[Change]
    is_unattached: bool


def load(actor: Actor, event_type: str, view: MetricsView) -> EventFigures:
    """Everything counted, events by hour of the week, why events were unmatched, and what was done."""
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
        entry = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
        attached = workflow_records.attached(conn, tenant=actor.tenant, event_type=event_type)
        changes = marks.load(conn, actor, view.window, event_type, entry)
    return EventFigures(event_type, found, week, reasons, changes, entry is not None and not attached)


def draw(actor: Actor, found: EventFigures, view: MetricsView) -> None:
    """The figures and the charts."""
    if found.is_unattached:
        _draw_unattached(actor, found.event_type)
    counted = found.counted
    summary(counted, view.against)
    volume_panel.draw(counted, found.changes, view, found.event_type)
    if not counted.total.events.total and not counted.total.runs.runs:
        return
    shown = marks.joined(found.changes, counted.window)
    with st.grid(min_column_width=420, gap="small"):
        _durations(counted, shown)
        _success(counted, shown, view, found.event_type)
        zone = counted.window.zone.key
        with figures.framed(
            "Busiest hours",
            f"Events of the range by weekday and hour of day, in the time zone {zone}.",
            lambda: charts.heatmap_table(found.week, zone),
            name="hours",
        ):
            _chart(charts.heatmap(found.week, zone), True, "", "Events by weekday and hour")
        _reasons(counted, found.reasons)


def summary(found: EventMetrics, against: str) -> None:
    """The figures of the range, each with how it differs from the period before."""
    with st.container(key="figures"), st.grid(4, min_column_width=150, gap="small"):
        _event_figures(found.total, found.previous)
        _run_figures(found.total, found.previous)
    key_figures.compared_with(against)


def _draw_unattached(actor: Actor, event_type: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="unattached"):
        st.markdown(
            ":orange[:material/link_off:] **No workflow is attached to this event**, so its events start nothing.",
            width="stretch",
        )
        attach.button(actor, event_type, key="metrics", in_drawer=False)
    guard.say_why(guard.refused(actor, "manage"))


def _durations(found: EventMetrics, shown: Sequence[Mark]) -> None:
    with figures.framed(
        "Run duration",
        "How long the runs took that these events started, from start to end: "
        "half of them at most p50, 95 of 100 at most p95.",
        lambda: charts.latency_table(found),
        columns=time_axis.begin_column(found.window) | {name: table.seconds() for name in charts.LATENCIES},
        name="latency",
    ):
        has_ended = bool(found.total.runs.completed)
        _chart(charts.latency(found, marks=shown), has_ended, _NO_RUNS, "Run duration over time", shown)


def _success(found: EventMetrics, shown: Sequence[Mark], view: MetricsView, event_type: str) -> None:
    window = found.window
    with figures.framed(
        "Success rate",
        "Of the runs that these events started, the share that succeeded. Runs under way count as started.",
        lambda: charts.success_table(found),
        columns=time_axis.begin_column(window) | {"Success rate": table.share()},
        name="success",
        tools=lambda: volume_panel.draw_failed_runs(
            found.total.runs.failed, view, window.since, window.until, event_type
        ),
    ):
        has_runs = bool(found.total.runs.runs)
        _chart(charts.success(found, marks=shown), has_runs, _NO_RUNS, "Success rate over time", shown)


def _event_figures(now: Period, before: Period) -> None:
    key_figures.compared(
        "Executions",
        count(now.events.total),
        now.events.total,
        before.events.total,
        exactly(now.events.total, "Events of this type in the range"),
    )
    for label, status, definition in _STATUSES:
        part, was = (getattr(period.events, status) for period in (now, before))
        key_figures.figure(
            label,
            count(part),
            key_figures.change(part, was),
            _share(part, now),
            exactly(part, definition),
            color="inverse" if status == "error" and key_figures.is_news(part, was) else "off",
        )


def _run_figures(now: Period, before: Period) -> None:
    key_figures.compared(
        "Runs started",
        count(now.runs.runs),
        now.runs.runs,
        before.runs.runs,
        exactly(now.runs.runs, f"Workflow runs that these events started, and {key_figures.REPEATS}"),
    )
    key_figures.figure(
        "Success rate",
        percent(now.runs.success_rate),
        _points(now, before),
        f"{now.runs.open:,} running" if now.runs.runs else "",
        "Succeeded runs of all that these events started. Those still running count as started.",
        color="normal" if key_figures.is_news(now.runs.success_rate, before.runs.success_rate) else "off",
    )
    key_figures.compared(
        "Average duration",
        duration(now.runs.average_seconds),
        now.runs.average_seconds,
        before.runs.average_seconds,
        "Mean time from start to end of the runs that have both",
        color="inverse",
    )
    key_figures.compared(
        "p50 · p95",
        _percentiles(now),
        now.durations.p95 if now.durations else None,
        before.durations.p95 if before.durations else None,
        "Half of the runs took at most p50, 95 of 100 at most p95; each within 5 % of the exact figure.",
        "in p95",
        color="inverse",
    )


def _reasons(found: EventMetrics, reasons: Reasons) -> None:
    unmatched = found.total.events.unmatched
    is_sample = reasons.looked_at < unmatched
    counted = pd.DataFrame(
        [(reason_word(r.reason), r.events, r.events / reasons.looked_at) for r in reasons.reasons],
        columns=["Reason", "Events", "Share"],
    )
    with figures.framed(
        "Unmatched by reason",
        "Why events started nothing. An event with several candidate workflows counts with each of their reasons.",
        lambda: counted.rename(columns={"Events": "Events of the sample"}) if is_sample else counted,
        columns={"Share": table.share()},
        name="reasons",
    ):
        if is_sample and reasons.reasons:
            share = percent(reasons.looked_at / unmatched)
            st.caption(
                f":material/query_stats: A sample: the latest {reasons.looked_at:,} of {unmatched:,} unmatched events "
                f"({share}). Bars are shares of it."
            )
        _chart(
            charts.reasons(counted, is_sample=is_sample),
            bool(reasons.reasons),
            no_reasons(found.total.events),
            "Unmatched events by reason",
        )


def no_reasons(events: EventCounts) -> str:
    """Why there is no reason to show."""
    if events.unmatched:
        return f"No reason is recorded for {plural(events.unmatched, 'unmatched event')}."
    if not events.total:
        return "There were no events in this range."
    if not events.error:
        return "Every event of the range matched something."
    return f"No event was unmatched: {events.matched:,} matched, {plural(events.error, 'error')}."


def _chart(chart: charts.Chart, shown: bool, otherwise: str, alt: str, marked: Sequence[Mark] = ()) -> None:
    if not shown:
        st.caption(otherwise)
    elif marked:
        key = f"metrics-{alt}"
        vega_chart.draw(
            chart,
            key=key,
            on_select=guard.callback(partial(marks.chosen, key, marked)),
            selection_mode=[marks.MARKS],
            alt=alt,
        )
    else:
        vega_chart.draw(chart, alt=alt)


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
