"""Saved views in the sidebar: links to them, the way to save one, and the one that opens a page by itself."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from lib.auth.saved_views import SavedView
from lib.ui.components import guard, links, url_filters
from lib.ui.components.text import escape, plain, shorten
from lib.ui.people import view_dialogs
from lib.ui.people.views_seen import ViewedPage, Views

#: Of more views than that the sidebar says how many there are.
MOST_SHOWN = 12
_LONGEST = 26
#: What the views were drawn from, and what they said of the URL.
_DRAWN = "saved-views-drawn"


def begin(views: Views) -> None:
    """Before the page draws: go to the view with which the page opens, or draw the dialog that was asked for.

    A page opens with a view for whoever comes to it by its bare address and has not left it narrowed. The address is
    left alone where it asks for anything, after Back, and while one stays on the page: cleared filters stay cleared.
    """
    here = views.here
    comes, default = url_filters.has_come_to(here and here.name), views.default()
    is_led_here = bool(here and here.filters.is_led_here())
    if here and default and set(st.query_params) <= {links.TENANT} and not guard.goes_back():
        if comes and not here.filters.narrows():
            st.switch_page(here.file, query_params={**st.query_params, **default})
        if is_led_here:
            here.filters.ask_for(default)
    view_dialogs.draw(views)


def draw(views: Views) -> None:
    """After the page has drawn, when its URL is as it stays: draw the views, and the ways to save and change them."""
    if not views.here and not views.seen:
        return
    st.session_state[_DRAWN] = (views, _said(views))
    shown = views.shown()
    with st.container(key="saved-views", gap=None):
        _draw_head(views)
        for view in views.seen[:MOST_SHOWN]:
            _draw_link(views.pages[view.page], view, is_shown=view is shown)
        if len(views.seen) > MOST_SHOWN:
            st.button(
                f"All {len(views.seen)} views",
                key="all-views",
                icon=":material/more_horiz:",
                type="tertiary",
                on_click=guard.callback(view_dialogs.manage.ask),
            )


def follow() -> None:
    """At the end of a fragment that has filters: draw the page if its views have to say something else now."""
    views, said = st.session_state.get(_DRAWN, (None, None))
    if views and guard.is_drawn_alone() and _said(views) != said:
        st.rerun()


def _said(views: Views) -> UUID | None:
    """The view that is shown."""
    shown = views.shown()
    return shown.view_id if shown else None


def _draw_head(views: Views) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Views", width="stretch")
        if views.here:
            # Not disabled without a filter: a search would have to draw the page to enable it.
            st.button(
                "Save view",
                key="save-view",
                icon=":material/bookmark_add:",
                type="tertiary",
                on_click=guard.callback(view_dialogs.ask_to_save),
                args=(views,),
            )
        if views.seen:
            st.button(
                "Manage",
                key="manage-views",
                type="tertiary",
                on_click=guard.callback(view_dialogs.manage.ask),
            )


def _draw_link(page: ViewedPage, view: SavedView, *, is_shown: bool) -> None:
    whose = "" if view.is_own else f" · shared by {escape(view.owner_name or 'someone who has left')}"
    opens = f" · opens {page.title} for you" if view.is_default else ""
    with st.container(key="saved-view-shown" if is_shown else None):
        links.page_link(
            page.file,
            label=plain(shorten(view.name, _LONGEST)),
            icon=":material/group:" if view.is_shared else ":material/bookmark:",
            help=f"{escape(view.name)} · {page.title}{whose}{opens}{' · shown now' if is_shown else ''}",
            query_params=page.understood(view),
        )
