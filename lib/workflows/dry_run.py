"""What a draft would do with a payload: the mapping for real, the steps in memory, nothing outside touched.

Conditions, loops and variables are evaluated as in a run. Actions are not carried out and waits do not wait:
they count as done, with what their type assumes as their output, unless it is sure that they would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from lib import redaction, sandbox
from lib.errors import MappingError, StepFailed
from lib.mapping import expressions, mapping, plain
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
class StartFailure:
    """Why the workflow would not start: `message` says what is wrong at `place`, a pointer with * for any list item.

    It is not certain where the real payload may do what the redacted one does not, or where nothing was tried.
    """

    place: str
    message: str
    #: The same as a sentence of its own.
    sentence: str
    is_certain: bool = True


@dataclass(frozen=True)
class Start:
    """The payload the workflow would get, the targets left unset, and why it would not start.

    A payload shown to people is redacted: at the places in `unchecked`, pointers with * for any list item, nobody can
    say whether the real value fits.
    """

    payload: JsonValue
    unset: tuple[str, ...] = ()
    failures: tuple[StartFailure, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[str, ...]:
        """Each failure in a sentence."""
        return tuple(failure.sentence for failure in self.failures)


@dataclass(frozen=True)
class DryRun:
    """How the workflow would start, and the steps that would run then."""

    start: Start
    steps: tuple[DryStep, ...]
    output: JsonValue
    failure: str | None
    cut_short: bool


def start(
    definition: Mapping[str, Any],
    *,
    payload: JsonValue,
    schema: JsonSchema | None,
    correlation_key: str | None = None,
    event_schema_ref: str | None = None,
) -> Start:
    """How the workflow would start from an event of this payload, maybe redacted, and ref; else the trigger's ref."""
    trigger = definition.get("trigger") or {}
    given = trigger.get("payloadMapping")
    mapped, unset = payload, tuple[str, ...]()
    if given is not None:
        context = mapping.event_context(
            str(trigger.get("eventName")),
            payload,
            correlation_key=correlation_key,
            payload_schema_ref=event_schema_ref or trigger.get("sourcePayloadSchemaRef"),
        )
        try:
            result = mapping.apply_mapping(given, context)
        except MappingError as error:
            return Start(None, failures=(_mapping_failure(error, given, payload),))
        mapped, unset = result.payload, result.unset
    if schema is None:
        unknown = "The workflow's payload schema is not known."
        return Start(mapped, unset, (StartFailure("", unknown, unknown),))
    verdict = validation.violations(schema, mapped, limit=_MOST_VIOLATIONS)
    unfit, hidden = list[StartFailure](), dict[str, None]()
    for violation in verdict.violations:
        place = json_pointer.join("*" if isinstance(part, int) else part for part in violation.path)
        if _is_hidden(violation, mapped, given, payload):
            hidden[place or "the payload"] = None
        else:
            sentence = f"{violation.pointer or 'The payload'}: {violation.message}"
            unfit.append(StartFailure(place, violation.message, sentence))
    if verdict.error:
        unfit.append(StartFailure("", verdict.error, verdict.error, verdict.was_tried))
    return Start(mapped, unset, tuple(unfit), tuple(hidden))


def _mapping_failure(error: MappingError, given: Mapping[str, Any], payload: JsonValue) -> StartFailure:
    cause = Redacted.of(payload).sentence(error.cause)
    may_work = redaction.holds_redacted(payload)
    why = " It may with the real payload: this one is redacted." if may_work else ""
    message = f"The mapping of {error.target} does not work: {cause}"
    place = json_pointer.join(expressions.names(error.target)) if error.target in given else ""
    was_tried = not isinstance(error.__cause__, sandbox.NotTried)
    is_certain = was_tried and not (may_work and (not place or _reads_redacted(given[error.target], payload)))
    return StartFailure(place, message, f"{message}{why}", is_certain)


def _is_hidden(violation: Violation, mapped: JsonValue, given: Mapping[str, Any] | None, payload: JsonValue) -> bool:
    """Whether what is wrong there may be so only because something was redacted."""
    value = json_pointer.value_at(mapped, violation.path)
    whole = isinstance(value, str) or violation.keyword in _ABOUT_WHAT_IS_INSIDE
    if whole and redaction.holds_redacted(value):
        return True
    if given is None or not redaction.holds_redacted(payload):
        return False
    path = tuple(str(part) for part in violation.path)
    # What an expression calculates from a redacted text need not show it. A path on its own does.
    return any(
        path[: len(names)] == names and _reads_redacted(one, payload) and not _is_path(one)
        for target, one in given.items()
        if (names := expressions.names(target))
    )


def _is_path(value: JsonValue) -> bool:
    return expressions.is_expression(value) and plain.read(str(value[expressions.EXPRESSION])) is not None


def _reads_redacted(value: JsonValue, payload: JsonValue) -> bool:
    """Whether the expression, if it is one, reads a place of the event's payload where something was redacted."""
    if not expressions.is_expression(value):
        return False
    return any(_is_redacted_at(payload, names) for names in _fields_read(str(value[expressions.EXPRESSION])))


def _is_redacted_at(value: JsonValue, names: tuple[str, ...]) -> bool:
    """The same of one place; a list is gone through item by item."""
    if isinstance(value, list) and names:
        return any(_is_redacted_at(item, names) for item in value)
    if not names or isinstance(value, str):
        return redaction.holds_redacted(value)
    return isinstance(value, dict) and names[0] in value and _is_redacted_at(value[names[0]], names[1:])


@lru_cache(maxsize=1000)
def _fields_read(expression: str) -> frozenset[tuple[str, ...]]:
    return expressions.fields_read(expression)


def dry_run(
    definition: Mapping[str, Any],
    *,
    payload: JsonValue,
    schema: JsonSchema | None,
    correlation_key: str | None = None,
    event_schema_ref: str | None = None,
) -> DryRun:
    """Run a definition without errors over an event's payload, changing nothing. See `start`."""
    begun = start(
        definition,
        payload=payload,
        schema=schema,
        correlation_key=correlation_key,
        event_schema_ref=event_schema_ref,
    )
    if begun.refusals:
        return DryRun(begun, (), None, None, False)
    trigger = definition.get("trigger") or {}
    event = {
        "name": trigger.get("eventName"),
        "id": None,
        "correlationKey": correlation_key,
        "payloadSchemaRef": event_schema_ref or trigger.get("sourcePayloadSchemaRef"),
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
            failure = {"code": "refused", "message": f"Step {step.said}: {fault.message}"}
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
