"""A month of invented history for one tenant: when events came, what they started, how that went.

Numbers come from one seeded generator, so the same plan gives the same history.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from lib.demo import templates
from lib.demo.arrivals import Plan, arrivals
from lib.demo.definitions import DemoWorkflow
from lib.demo.runs import RUN_COLUMNS, STEP_COLUMNS, Occurrence, Runs, uuid7
from lib.events import judging, matching
from lib.redaction import Redacted
from lib.sandbox import validation

Table = tuple[str, list[str], Iterator[tuple[Any, ...]]]

_SIMULATED_SHARE = 0.004
_FAILED_SHARE = 0.01
#: What a busy database answers now and then.
_START_ERRORS = ("LockNotAvailable", "DeadlockDetected", "QueryCanceled")


def tables(plan: Plan, catalog: Mapping[str, Any], workflows: list[DemoWorkflow]) -> list[Table]:
    """The rows of events, matches, runs and steps, ready for COPY, in an order that foreign keys allow."""
    history = _History(plan, catalog, workflows)
    history.invent()
    return [
        ("workflow_runtime_events", _EVENT_COLUMNS, iter(history.events)),
        ("workflow_event_matches", _MATCH_COLUMNS, iter(history.matches)),
        ("workflow_runs", RUN_COLUMNS, iter(history.runs.runs)),
        ("workflow_run_steps", STEP_COLUMNS, iter(history.runs.steps)),
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
        self.runs = Runs(plan, catalog, workflows, self.templates, self.rng)
        self.events: list[tuple[Any, ...]] = []
        self.matches: list[tuple[Any, ...]] = []

    def invent(self) -> None:
        names, seconds = arrivals(self.plan, self.rng)
        rng, count = self.rng, len(names)
        chance, entropy, drift = rng.random((count, 3)), rng.bytes(16 * count), rng.spawn(1)[0].random(count)
        for index in range(count):
            at = self.plan.start + timedelta(seconds=float(seconds[index]))
            template, schema_errors = self._shape(names[index], at, float(drift[index]))
            self._event(names[index], template, schema_errors, at, chance[index], entropy[16 * index : 16 * index + 16])

    def _drift(self, drift: Mapping[str, Any]) -> _Drift:
        """One verdict serves all payloads of a shape, which differ in ids and times alone."""
        name, entry = drift["type"], self.catalog[drift["type"]]
        if name in self.attached:
            raise ValueError(f"{name} starts workflows, which may refuse such payloads.")
        payload = templates.patched(entry["example"], drift["payload"])
        status, errors = judging.judge(
            Redacted.of(payload), schema=validation.checker(entry["schema"]), schema_ref=entry["payload_schema_ref"]
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
        event_id = uuid7(at, entropy)
        ids = self._ids(template, at, entropy)
        payload, redacted = template.fill(ids, templates.timestamp(at), str(plan.tenant))
        key = ids[template.correlation] if template.correlation is not None else None
        origin = "simulated" if chance[0] < _SIMULATED_SHARE else "live"
        cause = Occurrence(event_id, name, at, origin, key, ids)
        took = timedelta(milliseconds=4 + 30 * float(chance[1]) ** 4)
        candidates = self._candidates(name, at)
        failed = bool(chance[2] < _FAILED_SHARE) and bool(candidates)
        started = None if failed else self._matches(cause, at + took)
        error = self._failed_match(candidates, event_id) if failed else None
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

    def _ids(self, template: templates.PayloadTemplate, at: datetime, entropy: bytes) -> list[str]:
        """New ids; the correlated one comes from a slowly moving pool, so that events of one thing meet."""
        ids = []
        for number in range(template.ids):
            seed = int.from_bytes(entropy, "big") * (2 * number + 3) % (1 << 128)
            if number == template.correlation:
                hour = int((at - self.plan.start).total_seconds() // 3600)
                # Ids of the last half day, 40 an hour; the multiplier (2^128 / golden ratio) spreads them.
                place = max(hour - seed % 12, 0) * 40 + seed // 12 % 40 + self.plan.seed * 10**6
                seed = (place + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % (1 << 128)
            ids.append(str(UUID(int=seed, version=4)))
        return ids

    def _matches(self, cause: Occurrence, at: datetime) -> UUID | None:
        """Record what each candidate did at this moment; returns the first run started."""
        first: UUID | None = None
        candidates = self._candidates(cause.event_type, cause.at)
        for number, (workflow, version) in enumerate(candidates):
            run_id, is_paused = None, workflow.is_paused_at(cause.at)
            if not is_paused:
                run_id = self.runs.invent(workflow, version, at, cause)
                first = first or run_id
            outcome = "skipped" if is_paused else "started"
            reason = "paused" if is_paused else "started"
            self._match(cause.event_id, number, (workflow.workflow_id, version), outcome, reason, "{}", run_id)
        if not candidates:
            self._match(cause.event_id, 0, None, "skipped", "no_workflow", "{}", None)
        return first

    def _candidates(self, name: str, at: datetime) -> list[tuple[DemoWorkflow, int]]:
        """The workflows that were attached to the event then, each in its version."""
        attached = [(workflow, workflow.version_at(at)) for workflow in self.attached.get(name, ())]
        return [(workflow, version) for workflow, version in attached if version is not None]

    def _failed_match(self, candidates: list[tuple[DemoWorkflow, int]], event_id: UUID) -> str:
        """Record that none of them could be started; gives the event's error."""
        error = _START_ERRORS[event_id.int % len(_START_ERRORS)]
        detail = json.dumps({"cause": matching.cause(error)})
        for number, (workflow, version) in enumerate(candidates):
            self._match(event_id, number, (workflow.workflow_id, version), "failed", "start_failed", detail, None)
        names = ", ".join(workflow.name for workflow, _ in candidates)
        return f"{len(candidates)} of {len(candidates)} workflows could not be started: {names}."

    def _match(
        self,
        event_id: UUID,
        number: int,
        which: tuple[UUID, int] | None,
        outcome: str,
        reason: str,
        detail: str,
        run_id: UUID | None,
    ) -> None:
        self.matches.append(
            (self.plan.tenant, event_id, number, *(which or (None, None)), outcome, reason, detail, run_id)
        )
