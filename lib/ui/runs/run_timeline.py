"""A run's steps: when each ran on a common time axis, and what went into and came out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from lib.runs import records as run_records
from lib.runs.records import Run, RunStep, RunWait
from lib.schemas.form import json_text
from lib.steps import STEP_TYPES
from lib.ui.components import axes, statuses, viewer_time
from lib.ui.components.text import code, duration, escape

_ROW = 30
_AXIS = 46
# The box around the chart has its own padding; Streamlit's would be taken from the height of the rows.
_PADDING = {"top": 4, "bottom": 0, "left": 0, "right": 0}
_PAGE_SIZE = 40
# A step of a few milliseconds still is a visible bar.
_THINNEST = 0.012


def draw(run: Run, definition: dict[str, Any] | None) -> None:
    """Draw bars along the time, then each step, foldable, with duration, error, wait, input and output."""
    if not run.steps:
        st.caption("No step has begun yet.")
        return
    names = dict(_names(definition.get("steps") if definition else None))
    waits = {wait.step_path: wait for wait in run.waits}
    shown = _page(run)
    _draw_bars(shown, names, "Since the first step" if shown[0] is run.steps[0] else "Since the first of these steps")
    for step in shown:
        _draw_step(step, names, waits.get(step.step_path))


def _page(run: Run) -> tuple[RunStep, ...]:
    """Draw the way to other steps if there are many, at first to the one that failed; the steps to show."""
    pages = -(-len(run.steps) // _PAGE_SIZE)
    if pages < 2:
        return run.steps
    failed = next((place for place, step in enumerate(run.steps) if step.status == "FAILED"), 0)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        page = st.pagination(
            pages, default=failed // _PAGE_SIZE + 1, max_visible_pages=5, key=f"run-steps-{run.summary.run_id}"
        )
        first = (page - 1) * _PAGE_SIZE
        shown = run.steps[first : first + _PAGE_SIZE]
        more = "+" if len(run.steps) == run_records.SHOWN_STEPS else ""
        st.caption(f"Steps {first + 1:,} to {first + len(shown):,} of {len(run.steps):,}{more}", width="content")
    return shown


def _draw_bars(shown: tuple[RunStep, ...], names: dict[str, str], axis: str) -> None:
    rows, total = _bars(shown, names)
    labels = {row["step"]: row["label"] for row in rows}
    shown_label = f"{json.dumps(labels)}[datum.value]"  # a Vega expression; JSON strings are its strings
    colors = {look.word: look.hex for look in statuses.STEP.values()}
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(cornerRadius=4, height=14)
        .encode(
            x=alt.X("from:Q", title=axis, axis=axes.durations(total)[0], scale=alt.Scale(domain=[0, total * 1.02])),
            x2="to:Q",
            y=alt.Y(
                "step:N",
                title=None,
                sort=None,
                axis=alt.Axis(labelExpr=shown_label, labelLimit=170, labelOverlap=False, ticks=False, domain=False),
            ),
            color=alt.Color("status:N", legend=None, scale=alt.Scale(domain=list(colors), range=list(colors.values()))),
            tooltip=[
                alt.Tooltip("label:N", title="Step"),
                alt.Tooltip("status:N", title="Status"),
                alt.Tooltip("took:N", title="Took"),
            ],
        )
        .properties(height=len(rows) * _ROW + _AXIS, padding=_PADDING)
    )
    with st.container(border=True):
        st.altair_chart(chart)


def _bars(shown: tuple[RunStep, ...], names: dict[str, str]) -> tuple[list[dict[str, Any]], float]:
    """A row a step, with seconds since the first of them began, and how many seconds they took together."""
    begin = min(step.started_at for step in shown)
    now = datetime.now(UTC)
    ends = [((step.completed_at or now) - begin).total_seconds() for step in shown]
    total = max([*ends, 0.001])
    rows = []
    for index, (step, end) in enumerate(zip(shown, ends, strict=True)):
        start = (step.started_at - begin).total_seconds()
        rows.append(
            {
                "step": f"{index:03d}",
                "label": _title(step, names),
                "status": statuses.STEP[step.status].word,
                "from": start,
                "to": max(end, start + total * _THINNEST),
                "took": _took(step),
            }
        )
    return rows, total


def _draw_step(step: RunStep, names: dict[str, str], wait: RunWait | None) -> None:
    kind = STEP_TYPES.get(step.step_type)
    title = f"{escape(_title(step, names))} {statuses.STEP[step.status].badge()} :gray[{_took(step)}]"
    if step.attempt > 1:
        title += f" :orange-badge[attempt {step.attempt}]"
    with st.expander(title, icon=kind.icon if kind else None, expanded=step.status == "FAILED"):
        st.caption(
            f"{code(step.step_path)} · {kind.label if kind else escape(step.step_type)} · "
            f"began {viewer_time.clock(step.started_at)}"
        )
        if step.error:
            st.error(escape(str(step.error.get("message", ""))), icon=":material/error:")
        if wait:
            _draw_wait(wait)
        for label, value in (("Input", step.input), ("Output", step.output)):
            if value is not None:
                st.markdown(f":small[:gray[{label}]]")
                st.code(json_text(value), language="json")


def _draw_wait(wait: RunWait) -> None:
    facts = [statuses.WAIT[wait.status].badge()]
    if wait.event_name:
        facts.append(f"event {code(wait.event_name)}")
    if wait.key:
        facts.append(f"key {code(wait.key)}")
    if wait.timeout_at:
        facts.append(f"until {viewer_time.clock(wait.timeout_at)}")
    st.markdown(" · ".join(facts))
    if wait.resolved_by_event_id:
        st.page_link(
            "activity.py",
            label="The event that ended the wait",
            icon=":material/bolt:",
            query_params={"eventId": str(wait.resolved_by_event_id)},
        )


def _title(step: RunStep, names: dict[str, str]) -> str:
    """The step's name, with the numbers of the loop passes it is in."""
    last = step.step_path.rpartition("/")[2]
    passes = [part.partition("[")[2].rstrip("]") for part in step.step_path.split("/") if "[" in part]
    name = names.get(last.partition("[")[0]) or last
    return f"{name} · {'.'.join(str(int(p) + 1) for p in passes if p.isdecimal())}" if passes else name


def _names(steps: Any) -> Iterator[tuple[str, str]]:
    """(id, name) of every step that has a name."""
    for step in steps if isinstance(steps, list) else []:
        if step.get("name"):
            yield step["id"], step["name"]
        kind = STEP_TYPES.get(step["type"])
        for key in kind.children if kind else ():
            yield from _names(step["config"].get(key))


def _took(step: RunStep) -> str:
    return duration((step.completed_at - step.started_at).total_seconds()) if step.completed_at else "under way"
