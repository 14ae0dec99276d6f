"""Components of our own for the browser: each is a module, and HTML, CSS and JS in files of its name beside it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer


def of(module: str, *, name: str) -> ComponentRenderer:
    """The component of the module at this path, `__file__`; `name` is what Streamlit knows it by."""
    beside = Path(module)
    return st.components.v2.component(
        name,
        html=beside.with_suffix(".html").read_text(encoding="utf-8"),
        css=beside.with_suffix(".css").read_text(encoding="utf-8"),
        js=beside.with_suffix(".js").read_text(encoding="utf-8"),
    )
