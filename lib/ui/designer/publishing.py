"""Publishing a draft: what changes, what to consider, and a note about why."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.steps import Problem
from lib.ui.components import definition_diff, guard
from lib.ui.components.text import code, escape, plural
from lib.ui.designer.state import Draft
from lib.ui.workflows import backfill_dialog, real_events
from lib.workflows import gate, versions
from lib.workflows import records as workflow_records


def button(draft: Draft, problems: list[Problem], refusal: str | None) -> None:
    """The button that opens the dialog; disabled with the reason."""
    workflow = draft.workflow
    errors = [problem for problem in problems if problem.severity == "error"]
    reason = refusal
    if reason is None and (draft.theirs or draft.is_behind):
        reason = "Someone else changed the draft: look at their changes first."
    elif reason is None and draft.unapplied:
        reason = f"{draft.unapplied_reason} Apply or discard it first."
    elif reason is None and errors:
        reason = f"{plural(len(errors), 'problem')} must be mended first."
    elif reason is None and workflow.published_version and not workflow.draft_differs:
        reason = f"Version {workflow.published_version} already says what the draft says."
    label = f"Publish v{(workflow.published_version or 0) + 1}"
    if st.button(
        label, type="primary", icon=":material/rocket_launch:", disabled=reason is not None, help=reason, key="publish"
    ):
        _open(draft, [problem for problem in problems if problem.severity == "warning"])


@guard.dialog("Publish workflow", width="large", icon=":material/rocket_launch:")
def _open(draft: Draft, warnings: list[Problem]) -> None:
    workflow = draft.workflow
    event_type = workflow_records.triggered_by(draft.definition.get("trigger"))
    starts = f"It will start on every {code(event_type)}." if event_type else "It has no trigger: nothing starts it."
    st.markdown(
        f"**{escape(str(draft.definition['name']))}** becomes version {(workflow.published_version or 0) + 1}. {starts}"
    )
    if workflow.is_paused:
        st.caption(":orange[:material/pause:] It is paused, so it starts no runs until it is resumed.")
    for warning in warnings[:6]:
        st.caption(f":orange[:material/warning:] {escape(warning.message)}")
    if workflow.published_version:
        with database.read(draft.actor) as conn:
            before = versions.definition(
                conn, tenant=draft.actor.tenant, workflow_id=workflow.workflow_id, version=workflow.published_version
            )
        definition_diff.draw(before, draft.definition, height=280)
    _draw_confirmation(draft)


def _draw_confirmation(draft: Draft) -> None:
    """Draw how real events would do with it, and the button that publishes."""
    workflow = draft.workflow
    with database.read(draft.actor) as conn:
        tried = gate.check(conn, tenant=draft.actor.tenant, definition=draft.definition)
    real_events.draw(tried, headline=real_events.WOULD_START)
    # No max_chars: a paste beyond it would be dropped without a word.
    note = st.text_input("Change note", placeholder="What changed, and why")
    if st.button(
        "Publish anyway" if tried.none_starts else "Publish",
        type="secondary" if tried.none_starts else "primary",
        icon=":material/rocket_launch:",
        # Another key: what was pressed as “Publish” does not publish what no event starts.
        key="publish-anyway" if tried.none_starts else "publish-confirm",
        width="stretch",
    ):
        with guard.errors_shown():
            with database.write(draft.actor) as conn:
                version = versions.publish(
                    conn,
                    draft.actor,
                    workflow_id=workflow.workflow_id,
                    expected_draft_version=draft.draft_version,
                    expected_version=workflow.published_version,
                    change_note=note,
                    publish_anyway=tried.none_starts,
                )
            backfill_dialog.offer_if_missed(draft.actor, workflow.workflow_id)
            st.toast(f"Version {version} is published.", icon=":material/rocket_launch:")
            st.rerun()
