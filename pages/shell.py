"""The frame around every page: who is looking, where one can go, and what happens when something fails."""

from __future__ import annotations

import streamlit as st

from lib.ui.activity import event_filters, event_list, timeline
from lib.ui.catalog import catalog_filters, registry, registry_schema
from lib.ui.components import dialogs, find_box, first_sight, guard, lost_press
from lib.ui.metrics import metrics_filters
from lib.ui.people import audit_filters, audit_list, saved_views, views_seen, way_in
from lib.ui.people.views_seen import ViewedPage
from lib.ui.runs import run_filters, run_list
from lib.ui.workflows import workflow_list

st.set_page_config(page_icon="lib/ui/assets/icon.png", layout="wide")  # the tab is titled after the page
st.logo("lib/ui/assets/logo.svg", size="large", icon_image="lib/ui/assets/icon.png")

PAGES = [
    st.Page("catalog.py", title="Event catalog", icon=":material/grid_view:", default=True),
    st.Page("schemas.py", title="Schemas", icon=":material/schema:"),
    st.Page("simulate.py", title="Simulate", icon=":material/play_arrow:"),
    st.Page("metrics.py", title="Metrics", icon=":material/monitoring:"),
    st.Page("activity.py", title="Activity", icon=":material/receipt_long:"),
    st.Page("workflows.py", title="Workflows", icon=":material/account_tree:"),
    st.Page("runs.py", title="Runs", icon=":material/play_circle:"),
    st.Page("audit.py", title="Audit trail", icon=":material/history:"),
    st.Page("me.py", title="My page", icon=":material/person:"),
    st.Page("designer.py", title="Designer", icon=":material/account_tree:", visibility="hidden"),
    st.Page("import.py", title="Import events", icon=":material/upload:", visibility="hidden"),
    st.Page("define.py", title="Define event", icon=":material/add:", visibility="hidden"),
    st.Page("timeline.py", title="Timeline", icon=":material/timeline:", visibility="hidden"),
    st.Page("event.py", title="Event", icon=":material/bolt:", visibility="hidden"),
]
# Those whose filters can be saved under a name.
VIEWED = [
    ViewedPage(catalog_filters.FILTERS, "Event catalog"),
    ViewedPage(registry.FILTERS, "Schemas", thing=registry_schema.PARAMETER),
    ViewedPage(metrics_filters.FILTERS, "Metrics"),
    ViewedPage(event_filters.FILTERS, "Activity", thing=event_list.PARAMETER),
    ViewedPage(workflow_list.FILTERS, "Workflows"),
    ViewedPage(run_filters.FILTERS, "Runs", thing=run_list.PARAMETER),
    ViewedPage(audit_filters.FILTERS, "Audit trail", thing=audit_list.PARAMETER),
    ViewedPage(timeline.FILTERS, "Timeline"),
]

with guard.errors_shown(), lost_press.reported():
    find, saved, person = (st.sidebar.container() for _ in range(3))
    actor = guard.enter(way_in.configured(), when_stopped=lambda: st.navigation(PAGES, position="hidden"))
    dialogs.close_what_was_left()
    find_box.draw_dialog(actor)
    with find:
        find_box.draw()
    settings = st.Page(
        "settings.py",
        title="Settings",
        icon=":material/settings:",
        visibility="visible" if actor.may("admin") else "hidden",
    )
    page = st.navigation([*PAGES, settings])
    views = views_seen.of(actor, VIEWED, page.url_path or "catalog")
    saved_views.begin(views)
    shows_first = first_sight.is_ahead() and not page.url_path  # the catalog
    if not shows_first:
        with person:
            guard.draw_person()
    guard.draw_to_its_end(page.run)
    dialogs.stay()
    if shows_first:
        with person:
            guard.draw_person()
    with saved:
        saved_views.draw(views)
    first_sight.end()
    if views.here:
        views.here.filters.take_in()
