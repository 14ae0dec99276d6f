"""Why somebody may not do something, and whom in their tenant to ask for it."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth import actors
from lib.auth.actors import Actor, Permission
from lib.ui.components.text import escape


def refusal(actor: Actor, permission: Permission) -> str | None:
    """The reason for a disabled button, as Markdown; None if the actor may."""
    if actor.may(permission):
        return None
    tenant, names = _who_may(actor, permission)
    people = f" ({', '.join(map(escape, names))})" if names else ""
    return f"{actor.refusal(permission)} Ask whoever manages {escape(tenant)}{people}."


@st.cache_data(ttl=60, show_spinner=False)
def _who_may(actor: Actor, permission: Permission) -> tuple[str, list[str]]:
    with database.read(actor) as conn:
        return actors.who_may(conn, actor, permission=permission)
