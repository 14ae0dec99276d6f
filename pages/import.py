"""Take events in from documents at /import: what each would change, then what was chosen."""

from __future__ import annotations

import streamlit as st

from lib.ui.catalog import import_document
from lib.ui.components import guard

actor = guard.require_entry()

st.page_link("catalog.py", label="Event catalog", icon=":material/arrow_back:")
import_document.draw(actor)
