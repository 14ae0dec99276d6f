"""Send a test event and see what happens: /simulate?eventType=TICKET_CREATED."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.catalog import entries
from lib.events.simulation import EventDraft
from lib.schemas.form import ABSENT
from lib.ui.catalog import event_details
from lib.ui.components import guard
from lib.ui.simulate import curl, kept_draft, outcome, payload_editor, saved_cases, start
from lib.ui.simulate import setup as simulate_setup
from lib.workflows import records as workflow_records

actor = guard.require_entry()

event_type = event_details.choose_event_type(actor)
if not event_type:
    start.draw(actor)
    guard.end_page()
with database.read(actor) as conn:
    entry = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
    attached = workflow_records.attached(conn, tenant=actor.tenant, event_type=event_type) if entry else []
if entry is None:
    event_details.draw_missing(actor, event_type)
    guard.end_page()

setup = simulate_setup.load(actor, entry)
simulate_setup.draw_head(actor, setup)
result_key = f"{simulate_setup.PREFIX}{entry.event_type}:result"
submitted_key = f"{setup.key}:submitted"
refusal = guard.refused(actor, "manage")

left, right = st.columns([3, 2], gap="large")
with left:
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        simulate_setup.draw_prefill(actor, setup)
    edited = payload_editor.payload_editor(
        setup.schema,
        key=setup.key,
        initial=setup.initial,
        submitted=bool(st.session_state.get(submitted_key)),
        bar=bar,
    )
with right:
    correlation_key = simulate_setup.draw_correlation_key(setup)
    although_invalid = simulate_setup.draw_advanced(actor, setup)
    kept_draft.draw(actor, setup, edited, correlation_key)
    draft = None
    if edited.value is not ABSENT:
        draft = EventDraft(entry.event_type, edited.value, correlation_key, setup.overridden_ref)
    with st.container(horizontal=True):
        if st.button("Preview", icon=":material/visibility:", disabled=draft is None):
            st.session_state[f"{setup.key}:preview"] = True
        sending = st.button(
            "Send event", icon=":material/send:", type="primary", key="send", disabled=bool(refusal), help=refusal
        )
        curl.draw(draft)
    guard.say_why(refusal)
    if sending and draft and (edited.is_valid or although_invalid):
        sent = outcome.send(actor, draft)
        st.session_state[result_key] = (sent, draft) if sent else None
        st.session_state[f"{setup.key}:preview"] = False
    elif sending:
        st.session_state[submitted_key] = True
        st.session_state[f"{setup.key}:blocked"] = True
        st.rerun()
    if st.session_state.pop(f"{setup.key}:blocked", False):
        st.error(f"Not sent: {payload_editor.why_not(edited)}", icon=":material/error:")
    would = None
    if draft and st.session_state.get(f"{setup.key}:preview"):
        would = outcome.draw_preview(actor, draft)
    kept, sent_draft = st.session_state.get(result_key) or (None, None)
    if result := outcome.asked(actor, entry.event_type, kept):
        outcome.draw_result(actor, result, outdated=result is kept and draft != sent_draft)
    saved_cases.draw(actor, setup, draft, would, attached)
