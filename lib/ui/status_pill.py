"""The right-hand side of the catalog's header: how the system is doing, and the way to a custom event."""

from __future__ import annotations

import streamlit as st

from lib.health import Health
from lib.ui import guard

_LOOKS = {
    "Operational": ("green", ":material/check_circle:"),
    "Degraded": ("orange", ":material/warning:"),
    "Down": ("red", ":material/error:"),
}


def draw(health: Health) -> None:
    """Draw the pill with its reason on hover, and the primary button of the page."""
    color, icon = _LOOKS[health.status]
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
    ):
        if guard.is_demo():
            st.badge("Demo data", icon=":material/science:", color="orange", help=guard.DEMO_HELP)
        st.badge(health.status, icon=icon, color=color, help=health.reason)  # type: ignore[arg-type]
        st.button(
            "Define Custom Event",
            icon=":material/add:",
            type="primary",
            disabled=True,
            help="Tenants cannot define events of their own yet.",
        )
