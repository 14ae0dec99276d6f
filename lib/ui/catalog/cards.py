"""The catalog's entries, as cards in a grid or as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from lib.auth.actors import Actor
from lib.catalog.entries import Activity, EntrySummary
from lib.ui.catalog import event_actions
from lib.ui.components import guard, statuses, table
from lib.ui.components.text import NOTHING, code, count, duration, escape, exactly, percent, plural, shorten

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
_CARD_WIDTH = 320
_NAME_WIDTH = 210
_DESCRIPTION = 150
_QUIET = Activity()

Open = Callable[[str], None]


def category_icon(category: str) -> str:
    """Material icon of a category."""
    return f":material/{_ICONS.get(category, 'bolt')}:"


def badges(status: str, source: str, schema_state: str) -> str:
    """Status, source and schema as inline Markdown badges."""
    looks = (statuses.ENTRY[status], statuses.SOURCE[source], statuses.SCHEMA[schema_state])
    return " ".join(look.badge() for look in looks)


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
    color: statuses.Color
    if rate is None:
        outcome = "started no runs" if activity.executions else "silent"
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
        chart_data=activity.by_slice,
        chart_type="area",
        border=border,
        # On a card by itself; in a grid of them, the same explanation 24 times would only be in the way.
        help=exactly(activity.executions, "Live events, without tests and replays." if border else "") or None,
    )


def rows(entries: list[EntrySummary], activity: Mapping[str, Activity], on_open: Open) -> None:
    """Draw entries as dense rows; choosing a row's name calls on_open with its type."""
    table.draw(
        [_row(entry, activity.get(entry.event_type, _QUIET)) for entry in entries],
        {
            "Type": table.text(width=_wide_enough(entries), help="What a sender names the event"),
            "Executions": table.number(help="Live events of the last 7 days, without tests and replays"),
            "Trend": table.trend("7 days", width=96),
            "Success": table.share(width=80, help="Of the runs of the last 7 days"),
            "Average": table.seconds("Avg", help="Mean duration of these runs"),
            "Workflows": table.number(width=92, help="Published workflows that react to it"),
            "Status": table.state(statuses.ENTRY),
            "Category": table.text(width=110),
            "Source": table.state(statuses.SOURCE, width=90),
            **({"Owner": table.text(width=120)} if any(entry.owner for entry in entries) else {}),
            **({"Tags": table.text(width=140)} if any(entry.tags for entry in entries) else {}),
            "Schema": table.state(statuses.SCHEMA, width=130),
            "Description": table.text(width=400),
        },
        key="catalog",
        way_in=table.WayIn(
            "Event", lambda row: on_open(entries[row].event_type), width=_NAME_WIDTH, help="Opens the event"
        ),
        most_in_sight=len(entries),
    )


def _wide_enough(entries: list[EntrySummary]) -> int:
    """Pixels for the longest event type, which the table would cut: it is what people copy into their code."""
    return 16 + 8 * max((len(entry.event_type) for entry in entries), default=0)


def _row(entry: EntrySummary, activity: Activity) -> dict[str, object]:
    return {
        "Event": entry.name,
        "Type": entry.event_type,
        "Executions": activity.executions or None,
        "Trend": activity.by_slice if activity.executions else None,
        "Success": activity.success_rate,
        "Average": activity.average_seconds,
        "Workflows": entry.attached,
        "Status": entry.status,
        "Category": entry.category,
        "Source": entry.source,
        "Owner": entry.owner,
        "Tags": ", ".join(entry.tags) or None,
        "Schema": entry.schema_state,
        "Description": entry.description,
    }
