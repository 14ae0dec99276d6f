"""Where one begins without a workflow: those that were changed last, and the way to a new one."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.ui.components import links, page_head, statuses
from lib.ui.components.text import code, escape
from lib.workflows import records as workflow_records

_MOST = 8


def draw(actor: Actor, asked: str) -> None:
    """Draw the title, the workflows to go on with, and where to begin another. `asked` is what the URL names."""
    page_head.draw("Designer", "What starts a workflow, what it is given, and what it does step by step.")
    if asked:
        st.warning(f"{code(asked[:80])} in the address names no workflow.", icon=":material/link_off:")
    with database.read(actor) as conn:
        lately = workflow_records.changed_lately(conn, tenant=actor.tenant, most=_MOST)
    with st.container(border=True, gap="small", key="start-here"):
        if lately:
            st.header("Go on with a workflow", anchor=False)
            for workflow in lately:
                with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                    links.page_link(
                        "designer.py",
                        label=f"**{escape(workflow.name)}**",
                        icon=":material/account_tree:",
                        query_params={"workflowId": str(workflow.workflow_id)},
                    )
                    event = code(workflow.event_type) if workflow.event_type else "no trigger"
                    badge = statuses.WORKFLOW[workflow.status].badge()
                    st.markdown(f"{badge} :small[:gray[:material/bolt: {event}]]", width="content")
        else:
            st.header("No workflows yet", anchor=False)
        st.caption("A workflow begins with the event that starts it: open the event in the catalog and choose Attach.")
        with st.container(horizontal=True, gap="small"):
            links.page_link("catalog.py", label="New workflow from the catalog", icon=":material/add_link:")
            if lately:
                links.page_link("workflows.py", label="All workflows", icon=":material/list:")
