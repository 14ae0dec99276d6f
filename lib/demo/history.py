"""A month of invented history for one tenant: when events came, what they started, how that went.

Numbers come from one seeded generator, so the same plan gives the same history.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from lib.demo import templates
from lib.demo.definitions import DemoWorkflow
from lib.events import ingestion, matching
from lib.redaction import Redacted
from lib.steps import StepType, config_of, type_of
from lib.steps.step_type import Effect, Flow

Table = tuple[str, list[str], Iterator[tuple[Any, ...]]]

# Share of a weekday's traffic by hour of the tenant's own day.
_HOURS = np.array([2, 1, 1, 1, 1, 2, 6, 20, 55, 78, 84, 76, 58, 70, 80, 76, 66, 45, 24, 14, 10, 8, 5, 3], float)
_WEEKDAYS = (1.08, 1.05, 1.0, 0.98, 0.86, 0.16, 0.12)
# How long a step takes beside the others of its run: a wait takes nearly all of it.
_EFFECT_WEIGHTS: dict[Effect, float] = {"wait": 300, "act": 3}
_FLOW_WEIGHTS: dict[Flow, float] = {"loop": 20, "choice": 2, "next": 0.2, "end": 0.1}
_SIMULATED_SHARE = 0.004
_FAILED_SHARE = 0.01
#: What a busy database answers now and then.
_START_ERRORS = ("LockNotAvailable", "DeadlockDetected", "QueryCanceled")


@dataclass(frozen=True)
class Plan:
    """What to invent: `events` is the expected number of events in `days` days up to `now`."""

    tenant: UUID
    time_zone: str
    weights: Mapping[str, float]
    incidents: list[dict[str, Any]]
    drifting: list[dict[str, Any]]
    events: int
    days: int
    now: datetime
    seed: int


def tables(plan: Plan, catalog: Mapping[str, Any], workflows: list[DemoWorkflow]) -> list[Table]:
    """The rows of events, matches, runs and steps, ready for COPY, in an order that foreign keys allow."""
    history = _History(plan, catalog, workflows)
    history.invent()
    return [
        ("workflow_runtime_events", _EVENT_COLUMNS, iter(history.events)),
        ("workflow_event_matches", _MATCH_COLUMNS, iter(history.matches)),
        ("workflow_runs", _RUN_COLUMNS, iter(history.runs)),
        ("workflow_run_steps", _STEP_COLUMNS, iter(history.steps)),
    ]


_EVENT_COLUMNS = [
    "tenant",
    "event_id",
    "event_name",
    "origin",
    "source",
    "correlation_key",
    "payload",
    "redacted_payload",
    "payload_schema_ref",
    "schema_errors",
    "created_at",
    "processed_at",
    "matched_run_id",
    "error_message",
]
_MATCH_COLUMNS = [
    "tenant",
    "event_id",
    "match_no",
    "workflow_id",
    "workflow_version",
    "outcome",
    "reason",
    "detail",
    "run_id",
]
_RUN_COLUMNS = [
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
_STEP_COLUMNS = [
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
class _Drift:
    """Payloads of another shape than the example's: from when on, of which share of the events, and what is amiss."""

    since: datetime
    share: float
    template: templates.PayloadTemplate
    schema_errors: str | None


class _History:
    """Collects the rows of one plan."""

    def __init__(self, plan: Plan, catalog: Mapping[str, Any], workflows: list[DemoWorkflow]) -> None:
        self.plan = plan
        self.catalog = catalog
        self.rng = np.random.default_rng(20260301 + plan.seed)
        self.attached: dict[str, list[DemoWorkflow]] = {}
        for workflow in workflows:
            self.attached.setdefault(workflow.event_type, []).append(workflow)
        self.templates = {name: templates.template(catalog[name]) for name in plan.weights}
        self.drifting: dict[str, list[_Drift]] = {}
        for drift in plan.drifting:
            if drift["type"] in plan.weights:
                self.drifting.setdefault(drift["type"], []).append(self._drift(drift))
        self.inputs = {
            w.workflow_id: templates.mapped(self.templates[w.event_type], catalog[w.event_type], w.mapping, w.schema)
            for w in workflows
            if w.mapping and w.event_type in self.templates
        }
        self.start = plan.now - timedelta(days=plan.days)
        self.events: list[tuple[Any, ...]] = []
        self.matches: list[tuple[Any, ...]] = []
        self.runs: list[tuple[Any, ...]] = []
        self.steps: list[tuple[Any, ...]] = []

    def invent(self) -> None:
        names, seconds = self._arrivals()
        rng, count = self.rng, len(names)
        chance, entropy, drift = rng.random((count, 3)), rng.bytes(16 * count), rng.spawn(1)[0].random(count)
        for index in range(count):
            at = self.start + timedelta(seconds=float(seconds[index]))
            template, schema_errors = self._shape(names[index], at, float(drift[index]))
            self._event(names[index], template, schema_errors, at, chance[index], entropy[16 * index : 16 * index + 16])

    def _arrivals(self) -> tuple[list[str], np.ndarray[Any, Any]]:
        """Event types and seconds since the start, in order of time."""
        hours = self.plan.days * 24
        shape = self._rhythm(hours)
        names = list(self.plan.weights)
        rates = np.outer(np.array([self.plan.weights[n] for n in names]), shape)
        rates *= self.plan.events / rates.sum()
        for incident in self.plan.incidents:
            first = hours - round(incident["days_ago"] * 24)
            for name in set(incident["types"]) & set(names):
                row = names.index(name)
                usual = rates[row].mean()
                rates[row, first : first + incident["hours"]] = usual * incident["times"]
        counts = self.rng.poisson(rates)
        of_type, of_hour = np.nonzero(counts)
        times = counts[of_type, of_hour]
        seconds = np.repeat(of_hour, times) * 3600.0 + self.rng.random(int(times.sum())) * 3600
        order = np.argsort(seconds, kind="stable")
        types = np.repeat(of_type, times)[order]
        return [names[t] for t in types], seconds[order]

    def _rhythm(self, hours: int) -> np.ndarray[Any, Any]:
        """Relative traffic of each hour of the plan, by the tenant's own clock."""
        zone = ZoneInfo(self.plan.time_zone)
        local = [(self.start + timedelta(hours=h, minutes=30)).astimezone(zone) for h in range(hours)]
        return np.array([_HOURS[t.hour] * _WEEKDAYS[t.weekday()] for t in local])

    def _drift(self, drift: Mapping[str, Any]) -> _Drift:
        """One verdict serves all payloads of a shape, which differ in ids and times alone."""
        name, entry = drift["type"], self.catalog[drift["type"]]
        if name in self.attached:
            raise ValueError(f"{name} starts workflows, which may refuse such payloads.")
        payload = templates.patched(entry["example"], drift["payload"])
        status, errors = ingestion.judge(
            Redacted.of(payload), schema=entry["schema"], schema_ref=entry["payload_schema_ref"]
        )
        return _Drift(
            self.plan.now - timedelta(days=drift["days"]),
            drift["share"],
            templates.altered(self.templates[name], entry, drift["payload"]),
            None if status == "valid" else json.dumps({"status": status, "errors": errors}),
        )

    def _shape(self, name: str, at: datetime, chance: float) -> tuple[templates.PayloadTemplate, str | None]:
        """The template of an event's payload, and what its schema has against it."""
        for drift in self.drifting.get(name, ()):
            if at >= drift.since:
                if chance < drift.share:
                    return drift.template, drift.schema_errors
                chance -= drift.share
        return self.templates[name], None

    def _event(
        self,
        name: str,
        template: templates.PayloadTemplate,
        schema_errors: str | None,
        at: datetime,
        chance: np.ndarray[Any, Any],
        entropy: bytes,
    ) -> None:
        plan = self.plan
        event_id = _uuid7(at, entropy)
        ids = self._ids(template, at, entropy)
        payload, redacted = self._fill(template, ids, at)
        key = ids[template.correlation] if template.correlation is not None else None
        origin = "simulated" if chance[0] < _SIMULATED_SHARE else "live"
        took = timedelta(milliseconds=4 + 30 * float(chance[1]) ** 4)
        failed = bool(chance[2] < _FAILED_SHARE) and name in self.attached
        started = None if failed else self._matches(name, at, event_id, origin, key, ids, took)
        if failed:
            self._failed_match(name, event_id)
        error = self._start_error(name) if failed else None
        self.events.append(
            (
                plan.tenant,
                event_id,
                name,
                origin,
                "psa",
                key,
                payload,
                redacted,
                self.catalog[name]["payload_schema_ref"],
                schema_errors,
                at,
                at + took,
                started,
                error,
            )
        )

    def _fill(self, template: templates.PayloadTemplate, ids: list[str], at: datetime) -> tuple[str, str]:
        return template.fill(ids, templates.timestamp(at), str(self.plan.tenant))

    def _ids(self, template: templates.PayloadTemplate, at: datetime, entropy: bytes) -> list[str]:
        """New ids; the correlated one comes from a slowly moving pool, so that events of one thing meet."""
        ids = []
        for number in range(template.ids):
            seed = int.from_bytes(entropy, "big") * (2 * number + 3) % (1 << 128)
            if number == template.correlation:
                hour = int((at - self.start).total_seconds() // 3600)
                # Ids of the last half day, 40 an hour; the multiplier (2^128 / golden ratio) spreads them.
                place = max(hour - seed % 12, 0) * 40 + seed // 12 % 40 + self.plan.seed * 10**6
                seed = (place + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % (1 << 128)
            ids.append(str(UUID(int=seed, version=4)))
        return ids

    def _matches(
        self, name: str, at: datetime, event_id: UUID, origin: str, key: str | None, ids: list[str], took: timedelta
    ) -> UUID | None:
        """Record what each candidate did; returns the first run started."""
        first: UUID | None = None
        candidates = self.attached.get(name, [])
        for number, workflow in enumerate(candidates):
            run_id = None
            if not workflow.is_paused:
                run_id = self._run(workflow, at + took, event_id, at, origin, key, ids)
                first = first or run_id
            outcome = "skipped" if workflow.is_paused else "started"
            reason = "paused" if workflow.is_paused else "started"
            self.matches.append(
                (
                    self.plan.tenant,
                    event_id,
                    number,
                    workflow.workflow_id,
                    1,
                    outcome,
                    reason,
                    "{}",
                    run_id,
                )
            )
        if not candidates:
            self.matches.append((self.plan.tenant, event_id, 0, None, None, "skipped", "no_workflow", "{}", None))
        return first

    def _start_error(self, name: str) -> str:
        attached = self.attached[name]
        names = ", ".join(workflow.name for workflow in attached)
        return f"{len(attached)} of {len(attached)} workflows could not be started: {names}."

    def _failed_match(self, name: str, event_id: UUID) -> None:
        error = _START_ERRORS[event_id.int % len(_START_ERRORS)]
        detail = json.dumps({"cause": matching.cause(error)})
        for number, workflow in enumerate(self.attached[name]):
            self.matches.append(
                (
                    self.plan.tenant,
                    event_id,
                    number,
                    workflow.workflow_id,
                    1,
                    "failed",
                    "start_failed",
                    detail,
                    None,
                )
            )

    def _run(
        self,
        workflow: DemoWorkflow,
        at: datetime,
        event_id: UUID,
        triggered_at: datetime,
        origin: str,
        key: str | None,
        ids: list[str],
    ) -> UUID:
        rng = self.rng
        run_id = _uuid7(at, rng.bytes(16))
        started = at + timedelta(seconds=0.05 + float(rng.exponential(0.12)))
        seconds = workflow.duration * float(rng.lognormal(0, 0.55))
        failed = bool(rng.random() < self._failing(workflow, at))
        for step in workflow.steps:
            kind = type_of(step)
            longest = kind.waits_at_most(config_of(step)) if kind else None
            if longest is not None:
                seconds = longest if failed and step["id"] == workflow.failing_step else min(seconds, longest)
        # Nothing in the invented past is left running for an engine to look for.
        ended = max(started, min(started + timedelta(seconds=seconds), self.plan.now))
        status = "FAILED" if failed else "SUCCEEDED"
        template = self.inputs.get(workflow.workflow_id) or self.templates[workflow.event_type]
        given, redacted = self._fill(template, ids, triggered_at)
        error = {"step": workflow.failing_step, "message": workflow.failure_message} if failed else None
        self.runs.append(
            (
                self.plan.tenant,
                run_id,
                workflow.workflow_id,
                1,
                status,
                workflow.event_type,
                event_id,
                triggered_at,
                origin,
                key,
                workflow.mapping is not None,
                self.catalog[workflow.event_type]["payload_schema_ref"],
                given,
                redacted,
                json.dumps(error) if error else None,
                workflow.failing_step if failed else None,
                started,
                ended,
            )
        )
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


def _weight(kind: StepType | None) -> float:
    if kind is None:
        return 1.0
    return _EFFECT_WEIGHTS.get(kind.effect) or _FLOW_WEIGHTS[kind.flow]


def _uuid7(at: datetime, entropy: bytes) -> UUID:
    """RFC 9562 section 5.7 with the given time and randomness."""
    milliseconds = int(at.astimezone(UTC).timestamp() * 1000)
    value = (milliseconds << 80) | (int.from_bytes(entropy[:10], "big"))
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62))
