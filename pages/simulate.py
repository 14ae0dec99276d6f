"""Send a test event and see what happens: /simulate?eventType=TICKET_CREATED."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.catalog import entries
from lib.events.simulation import EventDraft
from lib.schemas.form import ABSENT
from lib.ui.catalog import event_details
from lib.ui.components import guard
from lib.ui.simulate import outcome, payload_editor, saved_cases
from lib.ui.simulate import setup as simulate_setup
from lib.workflows import records as workflow_records

actor = guard.require_entry()

event_type = event_details.choose_event_type(actor)
if not event_type:
    st.stop()
if refusal := guard.refused(actor, "manage"):
    st.info(refusal, icon=":material/lock:")
    st.stop()
with database.read(actor) as conn:
    entry = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
    attached = workflow_records.attached(conn, tenant=actor.tenant, event_type=event_type) if entry else []
if entry is None:
    event_details.draw_unknown(actor, event_type)
    st.stop()

setup = simulate_setup.load(actor, entry)
simulate_setup.draw_head(setup)
result_key = f"{entry.event_type}:result"
submitted_key = f"{setup.key}:submitted"

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
    although_invalid = simulate_setup.draw_advanced(setup)
    draft = None
    if edited.value is not ABSENT:
        draft = EventDraft(entry.event_type, edited.value, correlation_key, setup.overridden_ref)
    with st.container(horizontal=True):
        if st.button("Preview", icon=":material/visibility:", disabled=draft is None):
            st.session_state[f"{setup.key}:preview"] = True
        sending = st.button("Send event", icon=":material/send:", type="primary", key="send")
    if sending and draft and (edited.is_valid or although_invalid):
        sent = outcome.send(actor, draft)
        st.session_state[result_key] = (sent, draft) if sent else None
        st.session_state[f"{setup.key}:preview"] = False
    elif sending:
        st.session_state[submitted_key] = True
        st.session_state[f"{setup.key}:blocked"] = True
        st.rerun()
    if st.session_state.pop(f"{setup.key}:blocked", False):
        st.error(
            "Not sent: the payload does not fit its schema. Mend what is marked, or send it although "
            "invalid (Advanced).",
            icon=":material/error:",
        )
    would = None
    if draft and st.session_state.get(f"{setup.key}:preview"):
        would = outcome.draw_preview(actor, draft)
    if result := st.session_state.get(result_key):
        submission, sent_draft = result
        outcome.draw_result(actor, submission, outdated=draft != sent_draft)
    saved_cases.draw(actor, setup, draft, would, attached)
