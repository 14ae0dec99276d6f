"""What happened: every runtime event of the tenant, and one of them in full at /activity?eventId=…."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib.ui.activity import event_export, event_filters, event_list, event_record
from lib.ui.components import guard, page_head
from lib.ui.workflows import attach

actor = guard.require_entry()

if event_id := st.query_params.get(event_list.PARAMETER):
    event_record.draw(actor, event_id, attach=partial(attach.button, actor, key="record", in_drawer=False))
    guard.end_page()

head, controls = st.columns([3, 2], vertical_alignment="center")
with head:
    page_head.draw("Activity", "Every event that came in, what it started, and why.")
filters = event_filters.draw(actor)
with controls, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    live = st.toggle(
        "Auto-refresh", key=event_filters.LIVE.key, bind="query-params", help="The latest events, every two seconds"
    )
    event_export.draw(actor, filters)
event_list.draw(actor, filters, live=live)
