"""The designer's tab for what a workflow is called and what it is for."""

from __future__ import annotations

import streamlit as st

from lib.ui.components import facts, guard, viewer_time
from lib.ui.components.text import code, escape
from lib.ui.designer.state import Draft
from lib.workflows.records import Workflow


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw name and description, and what one cannot change."""
    definition, disabled = draft.definition, refusal is not None
    key = draft.key("name")
    name = st.text_input(
        "Name",
        str(definition.get("name") or ""),
        key=key,
        disabled=disabled,
        on_change=guard.callback(_keep_name),
        args=(draft, key),
    )
    if not name.strip():
        st.caption(":red[:material/error: A workflow needs a name; the last one stays until you give it another.]")
    key = draft.key("description")
    st.text_area(
        "Description",
        str(definition.get("description") or ""),
        key=key,
        height=120,
        disabled=disabled,
        placeholder="What the workflow is for, for whoever finds it in a list",
        on_change=guard.callback(_keep_description),
        args=(draft, key),
    )
    workflow = draft.workflow
    of_workflow = {
        "Id": code(str(workflow.workflow_id)),
        "Created": viewer_time.shown(workflow.created_at),
        "Created by": escape(workflow.created_by or "the system"),
        "Last changed": viewer_time.shown(workflow.updated_at),
        "Last changed by": escape(workflow.updated_by or "the system"),
        "Draft": f"change {workflow.draft_version}",
        "Found valid": _validated(workflow),
    }
    facts.draw(of_workflow, key="workflow")


def _validated(workflow: Workflow) -> str:
    if workflow.validated_at is None:
        return "never published"
    since = ", the draft has changed since" if workflow.changed_since_validated else ""
    return viewer_time.shown(workflow.validated_at) + since


def _keep_name(draft: Draft, key: str) -> None:
    """Callback: take the name that was typed, unless there is none."""
    if name := st.session_state[key].strip():
        draft.save({**draft.definition, "name": name})


def _keep_description(draft: Draft, key: str) -> None:
    """Callback: take the description that was typed."""
    draft.save({**draft.definition, "description": st.session_state[key]})
