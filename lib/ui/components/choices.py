"""What to choose from where a tenant may have very many: all of them, or those that a search finds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries, schema_registry
from lib.catalog.entries import MOST_LISTED, MOST_OFFERED, EntryChoices
from lib.errors import InvalidInput
from lib.serialization import strict_json
from lib.ui.components import kept

_WIDTH = 220


def events(
    actor: Actor, *, key: str, chosen: Iterable[str | None] = (), width: int = _WIDTH, is_filter: bool = False
) -> dict[str, str]:
    """The event types to choose from, with their names. Where they are very many, draw a search for them, too.

    Those of a filter, which is drawn again and again, may be a second old.
    """
    find = _lately_found if is_filter else _found
    found = find(actor, _typed(key), tuple(one for one in chosen if one))
    if found.is_searched:
        _draw_search(key, "events", found.total, width)
    return found.names


def refs(
    actor: Actor, *, key: str, chosen: str | None, with_inline: bool = True, width: int | Literal["stretch"] = "stretch"
) -> list[str]:
    """The schema refs to choose from. Where they are very many, draw a search for them, too."""

    def find(search: str, most: int) -> list[str]:
        with database.read(actor) as conn:
            return schema_registry.some_refs(
                conn, tenant=actor.tenant, search=search, most=most, with_inline=with_inline
            )

    found = find("", MOST_LISTED + 1)
    if len(found) > MOST_LISTED:
        found = find(_typed(key), MOST_OFFERED + 1)
        _draw_search(key, "schemas", len(found), width)
        found = found[:MOST_OFFERED]
    return found if chosen is None or chosen in found else [chosen, *found]


def _found(actor: Actor, search: str, chosen: tuple[str, ...]) -> EntryChoices:
    with database.read(actor) as conn:
        return entries.choices(conn, tenant=actor.tenant, search=search, chosen=chosen, now=datetime.now(UTC))


_lately_found = st.cache_data(ttl=kept.SECONDS, max_entries=1000, show_spinner=False, hash_funcs=kept.BY_TENANT)(_found)


def _typed(key: str) -> str:
    """What was typed into the search, unless no name can hold it."""
    typed = st.session_state.get(_search(key)) or ""
    try:
        strict_json.check_text(typed, field="search")
    except InvalidInput:
        return ""
    return str(typed)


def _draw_search(key: str, things: str, found: int, width: int | Literal["stretch"]) -> None:
    st.text_input(
        f"Search {things}",
        key=_search(key),
        type="search",
        live="200ms",
        placeholder=f"Search {things} to choose from",
        label_visibility="collapsed",
        width=width,
        help=f"Of very many, the {MOST_OFFERED} best matches can be chosen." if found > MOST_OFFERED else None,
    )


def _search(key: str) -> str:
    return f"{key}-search"
