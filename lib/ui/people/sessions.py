"""Where people are signed in, and the way to end that: one's own sessions, and for admins those of their tenant."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from lib import database
from lib.auth import sessions
from lib.auth.actors import Actor
from lib.auth.sessions import Session
from lib.settings import settings
from lib.ui.components import guard, viewer_time
from lib.ui.components.text import escape, plural
from lib.ui.people import sign_in

_MOST = 100


def draw(actor: Actor) -> None:
    """Draw the sessions of the actor's tenant; for admins."""
    st.header("Sessions", anchor=False)
    _draw(actor, None)


def draw_own(actor: Actor) -> None:
    """Draw the actor's own sessions in this tenant."""
    _draw(actor, actor.user_id)


def _draw(actor: Actor, user_id: UUID | None) -> None:
    with guard.errors_shown():
        if not sign_in.is_configured():
            st.caption("Nobody signs in here, so there are no sessions: AUTH=off lets anyone act as anyone.")
            return
        with database.read(actor) as conn:
            found = sessions.sessions(conn, actor, settings=settings(), user_id=user_id)
        limits = (
            f"A sign-in is over after {plural(settings().session_hours, 'hour')}, "
            f"or {plural(settings().session_idle_hours, 'hour')} unused."
        )
        st.caption(f"{plural(len(found), 'session')} · {limits}")
        for session in found[:_MOST]:
            _draw_one(actor, session, whose="" if user_id else _whose(session))
        if len(found) > _MOST:
            st.caption(f"The {_MOST} used last are shown.")


def _whose(session: Session) -> str:
    """A person by name and address, or by the one where it is both."""
    address = "" if session.name == session.email else f" :gray[{escape(session.email)}]"
    return f"**{escape(session.name)}**{address}  \n"


def _draw_one(actor: Actor, session: Session, *, whose: str) -> None:
    since, seen = viewer_time.shown(session.signed_in_at), viewer_time.shown(session.last_seen_at)
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
    ):
        st.markdown(
            f"{whose}{escape(session.browser)} · {escape(session.address)}  \n:gray[Since {since} · last seen {seen}]",
            width="content",
        )
        if session.sign_in_id == sign_in.current():
            st.badge("This session", icon=":material/check:", color="gray")
            return
        st.button(
            "End",
            icon=":material/block:",
            key=f"end-session-{session.session_id}",
            on_click=guard.callback(_end),
            args=(actor, session),
            help=_help(actor, session),
        )


def _help(actor: Actor, session: Session) -> str:
    if session.user_id == actor.user_id:
        return "Signs you out there, in every tenant"
    return "Ends it in this tenant, with the next click there"


def _end(actor: Actor, session: Session) -> None:
    if session.user_id == actor.user_id:
        with database.operate() as conn:
            sessions.end_own(conn, actor, session=session)
    else:
        with database.write(actor) as conn:
            sessions.end(conn, actor, session=session)
    guard.tell(f"The session of {escape(session.name)} was ended.", icon=":material/block:")
