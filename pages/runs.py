"""Workflow runs: /runs, and one of them at /runs?runId=…"""

from __future__ import annotations

import streamlit as st

from lib.ui import guard, run_details, run_list

actor = guard.require_entry()

asked = st.query_params.get("runId")
if asked:
    st.page_link("runs.py", label="All runs", icon=":material/arrow_back:")
    run_details.draw(actor, asked)
    st.stop()

st.title("Runs", anchor=False)
st.caption("Every workflow run: what started it, how far it got, and how it ended. Latest first.")
run_list.draw(actor)
