"""Facts about one thing, a line each: what they are called, and beside it, all in one column, what they are."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def draw(facts: Mapping[str, str], *, key: str) -> None:
    """Draw them under a key of the page's own; names and values are Markdown. layout.css makes the columns."""
    with st.container(key=f"facts-{key}"):
        st.markdown("  \n".join(f":gray[{name}]  {value}" for name, value in facts.items()))
