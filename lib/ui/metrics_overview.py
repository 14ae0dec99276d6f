"""All event types of a tenant beside each other: who is busy, who fails, who fell silent, who breaks schemas."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import conformance, database, metrics
from lib.auth import Actor
from lib.conformance import FIELDS_SAMPLE, VERDICTS_SAMPLE, Conformance
from lib.metrics import EventOverview
from lib.rollups import EventCounts, RunCounts
from lib.ui import figures, metrics_event
from lib.ui.metrics_filters import MetricsView
from lib.ui.text import NOTHING, count, percent, plural

_VIEWS = ("Traffic", "Schema conformance")
_ROW_HEIGHT = 36
_MOST_ROWS = 16


def draw(actor: Actor, view: MetricsView) -> None:
    """The figures of all events together, and the table that was asked for."""
    with database.read(actor) as conn:
        found = metrics.overview(conn, tenant=actor.tenant, window=view.window, origins=view.origins)
    _summary(found, view)
    shown = st.segmented_control("Show", _VIEWS, default=_VIEWS[0], required=True, key="show", bind="query-params",
                                 label_visibility="collapsed")  # fmt: skip
    if not found:
        st.caption("No event came in this range, nor in the one before.")
    elif shown == _VIEWS[1]:
        _draw_conformance(actor, view, [e.event_name for e in found if e.events.total])
    else:
        _draw_silent([e for e in found if e.newly_silent], view)
        _draw_traffic(found, view)


def open_event(event_type: str) -> None:
    """Callback: the metrics of this event type."""
    st.query_params["eventType"] = event_type


def traffic_table(found: list[EventOverview]) -> pd.DataFrame:
    """A row an event type: events by status against the period before, and how the runs went."""
    return pd.DataFrame([
        {
            "Event": e.event_name,
            "Trend": e.totals,
            "Executions": e.events.total,
            "Change": (e.events.total - e.previous.total) / e.previous.total if e.previous.total else None,
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
    ]).astype({"Change": float, "Unmatched share": float, "Success rate": float})  # fmt: skip


def conformance_table(found: list[Conformance]) -> pd.DataFrame:
    """A row an event type: violations of its schema, where, and fields that it does not mention."""
    return pd.DataFrame([
        {
            "Event": c.event_name,
            "Looked at": c.looked_at,
            "Violating": c.violating,
            "Share": c.violating_share,
            "Top violated paths": ", ".join(f"{path or 'the top'} ({n})" for path, n in c.paths[:3]) or NOTHING,
            "Fields not in the schema": ", ".join(c.unknown_fields[:5]) or NOTHING,
        }
        for c in found
    ])  # fmt: skip


def _summary(found: list[EventOverview], view: MetricsView) -> None:
    now, before = (sum((getattr(e, which) for e in found), EventCounts()) for which in ("events", "previous"))
    runs = sum((e.runs for e in found), RunCounts())
    silent = sum(e.newly_silent for e in found)
    with st.grid(4, min_column_width=150, gap="small"):
        metrics_event.compared("Executions", count(now.total), now.total, before.total,
                               "Events of all types in the range")  # fmt: skip
        metrics_event.figure("Unmatched share", percent(now.unmatched / now.total if now.total else None),
                             None, f"{now.unmatched:,} events", "Share of the events that neither started nor resumed "
                             "anything")  # fmt: skip
        metrics_event.figure("Success rate", percent(runs.success_rate), None,
                             f"of {plural(runs.runs, 'run')} · {runs.open:,} running",
                             "Succeeded runs of all that these events started")  # fmt: skip
        metrics_event.figure("Newly silent", str(silent), None, "of " + plural(len(found), "event type"),
                             "Event types with traffic in the period before and none in this one")  # fmt: skip
    metrics_event.compared_with(view.words)


def _draw_silent(silent: list[EventOverview], view: MetricsView) -> None:
    if silent:
        names = ", ".join(f"`{e.event_name}` ({e.previous.total:,})" for e in silent[:6])
        more = f" and {len(silent) - 6} more" if len(silent) > 6 else ""
        st.warning(f"Silent now, but not in the {view.words} before: {names}{more}",
                   icon=":material/volume_off:")  # fmt: skip


def _draw_traffic(found: list[EventOverview], view: MetricsView) -> None:
    column = st.column_config
    table = traffic_table(found)
    failing = table["Success rate"].notna() & (table["Failed runs"] > 0)
    with figures.framed("Traffic by event", "Choose an event's name for its metrics; choose a heading to sort: by "
                        "failed runs, by unmatched share, by change.", lambda: traffic_table(found),
                        name="traffic"):  # fmt: skip
        _table(_hundredfold(table, "Change", "Unmatched share", "Success rate"), "metrics-traffic", {
            "Trend": column.AreaChartColumn(view.words, y_min=0, width=120),
            "Executions": column.ProgressColumn(format="localized", min_value=0,
                                                max_value=int(table["Executions"].max()) or 1, width=150),
            "Before": column.NumberColumn(f"Previous {view.words}", format="localized"),
            "Change": column.NumberColumn(format="%+.1f %%"),
            "Matched": column.NumberColumn(format="localized"),
            "Unmatched": column.NumberColumn(format="localized"),
            "Unmatched share": column.NumberColumn(format="%.1f %%"),
            "Errors": column.NumberColumn(format="localized"),
            "Runs": column.NumberColumn(format="localized"),
            "Failed runs": column.NumberColumn(format="localized"),
            "Success rate": column.NumberColumn(format="%.1f %%"),
        })  # fmt: skip
        if failing.any():
            worst = table[failing].sort_values("Failed runs", ascending=False).head(3)
            names = ", ".join(f"`{row.Event}` ({row.failed:,})" for row in
                              worst.rename(columns={"Failed runs": "failed"}).itertuples())  # fmt: skip
            st.caption(f"Most failed runs: {names}")


def _draw_conformance(actor: Actor, view: MetricsView, names: list[str]) -> None:
    found = _conformance(actor, names, view)
    if not found:
        st.caption("No event came in this range.")
        return
    with figures.framed("Schema conformance", f"Of the latest {VERDICTS_SAMPLE} events of each type in the range, how "
                        f"many violate their schema and where; and fields of the latest {FIELDS_SAMPLE} payloads, two "
                        "levels deep, that the schema does not mention.", lambda: conformance_table(found),
                        name="conformance"):  # fmt: skip
        _table(_hundredfold(conformance_table(found), "Share"), "metrics-conformance", {
            "Share": st.column_config.ProgressColumn("Violating", format="%.1f %%", min_value=0, max_value=100),
            "Violating": None,
            "Top violated paths": st.column_config.TextColumn(width="medium"),
            "Fields not in the schema": st.column_config.TextColumn(width="medium"),
        })  # fmt: skip


def _hundredfold(table: pd.DataFrame, *shares: str) -> pd.DataFrame:
    """Shares as percentages: a column's own format for them has no space, and more decimals than the cards."""
    return table.assign(**{name: table[name] * 100 for name in shares})


def _table(table: pd.DataFrame, key: str, columns: dict[str, object]) -> None:
    def open_row() -> None:
        clicked = st.session_state[f"{key}-open"]
        if clicked:
            open_event(str(table["Event"].iloc[clicked["row"]]))

    st.dataframe(
        table,
        hide_index=True,
        placeholder=NOTHING,
        row_height=_ROW_HEIGHT,
        height=min(len(table), _MOST_ROWS) * _ROW_HEIGHT + 40,
        column_config={
            "Event": st.column_config.ButtonColumn("Event", type="tertiary", alignment="left", key=f"{key}-open",
                                                   on_click=open_row, pinned=True),
            **columns,  # type: ignore[dict-item]
        },
    )  # fmt: skip


@st.cache_data(ttl=60, show_spinner="Looking at the latest payloads …", hash_funcs={MetricsView: repr})
def _conformance(actor: Actor, names: list[str], view: MetricsView) -> list[Conformance]:
    with database.read(actor) as conn:
        return conformance.conformance(
            conn, tenant=actor.tenant, names=names, window=view.window, origins=view.origins
        )
