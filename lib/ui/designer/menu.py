"""The designer's menu of a workflow: try it, copy it, name it, stop it, put it away."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.ui.components import definition_diff, dialogs, guard
from lib.ui.components.text import escape, unseen
from lib.ui.designer.state import THEIRS_FIRST, Draft
from lib.ui.workflows import backfill_dialog, workflow_list
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from lib.workflows import versions

_KEY = "designer-menu"
#: Key of the session: the workflow of which it was picked to simulate its event.
_SIMULATES = "designer-simulates"


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw the menu, and what was picked in it."""
    options = _options(draft)
    may = guard.refusal(draft.actor, draft.workflow) is None
    st.menu_button(
        f":material/more_horiz: {unseen('Acts on this workflow')}",
        list(options),
        format_func=options.__getitem__,
        type="tertiary",
        disabled=not may,
        key=_KEY,
        help="Simulate, duplicate, rename, pause, archive" if may else refusal,
        on_click=guard.callback(_act),
        args=(draft,),
    )
    if not may:
        return
    if st.session_state.pop(_SIMULATES, None) == draft.workflow.workflow_id:
        st.switch_page("simulate.py", query_params={"eventType": _event_type(draft) or ""})
    for one in _DIALOGS.values():
        if one.about == draft.workflow.workflow_id:
            one.draw(draft)


def _options(draft: Draft) -> dict[str, str]:
    """What can be done with the workflow as it is."""
    workflow = draft.workflow
    found = {"simulate": ":material/science: Simulate"} if _event_type(draft) else {}
    found["duplicate"] = ":material/content_copy: Duplicate"
    if workflow.status == "archived":
        return {**found, "archive": ":material/unarchive: Restore"}
    found["rename"] = ":material/edit: Rename"
    if workflow.event_type:
        found["backfill"] = ":material/replay: Replay unmatched events"
    found["pause"] = ":material/play_arrow: Resume" if workflow.is_paused else ":material/pause: Pause"
    if workflow.published_version and workflow.draft_differs:
        found["delete"] = ":material/delete: Delete draft"
    return {**found, "archive": ":material/archive: Archive"}


def _event_type(draft: Draft) -> str | None:
    return draft.workflow.event_type or workflow_records.triggered_by(draft.definition.get("trigger"))


def _act(draft: Draft) -> None:
    """Callback: do to the workflow what was picked in its menu, or ask first where it is drawn next."""
    workflow, picked = draft.workflow, st.session_state[_KEY]
    if picked == "pause":
        workflow_list.set_paused(draft.actor, workflow, not workflow.is_paused)
    elif picked == "backfill":
        backfill_dialog.offer(workflow.workflow_id)
    elif picked == "archive":
        workflow_list.set_archived(draft.actor, workflow, workflow.status != "archived")
    elif picked == "simulate":
        st.session_state[_SIMULATES] = workflow.workflow_id
    elif picked:
        _DIALOGS[picked].ask(workflow.workflow_id)


@dialogs.dialog("Duplicate workflow", icon=":material/content_copy:")
def _duplicate(draft: Draft) -> None:
    st.markdown(
        "The copy is a draft with the same trigger, mapping and steps. It starts nothing before you publish it."
    )
    with dialogs.form("duplicate-form"):
        name = st.text_input("Name", workflow_changes.name_of_copy(draft.workflow.name), key="duplicate-name")
        press = _duplicate.draw_acts(
            "Duplicate and open", key="duplicate-confirm", icon=":material/content_copy:", in_form=True
        )
    if press:
        workflow_id = draft.workflow.workflow_id
        with guard.errors_shown():
            made = press.write(
                draft.actor,
                lambda conn: workflow_changes.duplicate(conn, draft.actor, workflow_id=workflow_id, name=name),
            )
            st.switch_page("designer.py", query_params={"workflowId": str(made)})


@dialogs.dialog("Rename workflow", icon=":material/edit:")
def _rename(draft: Draft) -> None:
    with dialogs.form("rename-form"):
        name = st.text_input("Name", str(draft.definition.get("name") or ""), key="rename-name")
        if draft.workflow.published_version:
            st.caption("Lists show the new name once you publish the draft.")
        press = _rename.draw_acts("Rename", key="rename-confirm", icon=":material/edit:", in_form=True)
    if press:
        with guard.errors_shown():
            draft.save({**draft.definition, "name": name.strip()}, redraw=True)
            _rename.end()


@dialogs.dialog("Delete draft", width="large", icon=":material/delete:")
def _delete(draft: Draft) -> None:
    workflow = draft.workflow
    assert workflow.published_version is not None
    st.markdown(
        f"The draft of **{escape(workflow.name)}** will say again what version {workflow.published_version} says. "
        "What runs does not change. The changes below are lost."
    )
    with database.read(draft.actor) as conn:
        published = versions.definition(
            conn, tenant=draft.actor.tenant, workflow_id=workflow.workflow_id, version=workflow.published_version
        )
    definition_diff.draw(published, workflow.draft, height=280)
    reason = THEIRS_FIRST if draft.theirs else None
    press = _delete.draw_acts(
        "Delete draft",
        key="delete-confirm",
        icon=":material/delete:",
        destroys=True,
        disabled=reason is not None,
        help=reason,
    )
    guard.say_why(reason)
    if press and reason is None:
        with guard.errors_shown():
            press.write(
                draft.actor,
                lambda conn: workflow_changes.delete_draft(
                    conn,
                    draft.actor,
                    workflow_id=workflow.workflow_id,
                    expected_draft_version=workflow.draft_version,
                ),
            )
            draft.unapplied.clear()
            draft.unread.clear()
            draft.reload()
            _delete.end()


_DIALOGS = {"duplicate": _duplicate, "rename": _rename, "delete": _delete}
