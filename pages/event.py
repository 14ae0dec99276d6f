"""One event type on a page of its own: /event?eventType=TICKET_CREATED."""

from __future__ import annotations

import streamlit as st

from lib.ui.catalog import event_details
from lib.ui.components import guard, links

actor = guard.require_entry()

links.page_link("catalog.py", label="Event catalog", icon=":material/arrow_back:")
event_type = event_details.asked_event_type()
if not event_type:
    st.info("Choose an event in the catalog, or name one in the address: `/event?eventType=TICKET_CREATED`.")
    guard.end_page()
event_details.draw_page(actor, event_type)
