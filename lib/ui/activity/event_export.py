"""The way to the filtered events as a file: CSV or JSON, redacted as on the page."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.auth.downloads import FileFormat
from lib.events import export as event_export
from lib.events.activity import EventFilters
from lib.events.export import LIMIT

_FORMS: dict[FileFormat, tuple[str, str]] = {
    "csv": ("CSV", ":material/table:"),
    "json": ("JSON", ":material/data_object:"),
}


def draw(actor: Actor, filters: EventFilters, *, key: str = "export") -> None:
    """Draw the menu. Links are made when it is opened, each good for one download."""
    menu = st.popover("Export", icon=":material/download:", key=key, on_change="rerun")
    if not menu.open:
        return
    with menu:
        st.caption(
            f"The events that these filters let through, latest first, at most {LIMIT:,}. Payloads are "
            "redacted, times in UTC."
        )
        with database.write(actor) as conn:
            tickets = {form: event_export.ticket(conn, actor, filters=filters, form=form) for form in _FORMS}
        for form, (label, icon) in _FORMS.items():
            link = f"/api/v2/exports/{tickets[form]}"
            st.link_button(label, link, icon=icon, key=f"{key}-{form}", width="stretch")
