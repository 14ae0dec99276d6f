"""What a step type is: all that the product knows of one kind of step.

Nothing outside a type's own file knows its name. Checks, designer, diagram, dry run and engine ask the registered
StepType instead, so a new type is one file here and one line in lib/steps/registry.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue
from lib.steps.execution import Execution, Outcome, Step

Config = Mapping[str, Any]
Schema = dict[str, Any]

#: How a run goes on after a step: with the next one, with one of its lists of steps, with its list once for each
#: item, or not at all.
Flow = Literal["next", "choice", "loop", "end"]
#: What a step does outside its run. A dry run carries out neither effect.
Effect = Literal["none", "act", "wait"]
#: How the diagram draws a step.
Shape = Literal["step", "choice", "loop", "wait", "stop"]


@dataclass(frozen=True)
class StepList:
    """A key of the configuration that holds nested steps, what menus call them, and the label of the edge to them."""

    key: str
    label: str
    edge: str


@dataclass(frozen=True)
class ConfigFault:
    """What is wrong with a configuration, and in which of its fields."""

    field: tuple[str, ...]
    message: str


def _nothing(config: Config) -> tuple[()]:
    return ()


def _unknown(config: Config) -> None:
    return None


@dataclass(frozen=True)
class StepOffer:
    """A new step as menus offer it, by a name that no other offer has.

    `fixed` is what makes a configuration one of this offer. It stays as it is, so forms do not show it.
    """

    name: str
    label: str
    icon: str
    description: str
    id_stem: str
    starter: Config
    fixed: Config = field(default_factory=dict)


@dataclass(frozen=True)
class StepType:
    """A kind of step.

    `run` does the work. Its result is what expressions read as steps.<id>.output. `then` follows with what the
    result means for the run (a variable, nested steps, the end). If the step had finished before the run was
    interrupted, `then` alone is done again.

    Functions of the configuration are given one that may be unfinished or wrong, unless they say otherwise.
    """

    type: str
    label: str
    icon: str
    description: str
    #: Its schema, which the designer draws as a form, and what a new step starts with.
    config_schema: Schema
    starter: Config
    #: What the id of a new step begins with.
    id_stem: str
    run: Callable[[Step, Execution], Outcome]
    then: Callable[[Step, JsonValue, Execution], None] | None = None
    #: `run` is done again after an interruption even if it had finished, for what its nested steps did.
    repeats: bool = False
    flow: Flow = "next"
    effect: Effect = "none"
    shape: Shape = "step"
    lists: tuple[StepList, ...] = ()
    #: A failure is noted and the run goes on when this says so of a configuration.
    continues: Callable[[Config], bool] = lambda config: False
    #: The schema of what it gives; None where nobody knows before it ran.
    output: Callable[[Config], Schema | None] = _unknown
    #: Fields whose expression has to give something, else the step fails.
    needs: frozenset[str] = frozenset()
    #: Fields that name an event type.
    event_fields: tuple[str, ...] = ()
    #: The variables that it sets: ("a", "b") is vars.a.b.
    sets: Callable[[Config], Iterable[tuple[str, ...]]] = _nothing
    #: What expressions of its nested steps may read beside the names that all steps read.
    names: Callable[[Config], Iterable[str]] = _nothing
    #: What is wrong although the schema allows it; asked only about a configuration that fits the schema.
    faults: Callable[[Config], Iterable[ConfigFault]] = _nothing
    #: Why the step would fail whatever the run holds; None where that is not known.
    refusal: Callable[[Config], ConfigFault | None] = _unknown
    #: What a dry run takes for the output of a step that it does not carry out.
    assumed: Callable[[Config], JsonValue] = _unknown
    #: How many seconds it waits at most; None where the configuration does not tell.
    waits_at_most: Callable[[Config], float | None] = _unknown
    #: What it does with this configuration, in a few words for who looks at the diagram.
    does: Callable[[Config], str | None] = _unknown
    #: What menus offer in place of the type itself, where one type does several things.
    variants: tuple[StepOffer, ...] = ()

    @property
    def offers(self) -> tuple[StepOffer, ...]:
        """What menus offer to add."""
        return self.variants or (self._itself,)

    def offer_of(self, config: Config) -> StepOffer:
        """The offer that a configuration is of; the type itself where it is of none."""
        for one in self.variants:
            if all(config.get(name) == value for name, value in one.fixed.items()):
                return one
        return self._itself

    @property
    def _itself(self) -> StepOffer:
        return StepOffer(self.type, self.label, self.icon, self.description, self.id_stem, self.starter)

    @property
    def children(self) -> tuple[str, ...]:
        """Keys of the configuration that hold nested steps."""
        return tuple(one.key for one in self.lists)

    @property
    def fields(self) -> tuple[str, ...]:
        """Keys of the configuration in the order in which people expect them."""
        branches = [self.config_schema, *self.config_schema.get("oneOf", ())]
        return tuple(dict.fromkeys(name for branch in branches for name in branch.get("properties", {})))


def written(value: Any) -> str | None:
    """A value of a configuration in a few words: the text of an expression or a text as it stands, else JSON."""
    if isinstance(value, Mapping) and value.keys() == {"$expr"}:
        value = value["$expr"]
    return value or None if isinstance(value, str) else strict_json.dumps(value)


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
    """Schema of a field for a text: written as it stands, or given by an expression."""
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
