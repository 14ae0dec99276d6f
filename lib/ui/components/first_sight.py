"""What a page is opened for is in sight before all else of it is drawn.

A browser that has just loaded the application shows nothing until it has made all elements that it knows of. Those that
one reads first are sent first. They have an address, which the browser asks once they can be seen, and then the others
follow (docs/decisions/0124).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from uuid import uuid4
from weakref import WeakValueDictionary

import streamlit as st
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: What each address begins with; the token of a session comes last.
PATH = "/_seen/"
# A browser that is far away or busy has all of the page by then.
_LONGEST_SECONDS = 0.5
_SIGHT, _IS_OVER = "first_sight", "first_sight_is_over"


@dataclass(eq=False)
class _Sight:
    """Something that is to be seen before the rest. It is known as long as its session has it."""

    token: str = field(default_factory=lambda: uuid4().hex)
    is_seen: Event = field(default_factory=Event)


_awaited: WeakValueDictionary[str, _Sight] = WeakValueDictionary()


class FirstSights:
    """Takes what browsers tell. Whoever knows no token is answered alike."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        if sight := _awaited.get(scope["path"].removeprefix(PATH)):
            sight.is_seen.set()
        await Response(status_code=204)(scope, receive, send)


def is_ahead() -> bool:
    """Whether this is the first that somebody sees of the application."""
    return not st.session_state.get(_IS_OVER)


def address() -> str:
    """What the browser is to post to once it shows what has this address; empty where nobody waits for it.

    It stays as it is while the session lasts: what has it is not to be sent and drawn anew for the want of it.
    """
    if is_ahead() and _is_browser():
        sight = st.session_state.setdefault(_SIGHT, _Sight())
        _awaited[sight.token] = sight
    return f"{PATH}{st.session_state[_SIGHT].token}" if _SIGHT in st.session_state else ""


def wait() -> None:
    """Let what has the address be seen before more is drawn. Only who has just opened the application waits."""
    sight: _Sight | None = st.session_state.get(_SIGHT)
    if sight and is_ahead():
        sight.is_seen.wait(_LONGEST_SECONDS)
    end()


def end() -> None:
    """From here on a page is drawn at once: the browser has the application."""
    st.session_state[_IS_OVER] = True


def _is_browser() -> bool:
    """Whether somebody looks, and no program reads: all browsers call themselves Mozilla first."""
    return st.context.headers.get("User-Agent", "").startswith("Mozilla/")
