"""What stands in place of a list that has nothing to show: that it is so, why, and the way on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def framed(title: str, hint: str) -> Iterator[None]:
    """A bordered box with both in its middle; what is drawn inside comes below them: the way on."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown(f"## {title}", width="content", text_alignment="center")
        st.caption(hint, width="content", text_alignment="center")
        yield
        st.space("small")


def draw(title: str, hint: str) -> None:
    """The same where nothing leads on."""
    with framed(title, hint):
        pass
