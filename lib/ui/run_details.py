"""One run: what started it, how far it got step by step, what it waits for, and what one can do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from lib import database, runs, workflow_versions
from lib.auth import Actor
from lib.runs import Run, RunSummary
from lib.schema_form import json_text
from lib.ui import diagram, guard, run_status, run_timeline
from lib.ui.text import NOTHING, code, duration, escape

_POLL_SECONDS = 1


def draw(actor: Actor, asked: str) -> None:
    """Draw the run with this id; it follows the run until it has ended."""
    try:
        run_id = UUID(asked)
    except ValueError:
        st.info("There is no run under this address.", icon=":material/search_off:")
        return
    ended_key = f"run-ended-{run_id}"

    @st.fragment(run_every=None if st.session_state.get(ended_key) else _POLL_SECONDS)
    def live() -> None:
        with guard.errors_shown():
            with database.read(actor) as conn:
                run = runs.get_run(conn, tenant=actor.tenant, run_id=run_id)
                definition = workflow_versions.definition_if_known(
                    conn, tenant=actor.tenant, workflow_id=run.summary.workflow_id, version=run.summary.workflow_version
                )
            _draw_head(actor, run, None if actor.may("manage") else actor.refusal("manage"))
            _draw_body(run, definition)
            ended = run.summary.status in run_status.ENDED
            if ended != bool(st.session_state.get(ended_key)):
                st.session_state[ended_key] = ended
                st.rerun()  # begins or ends the polling

    live()


def _draw_head(actor: Actor, run: Run, refusal: str | None) -> None:
    summary = run.summary
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"## {escape(summary.workflow_name)} :gray[v{summary.workflow_version}] "
                    f"{run_status.badge(summary.status)}", width="content")  # fmt: skip
        with st.container(horizontal=True, width="content"):
            if summary.status not in run_status.ENDED:
                if st.button("Cancel run", icon=":material/cancel:", disabled=refusal is not None, help=refusal):
                    _cancel(actor, summary)
            if summary.status == "FAILED":
                if st.button("Run again", icon=":material/replay:", type="primary", disabled=refusal is not None,
                             help=refusal or "A new run with the same input and version"):  # fmt: skip
                    _retry(actor, summary)
    if summary.error:
        kind = summary.error.get("code")
        below = f"  \n:small[{code(str(kind))}]" if kind else ""
        st.error(f"{escape(str(summary.error.get('message', '')))}{below}", icon=":material/error:")
    _draw_facts(run)


def _draw_facts(run: Run) -> None:
    summary = run.summary
    took = summary.seconds
    if took is None and summary.started_at:
        took = (datetime.now(UTC) - summary.started_at).total_seconds()
    waits = [wait for wait in run.waits if wait.status == "WAITING"]
    with st.grid(min_column_width=190, gap="small"):
        _fact("Triggered", f"{summary.triggered_at:%Y-%m-%d %H:%M:%S} UTC")
        # A repeat is triggered by the first run's event; when it ran itself is told apart.
        _fact("Started", f"{summary.started_at:%Y-%m-%d %H:%M:%S} UTC" if summary.started_at else NOTHING)
        _fact("Duration", duration(took) if took is not None else NOTHING)
        repeat = " :violet-badge[Repeat]" if summary.retry_of else ""
        _fact("Origin", f":blue-badge[{summary.origin.capitalize()}]{repeat}")
        _fact("Steps", f"{sum(s.status == 'SUCCEEDED' for s in run.steps)} of {len(run.steps)} done")
        _fact("Run id", code(str(summary.run_id)))
        _fact("Correlation key", code(summary.correlation_key) if summary.correlation_key else NOTHING)
        _fact("Trigger mapping", "Applied" if run.trigger_mapping_applied else "Identity")
    with st.container(horizontal=True, gap="small"):
        if summary.trigger_event_id:
            st.page_link("activity.py", label=f"Started by {summary.event_type}", icon=":material/bolt:",
                         query_params={"eventId": str(summary.trigger_event_id)})  # fmt: skip
        version = f"v{summary.workflow_version}"  # which ran, and may not be the one that runs now
        st.page_link("designer.py", label=f"Open workflow {version}", icon=":material/account_tree:",
                     query_params={"workflowId": str(summary.workflow_id), "tab": "versions",
                                   "version": version})  # fmt: skip
        if summary.retry_of:
            _run_link(summary.retry_of, "Repeats an earlier run")
        for again in run.repeats:
            _run_link(again.run_id, "Was run again")
    for wait in waits:
        until = f" until {wait.timeout_at:%Y-%m-%d %H:%M:%S} UTC" if wait.timeout_at else ""
        what = f"{code(str(wait.event_name))} with key {code(str(wait.key))}" if wait.wait_type == "event" else "time"
        st.info(f"Waits for {what}{until}, in step {code(wait.step_path)}.", icon=":material/hourglass_top:")


def _fact(name: str, value: str) -> None:
    st.markdown(f":small[:gray[{name}]]  \n{value}")


def _run_link(run_id: UUID, label: str) -> None:
    st.page_link("runs.py", label=label, icon=":material/replay:", query_params={"runId": str(run_id)})


def _draw_body(run: Run, definition: dict[str, object] | None) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Timeline", anchor=False)
        run_timeline.draw(run, definition)
    with right:
        if definition:
            st.subheader("Workflow", anchor=False)
            with st.container(border=True, horizontal_alignment="center"):
                latest = {step.step_path.rpartition("/")[2].partition("[")[0]: step.status for step in run.steps}
                chart = diagram.flowchart(definition, statuses=latest, dark=st.context.theme.type == "dark")
                st.mermaid_chart(chart, alt="The workflow as it ran")
        st.subheader("Input", anchor=False)
        st.code(json_text(run.input), language="json", wrap_lines=True,
                height="content" if len(str(run.input)) < 1500 else 360)  # fmt: skip
        if run.summary.status == "SUCCEEDED":
            st.subheader("Output", anchor=False)
            if run.output is None:
                st.caption("The workflow returns nothing.")
            else:
                st.code(json_text(run.output), language="json", wrap_lines=True)
        st.caption(":material/lock: What looks sensitive is redacted.")


def _cancel(actor: Actor, summary: RunSummary) -> None:
    with database.write(actor) as conn:
        runs.cancel(conn, actor, run_id=summary.run_id)
    st.toast("The run was canceled.", icon=":material/cancel:")
    st.rerun()


def _retry(actor: Actor, summary: RunSummary) -> None:
    with database.write(actor) as conn:
        again = runs.retry(conn, actor, run_id=summary.run_id)
    st.query_params["runId"] = str(again)
    st.rerun()
