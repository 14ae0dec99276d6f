"""What one person sees of saved views in one script run, and what a page understands of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from lib import database
from lib.auth import saved_views
from lib.auth.actors import Actor
from lib.auth.saved_views import Parameters, SavedView
from lib.ui.components import kept
from lib.ui.components.text import code, escape, shorten
from lib.ui.components.url_filters import UrlFilters

_LONGEST_VALUE = 40


@dataclass(frozen=True)
class ViewedPage:
    """A page that has filters. `thing` is the parameter by which it shows one thing in place of its list."""

    filters: UrlFilters
    title: str
    thing: str | None = None

    @property
    def name(self) -> str:
        """What views call the page."""
        return self.filters.page

    @property
    def file(self) -> str:
        """Where a link to it leads."""
        return f"{self.name}.py"

    def understood(self, view: SavedView) -> dict[str, list[str]]:
        """What the view asks for, without what the page no longer understands."""
        names = self.filters.names()
        return {name: list(values) for name, values in view.parameters.items() if name in names}

    def shows_its_list(self) -> bool:
        """Whether the URL does not ask for one thing."""
        return not (self.thing and st.query_params.get(self.thing))

    def in_words(self, parameters: Parameters) -> str:
        """The parameters as Markdown, by the labels that the page has for them."""
        labels = {one.key: getattr(one, "label", one.key) for one in (*self.filters.filters, *self.filters.others)}
        parts = (
            f"{escape(labels.get(name, name))} {' '.join(code(shorten(value, _LONGEST_VALUE)) for value in values)}"
            for name, values in parameters.items()
        )
        return " · ".join(parts)


@dataclass(frozen=True)
class Views:
    """The views that the actor sees, and the page whose list they look at, if it has filters."""

    actor: Actor
    seen: Sequence[SavedView]
    pages: Mapping[str, ViewedPage]
    here: ViewedPage | None

    @property
    def asked(self) -> dict[str, list[str]]:
        """What the URL asks the page for."""
        return self.here.filters.asked_for() if self.here else {}

    def default(self) -> dict[str, list[str]]:
        """What the page opens with for the actor; empty where it opens with everything."""
        view = next((one for one in self._of_page() if one.is_default), None)
        return self.here.understood(view) if self.here and view else {}

    def shown(self) -> SavedView | None:
        """The view that the URL asks for; one's own before one of the same filters that somebody shares."""
        asked = self.asked
        return next((one for one in self._of_page() if asked and asked == self.pages[one.page].understood(one)), None)

    def _of_page(self) -> list[SavedView]:
        return [one for one in self.seen if self.here and one.page == self.here.name]


def of(actor: Actor, pages: Sequence[ViewedPage], address: str) -> Views:
    """The views that the actor sees, looking at the page of this address."""
    by_name = {page.name: page for page in pages}
    here = by_name.get(address)
    seen = [one for one in _seen(actor) if one.page in by_name]
    return Views(actor, seen, by_name, here if here and here.shows_its_list() else None)


def forget(actor: Actor) -> None:
    """The actor has changed a view, and sees it so at once."""
    _seen.clear(actor)


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_PERSON)
def _seen(actor: Actor) -> list[SavedView]:
    with database.read(actor) as conn:
        return saved_views.seen(conn, actor)
