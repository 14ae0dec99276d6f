"""The frame around every page: who is looking, where one can go, and what happens when something fails."""

from __future__ import annotations

import streamlit as st

from lib.ui import HISTORY, NAMES
from lib.ui.components import find_box, guard
from lib.ui.people import way_in

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

with guard.errors_shown():
    top = st.sidebar.container()
    actor = guard.enter(way_in.configured(), when_stopped=lambda: st.navigation(PAGES, position="hidden"))
    scripts = [f"<script>{one.read_text(encoding='utf-8')}</script>" for one in (HISTORY, NAMES)]
    st.sidebar.html("".join(scripts), unsafe_allow_javascript=True)
    with top:
        find_box.draw(actor)
    settings = st.Page(
        "settings.py",
        title="Settings",
        icon=":material/settings:",
        visibility="visible" if actor.may("admin") else "hidden",
    )
    st.navigation([*PAGES, settings]).run()
