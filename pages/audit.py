"""Who did what: every act of the tenant, or one's own; one of them in full at /audit?auditId=…."""

from __future__ import annotations

import streamlit as st

from lib.ui.components import guard, page_head
from lib.ui.people import audit_filters, audit_list, audit_record

actor = guard.require_entry()

if audit_id := st.query_params.get(audit_list.PARAMETER):
    audit_record.draw(actor, audit_id)
    guard.end_page()

head, controls = st.columns([3, 2], vertical_alignment="center")
with head:
    page_head.draw(
        "Audit trail",
        "What people of this tenant did, and what they were refused."
        if actor.may("admin")
        else "What you did, and what you were refused. An admin sees everybody's acts.",
    )
filters = audit_filters.draw(actor)
with controls, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    audit_list.draw_export(actor, filters)
audit_list.draw(actor, filters)
