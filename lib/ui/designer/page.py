"""The designer of a workflow: its diagram and problems beside what is being edited."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import database
from lib.auth.actors import Actor
from lib.serialization import json_pointer
from lib.steps import Problem
from lib.ui.components import definition_diff, diagram, guard, history, links, statuses, tab_title, url_filters
from lib.ui.components.diagram import NodeMark
from lib.ui.components.text import escape, plural
from lib.ui.components.url_parameters import Choice
from lib.ui.designer import (
    code_tab,
    details_tab,
    dry_run_tab,
    menu,
    publishing,
    start,
    state,
    steps_tab,
    trigger_tab,
    versions_tab,
)
from lib.ui.designer.state import Draft
from lib.ui.workflows import attached, backfill_dialog, real_events, workflow_list
from lib.workflows import editing, gate, schema_impact
from lib.workflows import validation as workflow_validation
from lib.workflows.schema_impact import Impact

_EDITORS: dict[str, tuple[str, Callable[[Draft, str | None], dict[str, str] | None]]] = {
    "Trigger": (":material/bolt:", trigger_tab.draw),
    "Steps": (":material/account_tree:", steps_tab.draw),
    "Details": (":material/tune:", details_tab.draw),
    "Code": (":material/code:", code_tab.draw),
    "Dry run": (":material/science:", dry_run_tab.draw),
    "Versions": (":material/history:", versions_tab.draw),
}
_TAB = Choice(state.TAB_PARAMETER, "Edit", {name: name for name in _EDITORS})
_MOST_PROBLEMS = 12


def draw(actor: Actor, asked: str) -> None:
    """Draw the workflow with this id; what one may not change is shown all the same."""
    try:
        workflow_id = UUID(asked)
    except ValueError:
        start.draw(actor, asked)
        return
    draft = state.load(actor, workflow_id)
    draft.write()
    code_tab.forget_applied(draft)
    steps_tab.carry_unread(draft)
    refusal = guard.refusal(actor, draft.workflow)
    if draft.workflow.status == "archived":
        refusal = refusal or "It is archived. Restore it to change it."
    with database.read(actor) as conn:
        problems = workflow_validation.validate(conn, tenant=actor.tenant, definition=draft.definition)
        impact = schema_impact.impact_of_draft(conn, tenant=actor.tenant, definition=draft.definition)
    _draw_head(draft, problems, refusal)
    _draw_notices(draft, refusal)
    if impact:
        _draw_impact(draft, impact, refusal)
    publishing.draw_published(draft)
    backfill_dialog.draw(actor, draft.workflow)
    if state.tab() == "Versions":  # two texts side by side need the width
        editor, overview = st.container(), None
    else:  # the editor is left, so that it comes first where there is room for one column only
        editor, overview = st.columns([3, 2], gap="large")
    with editor:
        states = _draw_editor(draft, refusal)
    if overview:
        with overview:
            _draw_overview(draft, problems, states, read_only=refusal is not None)


def _draw_impact(draft: Draft, impact: Impact, refusal: str | None) -> None:
    """What became of the event's schema since, and the way to follow it."""
    with st.container(border=True):
        attached.draw_impact(impact)
        if refusal is None:
            st.button(
                "Use the event's present schema",
                icon=":material/schema:",
                on_click=guard.callback(trigger_tab.use_present_schema),
                args=(draft,),
            )


def _draw_editor(draft: Draft, refusal: str | None) -> dict[str, str]:
    """Draw the tab that is open; the states of steps that it tells of."""
    # What is no definition at all can only be shown, and mended, as text.
    shown = list(_EDITORS) if editing.editable(draft.definition) else ["Code", "Versions"]
    asked = st.query_params.get(_TAB.key)
    if asked and (reason := url_filters.in_vain(_TAB, asked)):
        st.warning(url_filters.left_out(_TAB.key, asked, reason), icon=":material/link_off:")
    tab = state.tab()
    tab = tab if tab in shown else shown[0]
    st.session_state[state.TAB] = tab
    st.segmented_control(
        "Edit",
        shown,
        key=state.TAB,
        required=True,
        label_visibility="collapsed",
        wrap=True,
        format_func=lambda name: f"{_EDITORS[name][0]} {name}",
        on_change=guard.callback(state.keep_tab),
    )
    return _EDITORS[tab][1](draft, refusal) or {}


def _draw_head(draft: Draft, problems: list[Problem], refusal: str | None) -> None:
    workflow = draft.workflow
    version = f" :gray[v{workflow.published_version}]" if workflow.published_version else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        name = str(draft.definition.get("name") or workflow.name)
        tab_title.name(name, "Designer")
        st.title(f"{escape(name)}{version}", anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            if refusal is None:
                st.markdown(f":small[{_saved(draft)}]", width="content")
            else:
                st.markdown(":small[:gray[:material/visibility: read-only]]", width="content")
            links.page_link(
                "runs.py",
                label="Runs",
                icon=":material/play_circle:",
                query_params={"workflowId": str(workflow.workflow_id)},
            )
            history.link(str(workflow.workflow_id))
            menu.draw(draft, refusal)
            reason = refusal or publishing.why_not(draft, problems)
            publishing.button(draft, problems, reason)
    errors = len(workflow_validation.errors(problems))  # listed beside the editor, on a narrow screen far below
    wrong = f" :red-badge[:material/error: {plural(errors, 'error')}]" if errors else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(workflow_list.marks(workflow) + wrong, width="content")
        if reason != refusal:
            guard.say_why(reason)


def _saved(draft: Draft) -> str:
    if draft.theirs or not draft.is_saved:
        return ":red[:material/sync_problem: not saved]"
    if draft.unapplied:
        return ":orange[:material/edit_note: code not applied yet]"
    if draft.unread:
        return ":orange[:material/edit_note: a field is not taken yet]"
    return ":gray[:material/cloud_done: saved]"


def _draw_notices(draft: Draft, refusal: str | None) -> None:
    if refusal:
        guard.note_said(refusal)
        st.info(f"{refusal} You can look at everything.", icon=":material/lock:")
    if draft.theirs:
        _draw_conflict(draft)
    elif draft.is_behind:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            who = escape(draft.workflow.updated_by or "Someone else")
            st.markdown(f":blue[:material/sync:] {who} changed this draft since you opened it.", width="content")
            st.button("Show the changes", on_click=guard.callback(draft.show_changes))


def _draw_conflict(draft: Draft) -> None:
    theirs = draft.theirs
    assert theirs is not None
    with st.container(border=True):
        who = escape(theirs.updated_by or "Someone else")
        st.markdown(
            f":red[:material/call_split:] **{who} saved this draft while you were editing.** "
            "Nothing is lost: choose which goes on."
        )
        definition_diff.draw_beside(theirs.draft, draft.definition, titles=("Theirs, saved", "Yours, not saved"))
        left, right = st.columns(2)
        left.button("Take theirs", icon=":material/download:", on_click=guard.callback(draft.reload), width="stretch")
        right.button("Keep mine", icon=":material/save:", on_click=guard.callback(draft.keep_mine), width="stretch")


def _draw_overview(draft: Draft, problems: list[Problem], states: dict[str, str], *, read_only: bool) -> None:
    selected = json_pointer.join(draft.selected) if draft.selected else None
    if (tab := st.session_state[state.TAB]) != "Steps":
        selected = diagram.TRIGGER if tab == "Trigger" else None
    with st.container(border=True):
        diagram.draw(
            draft.definition,
            key="designer-diagram",
            label="Diagram of the workflow",
            marks=diagram.Marks(_wrong(problems), states),
            selected=selected,
            choose=partial(_go_to, draft) if editing.editable(draft.definition) else None,
            read_only=read_only,
        )
    _draw_problems(draft, problems, st.container())
    if draft.workflow.published_version:
        _draw_real_events(draft)


def _wrong(problems: list[Problem]) -> dict[str, NodeMark]:
    """What is wrong with each step, and with the trigger: errors if there are any, else warnings."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(_step_of(problem.path), []).append(problem.severity)
    worst = {path: "error" if "error" in some else "warning" for path, some in found.items()}
    return {
        path: NodeMark.of(statuses.SEVERITY[one], plural(found[path].count(one), one)) for path, one in worst.items()
    }


def _draw_real_events(draft: Draft) -> None:
    """How the latest real events do with what is published."""
    with database.read(draft.actor) as conn:
        found = gate.of_published(conn, tenant=draft.actor.tenant, workflow_id=draft.workflow.workflow_id)
    if found.event_type:
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**Version {draft.workflow.published_version} and real events**")
            real_events.draw(found, headline=real_events.STARTS)


def _draw_problems(draft: Draft, problems: list[Problem], place: DeltaGenerator) -> None:
    with place:
        errors = [problem for problem in problems if problem.severity == "error"]
        if not problems and (waits := draft.unapplied_reason or draft.unread_reason):
            st.markdown(f":orange[:material/edit_note:] {waits}")
            return
        if not problems:
            version, differs = draft.workflow.published_version, draft.workflow.draft_differs
            outlook = "Ready to be published." if differs or not version else f"Nothing to publish: same as v{version}."
            st.markdown(f":green[:material/check_circle:] Valid. {outlook}")
            return
        warnings = plural(len(problems) - len(errors), "warning")
        st.markdown(f"**{plural(len(errors), 'error')}** :gray[· {warnings}]")
        for number, problem in enumerate(problems[:_MOST_PROBLEMS]):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
                st.markdown(f"{statuses.SEVERITY[problem.severity].mark} {escape(problem.message)}", width="stretch")
                st.button(
                    "",
                    icon=":material/arrow_forward:",
                    key=f"problem-{number}",
                    type="tertiary",
                    help=f"Show it under {_tab_of(problem.path)}",
                    on_click=guard.callback(_go_to),
                    args=(draft, problem.path),
                )
        if len(problems) > _MOST_PROBLEMS:
            st.caption(f"And {len(problems) - _MOST_PROBLEMS} more.")


def _go_to(draft: Draft, path: str) -> None:
    """Callback: show the editor of a problem's place."""
    tab = _tab_of(path)
    if tab == "Steps":
        step = _step_of(path)
        draft.selected = editing.place_of(step) if step else None
    state.show_tab(tab)


def _tab_of(path: str) -> str:
    """The tab where the place of a problem can be changed: only Code shows what no field is for."""
    first, *rest = [*json_pointer.split(path), ""]
    if first == "trigger" and rest[0] in ("type", "", "eventName", "sourcePayloadSchemaRef", "payloadMapping"):
        return "Trigger"
    tabs = {"payloadSchemaRef": "Trigger", "steps": "Steps", "name": "Details", "description": "Details"}
    return tabs.get(first, "Code")


def _step_of(path: str) -> str:
    """The pointer of the innermost step that a problem's place is in; "/trigger" for the trigger's."""
    if path.startswith(("/trigger", "/payloadSchemaRef")):
        return "/trigger"
    parts = path.split("/")[1:]
    if parts[:1] != ["steps"] or len(parts) < 2:
        return ""
    length = 2
    while parts[length : length + 1] == ["config"] and len(parts) > length + 2 and parts[length + 2].isdecimal():
        length += 3
    return "/" + "/".join(parts[:length])
