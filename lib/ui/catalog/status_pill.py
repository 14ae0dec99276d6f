"""The right-hand side of the catalog's header: how the system is doing, and the way to a custom event."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.operations import health
from lib.operations.health import Health
from lib.ui.components import guard, kept, statuses
from lib.ui.components.text import escape


def draw(actor: Actor) -> None:
    """Draw the pill with its reason on hover, and the primary button of the page."""
    state = _health(actor)
    look = statuses.HEALTH[state.status]
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall", key="catalog-state"):
        if guard.is_demo():
            st.badge("Demo data", icon=":material/science:", color="orange", help=guard.DEMO_HELP)
        st.badge(look.word, icon=look.material, color=look.color, help=escape(state.reason))
    st.button(
        "Define Custom Event",
        icon=":material/add:",
        type="primary",
        key="define-event",
        disabled=(refusal := guard.refused(actor, "manage")) is not None,
        help=refusal,
        on_click=guard.callback(st.switch_page),
        args=("define.py",),
    )


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_TENANT)
def _health(actor: Actor) -> Health:
    """Of all viewers in a tenant one asks in a second."""
    with database.read(actor) as conn:
        return health.check(conn, tenant=actor.tenant)
