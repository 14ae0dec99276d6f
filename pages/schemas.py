"""The schema registry: /schemas, and one schema with its versions at /schemas?ref=payload.TicketCreated.v1."""

from __future__ import annotations

import streamlit as st

from lib.ui.catalog import registry, registry_schema, registry_version
from lib.ui.components import guard, page_head

actor = guard.require_entry()

if asked := registry_schema.asked_ref():
    registry_schema.draw(actor, asked)
    guard.end_page()

head, acts = st.columns([3, 1], vertical_alignment="center")
with head:
    page_head.draw(
        "Schemas",
        "What payloads hold, version by version: who uses each, which events carry a field, what a change breaks.",
    )
with acts, st.container(horizontal=True, horizontal_alignment="right"):
    registry_version.draw_button(actor, label="Register schema")
registry_version.say_why(actor)
registry.draw(actor)
