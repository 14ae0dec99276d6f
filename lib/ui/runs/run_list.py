"""The list of runs that the filters let through, page by page; the first page follows what is going on."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.database.paging import Cursor, Total
from lib.runs import records as run_records
from lib.runs.records import RunFilters, RunPage, RunSummary
from lib.ui.components import guard, links, not_kept, nothing_here, statuses, table, viewer_time
from lib.ui.components.text import escape, of_total
from lib.ui.runs import run_filters

PARAMETER = "runId"

_POLL_SECONDS = 3
_NAME_WIDTH = 180
_HELD = "runs-held"

_Found = tuple[RunPage, Total | None]


def draw(actor: Actor, filters: RunFilters) -> None:
    """Draw the page of runs that the URL asks for. While one of them is chosen, the list stands still."""
    cursor = run_filters.cursor()
    # Tables of different views have different names: what is chosen in one must not be taken for a row of another.
    key = f"runs-{actor.tenant}-{run_filters.FILTERS.asked_for()}-{cursor!r}"

    @guard.fragment(run_every=None if cursor else _POLL_SECONDS)
    def page() -> None:
        if run_filters.cursor() != cursor or PARAMETER in st.query_params:
            st.rerun()  # a button in here redraws only this part
        with guard.errors_shown():
            row = table.chosen_row(key)
            held = _held(key) if row is not None else None
            found, total = held or _read(actor, filters, cursor, key)
            if found.runs:
                _draw_chosen(found.runs[row] if row is not None and row < len(found.runs) else None)
                _draw_table(found.runs, key)
            else:
                _draw_nothing(actor, filters, found)
            if found.runs or found.next or cursor:
                with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                    st.caption(_count_line(found, total), width="content")
                    with st.container(width="content"):
                        run_filters.draw_pages(found.next)

    page()


def _read(actor: Actor, filters: RunFilters, cursor: Cursor | None, key: str) -> _Found:
    """The runs as they are now. The session holds them until others are read: a row that is chosen is one of them."""
    with database.read(actor) as conn:
        found = run_records.list_runs(conn, tenant=actor.tenant, filters=filters, cursor=cursor)
        total = run_records.how_many(conn, tenant=actor.tenant, filters=filters)
    st.session_state[_HELD] = key, (found, total)
    return found, total


def _held(key: str) -> _Found | None:
    """The runs that the table with this key shows, if they were the last ones read."""
    of, held = st.session_state.get(_HELD, (None, None))
    return held if of == key else None


def _open(run: RunSummary) -> None:
    """Callback: show this run's record."""
    st.query_params[PARAMETER] = str(run.run_id)


def _count_line(page: RunPage, total: Total | None) -> str:
    """How much of the list this page is, and in whose time."""
    zone = viewer_time.zone().key
    if not page.runs:
        return f"Times in {zone}"
    shown = of_total(len(page.runs), total, "run")
    first, last = (viewer_time.clock(run.triggered_at, "%Y-%m-%d %H:%M") for run in (page.runs[-1], page.runs[0]))
    return f"{shown} · {first} to {last} · Times in {zone} · {table.SORTED}"


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
            f"{escape(run.workflow_name)} {statuses.RUN[run.status].badge()} "
            f":gray[{viewer_time.clock(run.triggered_at)}]{error}",
            width="content",
        )


def _draw_table(found: tuple[RunSummary, ...], key: str) -> None:
    table.draw(
        [_row(run) for run in found],
        {
            "Status": table.state(statuses.RUN, width=100),
            "Triggered": table.moment(),
            "Duration": table.seconds(width=80),
            "Event": table.text(width=190),
            "Error": table.text(width=300),
            "Version": table.hidden(table.text()),
            "Origin": table.hidden(table.state(statuses.ORIGIN)),
            "Key": table.hidden(table.text()),
        },
        key=key,
        way_in=table.WayIn("Workflow", lambda row: _open(found[row]), width=_NAME_WIDTH, help="Opens the run"),
        when_chosen=table.redraw,
    )


def _row(run: RunSummary) -> dict[str, object]:
    return {
        "Workflow": run.workflow_name,
        "Status": run.status,
        "Triggered": run.triggered_at,
        "Duration": run.seconds,
        "Event": run.event_type,
        "Version": f"v{run.workflow_version}",
        "Origin": run.origin,
        "Error": run.error.get("message") if run.error else None,
        "Key": run.correlation_key,
    }


def _draw_nothing(actor: Actor, filters: RunFilters, page: RunPage) -> None:
    if page.next:
        nothing_here.draw(
            f"Not among the newest {run_records.LOOKED_AT:,} failed runs",
            "Older looks through those before them; a time or a workflow narrows them.",
        )
    elif filters != RunFilters():
        hint = not_kept.sentence(actor, filters.since) or "Try a longer time or fewer filters."
        with nothing_here.framed("No run matches these filters", hint):
            st.button(
                "Clear all filters",
                icon=":material/filter_alt_off:",
                on_click=guard.callback(run_filters.clear),
                key="run-clear-nothing",
            )
    else:
        with nothing_here.framed("No runs yet", "A run starts when an event reaches a published workflow."):
            links.page_link("simulate.py", label="Simulate an event", icon=":material/play_arrow:")
