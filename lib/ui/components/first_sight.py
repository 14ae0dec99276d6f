"""What a page is opened for is in sight before all else of it is drawn.

A browser that has just loaded the application shows nothing until it has made all elements that it knows of. Those that
one reads first are sent first, and the others when they can be seen (docs/decisions/0124).
"""

from __future__ import annotations

import time

import streamlit as st

#: A browser shows cards 0.1 to 0.2 s after they were sent. One that is slower shows all at once, as without a pause.
PAUSE_SECONDS = 0.2
_IS_OVER = "first_sight_is_over"


def show() -> None:
    """Let what is drawn so far be seen before the rest is sent, where somebody has just opened the application."""
    if not st.session_state.get(_IS_OVER):
        end()
        time.sleep(PAUSE_SECONDS)


def end() -> None:
    """From here on a page is drawn at once: the browser has the application."""
    st.session_state[_IS_OVER] = True
