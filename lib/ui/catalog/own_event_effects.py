"""What a change of an own event means to the workflows attached to it, before it is made."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib.ui.components import statuses
from lib.ui.components.text import code, escape, plural
from lib.workflows.schema_impact import WorkflowImpact

_MOST_READS, _MOST_PROBLEMS = 8, 3


def draw(attached: Sequence[WorkflowImpact]) -> None:
    """Draw each attached workflow with the mappings that would break."""
    broken = [one for one in attached if one.reads]
    st.markdown(
        f":material/account_tree: {plural(len(attached), 'attached workflow')}, "
        + (f":red[**{len(broken)} of them would break**]." if broken else "none of which would break.")
    )
    for one in sorted(attached, key=lambda workflow: not workflow.reads):
        with st.container(border=True, gap="xxsmall"):
            _draw_one(one)


def _draw_one(workflow: WorkflowImpact) -> None:
    marks = [statuses.SOURCE["system"]] if workflow.is_system else []
    marks += [statuses.PAUSED] if workflow.is_paused else []
    badges = " ".join(look.badge() for look in marks)
    st.markdown(f"**{escape(workflow.name)}** :gray[v{workflow.version}] {badges}")
    for read in workflow.reads[:_MOST_READS]:
        gone = "would be removed" if read.change == "removed" else "would change in type"
        place = "" if read.target == read.field else f"{code(read.target)} "
        st.markdown(f"{statuses.SEVERITY['error'].mark} {place}reads {code(read.field)}, which {gone}.")
    if len(workflow.reads) > _MOST_READS:
        st.caption(f"And {len(workflow.reads) - _MOST_READS} more.")
    if not workflow.reads:
        st.caption("It reads nothing that would change.")
    for problem in workflow.problems[:_MOST_PROBLEMS]:
        st.caption(f"{statuses.SEVERITY['warning'].mark} Before it is published again: {escape(problem)}")
