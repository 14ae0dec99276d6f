"""The way to the filtered events as a file: CSV or JSON, redacted as on the page."""

from __future__ import annotations

import streamlit as st

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
    """Draw the menu. Addresses of files are made when it is opened, and good for some minutes."""
    menu = st.popover("Export", icon=":material/download:", key=key, on_change="rerun")
    if not menu.open:
        return
    with menu:
        st.caption(
            f"The events that these filters let through, latest first, at most {LIMIT:,}. Payloads are "
            "redacted, times in UTC."
        )
        with st.container(horizontal=True):
            for form, (label, icon) in _FORMS.items():
                token = event_export.ticket(actor, filters=filters, form=form)
                st.link_button(label, f"/api/v2/exports/{token}", icon=icon, key=f"{key}-{form}")
