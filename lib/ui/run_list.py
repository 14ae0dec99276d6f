"""The list of runs with its filters, each bound to the URL, and the way along its pages."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

import pandas as pd
import streamlit as st

from lib import database, runs, workflows
from lib.auth import Actor
from lib.rollups import ORIGINS
from lib.runs import Cursor, RunSummary
from lib.ui import activity_filters, run_status
from lib.ui.text import NOTHING, duration
from lib.workflows import WorkflowChoice

_KEYS = ("runStatus", "runWorkflow", "runEvent", "runOrigin")
_BEFORE = "before"
_WORKFLOW_ID = "workflowId"
_PAGE_SIZE = 50
_POLL_SECONDS = 3


def draw(actor: Actor) -> None:
    """Draw filters and one page of runs; the first page follows what is going on."""
    with database.read(actor) as conn:
        choices = workflows.choices(conn, tenant=actor.tenant)
    names = _labels(choices)
    _accept_workflow_id(names)
    _draw_filters(list(names), sorted({choice.event_type for choice in choices if choice.event_type}))
    workflow_id = names.get(st.session_state.get("runWorkflow") or "")
    cursor = _cursor()

    @st.fragment(run_every=None if cursor else _POLL_SECONDS)
    def page() -> None:
        if _cursor() != cursor or "runId" in st.query_params:
            st.rerun()  # a button in here redraws only this part
        with database.read(actor) as conn:
            found = runs.list_runs(
                conn,
                tenant=actor.tenant,
                status=_lower("runStatus", upper=True),
                workflow_id=workflow_id,
                event_type=st.session_state.get("runEvent"),
                origin=_lower("runOrigin"),
                cursor=cursor,
                limit=_PAGE_SIZE,
            )
        if not found.runs:
            _draw_nothing()
            return
        _draw_table(found.runs)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            kind = "page" if cursor else "latest"
            st.caption(f"{len(found.runs)} runs, latest first", width="content", help=f"This is the {kind} of runs.")
            with st.container(horizontal=True, width="content"):
                st.button("Latest", icon=":material/first_page:", disabled=cursor is None, on_click=_go, args=(None,))
                st.button("Older", icon=":material/chevron_right:", icon_position="right",
                          disabled=found.next is None, on_click=_go, args=(found.next,))  # fmt: skip

    page()


def _labels(choices: list[WorkflowChoice]) -> dict[str, UUID]:
    """A name for each workflow in the filter and the URL; workflows that share one get part of their id."""
    shared = Counter(choice.name for choice in choices)
    labels = {}
    for choice in choices:
        suffix = f" · {str(choice.workflow_id)[-4:]}" if shared[choice.name] > 1 else ""
        labels[f"{choice.name}{suffix}"] = choice.workflow_id
    return labels


def _accept_workflow_id(names: dict[str, UUID]) -> None:
    """Links name a workflow by its id; the filter, and the URL from then on, by its name."""
    asked = st.query_params.get(_WORKFLOW_ID)
    if asked is None:
        return
    del st.query_params[_WORKFLOW_ID]
    if name := next((name for name, one in names.items() if str(one) == asked), None):
        st.query_params["runWorkflow"] = name
    st.rerun()  # a widget reads the URL only before this run has touched it


def _draw_filters(names: list[str], event_types: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox("Status", [run_status.words(s) for s in run_status.STATUSES], index=None, key="runStatus",
                     bind="query-params", placeholder="Any status", label_visibility="collapsed", width=160,
                     on_change=_go, args=(None,))  # fmt: skip
        st.selectbox("Workflow", names, index=None, key="runWorkflow", bind="query-params", width=280,
                     placeholder="All workflows", label_visibility="collapsed", on_change=_go,
                     args=(None,))  # fmt: skip
        st.selectbox("Event", event_types, index=None, key="runEvent", bind="query-params", width=260,
                     placeholder="All events", label_visibility="collapsed", on_change=_go, args=(None,))  # fmt: skip
        st.selectbox("Origin", [o.capitalize() for o in ORIGINS], index=None, key="runOrigin", width=150,
                     bind="query-params", placeholder="Any origin", label_visibility="collapsed",
                     on_change=_go, args=(None,))  # fmt: skip
        st.button("Clear", icon=":material/filter_alt_off:", type="tertiary", on_click=_clear, key="run-clear",
                  help="Clear all filters")  # fmt: skip


def _draw_table(found: tuple[RunSummary, ...]) -> None:
    def open_row() -> None:
        clicked = st.session_state["runs-open"]
        if clicked:
            st.query_params["runId"] = str(found[clicked["row"]].run_id)

    rows = [
        {
            "Status": [run_status.words(run.status)],
            "Workflow": run.workflow_name,
            "Version": f"v{run.workflow_version}",
            "Event": run.event_type,
            "Origin": run.origin.capitalize(),
            "Triggered": run.triggered_at,
            "Duration": duration(run.seconds) if run.seconds is not None else None,
            "Error": run.error.get("message") if run.error else None,
        }
        for run in found
    ]
    statuses = [run_status.words(status) for status in run_status.STATUSES]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder=NOTHING,
        row_height=40,
        height=min(len(rows), 18) * 40 + 40,
        column_config={
            "Workflow": st.column_config.ButtonColumn(
                "Workflow", type="tertiary", alignment="left", key="runs-open", on_click=open_row, width="medium"
            ),
            "Status": st.column_config.MultiselectColumn(
                "Status", options=statuses, color=[run_status.COLORS[s] for s in run_status.STATUSES], width=110
            ),
            "Version": st.column_config.TextColumn("Version", width=70),
            "Triggered": st.column_config.DatetimeColumn(
                "Triggered", format="MMM D, HH:mm:ss", timezone=activity_filters.zone().key, width=130
            ),
            "Duration": st.column_config.TextColumn("Duration", alignment="right", width=90),
            "Error": st.column_config.TextColumn("Error", width="large"),
        },
    )


def _draw_nothing() -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### No runs here", width="content")
        st.caption("A run starts when an event reaches a published workflow. Simulate one, or widen the filters.",
                   width="content")  # fmt: skip
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.page_link("simulate.py", label="Simulate an event", icon=":material/play_arrow:")
            st.button("Clear all filters", icon=":material/filter_alt_off:", on_click=_clear, key="run-clear-nothing")
        st.space("small")


def _cursor() -> Cursor | None:
    """Where the page begins, from the URL: instant and id of the row before it."""
    at, _, run_id = st.query_params.get(_BEFORE, "").partition("_")
    try:
        return Cursor(datetime.fromisoformat(at), UUID(run_id))
    except ValueError:
        return None


def _go(cursor: Cursor | None) -> None:
    if cursor is None:
        st.query_params.pop(_BEFORE, None)
    else:
        st.query_params[_BEFORE] = f"{cursor.triggered_at.isoformat()}_{cursor.run_id}"


def _clear() -> None:
    st.session_state.update(dict.fromkeys(_KEYS))
    _go(None)


def _lower(key: str, *, upper: bool = False) -> str | None:
    value: str | None = st.session_state.get(key)
    return value and (value.upper() if upper else value.lower())
