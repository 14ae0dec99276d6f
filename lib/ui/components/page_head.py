"""The head of a page: its title, and one line below it that says what the page is about."""

from __future__ import annotations

import streamlit as st


def draw(title: str, about: str = "") -> None:
    """Draw both close to each other, so that they read as one."""
    with st.container(gap=None):
        st.title(title, anchor=False)
        if about:
            st.caption(about)
