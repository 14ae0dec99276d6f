"""All event types of a tenant beside each other: who is busy, who fails, who fell silent, who breaks schemas."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.metrics import conformance, reports
from lib.metrics.conformance import FIELDS_SAMPLE, VERDICTS_SAMPLE, Conformance
from lib.metrics.reports import EventOverview
from lib.metrics.rollups import EventCounts, EventStatus, RunCounts
from lib.ui.components import figures, guard
from lib.ui.components.text import NOTHING, code, count, exactly, percent, plural
from lib.ui.metrics import event_metrics, metrics_slice
from lib.ui.metrics.metrics_filters import MetricsView

_VIEWS = ("Traffic", "Schema conformance")
_ROW_HEIGHT = 36
_MOST_ROWS = 16
# Beside the names there is room for one such column on a phone; the rest is reached by moving the table.
_NAME, _NUMBER = 238, 85
_FEWEST_FAILURES = 3
_MOST_FAILING = 5


def draw(actor: Actor, view: MetricsView) -> None:
    """The figures of all events together, and the table that was asked for."""
    with database.read(actor) as conn:
        found = reports.overview(conn, tenant=actor.tenant, window=view.window, origins=view.origins)
    _summary(found, view)
    shown = st.segmented_control(
        "Show", _VIEWS, default=_VIEWS[0], required=True, key="show", bind="query-params", label_visibility="collapsed"
    )
    if not found:
        st.caption("No event came in this range, nor in the one before.")
    elif shown == _VIEWS[1]:
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
    """Event types that fail more than once in a while, most errors first, then most failed runs."""
    failing = [e for e in found if e.events.error + e.runs.failed >= _FEWEST_FAILURES]
    return sorted(failing, key=lambda e: (-e.events.error, -e.runs.failed, e.event_type))[:_MOST_FAILING]


def failing_table(failing: list[EventOverview]) -> pd.DataFrame:
    """A row an event type: how many events ended in an error and how many runs failed, and of how many."""
    return pd.DataFrame(
        [
            {
                "Event": e.event_type,
                "Errors": e.events.error,
                "Error rate": e.events.error / e.events.total if e.events.total else None,
                "Failed runs": e.runs.failed,
                "Failure rate": e.runs.failed / e.runs.runs if e.runs.runs else None,
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
                "Trend": e.totals,
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
                "Top violated paths": ", ".join(f"{path or 'the payload'} ({n})" for path, n in c.paths[:3]) or NOTHING,
                "Fields not in the schema": ", ".join(c.unknown_fields[:5]) or NOTHING,
            }
            for c in found
        ]
    )


def _summary(found: list[EventOverview], view: MetricsView) -> None:
    now, before = (sum((getattr(e, which) for e in found), EventCounts()) for which in ("events", "previous"))
    runs = sum((e.runs for e in found), RunCounts())
    silent = sum(e.newly_silent for e in found)
    with st.grid(4, min_column_width=150, gap="small"):
        event_metrics.compared(
            "Executions",
            count(now.total),
            now.total,
            before.total,
            exactly(now.total, "Events of all types in the range"),
        )
        event_metrics.figure(
            "Unmatched share",
            percent(now.unmatched / now.total if now.total else None),
            None,
            plural(now.unmatched, "event"),
            "Share of the events that neither started nor resumed anything",
        )
        event_metrics.figure(
            "Success rate",
            percent(runs.success_rate),
            None,
            f"of {plural(runs.runs, 'run')} · {runs.open:,} running",
            "Succeeded runs of all that these events started",
        )
        event_metrics.figure(
            "Newly silent",
            str(silent),
            None,
            "of " + plural(len(found), "event type"),
            "Event types with traffic in the period before and none in this one",
        )
    event_metrics.compared_with(view.words)


def _draw_silent(silent: list[EventOverview], view: MetricsView) -> None:
    if silent:
        names = ", ".join(f"{code(e.event_type)} ({e.previous.total:,})" for e in silent[:6])
        more = f" and {len(silent) - 6} more" if len(silent) > 6 else ""
        st.warning(f"Silent now, but not in the {view.words} before: {names}{more}", icon=":material/volume_off:")


def _draw_failing(failing: list[EventOverview]) -> None:
    if not failing:
        return
    column = st.column_config
    with figures.framed(
        "Most failing",
        f"Event types with at least {_FEWEST_FAILURES} errors or failed runs, most "
        "errors first. An error is an event whose processing failed; rates are of the events and of "
        "the runs. Choose a name for its errors.",
        lambda: failing_table(failing),
        name="failing",
    ):
        _table(
            _hundredfold(failing_table(failing), "Error rate", "Failure rate"),
            "metrics-failing",
            {
                "Errors": column.NumberColumn(format="localized", width=_NUMBER),
                "Error rate": column.NumberColumn(format="%.1f %%", width=_NUMBER),
                "Failed runs": column.NumberColumn(format="localized", width=_NUMBER),
                "Failure rate": column.NumberColumn("Run failure rate", format="%.1f %%"),
                "Executions": column.NumberColumn(format="localized", width=_NUMBER),
                "Runs": column.NumberColumn(format="localized", width=_NUMBER),
            },
            status="error",
        )


def _draw_traffic(found: list[EventOverview], view: MetricsView) -> None:
    column = st.column_config
    with figures.framed(
        "Traffic by event",
        "Choose an event's name for its metrics; choose a heading to sort: by "
        "failed runs, by unmatched share, by change.",
        lambda: traffic_table(found),
        name="traffic",
    ):
        _table(
            _hundredfold(traffic_table(found), "Change", "Unmatched share", "Success rate"),
            "metrics-traffic",
            {
                "Executions": column.NumberColumn(format="localized", width=_NUMBER),
                "Change": column.NumberColumn(
                    format="%+.1f %%", width=_NUMBER, help=f"Against the {view.words} before"
                ),
                "Trend": column.AreaChartColumn(
                    view.words.capitalize(),
                    y_min=0,
                    width=120,
                    help=f"By {view.window.step}; the first and last may be in part",
                ),
                "Before": column.NumberColumn(f"Previous {view.words}", format="localized"),
                "Matched": column.NumberColumn(format="localized"),
                "Unmatched": column.NumberColumn(format="localized"),
                "Unmatched share": column.NumberColumn(format="%.1f %%"),
                "Errors": column.NumberColumn(format="localized"),
                "Runs": column.NumberColumn(format="localized"),
                "Failed runs": column.NumberColumn(format="localized"),
                "Success rate": column.NumberColumn(format="%.1f %%"),
            },
        )


def _draw_conformance(actor: Actor, view: MetricsView, names: list[str]) -> None:
    found = _conformance(actor, names, view)
    if not found:
        st.caption("No event came in this range.")
        return
    with figures.framed(
        "Schema conformance",
        f"Of the latest {VERDICTS_SAMPLE} events of each type in the range, how "
        f"many violate their schema and where; and fields of the latest {FIELDS_SAMPLE} payloads, two "
        "levels deep, that the schema does not mention.",
        lambda: conformance_table(found),
        name="conformance",
    ):
        _table(
            _hundredfold(conformance_table(found), "Share"),
            "metrics-conformance",
            {
                "Share": st.column_config.NumberColumn("Violating", format="%.1f %%", width=_NUMBER),
                "Violating": None,
                "Top violated paths": st.column_config.TextColumn(width="medium"),
                "Fields not in the schema": st.column_config.TextColumn(width="medium"),
            },
        )


def _hundredfold(table: pd.DataFrame, *shares: str) -> pd.DataFrame:
    """Shares as percentages: a column's own format for them has no space, and more decimals than the cards."""
    return table.assign(**{name: table[name] * 100 for name in shares})


def _table(table: pd.DataFrame, key: str, columns: dict[str, object], *, status: EventStatus | None = None) -> None:
    def open_row() -> None:
        clicked = st.session_state[f"{key}-open"]
        if clicked:
            open_event(str(table["Event"].iloc[clicked["row"]]), status)

    st.dataframe(
        table,
        hide_index=True,
        placeholder=NOTHING,
        row_height=_ROW_HEIGHT,
        height=(1 + min(len(table), _MOST_ROWS)) * _ROW_HEIGHT + 3,
        column_config={
            "Event": st.column_config.ButtonColumn(
                "Event",
                type="tertiary",
                alignment="left",
                key=f"{key}-open",
                on_click=guard.callback(open_row),
                pinned=True,
                width=_NAME,
            ),
            **columns,  # type: ignore[dict-item]
        },
    )


@st.cache_data(ttl=60, show_spinner="Looking at the latest payloads …", hash_funcs={MetricsView: repr})
def _conformance(actor: Actor, names: list[str], view: MetricsView) -> list[Conformance]:
    with database.read(actor) as conn:
        return conformance.conformance(conn, tenant=actor.tenant, names=names, window=view.window, origins=view.origins)
