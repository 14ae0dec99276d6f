"""What the invented runs did: how long each took, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from lib.demo.arrivals import Plan
from lib.demo.definitions import DemoWorkflow
from lib.demo.templates import PayloadTemplate, mapped, timestamp
from lib.steps import StepType, config_of, type_of
from lib.steps.step_type import Effect, Flow

# How long a step takes beside the others of its run: a wait takes nearly all of it.
_EFFECT_WEIGHTS: dict[Effect, float] = {"wait": 300, "act": 3}
_FLOW_WEIGHTS: dict[Flow, float] = {"loop": 20, "choice": 2, "next": 0.2, "end": 0.1}
RUN_COLUMNS = [
    "tenant",
    "run_id",
    "workflow_id",
    "workflow_version",
    "status",
    "event_type",
    "trigger_event_id",
    "triggered_at",
    "origin",
    "correlation_key",
    "trigger_mapping_applied",
    "source_payload_schema_ref",
    "input_json",
    "redacted_input_json",
    "error_json",
    "node_path",
    "started_at",
    "completed_at",
]
STEP_COLUMNS = [
    "tenant",
    "run_id",
    "step_path",
    "step_type",
    "status",
    "error_json",
    "started_at",
    "completed_at",
]


@dataclass(frozen=True)
class Occurrence:
    """One invented event; `ids` fill the holes of its payload."""

    event_id: UUID
    event_type: str
    at: datetime
    origin: str
    key: str | None
    ids: list[str]


class Runs:
    """Collects the rows of runs and steps of one plan."""

    def __init__(
        self,
        plan: Plan,
        catalog: Mapping[str, Any],
        workflows: list[DemoWorkflow],
        templates: Mapping[str, PayloadTemplate],
        rng: np.random.Generator,
    ) -> None:
        self.plan = plan
        self.catalog = catalog
        self.rng = rng
        self.templates = templates
        self.inputs = {
            w.workflow_id: mapped(templates[w.event_type], catalog[w.event_type], w.mapping, w.schema)
            for w in workflows
            if w.mapping and w.event_type in templates
        }
        self.runs: list[tuple[Any, ...]] = []
        self.steps: list[tuple[Any, ...]] = []

    def invent(self, workflow: DemoWorkflow, version: int, at: datetime, cause: Occurrence) -> UUID:
        """A run of this version of the workflow from this moment on; its id."""
        run_id = uuid7(at, self.rng.bytes(16))
        started = at + timedelta(seconds=0.05 + float(self.rng.exponential(0.12)))
        seconds = workflow.duration * float(self.rng.lognormal(0, 0.55))
        failed = bool(self.rng.random() < self._failing(workflow, at))
        seconds = _bounded(workflow, seconds, failed=failed)
        # Nothing in the invented past is left running for an engine to look for.
        ended = max(started, min(started + timedelta(seconds=seconds), self.plan.now))
        template = self.inputs.get(workflow.workflow_id) or self.templates[workflow.event_type]
        given, redacted = template.fill(cause.ids, timestamp(cause.at), str(self.plan.tenant))
        error = {"step": workflow.failing_step, "message": workflow.failure_message} if failed else None
        row = {
            "tenant": self.plan.tenant,
            "run_id": run_id,
            "workflow_id": workflow.workflow_id,
            "workflow_version": version,
            "status": "FAILED" if failed else "SUCCEEDED",
            "event_type": workflow.event_type,
            "trigger_event_id": cause.event_id,
            "triggered_at": cause.at,
            "origin": cause.origin,
            "correlation_key": cause.key,
            "trigger_mapping_applied": workflow.mapping is not None,
            "source_payload_schema_ref": self.catalog[workflow.event_type]["payload_schema_ref"],
            "input_json": given,
            "redacted_input_json": redacted,
            "error_json": json.dumps(error) if error else None,
            "node_path": workflow.failing_step if failed else None,
            "started_at": started,
            "completed_at": ended,
        }
        self.runs.append(tuple(row[column] for column in RUN_COLUMNS))
        self._run_steps(workflow, run_id, started, ended, failed)
        return run_id

    def _failing(self, workflow: DemoWorkflow, at: datetime) -> float:
        for incident in self.plan.incidents:
            begin = self.plan.now - timedelta(days=incident["days_ago"])
            if workflow.event_type in incident["types"] and begin <= at < begin + timedelta(hours=incident["hours"]):
                return float(incident["failing"])
        return workflow.failing

    def _run_steps(
        self, workflow: DemoWorkflow, run_id: UUID, started: datetime, ended: datetime, failed: bool
    ) -> None:
        """The top-level steps share the run's time; a failing run ends at the step that fails."""
        steps = workflow.steps
        if failed:
            broken = next((n for n, step in enumerate(steps) if step["id"] == workflow.failing_step), len(steps) - 1)
            steps = steps[: broken + 1]
        usual = np.array([_weight(type_of(step)) for step in steps])
        ends = np.cumsum(usual * (0.6 + 0.8 * self.rng.random(len(steps))))
        begin = started
        for step, until in zip(steps, ends / ends[-1], strict=True):
            breaks = failed and step is steps[-1]
            error = json.dumps({"message": workflow.failure_message}) if breaks else None
            end = started + (ended - started) * float(until)
            self.steps.append(
                (
                    self.plan.tenant,
                    run_id,
                    step["id"],
                    step["type"],
                    "FAILED" if breaks else "SUCCEEDED",
                    error,
                    begin,
                    end,
                )
            )
            begin = end


def _bounded(workflow: DemoWorkflow, seconds: float, *, failed: bool) -> float:
    """The seconds of a run. No wait takes longer than it may, and a run that fails in a wait waited to its end."""
    for step in workflow.steps:
        kind = type_of(step)
        longest = kind.waits_at_most(config_of(step)) if kind else None
        if longest is not None:
            seconds = longest if failed and step["id"] == workflow.failing_step else min(seconds, longest)
    return seconds


def _weight(kind: StepType | None) -> float:
    if kind is None:
        return 1.0
    return _EFFECT_WEIGHTS.get(kind.effect) or _FLOW_WEIGHTS[kind.flow]


def uuid7(at: datetime, entropy: bytes) -> UUID:
    """RFC 9562 section 5.7 with the given time and randomness."""
    milliseconds = int(at.astimezone(UTC).timestamp() * 1000)
    value = (milliseconds << 80) | (int.from_bytes(entropy[:10], "big"))
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62))
