"""What happened: every runtime event of the tenant, and one of them in full at /activity?eventId=…."""

from __future__ import annotations

import streamlit as st

from lib.ui import activity_export, activity_filters, activity_list, event_record, guard

actor = guard.require_entry()

if event_id := st.query_params.get(activity_list.PARAMETER):
    event_record.draw(actor, event_id)
    st.stop()

head, controls = st.columns([3, 2], vertical_alignment="center")
with head:
    st.title("Activity", anchor=False)
    st.caption("Every event that came in, what it started, and why.")
filters = activity_filters.draw(actor)
with controls, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    live = st.toggle("Live", key="live", bind="query-params", help="The latest events, anew every two seconds")
    activity_export.draw(actor, filters)
activity_list.draw(actor, filters, live=live)
