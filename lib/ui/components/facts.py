"""Facts about one thing, a line each: the names in one column, the values in another."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def draw(facts: Mapping[str, str], *, key: str) -> None:
    """Draw the facts by their names, both as Markdown; `key` is unique on the page. layout.css makes the columns."""
    with st.container(key=f"facts-{key}"):
        st.markdown("  \n".join(f":gray[{name}]  {value}" for name, value in facts.items()))
