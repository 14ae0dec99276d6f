"""Tickets of export links, as pages make them."""

from __future__ import annotations

from lib import database
from lib.auth.actors import Actor
from lib.auth.downloads import FileFormat
from lib.events import export as event_export
from lib.events.activity import EventFilters


def event_ticket(actor: Actor, filters: EventFilters | None = None, form: FileFormat = "csv") -> str:
    """A ticket for these events, or without filters for all."""
    with database.write(actor) as conn:
        return event_export.ticket(conn, actor, filters=filters or EventFilters(), form=form)
