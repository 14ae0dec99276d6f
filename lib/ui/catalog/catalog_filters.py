"""The catalog's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.catalog.entries import ENTRY_STATUSES, CatalogFilters, CatalogPage, EntryStatus, TrafficFilter
from lib.ui.catalog.catalog_sorts import DEFAULT, ORDERS, STOPPED
from lib.ui.components import guard, nothing_here, statuses
from lib.ui.components.text import plural
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Flag, Number, Text

_PAGE_SIZES = {"grid": 24, "list": 50}
_PAGES_WIDTH = 340
_SEARCH = Text("q", "Search events", "Search by name, type or tag")
_CATEGORY: Choice[str] = Choice(
    "category", "Category", placeholder="All categories", width=145, noun="one of the categories"
)
_OWNER: Choice[str] = Choice("owner", "Owner", placeholder="Any owner", width=150, noun="one of the owners")
_TAG: Choice[str] = Choice("tag", "Tag", placeholder="Any tag", width=130, noun="one of the tags")
_STATUS: Choice[EntryStatus] = Choice(
    "status", "Status", {status: statuses.ENTRY[status].word for status in ENTRY_STATUSES}, "Any status", width=120
)
_TRAFFIC: Choice[TrafficFilter] = Choice(
    "traffic",
    "Traffic",
    {"with": "With events", "without": "Without events", "stopped": STOPPED},
    "Any traffic",
    width=160,
    help="In the last 7 days",
)
_SORT = Choice("sort", "Sort by", {name: order.label for name, order in ORDERS.items()}, default=DEFAULT, width=165)
_SOURCE = Choice("source", "Source", {ALL: "All", "system": "System", "tenant": "Tenant"}, default=ALL, segmented=True)
_VIEW = Choice("view", "View", {view: view.capitalize() for view in _PAGE_SIZES}, default="grid", segmented=True)
_PAGE = Number("page")
_DEPRECATED = Flag("deprecated")
FILTERS = UrlFilters(
    "catalog",
    (_SEARCH, _CATEGORY, _OWNER, _TAG, _STATUS, _TRAFFIC, _SORT, _SOURCE),
    others=(_DEPRECATED,),
    preferred=(_VIEW,),
    positions=(_PAGE,),
    aliases={"search": "q"},  # as the API has it
)


@dataclass(frozen=True)
class CatalogView:
    """What to ask the catalog for, and how to show the answer."""

    filters: CatalogFilters
    view: str
    order: str


def asked(actor: Actor) -> CatalogView:
    """What the filters say, before they are drawn."""
    _begin(actor)
    view, order = FILTERS.value(_VIEW) or "grid", FILTERS.value(_SORT) or DEFAULT
    is_most_active = order == DEFAULT
    filters = CatalogFilters(
        search=FILTERS.value(_SEARCH),
        category=FILTERS.value(_CATEGORY),
        owner=FILTERS.value(_OWNER),
        tag=FILTERS.value(_TAG),
        status=FILTERS.value(_STATUS),
        source=FILTERS.value(_SOURCE),
        traffic=FILTERS.value(_TRAFFIC),
        with_deprecated=FILTERS.value(_DEPRECATED),
        by_activity=is_most_active,
        sort=None if is_most_active else ORDERS[order].by,
        descending=ORDERS[order].descending,
        fold_without_traffic=is_most_active and view == "grid",
        page=_PAGE.asked(),
        page_size=_PAGE_SIZES[view],
    )
    return CatalogView(filters, view, order)


def place() -> DeltaGenerator:
    """Where the filters go. Its room is there before they are."""
    filters = st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="catalog-filters")
    filters.empty()  # what holds nothing is not laid out
    return filters


def check(page: CatalogPage) -> None:
    """Say what is asked for in vain: with the answer it is known of all filters."""
    for choice in _found(page):
        FILTERS.check(choice)
    FILTERS.check(_PAGE.up_to(max(page.pages, 1)))
    FILTERS.draw_complaints()


def draw(actor: Actor, page: CatalogPage) -> None:
    """Draw the filters. Where no event has a category, an owner or a tag there is nothing to choose from."""
    FILTERS.search(_SEARCH, width="stretch")
    for choice in _found(page):
        if len(choice.options) > 1:  # more than any
            FILTERS.choose(choice)
    FILTERS.choose(_STATUS)
    if FILTERS.value(_TRAFFIC):
        # Its line below the cards, and the line above them, choose it; it is here where it narrows.
        FILTERS.choose(_TRAFFIC)
    FILTERS.choose(_SORT)
    FILTERS.choose(_SOURCE)
    FILTERS.choose(_VIEW, changed=_remember_view, args=(actor,))
    st.button(
        "Clear",
        key="clear-filters",
        icon=":material/filter_alt_off:",
        type="tertiary",
        on_click=guard.callback(FILTERS.clear),
        help="Clear all filters",
    )


def _found(page: CatalogPage) -> list[Choice[str]]:
    """The filters whose choices come with the answer."""
    known = ((_CATEGORY, page.categories), (_OWNER, page.owners), (_TAG, page.tags))
    return [choice.of({name: name for name in names}) for choice, names in known]


def sort(order: str) -> None:
    """Callback: sort by this order."""
    if order in ORDERS:
        st.session_state[_SORT.key] = order
        FILTERS.changed()


def draw_folded(page: CatalogPage) -> None:
    """Draw the lines that stand for what is folded away while nothing is narrowed, with the way to see it."""
    if not (page.deprecated or page.without_traffic):
        return
    shown = st.query_params.get(_DEPRECATED.key) == "true"
    with st.container(horizontal=True, gap="medium"):
        if page.without_traffic:
            with _line():
                said = f"{plural(page.without_traffic, 'event')} without traffic in the last 7 days"
                st.caption(said, width="content")
                st.button(
                    "Show them",
                    key="fold-without-traffic",
                    type="tertiary",
                    icon=":material/unfold_more:",
                    on_click=guard.callback(_show_without_traffic),
                )
        if page.deprecated:
            with _line():
                st.caption(plural(page.deprecated, "deprecated event"), width="content")
                st.button(
                    "Hide" if shown else "Show",
                    key="fold-deprecated",
                    type="tertiary",
                    icon=":material/unfold_less:" if shown else ":material/unfold_more:",
                    on_click=guard.callback(_fold),
                    args=(shown,),
                )


def _line() -> DeltaGenerator:
    """A sentence and the button that it is about, apart from the one beside them."""
    return st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content")


def draw_pages(page: CatalogPage) -> None:
    """Draw the way to the other pages."""
    if page.pages > 1:
        # Of a width of its own: beside text it measures what is left too early, and leaves pages out.
        st.pagination(page.pages, key=_PAGE.key, bind="query-params", width=_PAGES_WIDTH)


def draw_nothing_found() -> None:
    """What to say and offer when no entry matches."""
    hint = "Try fewer words, another category, or look at everything again."
    with nothing_here.framed("No event matches these filters", hint):
        st.button(
            "Clear all filters",
            icon=":material/filter_alt_off:",
            on_click=guard.callback(FILTERS.clear),
            key="clear-nothing",
        )


def _begin(actor: Actor) -> None:
    """URLs in any spelling; and once a session the view as last used, unless the URL says another."""
    FILTERS.begin()
    if preferences.CATALOG_VIEW in st.session_state:
        return
    st.session_state[preferences.CATALOG_VIEW] = True  # it was recalled
    if _VIEW.key not in st.query_params:
        with database.read(actor) as conn:
            remembered = preferences.get(conn, actor, name=preferences.CATALOG_VIEW)
        if remembered in _PAGE_SIZES:
            st.session_state[_VIEW.key] = remembered


def _show_without_traffic() -> None:
    """Callback: show what had no events. Its box is not there yet, and would not write the URL of itself."""
    st.session_state[_TRAFFIC.key] = "without"
    st.query_params[_TRAFFIC.key] = _TRAFFIC.shown("without")
    FILTERS.changed()


def _fold(shown: bool) -> None:
    """Callback: show the deprecated events, or fold them away."""
    if shown:
        st.query_params.pop(_DEPRECATED.key, None)
    else:
        st.query_params[_DEPRECATED.key] = "true"


def _remember_view(actor: Actor) -> None:
    FILTERS.changed()
    with database.write(actor) as conn:
        preferences.put(conn, actor, name=preferences.CATALOG_VIEW, value=st.session_state[_VIEW.key])
