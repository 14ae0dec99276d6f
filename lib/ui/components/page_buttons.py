"""The buttons from one page of a long list to those beside it, the same under every list that the database pages."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lib.ui.components import guard

#: What leads to another page; None where there is none.
Way = Callable[[], object] | None


def draw(key: str, *, newest: Way, newer: Way, older: Way) -> None:
    """Draw three buttons in the container around them; one that leads nowhere cannot be pressed."""
    _button(f"{key}-newest", "Newest", newest, icon=":material/first_page:", quiet=True)
    _button(f"{key}-newer", "Newer", newer, icon=":material/chevron_left:")
    _button(f"{key}-older", "Older", older, icon=":material/chevron_right:", icon_last=True)


def _button(key: str, label: str, way: Way, *, icon: str, icon_last: bool = False, quiet: bool = False) -> None:
    st.button(
        label,
        icon=icon,
        icon_position="right" if icon_last else "left",
        key=key,
        type="tertiary" if quiet else "secondary",
        disabled=way is None,
        on_click=guard.callback(way or _nowhere),
    )


def _nowhere() -> None:
    """What a button does that cannot be pressed."""
