"""The filters of the list of runs, and its place in time. All of it is in the URL."""

from __future__ import annotations

from collections import Counter
from functools import partial
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database.paging import Cursor
from lib.metrics.rollups import ORIGINS
from lib.runs import records as run_records
from lib.runs.records import RunFilters, WorkflowWithRuns
from lib.ui.components import guard, page_buttons, statuses, time_range, viewer_time
from lib.ui.components.text import escape, shorten
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import Choice, Number, Place, Text

#: Links name the workflow by its id.
WORKFLOW = "workflowId"
_EARLIER_PAGES = "run_pages"
_ENDS = ("runSince", "runUntil")
# Two fit beside each other on a phone.
_WIDTH = 160

_STATUS = Choice(
    "runStatus", "Status", {state: look.word for state, look in statuses.RUN.items()}, "Any status", width=_WIDTH
)
_EVENT: Choice[str] = Choice("runEvent", "Event", placeholder="All events", width=_WIDTH, others=True)
_ORIGIN = Choice("runOrigin", "Origin", {origin: origin.capitalize() for origin in ORIGINS}, "Any origin", width=_WIDTH)
_TIME = Choice("runTime", "Time", {name: name for name in time_range.RANGES}, "Any time", width=_WIDTH)
_KEY = Text("runKey", "Correlation or wait key", "Exact key")
_ERROR = Text("runError", "Error contains", "timed out", "Part of an error's message or code")
_VERSION = Number("runVersion", "version")


class _Walk(Place):
    """Where the list begins, and the pages that led there."""

    def reset(self) -> None:
        """Back to the latest runs."""
        super().reset()
        st.session_state.pop(_EARLIER_PAGES, None)


_CURSOR = _Walk("before", Cursor.parse)

_FILTERS = UrlFilters(
    "runs",
    (_STATUS, _EVENT, _ORIGIN, _TIME, _KEY, _ERROR),
    others=(_VERSION,),
    positions=(_CURSOR,),
    implied={"runTime": (time_range.CUSTOM, _ENDS)},
)


def draw(actor: Actor) -> RunFilters | None:
    """Draw the filters and read them; None, with a sentence, when the URL names a workflow that is not there."""
    _FILTERS.begin()
    asked = st.query_params.get(WORKFLOW)
    asked_id = _uuid(asked)
    with database.read(actor) as conn:
        workflows = run_records.workflows_with_runs(conn, tenant=actor.tenant, asked=asked_id)
    known = {workflow.workflow_id: workflow for workflow in workflows}
    if asked is not None and asked_id not in known:
        _draw_unknown_workflow()
        return None
    names = _labels(workflows)
    filters, problem = _draw_filters(actor, names, known.get(asked_id) if asked_id else None)
    if problem:
        st.warning(f"{problem} Any time is shown.", icon=":material/date_range:")
    _FILTERS.draw_complaints()
    if filters != RunFilters():
        _draw_chips(filters, names)
    return filters


def _draw_filters(
    actor: Actor, names: dict[UUID, str], chosen: WorkflowWithRuns | None
) -> tuple[RunFilters, str | None]:
    """Draw the filters in a row; what they narrow to, and what is wrong with the range of time."""
    event_types = {event_type: event_type for event_type in _event_types(actor)}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        status = _FILTERS.choose(_STATUS)
        _draw_workflow(names, chosen)
        version = _draw_version(chosen) if chosen else None
        event_type = _FILTERS.choose(_EVENT.of(event_types))
        origin = _FILTERS.choose(_ORIGIN)
        span = _FILTERS.choose(_TIME)
        (since, until), problem = time_range.of_choice(span, _ENDS, viewer_time.zone(), changed=_FILTERS.changed)
        with st.popover("Find", icon=":material/search:", key="run-find", help="By key or error"):
            key, error = _FILTERS.type_text(_KEY), _FILTERS.type_text(_ERROR)
    filters = RunFilters(
        status=status,
        workflow_id=chosen.workflow_id if chosen else None,
        workflow_version=version,
        event_type=event_type,
        origin=origin,
        since=since,
        until=until,
        key=key,
        error=error,
    )
    return filters, problem


def clear() -> None:
    """Callback: back to all runs, latest first."""
    _reset(WORKFLOW, *(one.key for one in _FILTERS.filters))


def cursor() -> Cursor | None:
    """Where the page that the URL asks for begins; None for the latest runs."""
    return Cursor.parse(st.query_params.get(_CURSOR.key))


def draw_pages(following: Cursor | None) -> None:
    """Draw the ways to the page before and after this one."""
    first = cursor() is None
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        page_buttons.draw(
            "run",
            newest=None if first else _FILTERS.changed,
            newer=None if first else _newer,
            older=partial(_older, following) if following else None,
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
    """Which of the workflow's versions."""

    def choose() -> None:
        version = st.session_state["run-version"]
        _reset(_VERSION.key)
        if version:
            st.query_params[_VERSION.key] = str(version)

    version = _VERSION.asked() if _VERSION.key in st.query_params else None
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


def _draw_chips(filters: RunFilters, names: dict[UUID, str]) -> None:
    """What the list is narrowed to, each with the way out of it."""
    span = st.session_state.get("runTime")
    times = [
        f"{word} {viewer_time.clock(at, '%Y-%m-%d %H:%M')}"
        for word, at in (("from", filters.since), ("to", filters.until))
        if at
    ]
    chips = {
        "runStatus": filters.status and statuses.RUN[filters.status].word,
        WORKFLOW: filters.workflow_id and shorten(names[filters.workflow_id], 40),
        _VERSION.key: filters.workflow_version and f"v{filters.workflow_version}",
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
    _FILTERS.take_out(*keys)
    for key in keys:
        if key in (WORKFLOW, _VERSION.key):
            st.query_params.pop(key, None)
    if WORKFLOW in keys:
        st.query_params.pop(_VERSION.key, None)


def _older(following: Cursor) -> None:
    st.session_state.setdefault(_EARLIER_PAGES, []).append(st.query_params.get(_CURSOR.key, ""))
    st.query_params[_CURSOR.key] = str(following)


def _newer() -> None:
    earlier = st.session_state.get(_EARLIER_PAGES) or [""]  # a shared link knows of no page before it
    if before := earlier.pop():
        st.query_params[_CURSOR.key] = before
    else:
        _FILTERS.changed()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


@st.cache_data(ttl=60, show_spinner=False)
def _event_types(actor: Actor) -> list[str]:
    with database.read(actor) as conn:
        return [event_type for event_type, _ in entries.event_types(conn, tenant=actor.tenant)]
