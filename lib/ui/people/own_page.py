"""A person's own page: who they are here, how they see things, the tokens that they made, and their sessions."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth import members, preferences, tokens
from lib.auth.actors import Actor
from lib.metrics import time_window
from lib.ui.components import guard, statuses, viewer_time
from lib.ui.components.text import code, escape
from lib.ui.people import sessions, settings_tokens

_ZONE, _VIEW = "my-zone", "my-view"
_BROWSER = "As the browser says"


def draw(actor: Actor) -> None:
    """Draw the page."""
    st.title("My page", anchor=False)
    with database.read(actor) as conn:
        tenant = members.admins(conn, tenant=actor.tenant).tenant_name
        view = preferences.get(conn, actor, name=preferences.CATALOG_VIEW, default="grid")
        made = tokens.own_tokens(conn, actor)
    st.markdown(f"{code(actor.email)} in {escape(tenant)} {statuses.PERMISSION[actor.permission].badge()}")
    if actor.ask:
        st.caption(f"For more than that: {escape(actor.ask)}")
    _draw_preferences(actor, view)
    st.header("Tokens you made", anchor=False)
    if made:
        settings_tokens.draw_own(made)
    else:
        st.caption("None. Admins make them under Settings.")
    st.header("Where you are signed in", anchor=False)
    sessions.draw_own(actor)


def _draw_preferences(actor: Actor, view: str) -> None:
    st.header("How you see things", anchor=False)
    zones = [_BROWSER, *sorted(time_window.zone_names())]
    chosen = viewer_time.chosen()
    st.selectbox(
        "Time zone",
        zones,
        index=zones.index(chosen) if chosen in zones else 0,
        format_func=lambda one: f"{_BROWSER} ({viewer_time.browser_zone().key})" if one == _BROWSER else one,
        key=_ZONE,
        width=400,
        on_change=guard.callback(_set_zone),
        args=(actor,),
    )
    st.segmented_control(
        "Event catalog",
        ["grid", "list"],
        default=view,
        required=True,
        format_func=str.capitalize,
        key=_VIEW,
        on_change=guard.callback(_set_view),
        args=(actor,),
    )
    st.caption(f"Kept for you in this tenant. Times are in {viewer_time.zone().key} now.")


def _set_zone(actor: Actor) -> None:
    """Callback: read times in the zone that was chosen."""
    chosen = st.session_state[_ZONE]
    viewer_time.choose(actor, None if chosen == _BROWSER else chosen)


def _set_view(actor: Actor) -> None:
    """Callback: see the catalog as was chosen."""
    with database.write(actor) as conn:
        preferences.put(conn, actor, name=preferences.CATALOG_VIEW, value=st.session_state[_VIEW])
    st.session_state.pop(preferences.CATALOG_VIEW, None)  # the catalog recalls it when it is opened next
