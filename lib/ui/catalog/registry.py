"""The list of schemas: found by name, by kind, or by a field that they have at any depth."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.schema_registry import SCHEMA_KINDS, RegistryFilters, RegistryPage, SchemaFamily
from lib.ui.catalog import registry_schema
from lib.ui.components import guard, nothing_here, statuses, table
from lib.ui.components.text import plural
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Number, Text

_SEARCH = Text("schemaSearch", "Search schemas", "Search by name")
_FIELD = Text("schemaField", "Field", "Which schemas have a field, such as clientId")
_KIND = Choice(
    "schemaKind",
    "Kind",
    {ALL: "All"} | {kind: statuses.SCHEMA_KIND[kind].word for kind in SCHEMA_KINDS},
    default=ALL,
    segmented=True,
)
_PAGE = Number("schemaPage")
FILTERS = UrlFilters("schemas", (_SEARCH, _FIELD, _KIND), positions=(_PAGE,))
_NAME_WIDTH, _EVENTS_WIDTH = 300, 300
_MOST_NAMED = 3


def draw(actor: Actor) -> None:
    """Draw the filters, one page of schemas, and the way to the others."""
    filters = _draw_filters()
    with database.read(actor) as conn:
        page = schema_registry.families(conn, tenant=actor.tenant, filters=filters)
    FILTERS.check(_PAGE.up_to(page.pages))
    FILTERS.draw_complaints()
    if not page.families:
        _draw_nothing()
        return
    _draw_table(page.families, with_fields=bool(filters.field))
    _draw_foot(page)


def _draw_filters() -> RegistryFilters:
    FILTERS.begin()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        search = FILTERS.search(_SEARCH, width=280)
        field = FILTERS.search(_FIELD, width=320)
        kind = FILTERS.choose(_KIND)
        st.button(
            "Clear",
            key="clear-schema-filters",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=guard.callback(FILTERS.clear),
        )
    return RegistryFilters(search, field, kind, _PAGE.asked())  # type: ignore[arg-type]


def _draw_table(families: Sequence[SchemaFamily], *, with_fields: bool) -> None:
    rows = [
        {
            "Schema": one.family,
            "Fields": ", ".join(one.fields) or None,
            "Newest": f"v{one.version}" if one.version else None,
            "Versions": one.versions,
            "Kind": one.kind,
            "Events": _named([name for _, name in one.events]),
            "Workflows": one.workflows,
        }
        for one in families
    ]
    columns = {
        "Fields": table.text(width=220, help="Fields with this in their names, at any depth"),
        "Newest": table.text(width=80),
        "Versions": table.number(),
        "Kind": table.state(statuses.SCHEMA_KIND, width=130),
        "Events": table.text(width=_EVENTS_WIDTH, help="Events whose payloads have this version"),
        "Workflows": table.number(width=100, help="Workflows that take this version or map from it"),
    }
    if not with_fields:
        del columns["Fields"]
    table.draw(
        rows,
        columns,
        key="schemas-table",
        way_in=table.WayIn(
            "Schema",
            lambda row: registry_schema.open_schema(families[row].newest),
            width=_NAME_WIDTH,
            help="Opens the schema",
        ),
    )


def _named(names: list[str]) -> str | None:
    if not names:
        return None
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _draw_foot(page: RegistryPage) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        shown = len(page.families)
        some = f"{shown} of {plural(page.total, 'schema')}" if shown < page.total else plural(page.total, "schema")
        st.caption(f"{some} · {table.SORTED}", width="content")
        if page.pages > 1:
            st.pagination(page.pages, key=_PAGE.key, bind="query-params")


def _draw_nothing() -> None:
    hint = "Try a shorter part of the name, or look at all of them again."
    with nothing_here.framed("No schema matches these filters", hint):
        st.button(
            "Clear all filters",
            key="all-schemas",
            icon=":material/filter_alt_off:",
            on_click=guard.callback(FILTERS.clear),
        )
