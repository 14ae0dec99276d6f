"""One event type on a page of its own: /event?eventType=TICKET_CREATED."""

from __future__ import annotations

from lib.ui.catalog import event_details
from lib.ui.components import guard, links

actor = guard.require_entry()

links.page_link("catalog.py", label="Event catalog", icon=":material/arrow_back:")
if event_type := event_details.choose_event_type(actor):
    event_details.draw_page(actor, event_type)
