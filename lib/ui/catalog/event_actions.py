"""What one can do with an event, wherever it is shown: simulate it, see its metrics, attach a workflow."""

from __future__ import annotations

import streamlit as st

from lib.auth.actors import Actor
from lib.ui.components import guard, links
from lib.ui.workflows import attach


def buttons(actor: Actor, event_type: str, *, key: str, page_link: bool = False) -> None:
    """Simulate, Metrics and Attach in a row, with a way to the event's own page if asked for.

    Why one is disabled is said below.
    """
    refusal = guard.refused(actor, "manage")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        # Going there before the page is drawn again is quicker.
        event = {"query_params": {"eventType": event_type}}
        st.button(
            "Simulate",
            key=f"{key}-simulate-{event_type}",
            icon=":material/play_arrow:",
            disabled=refusal is not None,
            help=refusal,
            on_click=guard.callback(st.switch_page),
            args=("simulate.py",),
            kwargs=event,
        )
        st.button(
            "Metrics",
            key=f"{key}-metrics-{event_type}",
            icon=":material/monitoring:",
            on_click=guard.callback(st.switch_page),
            args=("metrics.py",),
            kwargs=event,
        )
        attach.button(actor, event_type, key=key, in_drawer=page_link)
        if page_link:
            links.page_link(
                "event.py", label="Open as page", icon=":material/open_in_full:", query_params={"eventType": event_type}
            )
    guard.say_why(refusal)
