"""All event types of a tenant beside each other: who is busy, who fails, who stopped, who breaks schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.metrics import conformance, reports
from lib.metrics.conformance import FIELDS_SAMPLE, VERDICTS_SAMPLE, Conformance
from lib.metrics.reports import TREND_STEPS, EventMetrics, EventOverview
from lib.metrics.rollups import EventStatus
from lib.ui.components import figures, printed, table
from lib.ui.components.statuses import Color, rate_color
from lib.ui.components.table import Column
from lib.ui.components.text import code, count, exactly, percent, plural
from lib.ui.metrics import key_figures, marks, metrics_filters, metrics_slice, volume_panel
from lib.ui.metrics.metrics_filters import MetricsView

_VIEWS = ("Traffic", "Schema conformance")
_MOST_ROWS = 16
# Beside it there is room for one number on a phone; the rest is reached by moving the table.
_NAME_WIDTH = 238
_FEWEST_FAILURES = 3
_MOST_FAILING = 5


def draw(actor: Actor, view: MetricsView) -> None:
    """The figures of all events together, their volume, and the table that was asked for."""
    with database.read(actor) as conn:
        found = reports.overview(conn, tenant=actor.tenant, window=view.window, origins=view.origins)
        changes = marks.load(conn, actor, view.window)
    counted = reports.together(found, view.window)
    _summary(found, counted, view)
    volume_panel.draw_of_all(counted, changes, view)
    if not found:
        return
    shown = st.segmented_control(
        "Show", _VIEWS, default=_VIEWS[0], required=True, key="show", bind="query-params", label_visibility="collapsed"
    )
    if shown == _VIEWS[1]:
        _draw_conformance(actor, view, [e.event_type for e in found if e.events.total])
    else:
        _draw_silent([e for e in found if e.newly_silent], view)
        _draw_failing(most_failing(found))
        _draw_traffic(found, view)


def open_event(event_type: str, status: EventStatus | None = None) -> None:
    """Callback: the metrics of this event type, its recent events narrowed to a status."""
    metrics_slice.choose_status(status)
    st.query_params["eventType"] = event_type


def most_failing(found: list[EventOverview]) -> list[EventOverview]:
    """Event types that fail more than once in a while, the highest rate of errors or of failed runs first."""
    failing = [e for e in found if e.events.error + e.runs.failed >= _FEWEST_FAILURES]
    return sorted(failing, key=lambda e: (-_worst(e), -e.events.error - e.runs.failed, e.event_type))[:_MOST_FAILING]


def _worst(event: EventOverview) -> float:
    """The higher one of the share of events that ended in an error, and of runs that failed."""
    return max(_rate(event.events.error, event.events.total) or 0, _rate(event.runs.failed, event.runs.runs) or 0)


def _rate(part: int, total: int) -> float | None:
    return part / total if total else None


def failure_color(share: float) -> Color:
    """The colour of a share of failures, which is that of the successes left."""
    return rate_color(1 - share)


def failing_table(failing: list[EventOverview]) -> pd.DataFrame:
    """A row an event type: how many events ended in an error and how many runs failed, and of how many."""
    return pd.DataFrame(
        [
            {
                "Event": e.event_type,
                "Errors": e.events.error,
                "Error rate": _rate(e.events.error, e.events.total),
                "Failed runs": e.runs.failed,
                "Failure rate": _rate(e.runs.failed, e.runs.runs),
                "Executions": e.events.total,
                "Runs": e.runs.runs,
            }
            for e in failing
        ]
    ).astype({"Error rate": float, "Failure rate": float})


def traffic_table(found: list[EventOverview]) -> pd.DataFrame:
    """A row an event type: events by status against the period before, and how the runs went."""
    return pd.DataFrame(
        [
            {
                "Event": e.event_type,
                "Executions": e.events.total,
                "Change": (e.events.total - e.previous.total) / e.previous.total if e.previous.total else None,
                "Trend": e.trend,
                "Unmatched share": e.unmatched_share,
                "Errors": e.events.error,
                "Runs": e.runs.runs,
                "Failed runs": e.runs.failed,
                "Success rate": e.runs.success_rate,
                "Before": e.previous.total,
                "Matched": e.events.matched,
                "Unmatched": e.events.unmatched,
            }
            for e in found
        ]
    ).astype({"Change": float, "Unmatched share": float, "Success rate": float})


def conformance_table(found: list[Conformance]) -> pd.DataFrame:
    """A row an event type: violations of its schema, where, and fields that it does not mention."""
    return pd.DataFrame(
        [
            {
                "Event": c.event_name,
                "Looked at": c.looked_at,
                "Violating": c.violating,
                "Share": c.violating_share,
                "Top violated paths": ", ".join(f"{path or 'the payload'} ({n})" for path, n in c.paths[:3]) or None,
                "Fields not in the schema": ", ".join(c.unknown_fields[:5]) or None,
            }
            for c in found
        ]
    )


def _summary(found: list[EventOverview], counted: EventMetrics, view: MetricsView) -> None:
    now, before, runs = counted.total.events, counted.previous.events, counted.total.runs
    silent = sum(e.newly_silent for e in found)
    with st.container(key="figures"), st.grid(4, min_column_width=150, gap="small"):
        key_figures.compared(
            "Executions",
            count(now.total),
            now.total,
            before.total,
            exactly(now.total, "Events of all types in the range"),
        )
        key_figures.figure(
            "Unmatched share",
            percent(_rate(now.unmatched, now.total)),
            None,
            plural(now.unmatched, "event"),
            "Share of the events that neither started nor resumed anything",
        )
        key_figures.figure(
            "Success rate",
            percent(runs.success_rate),
            None,
            f"of {plural(runs.runs, 'run')} · {runs.open:,} running",
            f"Succeeded runs of all that these events started, and of {key_figures.REPEATS}",
        )
        key_figures.figure(
            "Stopped coming",
            str(silent),
            None,
            "of " + plural(sum(bool(e.events.total or e.previous.total) for e in found), "event type"),
            "Event types with events in the period before and none in this one",
        )
    key_figures.compared_with(view.against)


def _draw_silent(silent: list[EventOverview], view: MetricsView) -> None:
    if silent:
        names = ", ".join(f"{code(e.event_type)} ({e.previous.total:,})" for e in silent[:6])
        more = f" and {len(silent) - 6} more" if len(silent) > 6 else ""
        st.warning(
            f"No events {metrics_filters.during(view.these)}, but some {metrics_filters.during(view.against)}: "
            f"{names}{more}",
            icon=":material/volume_off:",
        )


def _draw_failing(failing: list[EventOverview]) -> None:
    if not failing:
        return
    columns = {
        "Errors": table.number(),
        "Error rate": table.share(tint=failure_color),
        "Failed runs": table.number(),
        "Failure rate": table.share("Run failure rate", width=120, tint=failure_color),
        "Executions": table.number(),
        "Runs": table.number(),
    }
    with figures.framed(
        "Most failing",
        f"Event types with at least {_FEWEST_FAILURES} errors or failed runs, the highest rate first. An error is an "
        "event whose processing failed; rates are of the events and of the runs. Choose a name for its errors.",
        lambda: failing_table(failing),
        columns=columns,
        name="failing",
    ):
        _draw_rows(failing_table(failing), columns, key="metrics-failing", status="error")


def _draw_traffic(found: list[EventOverview], view: MetricsView) -> None:
    columns = {
        "Executions": table.number(),
        "Change": table.change(width=80, help=f"Against {view.against}"),
        "Trend": table.trend(help=f"{view.these.capitalize()} in at most {TREND_STEPS} steps"),
        "Unmatched share": table.share(width=122),
        "Errors": table.number(width=68),
        "Runs": table.number(width=72),
        "Failed runs": table.number(width=94),
        "Success rate": table.share(width=102),
    }
    # With the chart's numbers; the table has room for what one compares.
    rest = {
        "Before": table.number("Events before", width=122, help=f"In {view.against}"),
        "Matched": table.number(),
        "Unmatched": table.number(width=94),
    }
    with figures.framed(
        "Traffic by event",
        "Choose an event's name for its metrics; choose a heading to sort: by "
        "failed runs, by unmatched share, by change.",
        lambda: traffic_table(found),
        columns=columns | rest,
        name="traffic",
    ):
        _draw_rows(traffic_table(found), columns, key="metrics-traffic")


def _draw_conformance(actor: Actor, view: MetricsView, names: list[str]) -> None:
    with database.read(actor) as conn:
        schemas = conformance.schemas_of(conn, tenant=actor.tenant, names=names)
    found = _conformance(actor, names, view, schemas)
    if not found:
        st.caption("No events in this range.")
        return
    columns = {
        "Looked at": table.number(),
        "Share": table.share("Violating"),
        "Top violated paths": table.text(width=260),
        "Fields not in the schema": table.text(width=260),
    }
    with figures.framed(
        "Schema conformance",
        f"Of the latest {VERDICTS_SAMPLE} events of each type in the range, how "
        f"many violate their schema and where; and fields of the latest {FIELDS_SAMPLE} payloads, two "
        "levels deep, that the schema does not mention.",
        lambda: conformance_table(found),
        columns={name: column for name, column in columns.items() if name != "Share"} | {"Share": table.share()},
        name="conformance",
    ):
        _draw_rows(conformance_table(found), columns, key="metrics-conformance")


def _draw_rows(
    rows: pd.DataFrame, columns: Mapping[str, Column], *, key: str, status: EventStatus | None = None
) -> None:
    table.draw(
        rows,
        columns,
        key=key,
        way_in=table.WayIn(
            "Event",
            lambda row: open_event(str(rows["Event"].iloc[row]), status),
            width=_NAME_WIDTH,
            help="Opens its metrics",
        ),
        most_in_sight=_MOST_ROWS,
    )
    printed.draw_rows(rows[["Event", *columns]], columns)


@st.cache_data(ttl=60, show_spinner="Looking at the latest payloads …", hash_funcs={MetricsView: repr})
def _conformance(actor: Actor, names: list[str], view: MetricsView, schemas: dict[str, Any]) -> list[Conformance]:
    # The events are as of the minute that the range ends with, the schemas as they are now.
    with database.read(actor) as conn:
        return conformance.conformance(
            conn, tenant=actor.tenant, names=names, window=view.window, origins=view.origins, schemas=schemas
        )
