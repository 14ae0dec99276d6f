"""Where one begins without an event: those that one simulated last, and those that come most often."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog.entries import ACTIVITY_SPAN
from lib.events import simulation
from lib.metrics import rollups
from lib.metrics.time_window import end_of_this_minute
from lib.ui.catalog import event_details
from lib.ui.components import guard
from lib.ui.components.text import count, escape

_MOST = 6


def draw(actor: Actor) -> None:
    """Draw both lists below the choice of an event; a list without any is left out."""
    now = end_of_this_minute()
    with database.read(actor) as conn:
        known = dict(entries.event_types(conn, tenant=actor.tenant))
        lately = simulation.simulated_lately(conn, actor, most=_MOST)
        found = rollups.events(
            conn, tenant=actor.tenant, names=list(known), boundaries=[now - ACTIVITY_SPAN, now], origins=("live",)
        )
    events = {event_type: slices[0].total for event_type, slices in found.items() if slices.get(0)}
    busiest = sorted(events, key=lambda event_type: (-events[event_type], event_type))[:_MOST]
    _draw_list("You simulated lately", [one for one in lately if one in known], known, {})
    _draw_list("Most active in 7 days", busiest, known, events)


def _draw_list(title: str, event_types: list[str], known: dict[str, str], events: dict[str, int]) -> None:
    if not event_types:
        return
    st.markdown(f"**{title}**")
    with st.container(horizontal=True, gap="small"):
        for event_type in event_types:
            number = f" :gray[{count(events[event_type])}]" if event_type in events else ""
            st.button(
                f"{escape(known[event_type])}{number}",
                key=f"start-{title[:3]}-{event_type}",
                icon=":material/play_arrow:",
                on_click=guard.callback(event_details.open_in_drawer),
                args=(event_type,),
                help=f"Simulate {escape(event_type)}",
            )
