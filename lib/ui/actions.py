"""What one can do with an event, wherever it is shown: simulate it, see its metrics, attach a workflow."""

from __future__ import annotations

import streamlit as st

from lib.auth import Actor

_NOT_YET = "Not available yet."


def buttons(actor: Actor, event_type: str, *, key: str = "card", page_link: bool = False) -> None:
    """Simulate, Metrics and Attach in a row, with a way to the event's own page if asked for.

    A disabled button says why in its help.
    """
    refusal = None if actor.may("manage") else actor.refusal("manage")
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        if st.button("Simulate", key=f"{key}-simulate-{event_type}", icon=":material/play_arrow:",
                     disabled=refusal is not None, help=refusal):  # fmt: skip
            st.switch_page("simulate.py", query_params={"eventType": event_type})
        st.button("Metrics", key=f"{key}-metrics-{event_type}", icon=":material/monitoring:", disabled=True,
                  help=_NOT_YET)  # fmt: skip
        st.button("", key=f"{key}-attach-{event_type}", icon=":material/add_link:", disabled=True,
                  help=refusal or f"Attach a workflow. {_NOT_YET}")  # fmt: skip
        if page_link:
            st.page_link("event.py", label="Open as page", icon=":material/open_in_full:",
                         query_params={"eventType": event_type})  # fmt: skip
