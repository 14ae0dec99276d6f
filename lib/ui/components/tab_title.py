"""The title of the browser's tab: what is looked at, then the page. Without it a tab is titled after its page alone."""

from __future__ import annotations

import streamlit as st

from lib.ui.components.text import one_line


def name(thing: str, page: str) -> None:
    """Title the tab, as in Ticket Created · Metrics."""
    st.set_page_config(page_title=f"{one_line(thing)} · {page}")
