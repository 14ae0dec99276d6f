"""The way from the catalog to a file of it, and from a file into the catalog."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import exports
from lib.catalog.entries import CatalogFilters
from lib.catalog.exports import CatalogForm
from lib.ui.components import links

_FORMS: dict[CatalogForm, tuple[str, str]] = {
    "asyncapi": ("AsyncAPI 3.0", ":material/hub:"),
    "json schemas": ("JSON Schemas (zip)", ":material/data_object:"),
    "yaml": ("YAML", ":material/article:"),
    "csv": ("CSV", ":material/table:"),
}


#: What the catalog was last asked for, and how many entries that left.
_SHOWN = "catalog-shown"


def remember(filters: CatalogFilters, total: int) -> None:
    """What is shown is this. The list is drawn more often than the menu."""
    st.session_state[_SHOWN] = (filters, total)


def draw(actor: Actor) -> None:
    """Draw the menu. Links are made when it is opened, each good for one download."""
    menu = st.popover("Export and import", icon=":material/import_export:", key="catalog-export", on_change="rerun")
    if not menu.open:
        return
    filters, total = st.session_state[_SHOWN]
    with menu:
        what = st.segmented_control(
            "Which events",
            ["filtered", "all"],
            default="filtered",
            format_func=lambda one: f"These {total:,}" if one == "filtered" else "All",
            key="catalog-export-what",
            required=True,
        )
        st.caption(
            "Whatever is exported can be imported again, 5,000 events at a time. Examples are in the files, "
            "traffic is not."
        )
        asked = filters if what == "filtered" else None
        with database.write(actor) as conn:
            tickets = {form: exports.ticket(conn, actor, form=form, filters=asked) for form in _FORMS}
        for form, (label, icon) in _FORMS.items():
            link = f"/api/v2/exports/{tickets[form]}"
            st.link_button(label, link, icon=icon, key=f"catalog-export-{form}", width="stretch")
        links.page_link("import.py", label="Import events", icon=":material/upload:")
