"""The list of workflows with its filters, and what one can do with each: open, pause, archive."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.ui.components import guard, links, nothing_here, statuses, viewer_time
from lib.ui.components.text import code, escape, percent, plural, unseen
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Number, Text
from lib.workflows import changes as workflow_changes
from lib.workflows import records as workflow_records
from lib.workflows.records import WorkflowFilters, WorkflowPage, WorkflowSummary

_SEARCH = Text("workflowSearch", "Search workflows", "Search by name, description or event")
_STATUS: Choice[workflow_records.WorkflowStatus] = Choice(
    "workflowStatus",
    "Status",
    {status: status.capitalize() for status in workflow_records.WORKFLOW_STATUSES},
    "All but archived",
    width=145,
)
_EVENT: Choice[str] = Choice(
    "workflowEvent", "Event", placeholder="All events", width=210, noun="an event that starts a workflow"
)
_IS_PAUSED = Choice("workflowState", "State", {True: "Paused", False: "Active"}, "Active or paused", width=160)
_KIND = Choice("workflowKind", "Kind", {ALL: "All", "system": "System", "own": "Own"}, default=ALL, segmented=True)
_PAGE = Number("workflowPage")
FILTERS = UrlFilters("workflows", (_SEARCH, _STATUS, _EVENT, _IS_PAUSED, _KIND), positions=(_PAGE,))
# Of the few words in a row's menu, and of the sentence of whoever may not.
_MENU_WIDTH = 220
_PAUSE_HELP = "It starts no runs until it is resumed; runs under way go on."


def draw(actor: Actor) -> None:
    """Draw filters, one page of workflows, and the way to the others."""
    with database.read(actor) as conn:
        choices = workflow_records.choices(conn, tenant=actor.tenant)
    filters = _draw_filters(sorted({choice.event_type for choice in choices if choice.event_type}))
    with database.read(actor) as conn:
        page = workflow_records.list_workflows(conn, tenant=actor.tenant, filters=filters)
    FILTERS.check(_PAGE.up_to(page.pages))
    FILTERS.draw_complaints()
    if not page.workflows:
        _draw_nothing(filtered=filters != WorkflowFilters())
        return
    for workflow in page.workflows:
        with st.container(border=True, gap="xxsmall"):
            _draw_row(actor, workflow)
    _draw_foot(page)


def marks(workflow: WorkflowSummary | workflow_records.Workflow) -> str:
    """Status, system and pause as inline Markdown badges."""
    found = [statuses.WORKFLOW[workflow.status]]
    if workflow.is_system:
        found.append(statuses.SOURCE["system"])
    if workflow.is_paused:
        found.append(statuses.PAUSED)
    if workflow.draft_differs and workflow.status == "published":
        found.append(statuses.UNPUBLISHED)
    return " ".join(look.badge() for look in found)


def _draw_filters(event_types: list[str]) -> WorkflowFilters:
    of_event = _EVENT.of({event_type: event_type for event_type in event_types})
    FILTERS.begin(of_event)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="filters"):
        search = FILTERS.search(_SEARCH, width=270)
        status = FILTERS.choose(_STATUS)
        event_type = FILTERS.choose(of_event)
        is_paused = FILTERS.choose(_IS_PAUSED)
        kind = FILTERS.choose(_KIND)
        st.button(
            "Clear",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=guard.callback(FILTERS.clear),
            key="workflow-clear",
        )
    return WorkflowFilters(
        search=search,
        status=status,
        event_type=event_type,
        is_paused=is_paused,
        is_system=None if kind is None else kind == "system",
        page=_PAGE.asked(),
    )


def _draw_row(actor: Actor, workflow: WorkflowSummary) -> None:
    what, runs, acts = st.columns([5, 3, 2], vertical_alignment="center", gap="small")
    with what, st.container(gap=None):
        version = f" :gray[v{workflow.version}]" if workflow.version else ""
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            links.page_link(
                "designer.py",
                label=f"**{escape(workflow.name)}**{version}",
                icon=":material/account_tree:",
                query_params={"workflowId": str(workflow.workflow_id)},
            )
            st.markdown(marks(workflow), width="content")
        event = code(workflow.event_type) if workflow.event_type else "no trigger"
        description = f" · {escape(workflow.description)}" if workflow.description else ""
        st.markdown(f":small[:gray[:material/bolt: {event}{description}]]")
    with runs:
        st.markdown(_runs_said(workflow))
    with acts, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="xsmall"):
        _draw_acts(actor, workflow)


def _runs_said(workflow: WorkflowSummary) -> str:
    rate = workflow.success_rate
    if rate is None:
        return ":small[:gray[No runs yet]]"
    latest = f"latest {workflow.runs} runs" if workflow.runs > 1 else "only run"
    lines = [f":{statuses.rate_color(rate)}[**{percent(rate)}**] :small[success of its {latest}]"]
    details = [f"last {viewer_time.clock(workflow.last_run_at, '%Y-%m-%d %H:%M')}"] if workflow.last_run_at else []
    if workflow.open:
        details.append(f"{workflow.open} under way")
    if workflow.failed:
        details.append(f":red[{workflow.failed} failed]")
    return "  \n".join([*lines, f":small[:gray[{' · '.join(details)}]]"])


def _draw_acts(actor: Actor, workflow: WorkflowSummary) -> None:
    refusal, key = guard.refusal(actor, workflow), str(workflow.workflow_id)
    links.page_link(
        "runs.py", label="Runs", icon=":material/list:", query_params={"workflowId": str(workflow.workflow_id)}
    )
    archived, paused = workflow.status == "archived", workflow.is_paused
    menu = st.popover(
        unseen(f"Acts on {workflow.name}"), icon=":material/more_horiz:", help="Pause, archive", type="tertiary"
    )
    with menu, st.container(width=_MENU_WIDTH, gap="xxsmall"):
        if not archived:
            st.button(
                "Resume" if paused else "Pause",
                key=f"resume-{key}" if paused else f"pause-{key}",
                icon=":material/play_arrow:" if paused else statuses.PAUSED.material,
                disabled=bool(refusal),
                help=refusal or (None if paused else _PAUSE_HELP),
                on_click=guard.callback(set_paused),
                args=(actor, workflow, not paused),
                type="tertiary",
            )
        st.button(
            "Restore" if archived else "Archive",
            key=f"archive-{key}",
            disabled=bool(refusal),
            help=refusal,
            icon=":material/unarchive:" if archived else statuses.WORKFLOW["archived"].material,
            on_click=guard.callback(set_archived),
            args=(actor, workflow, not archived),
            type="tertiary",
        )
        guard.say_why(refusal, again=True)


def set_paused(actor: Actor, workflow: WorkflowSummary | workflow_records.Workflow, paused: bool) -> None:
    """Callback: pause or resume the workflow, and say so."""
    with database.write(actor) as conn:
        workflow_changes.set_paused(conn, actor, workflow_id=workflow.workflow_id, paused=paused)
    guard.tell(
        f"{escape(workflow.name)} {'is paused' if paused else 'starts runs again'}.",
        icon=":material/pause:" if paused else ":material/play_arrow:",
    )


def set_archived(actor: Actor, workflow: WorkflowSummary | workflow_records.Workflow, archived: bool) -> None:
    """Callback: archive or restore the workflow, and say so."""
    with database.write(actor) as conn:
        workflow_changes.set_archived(conn, actor, workflow_id=workflow.workflow_id, archived=archived)
    guard.tell(f"{escape(workflow.name)} was {'archived' if archived else 'restored'}.", icon=":material/archive:")


def _draw_foot(page: WorkflowPage) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        latest = workflow_records.LATEST_RUNS
        window = f"Success: share of the latest {latest} runs that succeeded, tests and replays included"
        st.caption(f"{plural(page.total, 'workflow')} · {window} · Times in {viewer_time.zone().key}", width="content")
        if page.pages > 1:
            st.pagination(page.pages, key=_PAGE.key, bind="query-params")


def _draw_nothing(*, filtered: bool) -> None:
    title, hint = "No workflows yet", "Attach one to an event: open the event in the catalog and choose Attach."
    if filtered:
        title, hint = "No workflow matches these filters", "Try fewer words or filters."
    with nothing_here.framed(title, hint):
        with st.container(horizontal=True, horizontal_alignment="center"):
            links.page_link("catalog.py", label="Event catalog", icon=":material/grid_view:")
            if filtered:
                st.button(
                    "Clear all filters",
                    icon=":material/filter_alt_off:",
                    on_click=guard.callback(FILTERS.clear),
                    key="workflow-all",
                )
