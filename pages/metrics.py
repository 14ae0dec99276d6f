"""How events went over a range: all of a tenant's beside each other, or one at /metrics?eventType=…."""

from __future__ import annotations

import streamlit as st

from lib.ui import event_details, guard, metrics_event, metrics_filters, metrics_overview, metrics_recent

actor = guard.require_entry()
event_type = event_details.asked_event_type()
if event_type and not metrics_filters.known(actor, event_type):
    event_details.draw_unknown(actor, event_type, on_choose=event_details.open_in_drawer)
    event_type = None

view = metrics_filters.draw(actor, event_type)
if not event_type:
    metrics_overview.draw(actor, view)
    st.stop()

metrics_event.draw(*metrics_event.load(actor, event_type, view), view)
metrics_recent.draw(actor, event_type, view)
