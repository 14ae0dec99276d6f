"""A run's steps on a common time axis, one after another."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from lib.runs import records as run_records
from lib.runs.records import Run, RunStep
from lib.ui.components import axes, statuses, vega_chart
from lib.ui.runs import run_steps
from lib.ui.runs.run_steps import StepPlan

_ROW = 30
_AXIS = 46
# The box around the chart has its own padding; Streamlit's would be taken from the height of the rows.
_PADDING = {"top": 4, "bottom": 0, "left": 0, "right": 0}
_PAGE_SIZE = 40
# A step of a few milliseconds still is a visible bar.
_THINNEST = 0.012


def draw(run: Run, plan: StepPlan) -> None:
    """Draw bars along the time, then each step, foldable, and after the last those that were not reached."""
    if run.steps:
        shown = _page(run)
        first = "Since the first step" if shown[0] is run.steps[0] else "Since the first of these steps"
        _draw_bars(shown, plan, first)
        waits = {wait.step_path: wait for wait in run.waits}
        for step in shown:
            run_steps.draw(step, plan, waits.get(step.step_path))
    elif not run.summary.has_ended:
        st.caption("No step has begun yet.")
    run_steps.draw_unreached(run, plan)


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


def _draw_bars(shown: tuple[RunStep, ...], plan: StepPlan, axis: str) -> None:
    rows, total = _bars(shown, plan)
    labels = {row["step"]: row["label"] for row in rows}
    shown_label = f"{json.dumps(labels)}[datum.value]"  # a Vega expression; JSON strings are its strings
    colors = {look.word: look.hex for look in statuses.STEP.values()}
    chart = (
        alt.Chart(pd.DataFrame(rows), height=len(rows) * _ROW + _AXIS, padding=_PADDING)
        .mark_bar(cornerRadius=4, height=14)
        .encode(
            x=alt.X("from:Q", title=axis, axis=axes.durations(total)[0], scale=alt.Scale(domain=[0, total * 1.02])),
            x2=alt.X2("to:Q"),
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
    )
    with st.container(border=True):
        vega_chart.draw(chart)


def _bars(shown: tuple[RunStep, ...], plan: StepPlan) -> tuple[list[dict[str, Any]], float]:
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
                "label": run_steps.title(step.step_path, plan),
                "status": statuses.STEP[step.status].word,
                "from": start,
                "to": max(end, start + total * _THINNEST),
                "took": run_steps.took(step),
            }
        )
    return rows, total
