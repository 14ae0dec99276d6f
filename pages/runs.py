"""Workflow runs: /runs, and one of them at /runs?runId=…"""

from __future__ import annotations

import streamlit as st

from lib.ui.components import guard, page_head
from lib.ui.runs import run_details, run_filters, run_list, run_many

actor = guard.require_entry()

if asked := st.query_params.get(run_list.PARAMETER):
    run_details.draw(actor, asked)
    guard.end_page()

head, controls = st.columns([3, 2], vertical_alignment="center")
with head:
    page_head.draw("Runs", "Every workflow run: what started it, how far it got, and how it ended. Latest first.")
guard.say_why(guard.refused(actor, "manage"))  # not beside the title, where there is little room
filters = run_filters.draw(actor)
if filters is not None:
    with controls, st.container(horizontal=True, horizontal_alignment="right"):
        run_many.draw_button(actor, filters)
    run_list.draw(actor, filters)
