"""What a running step is given: the step, the run it is part of, and the journal of what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lib.serialization.strict_json import JsonValue

#: A result larger than this many bytes of JSON fails its step.
MAX_RESULT_BYTES = 256 * 1024
MAX_LOOP_ITEMS = 1000
#: Names that expressions of every step can read.
ROOTS = ("payload", "event", "vars", "steps")
#: Steps that one run may execute, loops included.
MAX_STEPS = 20_000
MAX_WAIT_SECONDS = 366 * 86_400


@dataclass(frozen=True)
class Step:
    """One step of a definition at one place of a run; `path` joins ids by "/", loops add their index."""

    id: str
    type: str
    config: Mapping[str, Any]
    path: str
    name: str | None = None

    @property
    def said(self) -> str:
        """What errors call it: the name that people gave it, else its id."""
        return f"“{self.name}”" if self.name else self.id


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
        """Note that the step is done; one that did not `begin` may be done again if the run is interrupted soon."""

    def fail(self, step: Step, error: Mapping[str, Any], *, seconds: float) -> None:
        """Note that the step failed."""

    def wait(self, step: Step, wait: Wait, shown_input: JsonValue) -> None:
        """Open the step's wait and interrupt the run."""

    def waited(self, step: Step) -> WaitEnd | None:
        """How the step's wait ended; None when none was opened. Interrupts the run while it is open."""

    def pause(self, seconds: float) -> None:
        """Sleep before another attempt."""

    def shown(self, value: JsonValue) -> JsonValue:
        """The value without what is hidden in the run's payload, in events that it waited for, and in answers to it."""

    def sentence(self, text: str) -> str:
        """An error's text without that."""


class RunInterrupted(Exception):
    """The run stops here for now; this turn writes no more."""


class Returned(Exception):
    """A step ended the run; `output` is the run's."""

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

    def with_names(self, values: Mapping[str, JsonValue]) -> Execution:
        """A scope inside this one: expressions see these names too, and outputs in it stay in it."""


@dataclass(frozen=True)
class Outcome:
    """What a step gave, and what is shown as its input."""

    result: JsonValue
    shown_input: JsonValue = None
