"""What a step type is, and what a running step may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lib.serialization.strict_json import JsonValue

#: A result larger than this many bytes of JSON fails its step.
MAX_RESULT_BYTES = 256 * 1024
MAX_LOOP_ITEMS = 1000
#: Steps that one run may execute, loops included.
MAX_STEPS = 20_000
MAX_WAIT_SECONDS = 366 * 86_400

#: Names in expressions that a loop's item may not take.
RESERVED_NAMES = ("payload", "vars", "event", "steps", "index")

Schema = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of a definition at one place of a run; `path` joins ids by "/", loops add their index."""

    id: str
    type: str
    config: Mapping[str, Any]
    path: str


@dataclass(frozen=True)
class Recorded:
    """How a step that finished earlier ended: its result, or the error it failed with."""

    result: JsonValue
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class RunFacts:
    """What a run starts from: its id, input, and the event that caused it as expressions see it."""

    run_id: str
    payload: JsonValue
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Wait:
    """What a step waits for: an event of a name and key, or only for time to pass."""

    event_name: str | None
    key: str | None
    seconds: float | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class WaitEnd:
    """How a wait ended: by its event (with payload) or by the clock."""

    timed_out: bool
    payload: JsonValue


class Journal(Protocol):
    """Remembers durably what a run's steps did, and stops the run when it may not go on.

    Any method may raise RunInterrupted.
    """

    def recorded(self, step: Step) -> Recorded | None:
        """How the step ended, if it has."""

    def begin(self, step: Step, shown_input: JsonValue, result: JsonValue = None) -> int:
        """Note that the step is under way, and what it must find again; gives the attempt's number."""

    def noted(self, step: Step) -> JsonValue:
        """The result that an earlier `begin` of the step noted, else None. `succeed` leaves it as it is."""

    def succeed(self, step: Step, result: JsonValue, *, shown_input: JsonValue, seconds: float) -> None:
        """Note that the step is done."""

    def fail(self, step: Step, error: Mapping[str, Any], *, seconds: float) -> None:
        """Note that the step failed."""

    def wait(self, step: Step, wait: Wait, shown_input: JsonValue) -> None:
        """Open the step's wait and interrupt the run."""

    def waited(self, step: Step) -> WaitEnd | None:
        """How the step's wait ended; None when none was opened. Interrupts the run while it is open."""

    def pause(self, seconds: float) -> None:
        """Sleep before another attempt."""


class RunInterrupted(Exception):
    """The run stops here for now; this turn writes no more."""


class Returned(Exception):
    """control.return was reached; `output` is the run's."""

    def __init__(self, output: JsonValue) -> None:
        super().__init__()
        self.output = output


class Execution(Protocol):
    """A run as one of its steps sees it."""

    @property
    def facts(self) -> RunFacts:
        """What the run started from."""

    @property
    def journal(self) -> Journal:
        """Where steps with effects or waits note them."""

    def evaluate(self, value: JsonValue) -> JsonValue:
        """The value with every {"$expr": …} in it replaced by what its expression gives."""

    def set_variable(self, name: str, value: JsonValue) -> None:
        """Assign vars.<name>; a dotted name builds nested objects."""

    def run_steps(self, steps: list[Any], prefix: str) -> None:
        """Execute nested steps in this scope; their paths begin with the prefix."""

    def iteration(self, item_name: str, item: JsonValue, index: int) -> Execution:
        """The scope of one pass of a loop: item and index of its own, variables shared."""


@dataclass(frozen=True)
class Outcome:
    """What a step gave, and what is shown as its input."""

    result: JsonValue
    shown_input: JsonValue = None


@dataclass(frozen=True)
class StepType:
    """A kind of step: how people see it, how it is configured, what it does.

    `run` does the work; its result is what expressions read as steps.<id>.output. `then` follows with what
    the result means for the run (a variable, nested steps, the end) and is also all that is done again for a
    step that had finished before the run was interrupted.
    """

    type: str
    label: str
    icon: str
    description: str
    config_schema: Schema
    run: Callable[[Step, Execution], Outcome]
    then: Callable[[Step, JsonValue, Execution], None] | None = None
    #: `run` is done again after an interruption even if it had finished, for what its nested steps did.
    repeats: bool = False
    #: Keys of the configuration that hold nested steps.
    children: tuple[str, ...] = ()
    #: A failure is noted and the run goes on when this says so of a configuration.
    continues: Callable[[Mapping[str, Any]], bool] = lambda config: False


#: The schema of an expression in a step's configuration.
EXPRESSION: Schema = {
    "type": "object",
    "title": "Expression",
    "description": "A JSONata expression over payload, vars, event and steps.",
    "properties": {
        "$expr": {
            "type": "string",
            "title": "JSONata",
            "description": "For example: payload.ticketId",
            "minLength": 1,
        }
    },
    "required": ["$expr"],
    "additionalProperties": False,
}


def text_or_expression(title: str, description: str, **text: Any) -> Schema:
    """Schema of a field that takes a text as it stands, or an expression that gives it."""
    literal = {"type": "string", "title": "Text", "description": "Taken as it stands.", **text}
    return {"title": title, "description": description, "anyOf": [literal, EXPRESSION]}


def any_or_expression(title: str, description: str) -> Schema:
    """Schema of a field that takes any value; expressions in it are evaluated."""
    literal = {"title": "Value", "description": "Any JSON value; expressions inside are evaluated."}
    return {"title": title, "description": description, "anyOf": [EXPRESSION, literal]}


def config_object(properties: Schema, required: list[str], **more: Any) -> Schema:
    """Schema of a step's configuration: these fields and no others."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **more,
    }


def nested_steps(title: str, description: str) -> Schema:
    """Schema of a list of nested steps; the steps themselves are checked as such."""
    return {
        "type": "array",
        "title": title,
        "description": description,
        "items": {"type": "object", "title": "Step", "description": "A step with id, type and config."},
    }
