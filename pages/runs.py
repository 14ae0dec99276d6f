"""Workflow runs: /runs, and one of them at /runs?runId=…"""

from __future__ import annotations

import streamlit as st

from lib.ui.components import guard
from lib.ui.runs import run_details, run_filters, run_list

actor = guard.require_entry()

if asked := st.query_params.get(run_list.PARAMETER):
    run_details.draw(actor, asked)
    st.stop()

st.title("Runs", anchor=False)
st.caption("Every workflow run: what started it, how far it got, and how it ended. Latest first.")
filters = run_filters.draw(actor)
if filters is not None:
    run_list.draw(actor, filters)
