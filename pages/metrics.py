"""How events went over a range: all of a tenant's beside each other, or one at /metrics?eventType=…."""

from __future__ import annotations

from lib.ui.catalog import event_details
from lib.ui.components import guard
from lib.ui.metrics import event_metrics, metrics_filters, overview, recent_events

actor = guard.require_entry()
event_type = event_details.asked_event_type()
if event_type and not metrics_filters.known(actor, event_type):
    event_details.draw_unknown(actor, event_type)
    event_type = None

view = metrics_filters.draw(actor, event_type)
if not event_type:
    overview.draw(actor, view)
    guard.end_page()

event_metrics.draw(actor, event_metrics.load(actor, event_type, view), view)
recent_events.draw(actor, event_type, view)
