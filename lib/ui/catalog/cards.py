"""How an entry of the catalog looks, wherever it is shown: its icon, its badges, and what happened to it lately."""

from __future__ import annotations

import streamlit as st

from lib.catalog.entries import Activity
from lib.ui.components import statuses
from lib.ui.components.text import NOTHING, count, duration, exactly, percent

#: Characters of a description that cards and rows show.
LONGEST_DESCRIPTION = 180

# Of the card with the sparkline: its place is kept before it is drawn, so that nothing below it moves.
_EXECUTIONS_HEIGHT = 186
_ICONS = {
    "Assets": "devices",
    "Billing": "receipt_long",
    "CRM": "groups",
    "Documents": "description",
    "Email": "mail",
    "Integrations": "hub",
    "Inventory": "inventory_2",
    "Media": "perm_media",
    "Notifications": "notifications",
    "Opportunities": "trending_up",
    "Projects": "view_kanban",
    "RMM": "monitor_heart",
    "Scheduling": "calendar_month",
    "Surveys": "sentiment_satisfied",
    "Tags": "sell",
    "Tickets": "confirmation_number",
}


def icon_name(category: str) -> str:
    """Name of the Material icon of a category."""
    return _ICONS.get(category, "bolt")


def category_icon(category: str) -> str:
    """The same icon as widgets take it."""
    return f":material/{icon_name(category)}:"


def badges(status: str, source: str, schema_state: str) -> str:
    """Status, source and schema as inline Markdown badges."""
    looks = (statuses.ENTRY[status], statuses.SOURCE[source], statuses.SCHEMA[schema_state])
    return " ".join(look.badge() for look in looks)


def executions(activity: Activity) -> None:
    """Draw the 7-day count with its sparkline, coloured by how the runs went, and their figures below."""
    rate = activity.success_rate
    color: statuses.Color
    if rate is None:
        outcome = "started no runs" if activity.executions else "no events"
        color = "blue" if activity.executions else "gray"
    else:
        outcome = f"{percent(rate)} success · {duration(activity.average_seconds)} avg"
        if activity.still_running:
            outcome += f" · {activity.still_running:,} running"
        color = statuses.rate_color(rate)
    st.metric(
        "Executions, 7 days",
        count(activity.executions) if activity.executions else NOTHING,
        delta=outcome,
        delta_arrow="off",
        delta_color=color,
        # Without events there is nothing to see in it but a thick line.
        chart_data=activity.by_slice if activity.executions else None,
        chart_type="area",
        border=True,
        height=_EXECUTIONS_HEIGHT if activity.executions else "content",
        help=exactly(activity.executions, "Live events, without tests and replays."),
    )
