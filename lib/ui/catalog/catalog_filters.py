"""The catalog's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.catalog.entries import ENTRY_STATUSES, CatalogFilters, CatalogPage
from lib.ui.components import guard, url_filters

_PAGE_SIZES = {"grid": 24, "list": 50}
_SOURCES = ("all", "system", "tenant")
_SORTS = {"name": "Category · Name", "active": "Most active (7 days)"}
_LABELS: dict[str, Mapping[str, str]] = {
    "status": {status: status.capitalize() for status in ENTRY_STATUSES},
    "source": {source: source.capitalize() for source in _SOURCES},
    "sort": _SORTS,
    "view": {view: view.capitalize() for view in _PAGE_SIZES},
}
_CLEARED = {"q": "", "category": None, "status": None, "source": "all", "sort": "name", "page": 1}
_PREFERENCE = "catalog.view"


@dataclass(frozen=True)
class CatalogView:
    """What to ask the catalog for, and how to show the answer."""

    filters: CatalogFilters
    view: str


def draw(actor: Actor) -> CatalogView:
    """Draw the filters and read them. The category's choices come with the answer: draw_category."""
    _begin(actor)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        search = st.text_input(
            "Search events",
            key="q",
            bind="query-params",
            type="search",
            live="200ms",
            placeholder="Search by name, type, description or category",
            label_visibility="collapsed",
            on_change=guard.callback(_first_page),
            width=360,
        )
        st.session_state["category_slot"] = st.container(width=180)
        status = st.selectbox(
            "Status",
            ENTRY_STATUSES,
            index=None,
            key="status",
            bind="query-params",
            width=150,
            format_func=str.capitalize,
            placeholder="Any status",
            label_visibility="collapsed",
            on_change=guard.callback(_first_page),
        )
        sort = st.selectbox(
            "Sort by",
            list(_SORTS),
            key="sort",
            bind="query-params",
            width=210,
            format_func=_SORTS.__getitem__,
            label_visibility="collapsed",
            on_change=guard.callback(_first_page),
        )
        source = st.segmented_control(
            "Source",
            _SOURCES,
            default="all",
            required=True,
            key="source",
            bind="query-params",
            format_func=str.capitalize,
            label_visibility="collapsed",
            on_change=guard.callback(_first_page),
        )
        view = st.segmented_control(
            "View",
            list(_PAGE_SIZES),
            default="grid",
            required=True,
            key="view",
            bind="query-params",
            format_func=str.capitalize,
            label_visibility="collapsed",
            on_change=guard.callback(_remember_view),
            args=(actor,),
        )
        st.button(
            "Clear",
            key="clear-filters",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=guard.callback(_clear),
            help="Clear all filters",
        )
    view = view or "grid"
    filters = CatalogFilters(
        search=search or "",
        category=_asked("category"),
        status=status,
        source=None if source == "all" else source,  # type: ignore[arg-type]
        by_activity=sort == "active",
        page=_asked_page(),
        page_size=_PAGE_SIZES[view],
    )
    return CatalogView(filters, view)


def draw_category(page: CatalogPage) -> None:
    """Draw the category filter in its place among the others."""
    with st.session_state.pop("category_slot"):
        st.selectbox(
            "Category",
            page.categories,
            index=None,
            key="category",
            bind="query-params",
            placeholder="All categories",
            label_visibility="collapsed",
            on_change=guard.callback(_first_page),
        )


def draw_pages(page: CatalogPage) -> None:
    """Draw the way to the other pages."""
    if page.pages > 1:
        st.pagination(page.pages, key="page", bind="query-params")


def draw_nothing_found() -> None:
    """What to say and offer when no entry matches."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### No event matches these filters", width="content")
        st.caption("Try fewer words, another category, or look at everything again.", width="content")
        st.button(
            "Clear all filters", icon=":material/filter_alt_off:", on_click=guard.callback(_clear), key="clear-nothing"
        )
        st.space("small")


def _begin(actor: Actor) -> None:
    """Once a session: the view as last used unless the URL says another, and URLs in any spelling."""
    if "catalog_begun" in st.session_state:
        return
    st.session_state["catalog_begun"] = True
    _accept_plain_values()
    if "view" not in st.query_params:
        with database.read(actor) as conn:
            remembered = preferences.get(conn, actor, name=_PREFERENCE)
        if remembered in _PAGE_SIZES:
            st.session_state["view"] = remembered


def _accept_plain_values() -> None:
    """Streamlit writes and reads a choice's label, "Beta"; whoever types a URL will try "beta"."""
    asked = st.query_params.to_dict()
    labels = {key: choices[asked[key]] for key, choices in _LABELS.items() if asked.get(key, "") in choices}
    if labels:
        url_filters.rewrite(asked | labels)
        st.rerun()  # a widget reads the URL only before this run has touched it


def _asked(key: str) -> str | None:
    """A filter's value before its widget is drawn: the widget's of the last run, else the URL's."""
    value: str | None = st.session_state[key] if key in st.session_state else st.query_params.get(key)
    return value


def _asked_page() -> int:
    asked = str(_asked("page") or 1)
    return int(asked) if asked.isdecimal() and len(asked) < 7 else 1


def _first_page() -> None:
    st.session_state["page"] = 1


def _remember_view(actor: Actor) -> None:
    _first_page()
    with database.write(actor) as conn:
        preferences.put(conn, actor, name=_PREFERENCE, value=st.session_state["view"])


def _clear() -> None:
    st.session_state.update(_CLEARED)
