"""The workflows attached to an event, in its drawer and on its page: open one, or detach it after a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.errors import Conflict
from lib.ui.components import definition_diff, dialogs, guard, links, schema_view, statuses
from lib.ui.components.text import ago, code, escape, plural
from lib.workflows import schema_impact, versions
from lib.workflows.records import AttachedWorkflow
from lib.workflows.schema_impact import Impact
from lib.workflows.versions import Detached, DetachPreview

#: Keys of the session: why the last confirmation of a detach was refused, and that a callback changed who is attached:
#: a drawer drawn again alone still has the list from before.
_REFUSED, _CHANGED = "detach-refused", "attached-changed"


def draw(actor: Actor, event_type: str, attached: list[AttachedWorkflow], *, in_drawer: bool) -> None:
    """Draw them with badges and what a change of the event's schema means to each."""
    if st.session_state.pop(_CHANGED, False) and in_drawer:
        st.rerun()
    guard.show_told()
    schema_view.heading(f"Attached workflows · {len(attached)}", in_drawer=in_drawer)
    now = datetime.now(UTC)
    with database.read(actor) as conn:
        impacts = schema_impact.impacts(conn, tenant=actor.tenant, event_type=event_type)
        gone = versions.detached(conn, tenant=actor.tenant, event_type=event_type, now=now)
    for one in gone:
        _draw_detached(actor, one, now)
    if not attached:
        st.caption("No published workflow reacts to this event.")
    for workflow in attached:
        with st.container(border=True, gap="xxsmall"):
            _draw_one(actor, event_type, workflow, impacts.get(workflow.workflow_id), in_drawer=in_drawer)


def _draw_one(
    actor: Actor, event_type: str, workflow: AttachedWorkflow, impact: Impact | None, *, in_drawer: bool
) -> None:
    looks = [statuses.WORKFLOW[workflow.status]]
    if workflow.is_system:
        looks.append(statuses.SOURCE["system"])
    if workflow.is_paused:
        looks.append(statuses.PAUSED)
    marks = " ".join(look.badge() for look in looks)
    st.markdown(f"**{escape(workflow.name)}** :gray[v{workflow.version}]  {marks}")
    if workflow.description:
        st.caption(escape(workflow.description))
    if impact:
        draw_impact(impact)
    refusal = guard.refusal(actor, workflow)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        links.page_link(
            "designer.py",
            label="Open in designer",
            icon=":material/account_tree:",
            query_params={"workflowId": str(workflow.workflow_id)},
        )
        if st.button(
            "Detach",
            key=f"detach-{workflow.workflow_id}",
            icon=":material/link_off:",
            type="tertiary",
            disabled=refusal is not None,
            help=refusal,
        ):
            _detach_dialog.ask(workflow.workflow_id)
    guard.say_why(refusal)
    if _detach_dialog.about != workflow.workflow_id:
        return
    if in_drawer:  # a dialog cannot open another one, and the drawer is one
        with dialogs.question("detach"):
            _draw_confirmation(actor, event_type, workflow.workflow_id)
    else:
        _detach_dialog.draw(actor, event_type, workflow.workflow_id)


def draw_impact(impact: Impact) -> None:
    """What the event's new schema means to a workflow that was made for an earlier one."""
    color = statuses.SEVERITY["warning" if impact.still_valid else "error"].color
    verdict = "it still validates" if impact.still_valid else "it no longer validates"
    st.markdown(
        f":{color}[:material/schema: The event's schema changed from {code(impact.made_for or 'none')} to "
        f"{code(impact.now or 'none')}; {verdict}.]"
    )
    for read in impact.reads:
        st.caption(f"{code(read.target)} reads {code(read.field)}, which was {read.change}.")
    for problem in impact.problems[:5]:
        st.caption(f":red[{escape(problem)}]")


@dialogs.dialog("Detach workflow", forgets=(_REFUSED,), width="large", icon=":material/link_off:")
def _detach_dialog(actor: Actor, event_type: str, workflow_id: UUID) -> None:
    _draw_confirmation(actor, event_type, workflow_id)


def _draw_confirmation(actor: Actor, event_type: str, workflow_id: UUID) -> None:
    with guard.errors_shown():
        if refused := st.session_state.get(_REFUSED):
            st.warning(f"{escape(refused)}", icon=":material/sync_problem:")
        with database.read(actor) as conn:
            preview = versions.preview_detach(
                conn, tenant=actor.tenant, workflow_id=workflow_id, event_type=event_type, now=datetime.now(UTC)
            )
        _draw_preview(preview)
        # A callback is given what was drawn before the click: the version that the person looked at.
        _detach_dialog.draw_acts(
            f"Detach and publish v{preview.after['version']}",
            key=f"confirm-{workflow_id}",
            icon=":material/link_off:",
            destroys=True,
            on_click=guard.callback(_detach),
            args=(actor, preview),
        )


def _draw_preview(preview: DetachPreview) -> None:
    now, then = preview.workflow.published_version, preview.after["version"]
    st.markdown(
        f"**{escape(preview.workflow.name)}** will no longer start from {code(preview.event_type)}. "
        f"Version {then} is published without the trigger; version {now} stays as it is, "
        "and runs under way go on. You can undo this."
    )
    others = ", ".join(_other(other) for other in preview.others)
    st.markdown(f":material/group: {f'Still attached: {others}.' if others else 'No other workflow is attached.'}")
    if preview.workflow.draft_differs:
        who = escape(preview.workflow.draft_updated_by or "someone")
        st.markdown(f":material/edit_note: There are unpublished changes in the draft by {who}; they stay.")
    if preview.started:
        lost = "None of them would have gone unmatched."
        if preview.alone:
            lost = f":orange[**{preview.alone:,} of them would have gone unmatched.**]"
        ran = plural(preview.started, "live event")
        st.markdown(f":material/bolt: In the last 7 days it ran for {ran}. {lost}")
    else:
        st.markdown(":material/bolt: In the last 7 days it ran for no live event.")
    st.markdown(f":small[:gray[What changes from v{now} to v{then}]]")
    definition_diff.draw(preview.before, preview.after, height=260)


def _other(workflow: AttachedWorkflow) -> str:
    return f"**{escape(workflow.name)}**" + (" (paused, so it starts nothing)" if workflow.is_paused else "")


def _detach(actor: Actor, seen: DetachPreview) -> None:
    """Callback: detach as the preview said; if it no longer holds, the new one has to be confirmed again."""
    workflow = seen.workflow
    assert workflow.published_version is not None
    try:
        with database.write(actor) as conn:
            versions.detach(
                conn,
                actor,
                workflow_id=workflow.workflow_id,
                event_type=seen.event_type,
                expected_version=workflow.published_version,
                expected_changes=workflow.draft_differs,
            )
    except Conflict as refused:  # said where the person looks: in the dialog
        st.session_state[_REFUSED] = str(refused)
        return
    _detach_dialog.close()
    st.session_state[_CHANGED] = True


def _draw_detached(actor: Actor, workflow: Detached, now: datetime) -> None:
    refusal = guard.refusal(actor, workflow)
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f":gray[:material/link_off:] **{escape(workflow.name)}** was detached by "
            f"{escape(workflow.detached_by or 'the system')}, {ago(workflow.detached_at, now)}.",
            width="content",
        )
        undo_button(actor, workflow.workflow_id, workflow.version, "Undo", refusal)
    guard.say_why(refusal)


def undo_button(
    actor: Actor,
    workflow_id: UUID,
    version: int,
    label: str,
    refusal: str | None,
    *,
    then: Callable[[], None] | None = None,
) -> None:
    """The button that publishes the trigger which this version took away once more; disabled with the reason.

    `then` is called once that is done.
    """
    st.button(
        label,
        icon=":material/undo:",
        key=f"undo-{workflow_id}",
        disabled=refusal is not None,
        help=refusal or f"Publishes version {version + 1} with the trigger as it was.",
        on_click=guard.callback(_undo),
        args=(actor, workflow_id, version, then),
    )


def _undo(actor: Actor, workflow_id: UUID, version: int, then: Callable[[], None] | None) -> None:
    with database.write(actor) as conn:
        version = versions.undo_detach(conn, actor, workflow_id=workflow_id, detached_version=version)
    if then:
        then()
    st.session_state[_CHANGED] = True
    guard.tell(f"Attached again, as version {version}.", icon=":material/undo:")
