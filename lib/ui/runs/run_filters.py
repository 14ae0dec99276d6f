"""The filters of the list of runs, and its place in time. All of it is in the URL."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database.paging import Cursor
from lib.metrics.rollups import ORIGINS
from lib.runs import records as run_records
from lib.runs.records import RunFilters, WorkflowWithRuns
from lib.ui.components import guard, run_status, time_range, viewer_time
from lib.ui.components.text import code, escape, shorten

#: Links name the workflow by its id.
WORKFLOW = "workflowId"
_VERSION = "runVersion"
_CURSOR = "before"
_EARLIER_PAGES = "run_pages"
_COMPLAINTS = "run_complaints"
_ENDS = ("runSince", "runUntil")
# Two fit beside each other on a phone.
_WIDTH = 160
# What each widget that is bound to the URL holds when it narrows nothing.
_CLEARED = {"runStatus": None, "runEvent": None, "runOrigin": None, "runTime": None, "runKey": "", "runError": ""}


def draw(actor: Actor) -> RunFilters | None:
    """Draw the filters and read them; None, with a sentence, when the URL names a workflow that is not there."""
    asked = st.query_params.get(WORKFLOW)
    asked_id = _uuid(asked)
    with database.read(actor) as conn:
        workflows = run_records.workflows_with_runs(conn, tenant=actor.tenant, asked=asked_id)
    known = {workflow.workflow_id: workflow for workflow in workflows}
    if asked is not None and asked_id not in known:
        _draw_unknown_workflow()
        return None
    chosen = known.get(asked_id) if asked_id else None
    names = _labels(workflows)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        status = _choose("Status", [run_status.words(s) for s in run_status.STATUSES], "runStatus", "Any status")
        _draw_workflow(names, chosen)
        version = _draw_version(chosen) if chosen else None
        event_type = _choose("Event", _event_types(actor), "runEvent", "All events", others=True)
        origin = _choose("Origin", [o.capitalize() for o in ORIGINS], "runOrigin", "Any origin")
        span = _choose("Time", list(time_range.RANGES), "runTime", "Any time")
        (since, until), problem = time_range.of_choice(span, _ENDS, viewer_time.zone(), changed=first_page)
        key, error = _draw_find()
    if problem:
        st.warning(f"{problem} Any time is shown.", icon=":material/date_range:")
    for complaint in st.session_state.get(_COMPLAINTS, {}).values():
        st.warning(complaint, icon=":material/link_off:")
    filters = RunFilters(
        status=status.upper() if status else None,
        workflow_id=chosen.workflow_id if chosen else None,
        workflow_version=version,
        event_type=event_type,
        origin=origin.lower() if origin else None,
        since=since,
        until=until,
        key=key or None,
        error=error or None,
    )
    if filters != RunFilters():
        _draw_chips(filters, names)
    return filters


def clear() -> None:
    """Callback: back to all runs, latest first."""
    _reset(WORKFLOW, *_CLEARED)


def first_page() -> None:
    """Callback: back to the latest runs."""
    st.session_state.pop(_COMPLAINTS, None)
    st.query_params.pop(_CURSOR, None)
    st.session_state.pop(_EARLIER_PAGES, None)


def cursor() -> Cursor | None:
    """Where the page that the URL asks for begins; None for the latest runs."""
    return Cursor.parse(st.query_params.get(_CURSOR))


def draw_pages(following: Cursor | None) -> None:
    """Draw the ways to the page before and after this one."""
    first = cursor() is None
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        st.button(
            "Newest",
            icon=":material/first_page:",
            key="run-newest",
            type="tertiary",
            disabled=first,
            on_click=guard.callback(first_page),
        )
        st.button(
            "Newer", icon=":material/chevron_left:", key="run-newer", disabled=first, on_click=guard.callback(_newer)
        )
        st.button(
            "Older",
            icon=":material/chevron_right:",
            icon_position="right",
            key="run-older",
            disabled=following is None,
            on_click=guard.callback(_older),
            args=(following,),
        )


def _choose(label: str, options: list[str], key: str, placeholder: str, *, others: bool = False) -> str | None:
    """A choice that the URL has, too; of what it asks for in vain, a complaint remains."""
    asked = st.query_params.get(key)
    if asked is not None and asked not in options and not others:
        complaint = (
            f"{code(key)} in the address is left out: {code(shorten(asked, 40))} is not one of {', '.join(options)}."
        )
        st.session_state[_COMPLAINTS] = {**st.session_state.get(_COMPLAINTS, {}), key: complaint}
    return st.selectbox(
        label,
        options,
        index=None,
        key=key,
        bind="query-params",
        placeholder=placeholder,
        width=_WIDTH,
        label_visibility="collapsed",
        accept_new_options=others,
        on_change=guard.callback(first_page),
    )


def _draw_workflow(names: dict[UUID, str], chosen: WorkflowWithRuns | None) -> None:
    """Not bound to the URL, which has the id."""

    def choose() -> None:
        workflow_id = st.session_state["run-workflow"]
        _reset(WORKFLOW)
        if workflow_id:
            st.query_params[WORKFLOW] = str(workflow_id)

    st.session_state["run-workflow"] = chosen.workflow_id if chosen else None
    st.selectbox(
        "Workflow",
        list(names),
        key="run-workflow",
        index=None,
        format_func=lambda one: names.get(one, ""),
        placeholder="All workflows",
        label_visibility="collapsed",
        width=_WIDTH,
        on_change=guard.callback(choose),
    )


def _draw_version(workflow: WorkflowWithRuns) -> int | None:
    """Which of the workflow's versions; nonsense in the URL is none."""

    def choose() -> None:
        version = st.session_state["run-version"]
        _reset(_VERSION)
        if version:
            st.query_params[_VERSION] = str(version)

    asked = st.query_params.get(_VERSION, "")
    version = (int(asked) if asked.isdecimal() and len(asked) < 7 else 0) or None
    st.session_state["run-version"] = version
    options = sorted({*range(1, workflow.versions + 1), *([version] if version else [])}, reverse=True)
    st.selectbox(
        "Version",
        options,
        key="run-version",
        index=None,
        format_func=lambda one: f"v{one}",
        width=_WIDTH,
        placeholder="Any version",
        label_visibility="collapsed",
        on_change=guard.callback(choose),
    )
    return version


def _draw_find() -> tuple[str | None, str | None]:
    """What is typed, folded away."""
    with st.popover("Find", icon=":material/search:", key="run-find", help="By key or error"):
        key = st.text_input(
            "Correlation or wait key",
            key="runKey",
            bind="query-params",
            placeholder="Exact key",
            width=320,
            on_change=guard.callback(first_page),
        )
        error = st.text_input(
            "Error contains",
            key="runError",
            bind="query-params",
            placeholder="timed out",
            help="Part of an error's message or code",
            width=320,
            on_change=guard.callback(first_page),
        )
    return key, error


def _draw_chips(filters: RunFilters, names: dict[UUID, str]) -> None:
    """What the list is narrowed to, each with the way out of it."""
    span = st.session_state.get("runTime")
    times = [
        f"{word} {viewer_time.clock(at, '%Y-%m-%d %H:%M')}"
        for word, at in (("from", filters.since), ("to", filters.until))
        if at
    ]
    chips = {
        "runStatus": filters.status and run_status.words(filters.status),
        WORKFLOW: filters.workflow_id and shorten(names[filters.workflow_id], 40),
        _VERSION: filters.workflow_version and f"v{filters.workflow_version}",
        "runEvent": filters.event_type,
        "runOrigin": filters.origin and filters.origin.capitalize(),
        "runTime": " ".join(times) if span == time_range.CUSTOM else span,
        "runKey": filters.key and f"Key {shorten(filters.key, 40)}",
        "runError": filters.error and f"Error “{shorten(filters.error, 40)}”",
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for key, words in chips.items():
            if words:
                st.button(
                    escape(words),
                    key=f"reset-{key}",
                    icon=":material/close:",
                    icon_position="right",
                    help="Remove this filter",
                    on_click=guard.callback(_reset),
                    args=(key,),
                )
        st.button(
            "Clear filters",
            key="run-clear",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=guard.callback(clear),
        )


def _draw_unknown_workflow() -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### There is no such workflow", width="content")
        st.caption("So there are no runs of it to show.", width="content")
        st.button("Show all runs", icon=":material/list:", on_click=guard.callback(clear), key="run-all")
        st.space("small")


def _labels(workflows: list[WorkflowWithRuns]) -> dict[UUID, str]:
    """A name for each workflow; those that share one get part of their id."""
    shared = Counter(workflow.name for workflow in workflows)
    return {
        workflow.workflow_id: workflow.name
        + (f" · {str(workflow.workflow_id)[-4:]}" if shared[workflow.name] > 1 else "")
        + (" (archived)" if workflow.is_archived else "")
        for workflow in workflows
    }


def _reset(*keys: str) -> None:
    """Callback: take these filters out, and go back to the latest runs."""
    for key in keys:
        if key in _CLEARED:
            st.session_state[key] = _CLEARED[key]
        else:
            st.query_params.pop(key, None)
    if "runTime" in keys:
        for end in _ENDS:
            st.query_params.pop(end, None)
    if WORKFLOW in keys:
        st.query_params.pop(_VERSION, None)
    first_page()


def _older(following: Cursor) -> None:
    st.session_state.setdefault(_EARLIER_PAGES, []).append(st.query_params.get(_CURSOR, ""))
    st.query_params[_CURSOR] = str(following)


def _newer() -> None:
    earlier = st.session_state.get(_EARLIER_PAGES) or [""]  # a shared link knows of no page before it
    if before := earlier.pop():
        st.query_params[_CURSOR] = before
    else:
        first_page()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


@st.cache_data(ttl=60, show_spinner=False)
def _event_types(actor: Actor) -> list[str]:
    with database.read(actor) as conn:
        return [event_type for event_type, _ in entries.event_types(conn, tenant=actor.tenant)]
