"""The filters of the list of runs, and its place in time. All of it is in the URL."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.database.paging import Cursor
from lib.metrics.rollups import ORIGINS, Origin
from lib.metrics.time_window import iso
from lib.runs import records as run_records
from lib.runs.records import RunFilters, WorkflowWithRuns
from lib.ui.components import (
    choices,
    guard,
    nothing_here,
    page_buttons,
    statuses,
    time_range,
    url_parameters,
    viewer_time,
)
from lib.ui.components.text import escape, shorten
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Number, Place, Text, asked

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


_CURSOR = _Walk(page_buttons.BEFORE.key)

FILTERS = UrlFilters(
    "runs",
    (_STATUS, _EVENT, _ORIGIN, _TIME, _KEY, _ERROR),
    others=(_VERSION,),
    more=(WORKFLOW,),
    positions=(_CURSOR,),
    # What other pages call theirs, and people will try.
    aliases={
        "status": "runStatus",
        "eventType": "runEvent",
        "event": "runEvent",
        "origin": "runOrigin",
        "time": "runTime",
        "range": "runTime",
        "since": "runSince",
        "until": "runUntil",
        "from": "runSince",
        "to": "runUntil",
        "key": "runKey",
    },
    implied={"runTime": (time_range.CUSTOM, _ENDS)},
)


def draw(actor: Actor) -> RunFilters | None:
    """Draw the filters and read them; None, with a sentence, when the URL names a workflow that is not there."""
    FILTERS.begin()
    asked = st.query_params.get(WORKFLOW)
    asked_id = _uuid(asked)
    with database.read(actor) as conn:
        workflows = run_records.workflows_with_runs(conn, tenant=actor.tenant, asked=asked_id)
    known = {workflow.workflow_id: workflow for workflow in workflows}
    if asked is not None and asked_id not in known:
        _draw_unknown_workflow()
        return None
    names = _labels(workflows)
    filters, span, problem = _draw_filters(actor, names, known.get(asked_id) if asked_id else None)
    if problem:
        st.warning(f"{problem} Any time is shown.", icon=":material/date_range:")
    FILTERS.draw_complaints()
    if filters != RunFilters():
        _draw_chips(filters, names, span)
    return filters


def _draw_filters(
    actor: Actor, names: dict[UUID, str], chosen: WorkflowWithRuns | None
) -> tuple[RunFilters, str | None, str | None]:
    """Draw the filters in a row; what they narrow to, the range of time by its name, and what is wrong with it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        status = FILTERS.choose(_STATUS)
        _draw_workflow(names, chosen)
        version = _draw_version(chosen) if chosen else None
        known = choices.events(actor, key=_EVENT.key, chosen=[asked(_EVENT.key)], is_filter=True)
        event_type = FILTERS.choose(_EVENT.of({event_type: event_type for event_type in known}))
        origin = FILTERS.choose(_ORIGIN)
        span = FILTERS.choose(_TIME)
        (since, until), problem = time_range.of_choice(span, _ENDS, viewer_time.zone(), changed=FILTERS.changed)
        used = sum(bool(url_parameters.asked(text.key)) for text in (_KEY, _ERROR))
        find = f"Find · {used}" if used else "Find"
        with st.popover(find, icon=":material/search:", key="run-find", help="By key or error"):
            key, error = FILTERS.type_text(_KEY), FILTERS.type_text(_ERROR)
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
    return filters, span, problem


def failed_of(*, event_type: str | None, origin: Origin | None, since: datetime, until: datetime) -> dict[str, str]:
    """Parameters with which the page shows the failed runs of the events of this time."""
    query = {_STATUS.key: "FAILED", _TIME.key: time_range.CUSTOM, _ENDS[0]: iso(since), _ENDS[1]: iso(until)}
    return query | {one.key: value for one, value in ((_EVENT, event_type), (_ORIGIN, origin)) if value}


def clear() -> None:
    """Callback: back to all runs, latest first."""
    _reset(WORKFLOW, *(one.key for one in FILTERS.filters))


def cursor() -> Cursor | None:
    """Where the page that the URL asks for begins; None for the latest runs."""
    return _CURSOR.asked()


def draw_pages(following: Cursor | None) -> None:
    """Draw the ways to the page before and after this one."""
    first = cursor() is None
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        page_buttons.draw(
            "run",
            newest=None if first else FILTERS.changed,
            newer=None if first else _newer,
            older=partial(_older, following) if following else None,
        )


def _draw_workflow(names: dict[UUID, str], chosen: WorkflowWithRuns | None) -> None:
    """Not bound to the URL, which has the id."""

    def choose() -> None:
        workflow_id = st.session_state["run-workflow"]
        _reset(WORKFLOW)
        if isinstance(workflow_id, UUID):
            st.query_params[WORKFLOW] = str(workflow_id)

    options: dict[UUID | str, str] = {ALL: "All workflows", **{one: name for one, name in names.items()}}
    st.session_state["run-workflow"] = chosen.workflow_id if chosen else ALL
    st.selectbox(
        "Workflow",
        list(options),
        key="run-workflow",
        format_func=lambda one: options.get(one, ""),
        label_visibility="collapsed",
        width=_WIDTH,
        on_change=guard.callback(choose),
    )


def _draw_version(workflow: WorkflowWithRuns) -> int | None:
    """Which of the workflow's versions."""

    def choose() -> None:
        version = st.session_state["run-version"]
        _reset(_VERSION.key)
        if isinstance(version, int):
            st.query_params[_VERSION.key] = str(version)

    version = _VERSION.asked() if _VERSION.key in st.query_params else None
    st.session_state["run-version"] = version or ALL
    known = sorted({*range(1, workflow.versions + 1), *([version] if version else [])}, reverse=True)
    st.selectbox(
        "Version",
        [ALL, *known],
        key="run-version",
        format_func=lambda one: "Any version" if one == ALL else f"v{one}",
        width=_WIDTH,
        label_visibility="collapsed",
        on_change=guard.callback(choose),
    )
    return version


def _draw_chips(filters: RunFilters, names: dict[UUID, str], span: str | None) -> None:
    """What the list is narrowed to, each with the way out of it."""
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
    with nothing_here.framed("There is no such workflow", "So there are no runs of it to show."):
        st.button("Show all runs", icon=":material/list:", on_click=guard.callback(clear), key="run-all")


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
    FILTERS.take_out(*keys)
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
        FILTERS.changed()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
