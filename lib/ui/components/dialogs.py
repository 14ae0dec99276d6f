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
from streamlit.delta_generator import DeltaGenerator

from lib.ui.components import guard, presses
from lib.ui.components.presses import Press

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
        presses.forget()
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
        destroys: bool = False,
        cancels: bool = True,
        **options: Any,
    ) -> Press | None:
        """Draw what ends the dialog, at its right: Cancel and, last, what it was opened for; the press of that.

        `is_advised` is false for what is done against advice, `cancels` for what one did not come for. What `destroys`
        is red. In a popover there is no Cancel: one closes it by leaving it. Enter in a field before them presses the
        last one (dialogs.js). With an `on_click` of its own the act is done by that.
        """
        draw = st.form_submit_button if in_form else st.button
        kind: Literal["primary", "secondary"] = "primary" if is_advised else "secondary"
        row = f"acts-of-destroying-{key}" if destroys else f"acts-of-{key}"
        with st.container(horizontal=True, horizontal_alignment="right", gap="small", key=row):
            if cancels and self.about is not None:
                draw("Cancel", key=f"{key}-cancel", on_click=guard.callback(self.close))
            if "on_click" in options:
                draw(label, type=kind, key=key, icon=icon, **options)
                return None
            return presses.button(label, draw=draw, type=kind, key=key, icon=icon, **options)

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


def question(key: str) -> DeltaGenerator:
    """What a drawer asks, as it cannot open a dialog: below a line, and it comes into sight by itself (dialogs.js)."""
    asked = st.container(gap="small", key=f"question-of-{key}")
    asked.divider()
    return asked


def form(key: str) -> DeltaGenerator:
    """Fields whose texts are sent with the act of the dialog. What Enter does there is said once, by `draw_acts`."""
    return st.form(key, border=False, enter_to_submit=False)


def begun_with(field: str, now: _T) -> _T:
    """What a form began with, whose first field has this key, whatever it has become since; ask before that is drawn.

    The page may be drawn anew under an open dialog, and its fields stay as they are. So what is saved is saved over
    this, and over nothing else.
    """
    name = _begun(field)
    if field not in st.session_state or name not in st.session_state:  # Streamlit forgets a field that is not drawn
        st.session_state[name] = now
    begun: _T = st.session_state[name]
    return begun


def begin_anew(field: str) -> None:
    """What the form holds was saved: it goes on from that, if it stays."""
    st.session_state.pop(_begun(field), None)


def _begun(field: str) -> str:
    return f"{field}-begun"


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
