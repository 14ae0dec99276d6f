"""The designer of one workflow: /designer?workflowId=…"""

from __future__ import annotations

import streamlit as st

from lib.ui.components import guard, links
from lib.ui.designer import page

actor = guard.require_entry()

links.page_link("workflows.py", label="Workflows", icon=":material/arrow_back:")
page.draw(actor, st.query_params.get("workflowId", ""))
