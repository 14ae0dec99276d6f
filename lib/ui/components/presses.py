"""Presses of what ends a dialog: Enter pressed twice in a row is one press, and is answered once.

Both run the script, at the same time or one after the other. Of two quick clicks the browser passes on the first alone
(clicks.js).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.ui.components import guard

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Keys of the session: the latest press of each button, the button that was pressed in this script run, and the latest
#: act of a callback with when it was done.
_PRESSES, _BEGUN, _LATEST = "presses", "press-begun", "press-of-callback"
#: What is pressed within so many seconds of the answer to the press before was pressed before one saw that.
_SAME_FOR = 0.5


class Press:
    """That a button was pressed, once or twice in a row."""

    def __init__(self) -> None:
        self._done: list[Any] = []
        self._done_at = 0.0

    @property
    def is_done(self) -> bool:
        """Whether it has changed what it was for."""
        return bool(self._done)

    @property
    def is_over(self) -> bool:
        """Whether the button, if it is pressed now, is pressed anew."""
        return self.is_done and monotonic() - self._done_at > _SAME_FOR

    def write(self, actor: Actor, change: Callable[[database.Connection], _T]) -> _T:
        """Make the change in a transaction of its own, or wait for it where the first run makes it; its answer.

        Whatever else is to be done may have been broken off by the second run, and is done after this by both.
        """
        with guard.one_at_a_time():
            if not self._done:
                with database.write(actor) as conn:
                    answer = change(conn)
                self._done.append(answer)
                self._done_at = monotonic()
            answered: _T = self._done[0]
            return answered


def button(label: str, *, key: str, draw: Callable[..., bool] = st.button, **options: Any) -> Press | None:
    """Draw a button for what is done where it is drawn; its press, or None.

    That it was pressed is noted before anything is drawn, which may take long.
    """
    pressed = draw(label, key=key, on_click=guard.callback(_begin), args=(key,), **options)
    if not pressed or st.session_state.pop(_BEGUN, None) != key:
        return None
    press: Press = st.session_state[_PRESSES][key]
    return press


def _begin(key: str) -> None:
    """Callback: a button was pressed."""
    presses: dict[str, Press] = st.session_state.setdefault(_PRESSES, {})
    if key not in presses or presses[key].is_over:
        presses[key] = Press()
    st.session_state[_BEGUN] = key


def forget() -> None:
    """Whatever is pressed next is another press, as in a dialog that is opened anew."""
    presses: dict[str, Press] = st.session_state.get(_PRESSES, {})
    st.session_state[_PRESSES] = {key: press for key, press in presses.items() if not press.is_done}


def callback(act: Callable[_P, object]) -> Callable[_P, None]:
    """The act for a button's on_click: a second press that asks for the same thing at once is the same press."""

    @wraps(act)
    def once(*args: _P.args, **kwargs: _P.kwargs) -> None:
        asked = act, args, kwargs
        latest, done_at = st.session_state.get(_LATEST, (None, 0.0))
        if latest == asked and monotonic() - done_at <= _SAME_FOR:
            return
        act(*args, **kwargs)
        st.session_state[_LATEST] = asked, monotonic()

    return guard.callback(once)
