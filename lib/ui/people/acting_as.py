"""The way in without sign-in: a chooser in the sidebar. Whoever opens the application may act as anyone in it.

No link names a person. Each tab keeps whom it acts as; a reload, and a new tab, go on as the same person by a cookie.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape as escape_html
from urllib.parse import unquote

import streamlit as st

from lib import database
from lib.auth import actors
from lib.auth.actors import Membership
from lib.ui.components import guard, kept, links
from lib.ui.people import tenant_links

#: The chooser, and the cookie that lib/ui/assets/acting_as.js keeps.
KEY = "acting_as"
_KEPT = "acting_as_before"
_PEOPLE = "acting_as_one_of"


def choose() -> Membership:
    """The person chosen. Where there is nobody to choose, say how to begin, and stop the page."""
    people = labelled(_memberships())
    if not people:
        st.info(
            "There is no tenant yet. Load the demo with `python -m lib.demo`, "
            "or add one with `python -m lib.auth tenant NAME EMAIL`.",
            icon=":material/group_add:",
        )
        guard.stop()
    label = _label(people)
    st.session_state[KEY] = st.session_state[_KEPT] = label
    st.session_state[_PEOPLE] = people
    return people[label]


def draw(person: Membership) -> None:
    """Draw the chooser."""
    people: Mapping[str, Membership] = st.session_state[_PEOPLE]
    st.selectbox(
        "Acting as",
        list(people),
        key=KEY,
        on_change=guard.callback(_act_as),
        args=(people,),
        help="No sign-in is configured, so you choose whom to act as. Permission and data follow the person.",
    )
    with st.container(horizontal=True, gap="xsmall"):
        draw_badges(person)
    st.html(f'<span data-acting-as="{escape_html(st.session_state[KEY], quote=True)}"></span>')


def standing(person: Membership, *, in_use: bool) -> Membership | None:
    """The same person: without sign-in they stay until somebody chooses another."""
    return person


def draw_badges(person: Membership) -> None:
    """What the person may do, and whether their tenant is invented."""
    st.badge(f"{person.permission} permission", icon=":material/key:", color="gray")
    if person.is_demo:
        st.badge("Demo data", icon=":material/science:", color="orange", help=guard.DEMO_HELP)


def labelled(memberships: list[Membership]) -> dict[str, Membership]:
    """Everyone by a label of their own: name and tenant, and the e-mail address where two have the same."""
    people: dict[str, Membership] = {}
    for person in memberships:
        label = f"{person.name} · {person.tenant_name}"
        people[label if label not in people else f"{label} · {person.email}"] = person
    return people


def _label(people: Mapping[str, Membership]) -> str:
    """Whom this tab acts as: in the tenant that the URL names the one from before, if they are of it."""
    before = st.session_state.get(KEY, st.session_state.get(_KEPT)) or unquote(st.context.cookies.get(KEY, ""))
    in_order = [one for label, one in people.items() if label == before] + list(people.values())
    opened = tenant_links.opened(in_order)
    return next(label for label, one in people.items() if one == opened)


def _act_as(people: Mapping[str, Membership]) -> None:
    """Callback: the chosen person's tenant is the one looked at."""
    person = people[st.session_state[KEY]]
    if str(person.tenant) != st.query_params.get(links.TENANT):
        tenant_links.leave_rest()
    tenant_links.keep(person)


@st.cache_data(ttl=kept.SECONDS, show_spinner=False)
def _memberships() -> list[Membership]:
    # Everyone of every tenant, on purpose: without sign-in one may act as anyone.
    with database.operate() as conn:
        return actors.memberships(conn)
