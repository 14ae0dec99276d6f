"""The buttons from one page of a long list to those beside it, the same under every list that the database pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import streamlit as st

from lib.database.paging import Cursor
from lib.ui.components import guard
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import Place

#: The parameters by which a URL names a page of a list: the one before a place in it, or the one after a place.
BEFORE, AFTER = Place("before"), Place("after")

#: What leads to another page; None where there is none.
Way = Callable[[], object] | None


def draw(key: str, *, newest: Way, newer: Way, older: Way) -> None:
    """Draw three buttons in the container around them; one that leads nowhere cannot be pressed."""
    _button(f"{key}-newest", "Newest", newest, icon=":material/first_page:", quiet=True)
    _button(f"{key}-newer", "Newer", newer, icon=":material/chevron_left:")
    _button(f"{key}-older", "Older", older, icon=":material/chevron_right:", icon_last=True)


class PageWithNeighbours(Protocol):
    """A page of a list, and the places where those beside it begin; None where there is none."""

    @property
    def newer(self) -> Cursor | None:
        """Where the newer page begins."""
        ...

    @property
    def older(self) -> Cursor | None:
        """Where the older page begins."""
        ...


def draw_ways(filters: UrlFilters, page: PageWithNeighbours) -> None:
    """Draw the buttons at the right, for a list whose URL names its page by BEFORE and AFTER."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        draw(
            filters.page,
            newest=filters.changed if page.newer else None,
            newer=partial(_turn, filters, AFTER, page.newer) if page.newer else None,
            older=partial(_turn, filters, BEFORE, page.older) if page.older else None,
        )


def _turn(filters: UrlFilters, place: Place, cursor: Cursor) -> None:
    filters.changed()
    st.query_params[place.key] = str(cursor)


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
