"""The catalog's entries, as cards in a grid or as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from lib.auth.actors import Actor
from lib.catalog.entries import Activity, EntrySummary
from lib.ui.catalog import event_actions
from lib.ui.components import guard
from lib.ui.components.text import NOTHING, code, count, duration, escape, exactly, percent, plural, shorten

_ICONS = {
    "Assets": "devices",
    "Billing": "receipt_long",
    "CRM": "groups",
    "Documents": "description",
    "Email": "mail",
    "Integrations": "hub",
    "Media": "perm_media",
    "Notifications": "notifications",
    "Projects": "view_kanban",
    "Scheduling": "calendar_month",
    "Surveys": "sentiment_satisfied",
    "Tags": "sell",
    "Tickets": "confirmation_number",
}
STATUS_COLORS = {"active": "green", "beta": "blue", "draft": "gray", "deprecated": "orange"}
_SCHEMA_BADGES = {
    "known": ("gray", "schema", "data_object"),
    "unknown": ("orange", "schema unknown", "help"),
    "missing": ("gray", "no schema", "block"),
}
_CARD_WIDTH = 320
_DESCRIPTION = 150
# From these shares of successful runs on, a sparkline is green, or orange rather than red.
_GOOD, _POOR = 0.95, 0.8
_QUIET = Activity()

Open = Callable[[str], None]


def category_icon(category: str) -> str:
    """Material icon of a category."""
    return f":material/{_ICONS.get(category, 'bolt')}:"


def badges(status: str, source: str, schema_state: str) -> str:
    """Status, source and schema as inline Markdown badges."""
    color, label, icon = _SCHEMA_BADGES[schema_state]
    source_color = "violet" if source == "tenant" else "gray"
    return (
        f":{STATUS_COLORS[status]}-badge[{status.capitalize()}] "
        f":{source_color}-badge[{source.capitalize()}] "
        f":{color}-badge[:material/{icon}: {label}]"
    )


def grid(actor: Actor, entries: list[EntrySummary], activity: Mapping[str, Activity], on_open: Open) -> None:
    """Draw entries as cards; choosing one's name calls on_open with its type."""
    with st.grid(min_column_width=_CARD_WIDTH, gap="small"):
        for entry in entries:
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(actor, entry, activity.get(entry.event_type, _QUIET), on_open)


def _card(actor: Actor, entry: EntrySummary, activity: Activity, on_open: Open) -> None:
    # Each element costs the server and the browser time, so what can share one does.
    st.button(
        f"**{escape(entry.name)}**",
        key=f"open-{entry.event_type}",
        icon=category_icon(entry.category),
        type="tertiary",
        on_click=guard.callback(on_open),
        args=(entry.event_type,),
        help=f"Open the details of {escape(entry.name)}",
    )
    st.markdown(
        f"{code(entry.event_type)}  \n{badges(entry.status, entry.source, entry.schema_state)} "
        f":gray-badge[:material/account_tree: {plural(entry.attached, 'workflow')}]"
    )
    with st.container(height="stretch"):
        st.caption(escape(shorten(entry.description, _DESCRIPTION)))
    executions(activity)
    event_actions.buttons(actor, entry.event_type)


def executions(activity: Activity, *, border: bool = False) -> None:
    """Draw the 7-day count with its sparkline, coloured by how the runs went, and their figures below."""
    rate = activity.success_rate
    if rate is None:
        outcome, color = ("started no runs" if activity.executions else "silent"), "blue"
    else:
        outcome = f"{percent(rate)} success · {duration(activity.average_seconds)} avg"
        if activity.still_running:
            outcome += f" · {activity.still_running:,} running"
        color = "green" if rate >= _GOOD else "orange" if rate >= _POOR else "red"
    st.metric(
        "Executions, 7 days",
        count(activity.executions) if activity.executions else NOTHING,
        delta=outcome,
        delta_arrow="off",
        delta_color=color if activity.executions else "gray",  # type: ignore[arg-type]
        chart_data=activity.by_slice,
        chart_type="area",
        border=border,
        # On a card by itself; in a grid of them, the same explanation 24 times would only be in the way.
        help=exactly(activity.executions, "Live events, without tests and replays." if border else "") or None,
    )


def table(entries: list[EntrySummary], activity: Mapping[str, Activity], on_open: Open) -> None:
    """Draw entries as dense rows; choosing a row's name calls on_open with its type."""
    rows = [_row(entry, activity.get(entry.event_type, _QUIET)) for entry in entries]

    def open_row() -> None:
        clicked = st.session_state["catalog-open"]
        if clicked:
            on_open(entries[clicked["row"]].event_type)

    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder=NOTHING,
        row_height=40,
        height=len(rows) * 40 + 37,
        column_config={
            "Event": st.column_config.ButtonColumn(
                "Event",
                type="tertiary",
                alignment="left",
                key="catalog-open",
                on_click=guard.callback(open_row),
                pinned=True,
            ),
            "Type": st.column_config.TextColumn("Type", width=_wide_enough(entries)),
            "Category": st.column_config.TextColumn("Category", width=110),
            "Trend": st.column_config.AreaChartColumn("7 days", y_min=0, width=110),
            "Executions": st.column_config.NumberColumn("Executions", format="localized"),
            "Success": st.column_config.NumberColumn("Success", format="%.1f %%"),
            "Average": st.column_config.TextColumn("Avg", alignment="right"),
            "Workflows": st.column_config.NumberColumn("Workflows"),
            "Description": st.column_config.TextColumn("Description", width="large"),
        },
    )


def _wide_enough(entries: list[EntrySummary]) -> int:
    """Pixels for the longest event type, which the table would cut: it is what people copy into their code."""
    return 16 + 8 * max((len(entry.event_type) for entry in entries), default=0)


def _row(entry: EntrySummary, activity: Activity) -> dict[str, object]:
    rate = activity.success_rate
    return {
        "Event": entry.name,
        "Type": entry.event_type,
        "Category": entry.category,
        "Status": entry.status.capitalize(),
        "Trend": activity.by_slice if activity.executions else None,
        "Executions": activity.executions or None,
        "Success": rate * 100 if rate is not None else None,
        "Average": duration(activity.average_seconds) if activity.average_seconds is not None else None,
        "Workflows": entry.attached,
        "Source": entry.source.capitalize(),
        "Schema": entry.schema_state.capitalize(),
        "Description": entry.description,
    }
