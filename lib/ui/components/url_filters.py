"""What the URL of a page asks for."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def rewrite(wanted: Mapping[str, str | list[str]]) -> None:
    """Let the URL ask for exactly this.

    What stays the same is not touched: Streamlit refuses to set a parameter that a widget of this run has, and the
    shell's choice of a person is such a one.
    """
    for name in [name for name in st.query_params if name not in wanted]:
        del st.query_params[name]
    for name, value in wanted.items():
        if value not in (st.query_params.get(name), st.query_params.get_all(name)):
            st.query_params[name] = value
