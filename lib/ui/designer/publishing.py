"""Publishing a draft: what changes, what to consider, and a note about why."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from lib import database
from lib.metrics import reports
from lib.metrics.time_window import end_of_this_minute
from lib.steps import Problem
from lib.ui.components import definition_diff, dialogs, guard, links
from lib.ui.components.text import code, escape, plural
from lib.ui.designer.state import THEIRS_FIRST, Draft
from lib.ui.workflows import backfill_dialog, real_events
from lib.workflows import gate, versions
from lib.workflows import records as workflow_records

#: The events of so many days before tell how many to expect.
_DAYS_EXPECTED = 7
#: Key of the session: the workflow that was just published, and as which version.
_PUBLISHED = "published-now"


def why_not(draft: Draft, problems: list[Problem]) -> str | None:
    """Why the draft cannot be published now, whoever asks; None if it can."""
    workflow = draft.workflow
    errors = sum(problem.severity == "error" for problem in problems)
    if draft.theirs or draft.is_behind:
        return THEIRS_FIRST
    if draft.unapplied:
        return f"{draft.unapplied_reason} Apply or discard it first."
    if draft.unread:
        return f"{draft.unread_reason} Correct it there first."
    if errors:
        return f"{plural(errors, 'error')} must be fixed before it can be published."
    if workflow.published_version and not workflow.draft_differs:
        return f"Version {workflow.published_version} already says what the draft says."
    return None


def button(draft: Draft, problems: list[Problem], reason: str | None) -> None:
    """The button that opens the dialog; disabled with the reason."""
    workflow = draft.workflow
    label = f"Publish v{(workflow.published_version or 0) + 1}"
    if st.button(
        label, type="primary", icon=":material/rocket_launch:", disabled=reason is not None, help=reason, key="publish"
    ):
        _open.ask(workflow.workflow_id)
    if _open.about == workflow.workflow_id and reason is None:
        _open.draw(draft, [problem for problem in problems if problem.severity == "warning"])
    else:
        _open.close()


@dialogs.dialog("Publish workflow", width="large", icon=":material/rocket_launch:")
def _open(draft: Draft, warnings: list[Problem]) -> None:
    workflow = draft.workflow
    st.markdown(
        f"**{escape(str(draft.definition['name']))}** becomes version {(workflow.published_version or 0) + 1}. "
        f"{_expected(draft)}"
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


def _expected(draft: Draft) -> str:
    """What will start it, and how often that happens."""
    event_type = workflow_records.triggered_by(draft.definition.get("trigger"))
    if event_type is None:
        return "It has no trigger: nothing starts it."
    now = end_of_this_minute()
    since = now - timedelta(days=_DAYS_EXPECTED)
    with database.read(draft.actor) as conn:
        came = reports.how_many(conn, tenant=draft.actor.tenant, event_type=event_type, since=since, until=now)
    volume = f"**{plural(came, 'live event')}** came" if came else "None came"
    return f"It will start on every {code(event_type)}. {volume} in the last {_DAYS_EXPECTED} days."


def _draw_confirmation(draft: Draft) -> None:
    """Draw how real events would do with it, and the button that publishes."""
    workflow = draft.workflow
    with database.read(draft.actor) as conn:
        tried = gate.check(conn, tenant=draft.actor.tenant, definition=draft.definition)
    real_events.draw(tried, headline=real_events.WOULD_START)
    with dialogs.form("publish-form"):
        # No max_chars: a paste beyond it would be dropped without a word.
        note = st.text_input("Change note", placeholder="What changed, and why")
        if tried.none_starts:
            st.warning(
                "As things are, it would start no run. Publish it anyway only if that is meant.",
                icon=":material/warning:",
            )
        press = _open.draw_acts(
            "Publish anyway" if tried.none_starts else "Publish",
            # Another key: what was pressed as “Publish” does not publish what no event starts.
            key="publish-anyway" if tried.none_starts else "publish-confirm",
            icon=":material/rocket_launch:",
            in_form=True,
            is_advised=not tried.none_starts,
        )
    if press:
        with guard.errors_shown():
            version = press.write(
                draft.actor,
                lambda conn: versions.publish(
                    conn,
                    draft.actor,
                    workflow_id=workflow.workflow_id,
                    expected_draft_version=draft.draft_version,
                    expected_version=workflow.published_version,
                    change_note=note,
                    publish_anyway=tried.none_starts,
                ),
            )
            backfill_dialog.offer_if_missed(draft.actor, workflow.workflow_id)
            st.session_state[_PUBLISHED] = workflow.workflow_id, version
            _open.end()


def draw_published(draft: Draft) -> None:
    """Say that this version was just published, and offer to try it with an event."""
    workflow = draft.workflow
    if st.session_state.get(_PUBLISHED) != (workflow.workflow_id, workflow.published_version):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":green[:material/rocket_launch:] **Version {workflow.published_version} is published.**", width="stretch"
        )
        if workflow.event_type and not workflow.is_paused:
            links.page_link(
                "simulate.py",
                label=f"Simulate {code(workflow.event_type)}",
                icon=":material/science:",
                query_params={"eventType": workflow.event_type},
            )
        st.button("Close", key="published-close", type="tertiary", on_click=guard.callback(_forget_published))


def _forget_published() -> None:
    """Callback: say no more that it was published."""
    st.session_state.pop(_PUBLISHED, None)
