"""Above the catalog: which events came that it does not know, and the way to define or to dismiss their types."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.events import unknown_events
from lib.events.unknown_events import UnknownType, UnknownTypes
from lib.schemas.form import json_text
from lib.ui.components import dialogs, guard, kept, viewer_time
from lib.ui.components.text import ago, code, escape, plural, unbroken

#: In the URL while the list is open.
PARAMETER = "unknownTypes"
#: Keys of the session: how many types are shown, what they are searched for, and whether those are the dismissed ones.
_SHOWN, _SEARCH, _DISMISSED = "unknown-shown", "unknown-search", "unknown-dismissed"
_PART, _MOST_SOURCES = 10, 3


def draw(actor: Actor) -> None:
    """Draw the line about the most frequent type, and the list of all if the URL asks for it; nothing for none."""
    if "eventType" not in st.query_params:  # one dialog at a time: the drawer is one
        _open.draw(actor)
    found = _most_frequent(actor)
    if not found.types:
        if found.dismissed:
            _draw_dismissed(actor, found)
        return
    first = found.types[0]
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        verb = "is" if first.events == 1 else "are"
        st.markdown(
            f":material/help_center: **{plural(first.events, 'event')}** of {code(first.event_type)} came "
            f"{_sources(first)} and {verb} not in the catalog.",
            width="content",
        )
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            _define_button(actor, first.event_type, key="first")
            label = "Details" if found.total == 1 else f"All {found.total:,} types"
            st.button(
                label, icon=":material/list:", key="unknown-all", type="tertiary", on_click=guard.callback(_show_list)
            )
    guard.say_why(_refusal(actor))


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_TENANT)
def _most_frequent(actor: Actor) -> UnknownTypes:
    """Of all viewers in a tenant one asks in a second."""
    with database.read(actor) as conn:
        return unknown_events.list_types(conn, tenant=actor.tenant, limit=1)


def _draw_dismissed(actor: Actor, found: UnknownTypes) -> None:
    """The way back to what was dismissed, where nothing else is left."""
    st.button(
        f"{plural(found.dismissed, 'unknown type')} dismissed",
        icon=":material/visibility_off:",
        key="unknown-all",
        type="tertiary",
        on_click=guard.callback(_show_list),
        kwargs={"dismissed": True},
    )


def _show_list(*, dismissed: bool = False) -> None:
    """Callback: open the list, and say so in the URL, which can then be shared."""
    _open.ask("all")
    st.session_state[_DISMISSED] = dismissed


@dialogs.dialog(
    "Events that are not in the catalog",
    parameter=PARAMETER,
    forgets=(_SHOWN, _SEARCH, _DISMISSED),
    width="large",
    icon=":material/help_center:",
)
def _open(actor: Actor) -> None:
    with guard.errors_shown():
        st.caption(
            "They were refused, and are counted from the first one on, with a few of their latest payloads, redacted. "
            f"A type of which none came for {unknown_events.KEPT.days} days is forgotten. One that is defined leaves "
            f"this list, and its next event is taken in. Times in {viewer_time.zone().key}."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = st.text_input("Search types", key=_SEARCH, placeholder="Part of a type", width=320)
            is_dismissed = st.toggle("Show dismissed ones", key=_DISMISSED)
        limit = st.session_state.get(_SHOWN, _PART)
        with database.read(actor) as conn:
            found = unknown_events.list_types(
                conn, tenant=actor.tenant, search=search, is_dismissed=is_dismissed, limit=limit
            )
        _draw_list(actor, found)
        if found.total > len(found.types):
            st.button(
                f"Show more of {plural(found.total, 'type')}", key="unknown-more", on_click=guard.callback(_show_more)
            )
        if found.others:
            st.caption(f"{plural(found.others, 'further event')} came of types that were too many to name.")
        _open.draw_acts(
            "Done", key="unknown-done", icon=":material/check:", cancels=False, on_click=guard.callback(_open.close)
        )


def _show_more() -> None:
    """Callback."""
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, _PART) + _PART


def _draw_list(actor: Actor, found: UnknownTypes) -> None:
    if not found.types:
        st.info(_none_found())
    now = datetime.now(UTC)
    guard.say_why(_refusal(actor))
    for unknown in found.types:
        with st.container(border=True, gap="xsmall"):
            _draw_type(actor, unknown, now)


def _none_found() -> str:
    if st.session_state[_SEARCH]:
        return "No type fits the search."
    if st.session_state[_DISMISSED]:
        return "No unknown type was dismissed."
    return f"Every type that came in {unknown_events.KEPT.days} days is in the catalog, or was dismissed."


def _draw_type(actor: Actor, unknown: UnknownType, now: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"{code(unknown.event_type)} **{plural(unknown.events, 'event')}**", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            if not unknown.is_dismissed:
                _define_button(actor, unknown.event_type, key="list")
            refusal = _refusal(actor)
            st.button(
                "Bring back" if unknown.is_dismissed else "Dismiss",
                key=f"unknown-dismiss-{unknown.event_type}",
                icon=":material/visibility:" if unknown.is_dismissed else ":material/visibility_off:",
                type="tertiary",
                disabled=refusal is not None,
                help=refusal or (None if unknown.is_dismissed else "It goes on being counted, and is not offered."),
                on_click=guard.callback(_set_dismissed),
                args=(actor, unknown.event_type, not unknown.is_dismissed),
            )
    st.markdown(
        f":small[Came {_sources(unknown)}. First {_minute(unknown.first_at)}, "
        f"last {ago(unknown.last_at, now)} ({_minute(unknown.last_at)}).]"
    )
    if not unknown.is_sampled:
        st.caption("Its payloads are too large to keep one.")
        return
    if unknown.sample is None:
        st.caption("The latest one came without data.")
        return
    with st.expander("Latest payload", icon=":material/data_object:"):
        st.code(json_text(unknown.sample), language="json")


def _minute(moment: datetime) -> str:
    return unbroken(viewer_time.clock(moment, "%Y-%m-%d %H:%M"))


def _define_button(actor: Actor, event_type: str, *, key: str) -> None:
    refusal = _refusal(actor)
    st.button(
        "Define",
        key=f"unknown-define-{key}-{event_type}",
        icon=":material/add:",
        disabled=refusal is not None,
        help=refusal or "Its schema is inferred from what came, for you to edit.",
        on_click=guard.callback(st.switch_page),
        args=("define.py",),
        kwargs={"query_params": {"from": event_type}},
    )


def _refusal(actor: Actor) -> str | None:
    return None if actor.may("manage") else escape(actor.refusal("manage"))


def _set_dismissed(actor: Actor, event_type: str, dismissed: bool) -> None:
    """Callback."""
    act = unknown_events.dismiss if dismissed else unknown_events.bring_back
    with database.write(actor) as conn:
        act(conn, actor, event_type=event_type)
    _most_frequent.clear()


def _sources(unknown: UnknownType) -> str:
    """“from `/rmm` and 2 other sources”."""
    named = [code(source) for source, _ in unknown.sources[:_MOST_SOURCES]]
    others = len(unknown.sources) - len(named)
    if unknown.from_others:
        more = "further sources" if named else "unnamed sources"
        return f"from {', '.join(named)} and {more}" if named else f"from {more}"
    if others:
        return f"from {', '.join(named)} and {plural(others, 'other source')}"
    return f"from {' and '.join(named)}" if len(named) < 3 else f"from {', '.join(named[:-1])} and {named[-1]}"
