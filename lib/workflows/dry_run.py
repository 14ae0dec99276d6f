"""What a draft would do with a payload: the mapping for real, the steps in memory, nothing outside touched.

Conditions, loops and variables are evaluated as in a run. Actions are not carried out and waits do not wait:
they count as done, with what their type assumes as their output, unless it is sure that they would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lib import redaction
from lib.errors import MappingError, StepFailed
from lib.mapping import mapping
from lib.redaction import Redacted
from lib.sandbox import validation
from lib.sandbox.validation import Violation
from lib.schemas import JsonSchema
from lib.serialization import json_pointer
from lib.serialization.strict_json import JsonValue
from lib.steps import STEP_TYPES, Journal, Recorded, RunFacts, Step, run_definition
from lib.steps.execution import RunInterrupted, Wait, WaitEnd

#: A dry run ends after so many steps.
MOST_STEPS = 200
_MOST_VIOLATIONS = 50
# Keywords that judge an object or a list by what is in it, so also by what was redacted there.
_ABOUT_WHAT_IS_INSIDE = {
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "const",
    "enum",
    "contains",
    "uniqueItems",
    "unevaluatedProperties",
    "unevaluatedItems",
}


@dataclass(frozen=True)
class DryStep:
    """A step that would run: done in memory, assumed (an action or a wait), or failing with `error`."""

    path: str
    step_type: str
    state: Literal["done", "assumed", "failed"]
    output: JsonValue = None
    error: str | None = None


@dataclass(frozen=True)
class Start:
    """The payload the workflow would get, the targets left unset, and why it would not start.

    A payload shown to people is redacted: at the places in `unchecked` nobody can say whether the real value fits.
    """

    payload: JsonValue
    unset: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class DryRun:
    """How the workflow would start, and the steps that would run then."""

    start: Start
    steps: tuple[DryStep, ...]
    output: JsonValue
    failure: str | None
    cut_short: bool


def start(
    definition: Mapping[str, Any], *, payload: JsonValue, schema: JsonSchema | None, correlation_key: str | None = None
) -> Start:
    """How the workflow would start from an event with this payload, which may be redacted."""
    trigger = definition.get("trigger") or {}
    given = trigger.get("payloadMapping")
    mapped, unset = payload, tuple[str, ...]()
    if given is not None:
        context = mapping.event_context(
            str(trigger.get("eventName")),
            payload,
            correlation_key=correlation_key,
            payload_schema_ref=trigger.get("sourcePayloadSchemaRef"),
        )
        try:
            result = mapping.apply_mapping(given, context)
        except MappingError as error:
            why = " It may with the real payload: this one is redacted." if redaction.holds_redacted(payload) else ""
            cause = Redacted.of(payload).sentence(error.cause)
            return Start(None, refusals=(f"The mapping of {error.target} does not work: {cause}{why}",))
        mapped, unset = result.payload, result.unset
    if schema is None:
        return Start(mapped, unset, ("The workflow's payload schema is not known.",))
    verdict = validation.violations(schema, mapped, limit=_MOST_VIOLATIONS)
    unfit, hidden = list[Violation](), list[Violation]()
    for violation in verdict.violations:
        value = json_pointer.value_at(mapped, violation.path)
        whole = isinstance(value, str) or violation.keyword in _ABOUT_WHAT_IS_INSIDE
        (hidden if whole and redaction.holds_redacted(value) else unfit).append(violation)
    refusals = [f"{violation.pointer or 'The payload'}: {violation.message}" for violation in unfit]
    if verdict.error:
        refusals.append(verdict.error)
    unchecked = dict.fromkeys(violation.pointer or "the payload" for violation in hidden)
    return Start(mapped, unset, tuple(refusals), tuple(unchecked))


def dry_run(
    definition: Mapping[str, Any], *, payload: JsonValue, schema: JsonSchema | None, correlation_key: str | None = None
) -> DryRun:
    """Run a definition without errors over an event's payload, changing nothing."""
    begun = start(definition, payload=payload, schema=schema, correlation_key=correlation_key)
    if begun.refusals:
        return DryRun(begun, (), None, None, False)
    trigger = definition.get("trigger") or {}
    event = {
        "name": trigger.get("eventName"),
        "id": None,
        "correlationKey": correlation_key,
        "payloadSchemaRef": trigger.get("sourcePayloadSchemaRef"),
    }
    hidden = Redacted.of(begun.payload, schema=schema).also([Redacted.of(payload)])
    journal, output, failure = _Memory(hidden), None, None
    try:
        output = run_definition(definition, RunFacts("dry-run", begun.payload, event), journal)
    except StepFailed as error:
        failure = str(error)
    except RunInterrupted:
        pass
    return DryRun(begun, tuple(journal.steps), output, failure, journal.full)


@dataclass
class _Memory(Journal):
    """A journal in memory, to which every effect counts as done."""

    redacted: Redacted
    steps: list[DryStep] = field(default_factory=list)
    full: bool = False

    def _note(self, step: Step, state: Literal["done", "assumed", "failed"], **more: Any) -> None:
        if len(self.steps) >= MOST_STEPS:
            self.full = True
            raise RunInterrupted
        self.steps.append(DryStep(step.path, step.type, state, **more))

    def recorded(self, step: Step) -> Recorded | None:
        kind = STEP_TYPES[step.type]
        if kind.effect == "none":
            return None
        if fault := kind.refusal(step.config):
            failure = {"code": "refused", "message": f"Step {step.id}: {fault.message}"}
            self._note(step, "failed", error=failure["message"])
            return Recorded(None, error=failure)
        assumed = kind.assumed(step.config)
        self._note(step, "assumed", output=assumed)
        return Recorded(assumed)

    def begin(self, step: Step, shown_input: JsonValue, result: JsonValue = None) -> int:
        return 1

    def noted(self, step: Step) -> JsonValue:
        return None

    def succeed(self, step: Step, result: JsonValue, *, shown_input: JsonValue, seconds: float) -> None:
        self._note(step, "done", output=result)

    def fail(self, step: Step, error: Mapping[str, Any], *, seconds: float) -> None:
        self._note(step, "failed", error=str(error["message"]))

    def wait(self, step: Step, wait: Wait, shown_input: JsonValue) -> None:
        raise AssertionError("waits are recorded as done")

    def waited(self, step: Step) -> WaitEnd | None:
        raise AssertionError("waits are recorded as done")

    def pause(self, seconds: float) -> None:
        raise AssertionError("actions are recorded as done")

    def shown(self, value: JsonValue) -> JsonValue:
        return self.redacted.mask(value)

    def sentence(self, text: str) -> str:
        return self.redacted.sentence(text)
