"""The catalog's filters and the entries that they leave: what is pressed in them draws nothing else again."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog.entries import Activity, CatalogPage
from lib.catalog.traffic import Traffic
from lib.metrics.time_window import end_of_this_minute
from lib.ui.catalog import (
    card_grid,
    catalog_filters,
    event_details,
    export_menu,
    own_event_acts,
    unknown_events,
)
from lib.ui.components import first_sight, guard, kept
from lib.ui.components.text import plural
from lib.ui.people import saved_views


def draw_dialogs(actor: Actor) -> str | None:
    """Draw what was asked for over the page; the event type that the URL asks for in vain.

    Call it before the page draws, so that whoever pressed something need not wait for all of it.
    """
    card_grid.draw_attach(actor)
    return event_details.draw_drawer(actor)


def draw(actor: Actor, traffic: Traffic, unknown: str | None) -> None:
    """Draw filters and entries. `unknown` is the event type that the URL asks for in vain.

    What is drawn alone goes by the traffic of the line above it, which stands as it was, and does not read it again.
    """

    @guard.fragment()
    def drawn() -> None:
        _draw(actor, traffic, draw_dialogs(actor) if guard.is_drawn_alone() else unknown)
        saved_views.follow()

    drawn()


@st.cache_data(ttl=kept.SECONDS, max_entries=1000, show_spinner=False, hash_funcs=kept.BY_TENANT)
def _activity(actor: Actor, event_types: list[str]) -> dict[str, Activity]:
    """What happened to these types lately: everybody who looks at the same entries asks."""
    with database.read(actor) as conn:
        return entries.activity(conn, tenant=actor.tenant, event_types=event_types, now=end_of_this_minute())


def _draw(actor: Actor, traffic: Traffic, unknown: str | None) -> None:
    now = end_of_this_minute()
    asked = catalog_filters.asked(actor)
    filters = catalog_filters.place()
    with database.read(actor) as conn:
        page = entries.page(conn, tenant=actor.tenant, filters=asked.filters, now=now, traffic=traffic)
    activity = _activity(actor, [entry.event_type for entry in page.entries])
    export_menu.remember(asked.filters, page.total)
    catalog_filters.check(page)
    # What is opened says of itself that it was deleted.
    deleted = [one for one in page.deleted if one.event_type != event_details.asked_event_type()]
    own_event_acts.draw_just_deleted(actor, deleted)
    if unknown:
        event_details.draw_unknown(actor, unknown)
    unknown_events.draw(actor)
    if page.entries:
        with st.container(key="many-events" if len(page.entries) >= 20 else "few-events"):
            _draw_entries(actor, page, activity, asked)
        first_sight.wait()
    with filters:
        catalog_filters.draw(actor, page)
    if not page.entries:
        catalog_filters.draw_folded(page)
        catalog_filters.draw_nothing_found()
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Showing {page.first:,} to {page.last:,} of {plural(page.total, 'result')}", width="content")
        catalog_filters.draw_pages(page)
    catalog_filters.draw_folded(page)
    own_event_acts.draw_deleted_before(actor, deleted)


def _draw_entries(
    actor: Actor, page: CatalogPage, activity: Mapping[str, Activity], asked: catalog_filters.CatalogView
) -> None:
    """Draw the entries. What is pressed on a card draws a dialog and the cards as they are, and asks for nothing else.

    A heading of the list sorts it, which asks for other entries.
    """
    with_page = guard.this_run()

    def drawn() -> None:
        if guard.this_run() is not with_page:
            draw_dialogs(actor)
        card_grid.draw(
            actor,
            page,
            activity,
            view=asked.view,
            order=asked.order,
            acts=card_grid.Acts(open=event_details.open_in_drawer, sort=catalog_filters.sort),
        )

    (guard.fragment()(drawn) if asked.view == "grid" else drawn)()
