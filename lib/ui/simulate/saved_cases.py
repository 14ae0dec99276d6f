"""Saved test cases of an event: keep the payload at hand as one, run one or all, see what passes."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.errors import NotFound
from lib.events import saved_cases
from lib.events.saved_cases import CaseResult, SavedCase
from lib.events.simulation import EventDraft
from lib.events.submission import Submission
from lib.ui.components import guard, statuses, viewer_time
from lib.ui.components.text import escape, unbroken
from lib.ui.simulate.setup import PREFIX, Setup, use_case
from lib.workflows import records as workflow_records
from lib.workflows.records import AttachedWorkflow

_BUTTONS_WIDTH = 80


def draw(
    actor: Actor,
    setup: Setup,
    draft: EventDraft | None,
    would: Submission | None,
    attached: list[AttachedWorkflow],
) -> None:
    """Draw the cases with their results, and the way to save the current payload as one."""
    results: dict[UUID, CaseResult] = st.session_state.setdefault(f"{PREFIX}{setup.entry.event_type}:case-results", {})
    expected = frozenset().union(*(case.expected_workflows for case in setup.cases))
    # A result may be of the case as it was before someone changed it.
    told = frozenset().union(*(result.missing | result.unexpected for result in results.values()))
    names = _names(actor, expected | told, attached)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**Test cases** :gray[{len(setup.cases)}, shared in this tenant]", width="content")
            if setup.cases:
                st.button(
                    "Run all",
                    icon=":material/playlist_play:",
                    key="cases-run-all",
                    on_click=guard.callback(_run),
                    args=(actor, setup, setup.cases),
                )
        if not setup.cases:
            st.caption("Keep a payload with the workflows it must start, and run it again after every change.")
        for case in setup.cases:
            _draw_case(actor, setup, case, results.get(case.case_id), names)
        if draft is not None and actor.may("manage"):
            _draw_save(actor, setup, draft, would, attached)


def _draw_case(actor: Actor, setup: Setup, case: SavedCase, result: CaseResult | None, names: dict[UUID, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        state = "not_run" if result is None else "passed" if result.passed else "failed"
        expected = [escape(names[workflow]) for workflow in case.expected_workflows]
        by = escape(case.created_by or "someone who has left")
        st.markdown(
            f"{statuses.TEST_CASE[state].badge()} **{escape(case.name)}**  \n:small[:gray[Starts {_listed(expected)}]]"
            f"  \n:small[:gray[Added by {by}, last saved {unbroken(viewer_time.clock(case.updated_at, '%Y-%m-%d'))}]]",
            width="stretch",
        )
        # Of a width of its own: beside a long name the buttons would wrap.
        with st.container(horizontal=True, width=_BUTTONS_WIDTH, gap="xsmall", wrap=False):
            for act, icon, words, callback, args in (
                ("run", "play_arrow", "Run", _run, (actor, setup, [case])),
                ("use", "edit", "Put into the form", use_case, (setup, case)),
                ("delete", "delete", "Delete", _delete, (actor, case)),
            ):
                if act == "delete" and not actor.may("manage"):
                    continue
                st.button(
                    "",
                    icon=f":material/{icon}:",
                    key=f"case-{act}-{case.case_id}",
                    help=words,
                    type="tertiary",
                    on_click=guard.callback(callback),
                    args=args,
                )
    if result is not None and not result.passed:
        for workflow in result.unexpected:
            st.caption(f":red[Started unexpectedly:] {escape(names[workflow])}")
        for workflow in result.missing:
            why = next((m.message for m in result.submission.matches if m.workflow_id == workflow), "not attached")
            st.caption(f":red[Did not start:] {escape(names[workflow])}. {escape(why)}")


def _draw_save(
    actor: Actor, setup: Setup, draft: EventDraft, would: Submission | None, attached: list[AttachedWorkflow]
) -> None:
    saves = st.session_state.get(f"{setup.key}:saves", 0)  # after each, a new form, which is empty and closed
    with st.expander("Save this payload as a test case", icon=":material/bookmark_add:", key=f"{setup.key}-{saves}"):
        name = st.text_input("Name", key=f"{setup.key}-case-name-{saves}", placeholder="Customer opens a ticket")
        ids = [workflow.workflow_id for workflow in attached]
        starting = [match.workflow_id for match in would.of("started")] if would else ids
        expected = st.multiselect(
            "Workflows it must start, and no other",
            ids,
            default=[w for w in ids if w in starting],
            format_func={workflow.workflow_id: workflow.name for workflow in attached}.__getitem__,
            key=f"{setup.key}-case-expected-{bool(would)}-{saves}",
        )
        name = saved_cases.as_kept(name or "")
        before = next((case for case in setup.cases if case.name == name), None)
        if _pressed_save(name, before, key=f"{setup.key}-case"):
            with guard.errors_shown():
                with database.write(actor) as conn:
                    saved_cases.save(conn, actor, name=name, draft=draft, expected_workflows=expected, replaces=before)
                st.session_state[f"{setup.key}:saves"] = saves + 1
                st.toast(f"Saved as the test case {escape(name)}.", icon=":material/bookmark_added:")
                st.rerun()


def _pressed_save(name: str, before: SavedCase | None, *, key: str) -> bool:
    """Draw the button, and say what it would replace. What was pressed before that was said replaces nothing."""
    if before is None:
        return st.button("Save test case", key=f"{key}-save", disabled=not name)
    by = escape(before.created_by or "someone who has left")
    st.caption(
        f":orange[:material/warning:] There is a test case of this name, added by {by} and last saved "
        f"{viewer_time.shown(before.updated_at)}. It would be replaced."
    )
    return st.button("Replace test case", key=f"{key}-replace-{before.updated_at.timestamp()}")


def _names(actor: Actor, mentioned: frozenset[UUID], attached: list[AttachedWorkflow]) -> dict[UUID, str]:
    """Names of the attached workflows and of those that are mentioned, which need not be attached any more."""
    names = {workflow.workflow_id: workflow.name for workflow in attached}
    with database.read(actor) as conn:
        for workflow_id in mentioned - set(names):
            try:
                workflow = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow_id)
            except NotFound:
                names[workflow_id] = "a workflow that is gone"
            else:
                names[workflow_id] = f"{workflow.name} ({'archived' if workflow.status == 'archived' else 'detached'})"
    return names


def _run(actor: Actor, setup: Setup, cases: list[SavedCase]) -> None:
    results = st.session_state.setdefault(f"{PREFIX}{setup.entry.event_type}:case-results", {})
    with database.read(actor) as conn:
        for case in cases:
            results[case.case_id] = saved_cases.run(conn, actor, case=case)


def _delete(actor: Actor, case: SavedCase) -> None:
    with database.write(actor) as conn:
        saved_cases.delete(conn, actor, case_id=case.case_id)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
