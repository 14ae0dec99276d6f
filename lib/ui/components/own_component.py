"""Components of our own for the browser: each is a module, and HTML, CSS and JS in files of its name beside it.

`own_component.css` is what all of them begin with.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer


def of(module: str, *, name: str) -> ComponentRenderer:
    """The component of the module at this path, `__file__`; `name` is what Streamlit knows it by."""
    beside, common = Path(module), Path(__file__).with_suffix(".css")
    return st.components.v2.component(
        name,
        html=beside.with_suffix(".html").read_text(encoding="utf-8"),
        css="".join(path.read_text(encoding="utf-8") for path in (common, beside.with_suffix(".css"))),
        js=beside.with_suffix(".js").read_text(encoding="utf-8"),
    )
