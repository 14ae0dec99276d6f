"""What whoever is not let in sees, and nothing else: one box in the middle, with a title, a sentence and one way on."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_WIDTH = 440
# Drawn with it, and not a rule of every page that asks what the app has: a browser asks that anew at each change.
_STYLE = Path(__file__).with_suffix(".css")


def draw(title: str, said: str, way: str, *, icon: str, key: str, primary: bool = False) -> bool:
    """Draw the box with this sentence, which is Markdown; whether the button in it was pressed."""
    st.html(_STYLE)
    with (
        st.container(horizontal_alignment="center", key="doorstep"),
        st.container(border=True, width=_WIDTH, horizontal_alignment="center"),
    ):
        st.space("xsmall")
        st.title(title, anchor=False, text_alignment="center")
        st.markdown(said, text_alignment="center")
        pressed = st.button(way, icon=icon, key=key, type="primary" if primary else "secondary", width="stretch")
        st.space("xsmall")
    return pressed
