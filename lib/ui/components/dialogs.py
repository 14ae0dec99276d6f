"""Dialogs: which one is open, what it is about, and the buttons at its end. All are made here, by `dialog`.

Streamlit closes a dialog with the next run of the whole page, as there is one after a lost connection. So what is open
is kept, in the session or in the URL: whoever draws the page draws the dialog again, until it is closed, or one has
gone elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, Literal, NoReturn, ParamSpec, TypeVar

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.ui.components import guard

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Keys of the session: what is open, and the script run in which it was drawn last.
OPEN, _DRAWN_IN = "dialog-open", "dialog-drawn-in"


@dataclass
class Open:
    """The dialog that is open, what it is about, and where one was when the page was drawn last."""

    dialog: Dialog[Any]
    about: Any
    place: object = None


class Press:
    """That a button was pressed. A double click presses it in two script runs: both are this one press."""

    def __init__(self) -> None:
        self._done: list[Any] = []

    def write(self, actor: Actor, change: Callable[[database.Connection], _T]) -> _T:
        """Make the change in a transaction of its own, or wait for it where the first click makes it; its answer.

        Whatever else is to be done may have been broken off by the second click, and is done after this by both.
        """
        with guard.one_at_a_time():
            if not self._done:
                with database.write(actor) as conn:
                    answer = change(conn)
                self._done.append(answer)
            answered: _T = self._done[0]
            return answered


@dataclass(frozen=True)
class Dialog(Generic[_P]):
    """One dialog: `ask` opens it, and `draw` draws it where it is open."""

    name: str
    title: str
    content: Callable[_P, None]
    options: dict[str, Any]
    #: The parameter of the URL that keeps it open, for one that can be shared; without one, the session does.
    parameter: str | None
    #: Keys of the session that are only of use while it is open.
    forgets: tuple[str, ...]

    def ask(self, about: Any = True) -> None:
        """Callback, too: open it where its page draws it next. `about` is what it is about."""
        self._forget()
        if self.parameter:
            st.query_params[self.parameter] = about
        else:
            st.session_state[OPEN] = Open(self, about)

    @property
    def about(self) -> Any:
        """What it is about; None if it is not open."""
        if self.parameter:
            return st.query_params.get(self.parameter)
        asked: Open | None = st.session_state.get(OPEN)
        return asked.about if asked and asked.dialog.name == self.name else None

    def close(self) -> None:
        """Callback, too: it is open no more. One that is drawn alone is gone once it would be drawn again."""
        if self.about is None:
            return
        self._forget()
        if self.parameter:
            st.query_params.pop(self.parameter, None)
        else:
            del st.session_state[OPEN]

    def _forget(self) -> None:
        for key in self.forgets:
            st.session_state.pop(key, None)

    def end(self) -> NoReturn:
        """Close it from within, and draw the page as it is now."""
        self.close()
        st.rerun()

    def draw_acts(
        self,
        label: str,
        *,
        key: str,
        icon: str,
        in_form: bool = False,
        is_advised: bool = True,
        cancels: bool = True,
        **options: Any,
    ) -> Press | None:
        """Draw what ends the dialog, at its right: Cancel and, last, what it was opened for; the press of that.

        `is_advised` is false for what is done against advice, `cancels` for what one did not come for. In a popover
        there is no Cancel: one closes it by leaving it. Enter presses the first button of a form, so the stylesheet
        puts Cancel in front.
        """
        button = st.form_submit_button if in_form else st.button
        kind: Literal["primary", "secondary"] = "primary" if is_advised else "secondary"
        with st.container(horizontal=True, gap="small", key=f"acts-of-{key}"):
            pressed = button(label, type=kind, key=key, icon=icon, **options)
            if cancels and self.about is not None:
                button("Cancel", key=f"{key}-cancel", on_click=guard.callback(self.close))
        kept = f"press-of-{key}"
        if not pressed:
            st.session_state[kept] = Press()
            return None
        press: Press = st.session_state.setdefault(kept, Press())
        return press

    def draw(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Draw it if it is open. There is room for one: of two in a script run the first is shown.

        Who is looking is asked as for a fragment; for those who may not be here any more the page is drawn anew.
        """
        run = guard.this_run()
        if self.about is None or st.session_state.get(_DRAWN_IN) is run:
            return
        st.session_state[_DRAWN_IN] = run

        @st.dialog(self.title, on_dismiss=guard.callback(self.close), **self.options)
        @wraps(self.content)
        def guarded() -> None:
            if self.about is None:
                st.rerun()  # a callback closed it: what is behind shows what came of it
            if error := guard.draw_if_unchanged(lambda: self.content(*args, **kwargs), in_use=True):
                guard.show_error(error)

        guarded()


def dialog(
    title: str, *, parameter: str | None = None, forgets: tuple[str, ...] = (), **options: Any
) -> Callable[[Callable[_P, None]], Dialog[_P]]:
    """Make a dialog of what draws its content. `options` are those of `st.dialog`."""

    def decorate(content: Callable[_P, None]) -> Dialog[_P]:
        return Dialog(f"{content.__module__}.{content.__qualname__}", title, content, options, parameter, forgets)

    return decorate


def close_what_was_left() -> None:
    """Before the page draws: close the dialog if a link, Back or another page has led away from it."""
    asked: Open | None = st.session_state.get(OPEN)
    if asked and asked.place and (guard.goes_back() or asked.place != guard.place()):
        asked.dialog.close()


def stay() -> None:
    """After the page has drawn, when its URL is as it stays: this is where what is open belongs."""
    asked: Open | None = st.session_state.get(OPEN)
    if asked:
        asked.place = guard.place()
