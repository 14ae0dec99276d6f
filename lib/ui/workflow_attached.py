"""The workflows attached to an event, in its drawer and on its page: open one, or detach it after a look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from lib import database, schema_changes, workflow_versions, workflows
from lib.auth import Actor
from lib.schema_changes import Impact
from lib.ui import designer_diff, guard, schema_view
from lib.ui.text import code, escape, plural
from lib.workflow_versions import DetachPreview
from lib.workflows import AttachedWorkflow

_ASKED, _DONE = "detach-asked", "detach-done"


class _Done(NamedTuple):
    """A detach that can still be undone from here."""

    workflow_id: UUID
    name: str
    version: int
    event_type: str


def draw(actor: Actor, event_type: str, attached: list[AttachedWorkflow], *, in_drawer: bool) -> None:
    """Draw them with badges and what a change of the event's schema means to each."""
    schema_view.heading(f"Attached workflows · {len(attached)}", in_drawer=in_drawer)
    _draw_done(actor, event_type)
    if not attached:
        st.caption("No published workflow reacts to this event.")
        return
    with database.read(actor) as conn:
        impacts = schema_changes.impacts(conn, tenant=actor.tenant, event_type=event_type)
    for workflow in attached:
        with st.container(border=True, gap="xxsmall"):
            _draw_one(actor, event_type, workflow, impacts.get(workflow.workflow_id), in_drawer=in_drawer)


def _draw_one(
    actor: Actor, event_type: str, workflow: AttachedWorkflow, impact: Impact | None, *, in_drawer: bool
) -> None:
    marks = f":green-badge[{workflow.status.capitalize()}]"
    if workflow.is_system:
        marks += " :violet-badge[:material/shield: System]"
    if workflow.is_paused:
        marks += " :orange-badge[:material/pause: Paused]"
    st.markdown(f"**{escape(workflow.name)}** :gray[v{workflow.version}]  {marks}")
    if workflow.description:
        st.caption(escape(workflow.description))
    if impact:
        draw_impact(impact)
    refusal = workflows.refusal(actor, workflow)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.page_link("designer.py", label="Open in designer", icon=":material/account_tree:",
                     query_params={"workflowId": str(workflow.workflow_id)})  # fmt: skip
        if st.button("Detach", key=f"detach-{workflow.workflow_id}", icon=":material/link_off:", type="tertiary",
                     disabled=refusal is not None, help=refusal):  # fmt: skip
            st.session_state.pop(_DONE, None)
            if in_drawer:
                st.session_state[_ASKED] = workflow.workflow_id
            else:
                _open(actor, event_type, workflow.workflow_id)
    if in_drawer and st.session_state.get(_ASKED) == workflow.workflow_id:
        st.divider()
        _draw_confirmation(actor, event_type, workflow.workflow_id)


def draw_impact(impact: Impact) -> None:
    """What the event's new schema means to a workflow that was made for an earlier one."""
    color = "orange" if impact.still_valid else "red"
    verdict = "it still validates" if impact.still_valid else "it no longer validates"
    st.markdown(f":{color}[:material/schema: The event's schema changed from {code(impact.made_for or 'none')} to "
                f"{code(impact.now or 'none')}; {verdict}.]")  # fmt: skip
    for read in impact.reads:
        st.caption(f"{code(read.target)} reads {code(read.field)}, which was {read.change}.")
    for problem in impact.problems[:5]:
        st.caption(f":red[{escape(problem)}]")


@st.dialog("Detach workflow", width="large", icon=":material/link_off:")
def _open(actor: Actor, event_type: str, workflow_id: UUID) -> None:
    _draw_confirmation(actor, event_type, workflow_id)


def _draw_confirmation(actor: Actor, event_type: str, workflow_id: UUID) -> None:
    with guard.errors_shown():
        with database.read(actor) as conn:
            preview = workflow_versions.preview_detach(
                conn, tenant=actor.tenant, workflow_id=workflow_id, event_type=event_type, now=datetime.now(UTC)
            )
        _draw_preview(preview)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Keep attached", key=f"keep-{workflow_id}"):
                st.session_state.pop(_ASKED, None)
                st.rerun()
            if st.button(f"Detach and publish v{preview.after['version']}", key=f"confirm-{workflow_id}",
                         type="primary", icon=":material/link_off:"):  # fmt: skip
                _detach(actor, preview)


def _draw_preview(preview: DetachPreview) -> None:
    now, then = preview.workflow.published_version, preview.after["version"]
    st.markdown(f"**{escape(preview.workflow.name)}** will no longer start from {code(preview.event_type)}. "
                f"Version {then} is published without the trigger; version {now} stays as it is, "
                "and runs under way go on. You can undo this.")  # fmt: skip
    others = ", ".join(f"**{escape(other.name)}**" for other in preview.others)
    st.markdown(f":material/group: {f'Still attached: {others}.' if others else 'No other workflow is attached.'}")
    if preview.started:
        lost = "None of them would have gone unmatched."
        if preview.alone:
            lost = f":orange[**{preview.alone:,} of them would have gone unmatched.**]"
        ran = plural(preview.started, "live event")
        st.markdown(f":material/bolt: In the last 7 days it ran for {ran}. {lost}")
    else:
        st.markdown(":material/bolt: In the last 7 days it ran for no live event.")
    st.markdown(f":small[:gray[What changes from v{now} to v{then}]]")
    designer_diff.draw(preview.before, preview.after, height=260)


def _detach(actor: Actor, preview: DetachPreview) -> None:
    workflow = preview.workflow
    assert workflow.published_version is not None
    with database.write(actor) as conn:
        version = workflow_versions.detach(
            conn, actor, workflow_id=workflow.workflow_id, event_type=preview.event_type,
            expected_version=workflow.published_version,
        )  # fmt: skip
    st.session_state.pop(_ASKED, None)
    st.session_state[_DONE] = _Done(workflow.workflow_id, workflow.name, version, preview.event_type)
    st.rerun()


def _draw_done(actor: Actor, event_type: str) -> None:
    done: _Done | None = st.session_state.get(_DONE)
    if done is None or done.event_type != event_type:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f":green[:material/check_circle:] **{escape(done.name)}** was detached; "
                    f"version {done.version} is published.", width="content")  # fmt: skip
        if st.button("Undo", icon=":material/undo:", key="undo-detach"):
            with guard.errors_shown():
                with database.write(actor) as conn:
                    version = workflow_versions.undo_detach(
                        conn, actor, workflow_id=done.workflow_id, detached_version=done.version
                    )
                del st.session_state[_DONE]
                st.toast(f"{escape(done.name)} is attached again, as version {version}.", icon=":material/undo:")
                st.rerun()
