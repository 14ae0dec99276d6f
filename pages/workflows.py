"""Workflows: which there are, what starts each, how their runs go, and whether they are in use."""

from __future__ import annotations

import streamlit as st

from lib.ui.components import guard
from lib.ui.workflows import workflow_list

actor = guard.require_entry()

st.title("Workflows", anchor=False)
st.caption("What starts each workflow, and how its latest runs went. Attach one to an event in the event catalog.")
workflow_list.draw(actor)
