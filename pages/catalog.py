"""The event catalog: every event this tenant's system can emit, with what happened to it lately."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from lib import database
from lib.catalog import entries
from lib.ui.catalog import (
    cards,
    catalog_filters,
    event_details,
    export_menu,
    own_event_acts,
    status_pill,
    unknown_events,
)
from lib.ui.components import guard
from lib.ui.components.text import plural

actor = guard.require_entry()
now = datetime.now(UTC)

head, controls = st.columns([3, 2], vertical_alignment="center")
with head:
    st.title("Workflow Event Catalog", anchor=False)
    st.caption("Explore, manage, and design workflows for system events and triggers.")

asked = catalog_filters.draw(actor)
with database.read(actor) as conn:
    page = entries.page(conn, tenant=actor.tenant, filters=asked.filters, now=now)
    shown = [entry.event_type for entry in page.entries]
    activity = entries.activity(conn, tenant=actor.tenant, event_types=shown, now=now)

with controls:
    status_pill.draw(actor)
    export_menu.draw(actor, asked.filters, page.total)
catalog_filters.draw_choices(page)
own_event_acts.draw_just_deleted(actor, page.deleted)
event_details.draw_drawer(actor)
unknown_events.draw(actor)

if not page.entries:
    catalog_filters.draw_folded(page)
    catalog_filters.draw_nothing_found()
    st.stop()
if asked.view == "list":
    cards.rows(page.entries, activity, event_details.open_in_drawer)
else:
    cards.grid(actor, page.entries, activity, event_details.open_in_drawer)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.caption(f"Showing {page.first} to {page.last} of {plural(page.total, 'result')}", width="content")
    catalog_filters.draw_pages(page)
catalog_filters.draw_folded(page)
own_event_acts.draw_deleted_before(actor, page.deleted)
