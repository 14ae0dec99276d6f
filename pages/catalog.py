"""The event catalog: every event this tenant's system can emit, with what happened to it lately."""

from __future__ import annotations

import streamlit as st

from lib.ui.catalog import export_menu, health_line, listing, status_pill
from lib.ui.components import guard

actor = guard.require_entry()

unknown = listing.draw_dialogs(actor)

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
    with st.container(width="content", gap=None):
        st.title("Workflow Event Catalog", anchor=False)
        st.caption("Explore, manage, and design workflows for system events and triggers.")
    controls = st.container(
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        width="content",
        gap="small",
        key="catalog-controls",
    )
controls.empty()  # its room is there before it is filled

guard.say_why(guard.refused(actor, "manage"))
traffic = health_line.recent(actor)
health_line.draw(traffic)
listing.draw(actor, traffic, unknown)
with controls:
    status_pill.draw(actor)
    export_menu.draw(actor)
