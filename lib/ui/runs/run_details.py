"""One run: what started it, how far it got step by step, what it waits for, and what one can do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.runs import records as run_records
from lib.runs import repeating
from lib.runs.records import Run, RunWait
from lib.schemas.form import json_text
from lib.serialization.strict_json import JsonValue
from lib.ui.components import diagram, guard, history, links, statuses, timeline_link, viewer_time
from lib.ui.components.text import NOTHING, code, duration, escape
from lib.ui.runs import run_steps, run_timeline
from lib.ui.runs.run_steps import StepPlan
from lib.workflows import versions

_POLL_SECONDS = 1
# An id stays in one line.
_ID_WIDTH = 290


def draw(actor: Actor, asked: str) -> None:
    """Draw the run with this id, and follow it until it has ended. Raises NotFound."""
    st.button(
        "Runs", icon=":material/arrow_back:", type="tertiary", key="back-to-runs", on_click=guard.callback(_close)
    )
    run_id = run_records.run_id_of(asked)
    begun = [_load(actor, run_id)]
    ended = begun[0].summary.has_ended

    @guard.fragment(run_every=None if ended else _POLL_SECONDS)
    def live() -> None:
        if st.query_params.get("runId") != asked:
            st.rerun()  # a button in here redraws only this part
        with guard.errors_shown():
            run = begun.pop() if begun else _load(actor, run_id)
            if run.summary.has_ended != ended:
                st.rerun()  # ends the polling
            definition = _definition(actor, run)
            plan = StepPlan.of(definition)
            _draw_head(actor, run, plan)
            _draw_body(run, plan, definition)

    live()


def _load(actor: Actor, run_id: UUID) -> Run:
    with database.read(actor) as conn:
        return run_records.get_run(conn, tenant=actor.tenant, run_id=run_id)


def _close() -> None:
    st.query_params.pop("runId", None)


def _definition(actor: Actor, run: Run) -> dict[str, Any] | None:
    """What ran, whatever was published since."""
    with database.read(actor) as conn:
        return versions.definition_if_known(
            conn, tenant=actor.tenant, workflow_id=run.summary.workflow_id, version=run.summary.workflow_version
        )


def _draw_head(actor: Actor, run: Run, plan: StepPlan) -> None:
    summary = run.summary
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        name = f"{escape(summary.workflow_name)} :gray[v{summary.workflow_version}]"
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            st.title(name, anchor=False, width="content")
            st.markdown(statuses.RUN[summary.status].badge(), width="content")
        refusal = _draw_acts(actor, run)
    guard.say_why(refusal)
    if summary.error:
        kind = summary.error.get("code")
        below = f"  \n:small[{code(str(kind))}]" if kind else ""
        st.error(f"{escape(str(summary.error.get('message', '')))}{below}", icon=":material/error:")
    _draw_facts(run, plan)
    _draw_links(run)
    for wait in run.waits:
        if wait.status == "WAITING":
            st.info(_wait_sentence(wait, plan), icon=statuses.WAIT["WAITING"].material)


def _draw_acts(actor: Actor, run: Run) -> str | None:
    """Draw the button for what can be done with the run; why it is disabled."""
    refusal = guard.refused(actor, "manage")
    run_id = run.summary.run_id
    if not run.summary.has_ended:
        st.button(
            "Cancel run",
            icon=":material/cancel:",
            disabled=refusal is not None,
            key="cancel-run",
            help=refusal or "It ends here; steps that have finished stay as they are.",
            on_click=guard.callback(_cancel),
            args=(actor, run_id),
        )
        return refusal
    if run.summary.status == "FAILED":
        refusal = refusal or (
            None if run.can_be_repeated else "It is being run again: its latest repeat has not ended."
        )
        st.button(
            "Run again",
            icon=":material/replay:",
            type="primary",
            disabled=refusal is not None,
            key="retry-run",
            help=refusal or "A new run with the same input and version",
            on_click=guard.callback(_run_again),
            args=(actor, run_id, len(run.repeats)),
        )
        return refusal
    return None


def _draw_facts(run: Run, plan: StepPlan) -> None:
    summary = run.summary
    took = summary.seconds
    if took is None and summary.started_at:
        took = (datetime.now(UTC) - summary.started_at).total_seconds()
    repeat = " :violet-badge[Repeat]" if summary.retry_of else ""
    with st.grid(min_column_width=170, gap="small", key="run-facts"):
        _fact("Triggered", viewer_time.clock(summary.triggered_at))
        _fact("Started", viewer_time.clock(summary.started_at) if summary.started_at else NOTHING)
        _fact("Ended", viewer_time.clock(summary.completed_at) if summary.completed_at else NOTHING)
        _fact("Duration", duration(took) if took is not None else NOTHING)
        _fact("Origin", f"{statuses.ORIGIN[summary.origin].badge()}{repeat}")
        _fact("Steps", run_steps.progress(run, plan))
        _fact("Input", "By the trigger's mapping" if run.trigger_mapping_applied else "The event's payload as it is")
    with st.grid(min_column_width=_ID_WIDTH, gap="small", key="run-ids"):
        _fact("Correlation key", code(summary.correlation_key) if summary.correlation_key else NOTHING)
        _fact("Run id", code(str(summary.run_id)))
    st.caption(f"Times in {viewer_time.zone().key}")


def _draw_links(run: Run) -> None:
    summary = run.summary
    with st.container(horizontal=True, gap="small", key="run-links"):
        if summary.trigger_event_id:
            links.page_link(
                "activity.py",
                label=f"Started by {escape(str(summary.event_type))}",
                icon=":material/bolt:",
                query_params={"eventId": str(summary.trigger_event_id)},
            )
        version = f"v{summary.workflow_version}"  # which ran, and may not be the one that runs now
        links.page_link(
            "designer.py",
            label=f"Workflow {version}",
            icon=":material/account_tree:",
            query_params={"workflowId": str(summary.workflow_id), "tab": "versions", "version": version},
        )
        timeline_link.draw(summary.correlation_key)
        history.link(str(summary.run_id))
        if summary.retry_of:
            _run_link(summary.retry_of, "Repeats an earlier run")
        for again in run.repeats:
            _run_link(again.run_id, f"Was run again: {statuses.RUN[again.status].word.lower()}")


def _wait_sentence(wait: RunWait, plan: StepPlan) -> str:
    """What an open wait is for, and until when."""
    until = f" until {viewer_time.clock(wait.timeout_at)}" if wait.timeout_at else ""
    key = f" with key {code(wait.key)}" if wait.key else ""
    what = f" for {code(str(wait.event_name))}{key}" if wait.wait_type == "event" else ""
    return f"Waits{what}{until}, in step {code(run_steps.name(wait.step_path, plan))}."


def _fact(name: str, value: str) -> None:
    st.markdown(f":small[:gray[{name}]]  \n{value}")


def _run_link(run_id: UUID, label: str) -> None:
    links.page_link("runs.py", label=label, icon=":material/replay:", query_params={"runId": str(run_id)})


def _draw_body(run: Run, plan: StepPlan, definition: dict[str, Any] | None) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header("Timeline", anchor=False)
        run_timeline.draw(run, plan)
    with right:
        st.header("Input", anchor=False)
        _draw_json(run.input)
        if run.summary.status == "SUCCEEDED":
            st.header("Output", anchor=False)
            if run.output is None:
                st.caption("The workflow returns nothing.")
            else:
                _draw_json(run.output)
        st.caption(":material/lock: Secrets are redacted.")
        if definition:  # last, as its height is known once the browser has drawn it
            st.header("Workflow", anchor=False)
            latest = {run_steps.id_of(step.step_path): step.status for step in run.steps}
            with st.container(border=True):
                diagram.draw(
                    definition, key="run-diagram", label="The workflow as it ran", marks=diagram.Marks(states=latest)
                )


def _draw_json(value: JsonValue) -> None:
    shown = json_text(value)
    long = len(shown) > 1500 or shown.count("\n") > 20
    st.code(shown, language="json", wrap_lines=True, height=360 if long else "content")


def _cancel(actor: Actor, run_id: UUID) -> None:
    with database.write(actor) as conn:
        run_records.cancel(conn, actor, run_id=run_id)
    st.toast("The run was canceled.", icon=":material/cancel:")


def _run_again(actor: Actor, run_id: UUID, repeats_seen: int) -> None:
    with database.write(actor) as conn:
        made = repeating.run_again(conn, actor, run_id=run_id, repeats_seen=repeats_seen)
    if not made.is_new:
        guard.tell("It was run again already. This is that run.", icon=":material/replay:")
    st.query_params["runId"] = str(made.run_id)
