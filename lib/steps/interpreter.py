"""Runs a definition's steps, going on after those that the journal says are done.

A run that was interrupted is run again from its start. The results of finished steps come from the journal, and the
first step without one is executed. So every step's effect on the run follows from what was recorded.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lib.errors import CatalogError, DatabaseUnavailable, MappingError, StepFailed
from lib.mapping import expressions
from lib.serialization import strict_json
from lib.serialization.json_values import copy
from lib.serialization.strict_json import JsonValue
from lib.steps.execution import (
    MAX_RESULT_BYTES,
    MAX_STEPS,
    Execution,
    Journal,
    Outcome,
    Returned,
    RunFacts,
    RunInterrupted,
    Step,
)
from lib.steps.registry import STEP_TYPES
from lib.steps.step_type import StepType
from lib.telemetry import traces

log = logging.getLogger(__name__)

#: With these a step ends that did not fail.
_CALM = (RunInterrupted, Returned)


def run_definition(definition: Mapping[str, Any], facts: RunFacts, journal: Journal) -> JsonValue:
    """Execute a checked definition to its end and give the run's output, None when no step ends it with one.

    Raises StepFailed (its message names the step) when the run fails, RunInterrupted when it stops for now.
    """
    try:
        _Execution(facts, journal).run_steps(definition["steps"], "")
    except Returned as returned:
        return returned.output
    return None


@dataclass
class _Shared:
    """What all scopes of a run have in common."""

    variables: dict[str, Any] = field(default_factory=dict)
    executed: int = 0


@dataclass
class _Execution:
    facts: RunFacts
    journal: Journal
    shared: _Shared = field(default_factory=_Shared)
    outputs: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)

    def evaluate(self, value: JsonValue) -> JsonValue:
        if expressions.is_expression(value):
            written = value[expressions.EXPRESSION]
            try:
                result = expressions.evaluate(written, self._context(), max_output_bytes=MAX_RESULT_BYTES)
            except MappingError as error:  # hidden here, so that a resumed run reads the same error as this one
                raise MappingError(error.target, self.journal.sentence(error.cause)) from None
            return None if result is expressions.UNSET else result
        if isinstance(value, dict):
            return {key: self.evaluate(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.evaluate(member) for member in value]
        return value

    def set_variable(self, name: str, value: JsonValue) -> None:
        *parents, last = name.split(".")
        holder = self.shared.variables
        for parent in parents:
            if not isinstance(holder.get(parent), dict):
                holder[parent] = {}
            holder = holder[parent]
        holder[last] = copy(value)  # later steps change it in place, and what the step gave stays as it was

    def with_names(self, values: Mapping[str, JsonValue]) -> Execution:
        return replace(self, outputs=dict(self.outputs), names={**self.names, **values})

    def run_steps(self, steps: list[Any], prefix: str) -> None:
        for entry in steps:
            path = prefix + entry["id"]
            self._run_step(Step(entry["id"], entry["type"], entry["config"], path, entry.get("name")))

    def _run_step(self, step: Step) -> None:
        self.shared.executed += 1
        if self.shared.executed > MAX_STEPS:
            raise StepFailed("too_many_steps", f"The run went past {MAX_STEPS:,} steps, at step {step.path}.")
        step_type = STEP_TYPES[step.type]
        try:
            result = self._result(step, step_type)
        except StepFailed as error:
            if not step_type.continues(step.config):
                raise
            self.outputs[step.id] = {"output": None, "error": {"code": error.code, "message": str(error)}}
            return
        self.outputs[step.id] = {"output": result}
        if step_type.then:
            step_type.then(step, result, self)

    def _result(self, step: Step, step_type: StepType) -> JsonValue:
        """The step's recorded result, or that of executing and recording it now."""
        recorded = self.journal.recorded(step)
        if recorded and not step_type.repeats:
            if recorded.error is not None:
                raise StepFailed(recorded.error["code"], recorded.error["message"])
            return recorded.result
        started = time.monotonic()
        try:
            with traces.part(f"step {step.type}", {"run_id": self.facts.run_id, "step": step.path}, calm=_CALM):
                outcome = _guarded(step, step_type, self)
        except StepFailed as error:
            if not recorded:
                failure = {"code": error.code, "message": str(error)}
                self.journal.fail(step, failure, seconds=time.monotonic() - started)
            raise
        if not recorded:
            seconds = time.monotonic() - started
            self.journal.succeed(step, outcome.result, shown_input=outcome.shown_input, seconds=seconds)
        return outcome.result

    def _context(self) -> dict[str, Any]:
        return {
            "payload": self.facts.payload,
            "event": self.facts.event,
            "vars": self.shared.variables,
            "steps": self.outputs,
            **self.names,
        }


def _guarded(step: Step, step_type: StepType, run: _Execution) -> Outcome:
    """Execute the step; whatever goes wrong in it becomes a StepFailed that names it."""
    try:
        outcome = step_type.run(step, run)
        strict_json.check(outcome.result, field=f"Result of step {step.said}", max_bytes=MAX_RESULT_BYTES)
        return outcome
    except (RunInterrupted, Returned, DatabaseUnavailable):
        raise
    except StepFailed as error:
        raise StepFailed(error.code, run.journal.sentence(str(error))) from error
    except CatalogError as error:
        raise StepFailed("invalid", run.journal.sentence(f"Step {step.said}: {error}")) from error
    except Exception as error:
        told = {"run_id": run.facts.run_id, "error": error}
        log.error("Step %s stopped on an unexpected error.", step.path, extra=told)
        raise StepFailed(
            "internal_error", f"Step {step.said} stopped on an unexpected error ({type(error).__name__})."
        ) from error
