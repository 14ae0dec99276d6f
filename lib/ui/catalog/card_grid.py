"""The catalog's entries as cards or as rows: one component, which costs the browser no more than one native element.

`card_grid.html`, `.css` and `.js` stand beside this module. What they draw is data: words that are shown as they are.
The component says what was pressed; this module decides what that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.auth.actors import Actor
from lib.catalog.entries import Activity, CatalogPage, EntrySummary
from lib.ui.catalog import cards, catalog_filters, list_columns
from lib.ui.components import first_sight, guard, links, own_component, statuses
from lib.ui.components.statuses import Look
from lib.ui.components.text import NOTHING, count, duration, exactly, one_line, percent, plural, shorten
from lib.ui.workflows import attach

#: Key of the component in the session.
KEY = "catalog-entries"
_EVENT = "eventType"
_QUIET = Activity()

_component = own_component.of(__file__, name="catalog_entries")


@dataclass(frozen=True)
class Acts:
    """Callbacks: what opening an entry of this type does, and what a heading with this order does."""

    open: Callable[[str], None]
    sort: Callable[[str], None]


def draw(
    actor: Actor, page: CatalogPage, activity: Mapping[str, Activity], *, view: str, order: str, acts: Acts
) -> None:
    """Draw a page of entries in this view and order."""

    def act() -> None:
        name, value = _pressed(st.session_state[KEY])
        if name == "open":
            acts.open(value)
        elif name == "sort":
            acts.sort(value)
        elif name in ("simulate", "metrics"):
            st.switch_page(f"{name}.py", query_params={_EVENT: value})
        elif name == "attach":
            attach.dialog.ask(value)

    refusal = None if actor.may("manage") else actor.refusal("manage")
    columns = list_columns.of(page.entries) if view == "list" else ()
    _component(
        key=KEY,
        data={
            "view": view,
            "at": f"{view} {page.page} {catalog_filters.FILTERS.asked_for()}",
            "opened": _opened(),
            "sight": first_sight.address(),
            "refusal": refusal,
            "columns": [column.heading(order) for column in columns],
            "entries": [
                _row(entry, activity.get(entry.event_type, _QUIET), columns)
                if columns
                else _card(entry, activity.get(entry.event_type, _QUIET))
                for entry in page.entries
            ],
        },
        on_act_change=guard.callback(act),
    )


def draw_attach(actor: Actor) -> None:
    """Draw the dialog that was asked for by the button of an entry. Before the page is drawn, it is there sooner."""
    event_type: str | None = attach.dialog.about
    if event_type and actor.may("manage"):
        attach.dialog.draw(actor, event_type)


def _pressed(state: Mapping[str, Any]) -> tuple[str, str]:
    """What the component says was pressed, and what of: an event type or an order. A browser may say anything."""
    said = state.get("act")
    said = said if isinstance(said, dict) else {}
    return str(said.get("name")), str(said.get("value"))


def _opened() -> str:
    return st.query_params.get(_EVENT, "")


def _entry(entry: EntrySummary, activity: Activity) -> dict[str, Any]:
    """What a card and a row share."""
    rate = activity.success_rate
    return {
        "type": entry.event_type,
        "name": one_line(entry.name),
        "icon": cards.icon_name(entry.category),
        "href": links.address("", {_EVENT: entry.event_type}),
        "slices": activity.by_slice if activity.executions else [],
        "color": statuses.HEX["blue" if rate is None else statuses.rate_color(rate)],
    }


def _card(entry: EntrySummary, activity: Activity) -> dict[str, Any]:
    workflows = plural(entry.attached, "published workflow")
    figures = _figures(activity)
    shown = [statuses.ENTRY[entry.status], *_telling(entry)]
    said = [one_line(entry.event_type), *(look.word for look in shown)]
    return _entry(entry, activity) | {
        "kind": one_line(entry.event_type),
        "description": shorten(one_line(entry.description), cards.LONGEST_DESCRIPTION),
        "badges": [{"word": look.word, "tone": look.color} for look in shown],
        "figures": figures,
        "attached": str(entry.attached),
        "workflows": workflows,
        "said": ", ".join([*said, *(f"{figure['word']} {figure['label']}" for figure in figures), workflows]),
    }


def _telling(entry: EntrySummary) -> list[Look]:
    """What most entries are not: of the tenant's own, without a schema."""
    looks = [statuses.SOURCE[entry.source]] if entry.source == "tenant" else []
    return looks + ([statuses.SCHEMA[entry.schema_state]] if entry.schema_state != "known" else [])


def _figures(activity: Activity) -> list[dict[str, str]]:
    rate = activity.success_rate
    running = f"{activity.still_running:,} still running" if activity.still_running else ""
    return [
        {
            "word": count(activity.executions) if activity.executions else NOTHING,
            "label": "executions",
            "title": exactly(activity.executions, "Live events of the last 7 days, without tests and replays."),
        },
        {
            "word": percent(rate),
            "label": "success",
            "tone": "" if rate is None else statuses.rate_color(rate),
            "title": running or f"Of {plural(activity.runs, 'run')} that these events started",
        },
        {"word": duration(activity.average_seconds), "label": "average", "title": "Mean duration of these runs"},
    ]


def _row(entry: EntrySummary, activity: Activity, columns: list_columns.Columns) -> dict[str, Any]:
    cells = [column.cell(entry, activity) for column in columns[1:]]
    return _entry(entry, activity) | {"cells": cells}
