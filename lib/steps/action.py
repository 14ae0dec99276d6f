"""What an action is: all that the step which calls actions knows of one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lib.serialization.strict_json import JsonValue
from lib.steps.execution import Execution, Step
from lib.steps.step_type import ConfigFault, Schema, StepOffer


@dataclass(frozen=True)
class Action:
    """Something a workflow can have done outside its run."""

    name: str
    label: str
    description: str
    icon: str
    #: What the id of a new step begins with, and the input that it starts with.
    id_stem: str
    starter: Mapping[str, Any]
    #: Schema of each field of its input, and those it cannot do without.
    inputs: Schema
    required: tuple[str, ...]
    #: Schema of what it gives.
    output: Schema
    #: Does it with its evaluated input. Raises egress.Failed for what another attempt may mend.
    run: Callable[[Step, Execution, Mapping[str, Any]], JsonValue]
    #: Why it would be refused with this input, expressions and all, whatever a run holds.
    refusal: Callable[[Mapping[str, Any]], ConfigFault | None] = lambda arguments: None
    #: What it does with this input, in a few words.
    does: Callable[[Mapping[str, Any]], str | None] = lambda arguments: None

    def offer(self) -> StepOffer:
        """The step that calls it, as menus offer it."""
        fixed = {"action": self.name}
        starter = {**fixed, "input": self.starter}
        return StepOffer(self.name, self.label, self.icon, self.description, self.id_stem, starter, fixed)

    def branch(self) -> Schema:
        """The branch of a configuration's oneOf that is about this action."""
        return {
            "title": self.label,
            "description": self.description,
            "properties": {
                "action": {"const": self.name},
                "input": {
                    "type": "object",
                    "title": "Input",
                    "description": f"What {self.name} needs; each field takes a value or an expression.",
                    "properties": self.inputs,
                    "required": list(self.required),
                    "additionalProperties": False,
                },
            },
        }
