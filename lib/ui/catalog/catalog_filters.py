"""The catalog's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.catalog.entries import ENTRY_STATUSES, CatalogFilters, CatalogPage, EntryStatus
from lib.ui.components import guard, statuses, url_parameters
from lib.ui.components.text import plural
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Flag, Number, Text

_PAGE_SIZES = {"grid": 24, "list": 50}
_SEARCH = Text("q", "Search events", "Search by name, type, description, owner or tag")
_CATEGORY: Choice[str] = Choice(
    "category", "Category", placeholder="All categories", width=180, noun="one of the categories"
)
_OWNER: Choice[str] = Choice("owner", "Owner", placeholder="Any owner", width=150, noun="one of the owners")
_TAG: Choice[str] = Choice("tag", "Tag", placeholder="Any tag", width=130, noun="one of the tags")
_STATUS: Choice[EntryStatus] = Choice(
    "status", "Status", {status: statuses.ENTRY[status].word for status in ENTRY_STATUSES}, "Any status", width=150
)
_SORT = Choice(
    "sort", "Sort by", {"name": "Category · Name", "active": "Most active (7 days)"}, default="name", width=210
)
_SOURCE = Choice("source", "Source", {ALL: "All", "system": "System", "tenant": "Tenant"}, default=ALL, segmented=True)
_VIEW = Choice("view", "View", {view: view.capitalize() for view in _PAGE_SIZES}, default="grid", segmented=True)
_PAGE = Number("page")
_DEPRECATED = Flag("deprecated")
_FILTERS = UrlFilters(
    "catalog",
    (_SEARCH, _CATEGORY, _OWNER, _TAG, _STATUS, _SORT, _SOURCE),
    others=(_VIEW, _DEPRECATED),
    positions=(_PAGE,),
)
#: Where in this run the filters go whose choices come with the answer.
_SLOT = "catalog-choices"


@dataclass(frozen=True)
class CatalogView:
    """What to ask the catalog for, and how to show the answer."""

    filters: CatalogFilters
    view: str


def draw(actor: Actor) -> CatalogView:
    """Draw the filters and read them. The choices of some come with the answer: draw_choices."""
    _begin(actor)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        search = _FILTERS.search(_SEARCH, width=360)
        st.session_state[_SLOT] = st.container(horizontal=True, width="content", gap="small")
        status = _FILTERS.choose(_STATUS)
        sort = _FILTERS.choose(_SORT)
        source = _FILTERS.choose(_SOURCE)
        view = _FILTERS.choose(_VIEW, changed=_remember_view, args=(actor,)) or "grid"
        st.button(
            "Clear",
            key="clear-filters",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=guard.callback(_FILTERS.clear),
            help="Clear all filters",
        )
    filters = CatalogFilters(
        search=search,
        category=url_parameters.asked(_CATEGORY.key),
        status=status,
        source=source,  # type: ignore[arg-type]
        owner=url_parameters.asked(_OWNER.key),
        tag=url_parameters.asked(_TAG.key),
        with_deprecated=st.query_params.get(_DEPRECATED.key) == "true",
        by_activity=sort == "active",
        page=_PAGE.asked(),
        page_size=_PAGE_SIZES[view],
    )
    return CatalogView(filters, view)


def draw_choices(page: CatalogPage) -> None:
    """Draw the filters whose choices the answer has. With it all is known that is asked in vain.

    Where no event has an owner or a tag there is nothing to choose from.
    """
    known = ((_CATEGORY, page.categories), (_OWNER, page.owners), (_TAG, page.tags))
    choices = [choice.of({name: name for name in names}) for choice, names in known]
    for choice in choices:
        _FILTERS.check(choice)
    _FILTERS.check(_PAGE.up_to(max(page.pages, 1)))
    with st.session_state.pop(_SLOT):
        for choice in choices:
            if choice.options:
                _FILTERS.choose(choice)
    _FILTERS.draw_complaints()


def draw_deprecated(page: CatalogPage) -> None:
    """Draw the line that stands for the deprecated events while nothing is narrowed, with the way to see them."""
    if not page.deprecated:
        return
    shown = st.query_params.get(_DEPRECATED.key) == "true"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(plural(page.deprecated, "deprecated event"), width="content")
        st.button(
            "Hide" if shown else "Show",
            key="fold-deprecated",
            type="tertiary",
            icon=":material/unfold_less:" if shown else ":material/unfold_more:",
            on_click=guard.callback(_fold),
            args=(shown,),
        )


def draw_pages(page: CatalogPage) -> None:
    """Draw the way to the other pages."""
    if page.pages > 1:
        st.pagination(page.pages, key=_PAGE.key, bind="query-params")


def draw_nothing_found() -> None:
    """What to say and offer when no entry matches."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### No event matches these filters", width="content")
        st.caption("Try fewer words, another category, or look at everything again.", width="content")
        st.button(
            "Clear all filters",
            icon=":material/filter_alt_off:",
            on_click=guard.callback(_FILTERS.clear),
            key="clear-nothing",
        )
        st.space("small")


def _begin(actor: Actor) -> None:
    """URLs in any spelling; and once a session the view as last used, unless the URL says another."""
    _FILTERS.begin()
    if preferences.CATALOG_VIEW in st.session_state:
        return
    st.session_state[preferences.CATALOG_VIEW] = True  # it was recalled
    if _VIEW.key not in st.query_params:
        with database.read(actor) as conn:
            remembered = preferences.get(conn, actor, name=preferences.CATALOG_VIEW)
        if remembered in _PAGE_SIZES:
            st.session_state[_VIEW.key] = remembered


def _fold(shown: bool) -> None:
    """Callback: show the deprecated events, or fold them away."""
    if shown:
        st.query_params.pop(_DEPRECATED.key, None)
    else:
        st.query_params[_DEPRECATED.key] = "true"


def _remember_view(actor: Actor) -> None:
    _FILTERS.changed()
    with database.write(actor) as conn:
        preferences.put(conn, actor, name=preferences.CATALOG_VIEW, value=st.session_state[_VIEW.key])
