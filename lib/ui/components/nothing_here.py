"""The box in place of an empty list: that nothing is there, why, and what one can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def framed(title: str, hint: str) -> Iterator[None]:
    """A bordered box with title and hint in its middle. What one can do is drawn inside, below them."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown(f"## {title}", width="content", text_alignment="center")
        st.caption(hint, width="content", text_alignment="center")
        yield
        st.space("small")


def draw(title: str, hint: str) -> None:
    """The box where there is nothing that one can do."""
    with framed(title, hint):
        pass
