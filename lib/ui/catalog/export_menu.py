"""The way from the catalog to a file of it, and from a file into the catalog."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import exports
from lib.catalog.entries import CatalogFilters
from lib.catalog.exports import CatalogForm

_FORMS: dict[CatalogForm, tuple[str, str]] = {
    "asyncapi": ("AsyncAPI 3.0", ":material/hub:"),
    "json schemas": ("JSON Schemas (zip)", ":material/data_object:"),
    "yaml": ("YAML", ":material/article:"),
    "csv": ("CSV", ":material/table:"),
}


def draw(actor: Actor, filters: CatalogFilters, total: int) -> None:
    """Draw the menu. Addresses of files are made when it is opened, and good for some minutes."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        menu = st.popover("Export and import", icon=":material/import_export:", key="catalog-export", on_change="rerun")
    if not menu.open:
        return
    with menu:
        what = st.segmented_control(
            "Which events",
            ["filtered", "all"],
            default="filtered",
            format_func=lambda one: f"These {total:,}" if one == "filtered" else "All",
            key="catalog-export-what",
            required=True,
        )
        st.caption("Whatever is exported can be imported again. Examples are in the files, traffic is not.")
        asked = filters if what == "filtered" else None
        with database.write(actor) as conn:
            tickets = {form: exports.ticket(conn, actor, form=form, filters=asked) for form in _FORMS}
        for form, (label, icon) in _FORMS.items():
            link = f"/api/v2/exports/{tickets[form]}"
            st.link_button(label, link, icon=icon, key=f"catalog-export-{form}", width="stretch")
        st.page_link("import.py", label="Import events", icon=":material/upload:")
