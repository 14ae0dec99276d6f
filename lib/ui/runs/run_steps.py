"""The steps of a run: how far it got among those of its workflow, and what went into and came out of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lib.runs import records as run_records
from lib.runs.records import Run, RunStep, RunWait
from lib.schemas.form import json_text
from lib.serialization.strict_json import JsonValue
from lib.steps import STEP_TYPES, StepOffer, config_of, lists_in
from lib.steps.http_request import HTTP_REQUEST
from lib.ui.components import links, statuses, viewer_time
from lib.ui.components.text import code, duration, escape, plural

_UNREACHED_SHOWN = 40


@dataclass(frozen=True)
class PlannedStep:
    """A step of the definition that ran; `offer` is what the designer's menu calls it, None where the type is gone."""

    name: str | None
    action: str | None
    offer: StepOffer | None


@dataclass(frozen=True)
class StepPlan:
    """The steps of the definition that ran, by id, in the order in which a run comes to them; empty if unknown."""

    steps: Mapping[str, PlannedStep] = field(default_factory=dict)

    @classmethod
    def of(cls, definition: Mapping[str, Any] | None) -> StepPlan:
        """The plan that a definition is."""
        return cls(dict(_each(definition.get("steps")))) if definition else cls()

    def place(self, step_id: str) -> int | None:
        """The number of a step, from 1."""
        return next((number for number, one in enumerate(self.steps, start=1) if one == step_id), None)


def _each(steps: Any) -> Iterator[tuple[str, PlannedStep]]:
    for step in steps if isinstance(steps, list) else []:
        kind, config = STEP_TYPES.get(str(step.get("type"))), config_of(step)
        offer = kind.offer_of(config) if kind else None
        yield str(step["id"]), PlannedStep(step.get("name"), config.get("action"), offer)
        for inner in lists_in(step).values():
            yield from _each(inner)


def id_of(step_path: str) -> str:
    """The id in the definition of the step at this place of a run."""
    return step_path.rpartition("/")[2].partition("[")[0]


def title(step_path: str, plan: StepPlan) -> str:
    """What people call the step at this place of a run, with the numbers of the loop passes it is in."""
    passes = [part.partition("[")[2].rstrip("]") for part in step_path.split("/") if "[" in part]
    called = name(step_path, plan)
    return f"{called} · {'.'.join(str(int(p) + 1) for p in passes if p.isdecimal())}" if passes else called


def name(step_path: str, plan: StepPlan) -> str:
    """What people call the step at this place of a run."""
    planned = plan.steps.get(id_of(step_path))
    return (planned and planned.name) or step_path.rpartition("/")[2]


def icon(step_path: str, plan: StepPlan) -> str:
    """The icon of the step at this place of a run, as the designer has it; empty if it is not known."""
    offer = _offer(step_path, plan)
    return offer.icon if offer else ""


def _offer(step_path: str, plan: StepPlan) -> StepOffer | None:
    planned = plan.steps.get(id_of(step_path))
    return planned.offer if planned else None


def took(step: RunStep) -> str:
    """How long the step took, in words."""
    return duration((step.completed_at - step.started_at).total_seconds()) if step.completed_at else "under way"


def progress(run: Run, plan: StepPlan) -> str:
    """How far the run got: “Failed at step 1 of 2”, or how many steps are done."""
    failed = next((step for step in reversed(run.steps) if step.status == "FAILED"), None)
    current = failed.step_path if failed else run.summary.node_path
    place = plan.place(id_of(current)) if current else None
    if run.summary.status != "SUCCEEDED" and place:
        word = {"FAILED": "Failed at step", "CANCELED": "Canceled at step"}.get(run.summary.status, "At step")
        return f"{word} {place:,} of {len(plan.steps):,}"
    several = f"{run_records.SHOWN_STEPS:,}+" if len(run.steps) == run_records.SHOWN_STEPS else f"{len(run.steps):,}"
    return f"{sum(step.status == 'SUCCEEDED' for step in run.steps):,} of {several} done"


def draw_unreached(run: Run, plan: StepPlan) -> None:
    """Draw the steps that a run which ended before its last step did not come to."""
    if run.summary.status not in ("FAILED", "CANCELED"):
        return
    reached = {id_of(step.step_path) for step in run.steps}
    unreached = [(step_id, step) for step_id, step in plan.steps.items() if step_id not in reached]
    if not unreached:
        return
    st.caption(f"{plural(len(unreached), 'step')} not reached")
    with st.container(border=True, gap="xxsmall"):
        for step_id, step in unreached[:_UNREACHED_SHOWN]:
            st.markdown(f":gray[{icon(step_id, plan)} {escape(step.name or step_id)} :small[not reached]]")
        if len(unreached) > _UNREACHED_SHOWN:
            st.caption(f"… and {len(unreached) - _UNREACHED_SHOWN:,} more")


def draw(step: RunStep, plan: StepPlan, wait: RunWait | None) -> None:
    """Draw a step, foldable: times and attempts, error, wait, and what went in and came out."""
    offer, kind = _offer(step.step_path, plan), STEP_TYPES.get(step.step_type)
    known = offer or kind
    planned = plan.steps.get(id_of(step.step_path))
    header = f"{escape(title(step.step_path, plan))} {statuses.STEP[step.status].badge()} :gray[{took(step)}]"
    if step.attempt > 1:
        header += f" :orange-badge[attempt {step.attempt}]"
    with st.expander(header, icon=known.icon if known else None, expanded=step.status == "FAILED"):
        st.caption(f"{code(step.step_path)} · {known.label if known else escape(step.step_type)} · {_times(step)}")
        if step.error:
            st.error(escape(str(step.error.get("message", ""))), icon=":material/error:")
        if wait:
            _draw_wait(wait)
        if planned and planned.action == HTTP_REQUEST.name and isinstance(step.input, dict):
            _draw_http(step, step.input)
        else:
            _draw_value("Input", step.input)
            _draw_value("Output", step.output)


def _times(step: RunStep) -> str:
    ended = f" · ended {viewer_time.clock(step.completed_at)}" if step.completed_at else ""
    return f"began {viewer_time.clock(step.started_at)}{ended} · {plural(step.attempt, 'attempt')}"


def _draw_http(step: RunStep, request: Mapping[str, JsonValue]) -> None:
    """The request as it was sent, and what was answered; of an error, only its status is kept."""
    line = f"{request.get('method', 'GET')} {request.get('url', '')}"
    st.markdown(f":small[:gray[Request]]  \n{code(line)}")
    _draw_value("Headers sent", request.get("headers"))
    _draw_value("Body sent", request.get("body"))
    answer = step.output if isinstance(step.output, dict) else {}
    status = str(answer.get("status", "")) or str((step.error or {}).get("code", "")).partition("http_")[2]
    if status:
        color = "green" if status.startswith("2") else "red"
        st.markdown(f":small[:gray[Response]]  \n:{color}-badge[{escape(status)}] :gray[in {took(step)}]")
    elif step.completed_at:
        st.markdown(":small[:gray[Response]]  \nNone")
    _draw_value("Headers received", answer.get("headers"))
    _draw_value("Body received", answer.get("body"))


def _draw_value(label: str, value: JsonValue) -> None:
    if value is not None and value != {}:
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
        links.page_link(
            "activity.py",
            label="The event that ended the wait",
            icon=":material/bolt:",
            query_params={"eventId": str(wait.resolved_by_event_id)},
        )
