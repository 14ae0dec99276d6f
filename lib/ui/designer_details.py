"""The designer's tab for what a workflow is called and what it is for."""

from __future__ import annotations

import streamlit as st

from lib.ui.designer_state import Draft
from lib.ui.text import code
from lib.workflows import LONGEST_NAME


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw name and description, and what one cannot change."""
    definition = draft.definition
    name = st.text_input("Name", str(definition.get("name") or ""), key=draft.key("name"), max_chars=LONGEST_NAME,
                         disabled=refusal is not None)  # fmt: skip
    description = st.text_area("Description", str(definition.get("description") or ""), key=draft.key("description"),
                               disabled=refusal is not None, height=120,
                               placeholder="What the workflow is for, for whoever finds it in a list")  # fmt: skip
    if not name.strip():
        st.caption(":red[:material/error: A workflow needs a name; the last one stays until you give it another.]")
        name = str(definition.get("name") or "")
    changed = dict(definition)
    if name.strip() != str(definition.get("name") or "").strip():
        changed["name"] = name.strip()
    if description != str(definition.get("description") or ""):
        changed["description"] = description
    if refusal is None:
        draft.save(changed)
    workflow = draft.workflow
    facts = {
        "Id": code(str(workflow.workflow_id)),
        "Created": f"{workflow.created_at:%Y-%m-%d %H:%M} UTC",
        "Last changed": f"{workflow.updated_at:%Y-%m-%d %H:%M} UTC",
        "By": workflow.updated_by or "the system",
        "Draft": f"change {workflow.draft_version}",
    }
    st.markdown("  \n".join(f":gray[{label}]  {value}" for label, value in facts.items()))
