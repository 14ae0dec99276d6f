"""A press that nobody answered, as the app has been started anew since the page was drawn.

Streamlit gives the browser another session then, in which no dialog is open. What was pressed in one is not there, and
the page comes without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.session_state import Serialized

from lib.ui.components import guard

_BEGUN = "session-begun"
_SAID = (
    "The app was started anew since you opened this, so what you pressed was not done, and what you typed there is "
    "gone. Please do it again."
)


@contextmanager
def reported() -> Iterator[None]:
    """At the end of a session's first run, say if what began it was a press of something that is not there."""
    is_first = not st.session_state.get(_BEGUN)
    st.session_state[_BEGUN] = True
    try:
        yield
    finally:  # also where this run makes way for another one
        if is_first and _is_unanswered():
            guard.tell(_SAID, icon=":material/sync_problem:", lasting=True)
    guard.show_told()


def _is_unanswered() -> bool:
    """Whether a press came with this run that no widget has read: Streamlit unpacks what a widget holds when drawn."""
    context = get_script_run_ctx()
    if context is None:
        return False
    sent = context.session_state._state._new_widget_state.states.values()
    kinds = (one.value.WhichOneof("value") or "" for one in sent if isinstance(one, Serialized))
    return any(kind.endswith("trigger_value") for kind in kinds)
