"""The way in without sign-in: a chooser in the sidebar. Whoever opens the application may act as anyone in it."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth import actors
from lib.auth.actors import Membership
from lib.ui.components import guard
from lib.ui.components.text import code, escape, shorten

_PERSON = "as"
_UNKNOWN_PERSON = "unknown_person"


def choose() -> Membership:
    """Draw the chooser, and return the person chosen. Where there is nobody, say how to begin, and stop the page."""
    people = {f"{person.name} · {person.tenant_name}": person for person in _memberships()}
    if not people:
        st.info(
            "There is no tenant yet. Load the demo with `python -m lib.demo`, "
            "or add one with `python -m lib.auth tenant NAME EMAIL`.",
            icon=":material/group_add:",
        )
        st.stop()
    asked = st.query_params.get(_PERSON)
    if asked is not None:
        st.session_state[_UNKNOWN_PERSON] = None if asked in people else asked
    with st.sidebar:
        label = st.selectbox(
            "Acting as",
            list(people),
            key=_PERSON,
            bind="query-params",
            on_change=guard.callback(_forget_unknown),
            help="No sign-in is configured, so you choose whom to act as. Permission and data follow the person.",
        )
        person = people[label]
        _draw_chosen(person)
    return person


def _draw_chosen(person: Membership) -> None:
    """What the person may do, and whom the URL asked for in vain."""
    if unknown := st.session_state.get(_UNKNOWN_PERSON):
        st.warning(
            f"The address asks for {code(shorten(unknown, 40))}, who is not here. You act as {escape(person.name)}.",
            icon=":material/person_off:",
        )
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(f"{person.permission} permission", icon=":material/key:", color="gray")
        if person.is_demo:
            st.badge("Demo data", icon=":material/science:", color="orange", help=guard.DEMO_HELP)


def _forget_unknown() -> None:
    st.session_state.pop(_UNKNOWN_PERSON, None)


@st.cache_data(ttl=5, show_spinner=False)
def _memberships() -> list[Membership]:
    # Everyone of every tenant, on purpose: without sign-in one may act as anyone. Changes show in 5 seconds.
    with database.operate() as conn:
        return actors.memberships(conn)
