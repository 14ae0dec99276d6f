"""The designer's tab that tries the draft with a payload: what it would get, and which steps would run."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.catalog import schema_registry
from lib.schemas.form import json_text
from lib.ui.components import statuses
from lib.ui.components.text import code, escape, plural
from lib.ui.designer import samples
from lib.ui.designer.state import Draft
from lib.ui.runs import run_steps
from lib.ui.runs.run_steps import StepPlan
from lib.workflows import dry_run
from lib.workflows import validation as workflow_validation
from lib.workflows.dry_run import DryRun, DryStep


def draw(draft: Draft, refusal: str | None) -> dict[str, str]:
    """Draw the choice of a payload and what the draft would do with it; the status of each step, for the diagram."""
    st.caption(
        "Nothing is sent, stored or called: conditions, loops and variables are evaluated, "
        "actions and waits count as done."
    )
    definition = draft.definition
    sample = samples.choose(draft, key="dry-run")
    if sample is None:
        st.info(
            "Give the workflow a trigger whose event has an example, a schema or recorded payloads.",
            icon=":material/science:",
        )
        return {}
    ref = definition.get("payloadSchemaRef")
    with database.read(draft.actor) as conn:
        problems = workflow_validation.validate(conn, tenant=draft.actor.tenant, definition=definition)
        schema = schema_registry.schema(conn, tenant=draft.actor.tenant, ref=ref) if isinstance(ref, str) else None
    if errors := workflow_validation.errors(problems):
        st.warning(
            f"{plural(len(errors), 'error')} must be fixed before the draft can be tried: {escape(errors[0].message)}",
            icon=":material/error:",
        )
        return {}
    result = dry_run.dry_run(definition, payload=sample.payload, schema=schema, correlation_key=sample.correlation_key)
    _draw_verdict(result)
    samples.draw_unchecked(result.start)
    plan = StepPlan.of(definition)
    for step in result.steps:
        _draw_step(step, plan)
    if result.cut_short:
        st.caption(f"Cut short after {dry_run.MOST_STEPS} steps.")
    left, right = st.columns(2)
    with left, st.expander("Payload it would get", icon=":material/input:", expanded=bool(result.start.refusals)):
        st.code(json_text(result.start.payload), language="json")
    with right, st.expander("Output", icon=":material/output:"):
        st.code(json_text(result.output), language="json")
    return {run_steps.id_of(step.path): "FAILED" if step.state == "failed" else "SUCCEEDED" for step in result.steps}


def _draw_verdict(result: DryRun) -> None:
    if result.start.refusals:
        st.error("This event would start no run.", icon=":material/block:")
        for refusal in result.start.refusals:
            st.caption(escape(refusal))
    elif result.failure:
        st.error(f"The run would fail. {escape(result.failure)}", icon=":material/error:")
    else:
        assumed = sum(step.state == "assumed" for step in result.steps)
        taken = f", {assumed} of them assumed" if assumed else ""
        st.success(
            f"A run would start and succeed after {plural(len(result.steps), 'step')}{taken}.",
            icon=":material/check_circle:",
        )


def _draw_step(step: DryStep, plan: StepPlan) -> None:
    called = escape(run_steps.title(step.path, plan))
    said = f"{statuses.DRY_STEP[step.state].badge()} {run_steps.icon(step.path, plan)} {called}"
    if step.error:
        said += f" :red[{escape(step.error)}]"
    elif step.output is not None:
        said += f" :gray[→] {code(json_text(step.output, indent=None)[:120])}"
    st.markdown(said)
