"""Attaching a workflow to an event: a new one, or one that is there already. Ends in the designer."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.ui.components import dialogs, guard, presses
from lib.ui.components.text import code
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from lib.workflows.records import WorkflowChoice

_NEW, _EXISTING = "New workflow", "Existing workflow"
_ATTACHED = "attached-workflow"


def button(actor: Actor, event_type: str, *, key: str, in_drawer: bool) -> None:
    """The Attach button; disabled with the reason for those who may not."""
    refusal = guard.refused(actor, "manage")
    name, help_text = f"{key}-attach-{event_type}", refusal or "Attach a workflow"
    if in_drawer and refusal is None:
        # A dialog cannot open another one, and the drawer is one.
        with st.popover("Attach", icon=":material/add_link:", key=name, help=help_text):
            _draw(actor, event_type, key)
    elif st.button("Attach", key=name, icon=":material/add_link:", disabled=refusal is not None, help=help_text):
        if refusal:
            st.error(refusal, icon=":material/lock:")  # whoever sent that has no button for it
        else:
            dialog.ask(event_type)
    if not in_drawer and dialog.about == event_type:
        dialog.draw(actor, event_type)


@dialogs.dialog("Attach a workflow", icon=":material/add_link:")
def dialog(actor: Actor, event_type: str) -> None:
    """In it a workflow is made for the event, or one is chosen."""
    _draw(actor, event_type, "dialog")


def _draw(actor: Actor, event_type: str, key: str) -> None:
    guard.show_told()
    with database.read(actor) as conn:
        event = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
        choices = workflow_records.choices(conn, tenant=actor.tenant)
    if event is None:
        st.info(f"There is no event {code(event_type)} any more.")
        return
    st.markdown(f"{code(event.event_type)} will start the workflow as soon as you publish it.")
    how = st.segmented_control(
        "How",
        [_NEW, _EXISTING],
        default=_NEW,
        required=True,
        key=f"{key}-how-{event_type}",
        label_visibility="collapsed",
        width="stretch",
    )
    if how == _EXISTING:
        _draw_existing(actor, event_type, [choice for choice in choices if actor.may("admin") or not choice.is_system])
        return
    with dialogs.form(f"{key}-attach-form"):
        name = st.text_input("Name", workflow_changes.default_name(event.name), key=f"{key}-name-{event_type}")
        schema = event.payload_schema_ref
        st.caption(f"Its payload schema: {code(schema) if schema else 'none yet: you choose one in the designer'}")
        press = dialog.draw_acts(
            "Create and open designer",
            key=f"{key}-create-{event_type}",
            icon=":material/arrow_forward:",
            in_form=True,
        )
    if press:
        with guard.errors_shown():
            made = press.write(
                actor,
                lambda conn: workflow_changes.create_for_event(conn, actor, event_type=event_type, name=name),
            )
            _to_designer(made)


def _draw_existing(actor: Actor, event_type: str, choices: list[WorkflowChoice]) -> None:
    if not choices:
        st.caption("There is no workflow you could attach.")
        return
    known = {choice.workflow_id: choice for choice in choices}
    chosen = known[
        st.selectbox(
            "Workflow", list(known), format_func=lambda one: _described(known[one]), key=f"existing-{event_type}"
        )
    ]
    if chosen.event_type and chosen.event_type != event_type:
        st.warning(
            f"It reacts to {code(chosen.event_type)} now. A workflow has one trigger, so publishing moves it.",
            icon=":material/swap_horiz:",
        )
    st.caption("Only its draft changes now. Complete the mapping in the designer, then publish.")
    # A callback is given what was drawn before the click, and so the draft that the person saw.
    dialog.draw_acts(
        "Set trigger and open designer",
        key=f"move-{event_type}",
        icon=":material/arrow_forward:",
        on_click=presses.callback(_attach_existing),
        args=(actor, event_type, chosen),
    )
    if (attached := st.session_state.pop(_ATTACHED, None)) is not None:
        _to_designer(attached)


def _attach_existing(actor: Actor, event_type: str, chosen: WorkflowChoice) -> None:
    with database.write(actor) as conn:
        workflow_changes.attach_existing(
            conn,
            actor,
            workflow_id=chosen.workflow_id,
            event_type=event_type,
            expected_draft_version=chosen.draft_version,
        )
    st.session_state[_ATTACHED] = chosen.workflow_id


def _described(choice: WorkflowChoice) -> str:
    return f"{choice.name} ({choice.event_type or 'no trigger'})"


def _to_designer(workflow_id: UUID) -> None:
    st.switch_page("designer.py", query_params={"workflowId": str(workflow_id)})
