"""The list of runs that the filters let through, page by page; the first page follows what is going on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.database.paging import Cursor
from lib.runs import records as run_records
from lib.runs.records import RunFilters, RunPage, RunSummary
from lib.ui.activity.event_list import ORIGIN_COLORS
from lib.ui.components import guard, run_status, viewer_time
from lib.ui.components.text import NOTHING, duration, escape, plural
from lib.ui.runs import run_filters

PARAMETER = "runId"

_POLL_SECONDS = 3
_ROW_HEIGHT = 40
_MOST_ROWS_IN_SIGHT = 18


def draw(actor: Actor, filters: RunFilters) -> None:
    """Draw the page of runs that the URL asks for. While one of them is chosen, the list stands still."""
    cursor = run_filters.cursor()
    # Tables of different views have different names: what is chosen in one must not be taken for a row of another.
    table = f"runs-{sorted(st.query_params.to_dict().items())}"
    held: list[RunPage] = []

    @st.fragment(run_every=None if cursor else _POLL_SECONDS)
    def page() -> None:
        if run_filters.cursor() != cursor or PARAMETER in st.query_params:
            st.rerun()  # a button in here redraws only this part
        with guard.errors_shown():
            row = _chosen_row(table)
            if row is None or not held:
                with database.read(actor) as conn:
                    held[:] = [run_records.list_runs(conn, tenant=actor.tenant, filters=filters, cursor=cursor)]
            found = held[0]
            if found.runs:
                _draw_chosen(found.runs[row] if row is not None and row < len(found.runs) else None)
                _draw_table(found.runs, table)
            else:
                _draw_nothing(filters, found)
            if found.runs or found.next or cursor:
                with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                    st.caption(_told(found, cursor), width="content")
                    with st.container(width="content"):
                        run_filters.draw_pages(found.next)

    page()


def _open(run: RunSummary) -> None:
    """Callback: show this run's record."""
    st.query_params[PARAMETER] = str(run.run_id)


def _told(page: RunPage, cursor: Cursor | None) -> str:
    """How much of the list this page is, and in whose time."""
    zone = viewer_time.zone().key
    if not page.runs:
        return f"Times in {zone}"
    shown = f"the newest {len(page.runs)}" if page.next and not cursor else plural(len(page.runs), "run")
    first, last = (viewer_time.clock(run.triggered_at, "%Y-%m-%d %H:%M") for run in (page.runs[-1], page.runs[0]))
    return f"Showing {shown} · {first} to {last} · Times in {zone}"


def _chosen_row(table: str) -> int | None:
    cells = st.session_state[table]["selection"]["cells"] if table in st.session_state else ()
    return cells[0][0] if cells else None


def _draw_chosen(run: RunSummary | None) -> None:
    """The chosen run with its error in full, and the way to its record; arrow keys alone open nothing."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if run is None:
            st.button("Open run", icon=":material/arrow_outward:", key="run-open-chosen", disabled=True)
            st.caption("Choose a workflow’s name to open its run, or a row to see its error.", width="content")
            return
        st.button(
            "Open run",
            icon=":material/arrow_outward:",
            key="run-open-chosen",
            on_click=guard.callback(_open),
            args=(run,),
        )
        error = f" :red[{escape(str(run.error.get('message', '')))}]" if run.error else ""
        st.markdown(
            f"{escape(run.workflow_name)} {run_status.badge(run.status)} "
            f":gray[{viewer_time.clock(run.triggered_at)}]{error}",
            width="content",
        )


def _draw_table(found: tuple[RunSummary, ...], table: str) -> None:
    button = f"{table}-open"

    def open_clicked() -> None:
        if clicked := st.session_state[button]:
            _open(found[clicked["row"]])

    column = st.column_config
    st.dataframe(
        pd.DataFrame([_row(run) for run in found]),
        key=table,
        hide_index=True,
        placeholder=NOTHING,
        row_height=_ROW_HEIGHT,
        height=min(len(found), _MOST_ROWS_IN_SIGHT) * _ROW_HEIGHT + 40,
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "Workflow": column.ButtonColumn(
                "Workflow",
                type="tertiary",
                alignment="left",
                key=button,
                on_click=guard.callback(open_clicked),
                width=190,
            ),
            "Status": column.MultiselectColumn(
                "Status", options=list(run_status.BY_WORDS), color=list(run_status.BY_WORDS.values()), width=105
            ),
            "Triggered": column.TextColumn("Triggered", width=150),
            "Duration": column.TextColumn("Duration", alignment="right", width=80),
            "Version": column.TextColumn("Version", width=65),
            "Event": column.TextColumn("Event", width=190),
            "Error": column.TextColumn("Error", width="medium"),
            "Origin": column.MultiselectColumn(
                "Origin", options=list(ORIGIN_COLORS), color=list(ORIGIN_COLORS.values()), width=95
            ),
            "Key": column.TextColumn("Key", width=290, help="Correlation key"),
        },
    )


def _row(run: RunSummary) -> dict[str, object]:
    return {
        "Workflow": run.workflow_name,
        "Status": [run_status.words(run.status)],
        "Triggered": viewer_time.clock(run.triggered_at),
        "Duration": duration(run.seconds) if run.seconds is not None else None,
        "Version": f"v{run.workflow_version}",
        "Event": run.event_type,
        "Error": run.error.get("message") if run.error else None,
        "Origin": [run.origin.capitalize()],
        "Key": run.correlation_key,
    }


def _draw_nothing(filters: RunFilters, page: RunPage) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        if page.next:
            st.markdown(f"#### Not among the newest {run_records.LOOKED_AT:,} failed runs", width="content")
            st.caption("Older looks through those before them; a time or a workflow narrows them.", width="content")
        elif filters != RunFilters():
            st.markdown("#### No run matches these filters", width="content")
            st.caption("Try a longer time or fewer filters.", width="content")
            st.button(
                "Clear all filters",
                icon=":material/filter_alt_off:",
                on_click=guard.callback(run_filters.clear),
                key="run-clear-nothing",
            )
        else:
            st.markdown("#### No runs yet", width="content")
            st.caption("A run starts when an event reaches a published workflow.", width="content")
            st.page_link("simulate.py", label="Simulate an event", icon=":material/play_arrow:")
        st.space("small")
