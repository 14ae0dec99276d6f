"""What the expressions of steps read, and whether it is there by then.

JSONata says nothing when it reads a field that the payload lacks, the output of a later step, or a variable that no
step sets. So the definition is followed here in the order in which a run goes through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.catalog.nearest import did_you_mean
from lib.mapping import check as mapping_check
from lib.mapping import plain
from lib.mapping.expressions import paths_read
from lib.schemas import JsonSchema
from lib.schemas.fields import types_at
from lib.serialization import json_pointer
from lib.steps import Problem, config_of, each_step, expressions, lists_in, type_of
from lib.steps.execution import ROOTS

_EVENT_FIELDS = ("name", "id", "correlationKey", "payloadSchemaRef")
_OUTPUT_FIELDS = ("output", "error")

_Path = tuple[str, ...]


@dataclass(frozen=True)
class _Scope:
    """What a step can read: ids of steps that may have run, variables that may be set, further names."""

    done: frozenset[str] = frozenset()
    variables: frozenset[_Path] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Known:
    """What is the same for all steps. The payload's schema is None where it is not known: nothing is said then."""

    steps: Mapping[str, Mapping[str, Any]]
    payload_ref: str | None
    payload: JsonSchema | None


#: What is done at each step, with its pointer and what it can read.
_Visit = Callable[[Mapping[str, Any], str, _Scope], None]


def check(definition: Mapping[str, Any], *, payload: JsonSchema | None) -> list[Problem]:
    """Every read of something that is not there, in the order of the steps. `payload` is the workflow's schema."""
    ref = definition.get("payloadSchemaRef")
    known = _Known(_by_id(definition), ref if isinstance(ref, str) else None, payload)
    found: list[Problem] = []

    def visit(step: Mapping[str, Any], path: str, scope: _Scope) -> None:
        found.extend(_problems(step, f"{path}/config", scope, known))

    _follow(definition.get("steps"), "/steps", _Scope(), visit)
    return found


def readable(definition: Mapping[str, Any], path: str, *, payload: JsonSchema | None) -> dict[str, str]:
    """Expressions for what the step at this pointer can read, with the type that each gives, “any” where unknown."""
    scopes: dict[str, _Scope] = {}

    def visit(step: Mapping[str, Any], at: str, scope: _Scope) -> None:
        scopes[at] = scope

    _follow(definition.get("steps"), "/steps", _Scope(), visit)
    scope = scopes.get(path, _Scope())
    found = {"payload": "object", **mapping_check.source_expressions(payload or {}, above="payload")}
    found |= {plain.written(name): "any" for name in sorted(scope.names)}
    for step_id, step in _by_id(definition).items():
        if step_id in scope.done:
            found |= _given_by(step, f"steps.{plain.written(step_id)}")
    found |= {".".join(("vars", *map(plain.written, name))): "any" for name in sorted(scope.variables)}
    return found | {f"event.{name}": "string" for name in _EVENT_FIELDS}


def _given_by(step: Mapping[str, Any], above: str) -> dict[str, str]:
    """Expressions for what a step leaves behind."""
    kind, output = type_of(step), f"{above}.output"
    schema = kind.output(config_of(step)) if kind else None
    found = {output: "any"} if schema is None else {output: "object"}
    found |= mapping_check.source_expressions(schema or {}, above=output)
    return found | ({f"{above}.error": "object"} if kind and kind.continues(config_of(step)) else {})


def _by_id(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(step.get("id")): step for _, step in each_step(definition)}


def _follow(steps: Any, path: str, scope: _Scope, visit: _Visit) -> _Scope:
    """Visit a list of steps in the order in which a run goes through it; what can be read after it."""
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(step, Mapping) and isinstance(step.get("config"), Mapping):
            visit(step, f"{path}/{index}", scope)
            scope = _after(step, f"{path}/{index}/config", scope, visit)
    return scope


def _after(step: Mapping[str, Any], path: str, scope: _Scope, visit: _Visit) -> _Scope:
    here = replace(scope, done=scope.done | {str(step.get("id"))}, variables=scope.variables | _set_by(step))
    kind, lists = type_of(step), lists_in(step)
    if kind and kind.flow == "choice":
        ends = [_follow(inner, f"{path}/{key}", here, visit) for key, inner in lists.items()]
        return replace(
            here,
            done=frozenset().union(*(end.done for end in ends)),
            variables=frozenset().union(*(end.variables for end in ends)),
        )
    if kind and kind.flow == "loop":
        # Variables outlive a pass, so a later pass sees what an earlier one set. Outputs of steps do not.
        inside = [one for inner in lists.values() for _, one in each_step({"steps": inner})]
        here = replace(here, variables=here.variables.union(*map(_set_by, inside)))
        within = replace(here, names=here.names.union(kind.names(config_of(step))))
        for key, inner in lists.items():
            _follow(inner, f"{path}/{key}", within, visit)
    return here


def _problems(step: Mapping[str, Any], path: str, scope: _Scope, known: _Known) -> Iterator[Problem]:
    kind = type_of(step)
    for place, expression in expressions(step["config"], kind.children if kind else ()):
        if not isinstance(expression, str):
            continue
        # The value of a path and nothing else is there or not whatever the data.
        path_only = (found := plain.read(expression)) and found.names
        needed = kind and place and place[0] in kind.needs and path_only
        for read in sorted(paths_read(expression)):
            if message := _missing(read, scope, known):
                end = "" if message.endswith("?") else "."
                said = f"Step {step.get('id')}, {'.'.join(map(str, place))}: reads {message}{end}"
                yield Problem(path + json_pointer.join(place), said, "error" if needed else "warning")


def _missing(read: _Path, scope: _Scope, known: _Known) -> str | None:
    """What an expression reads and why it is not there, as the rest of a sentence; None if it may be."""
    if not read:
        return None
    root, below, path = read[0], read[1:], ".".join(read)
    if root in scope.names:
        return None
    if root not in ROOTS:
        return f"{path}, and there is no {root} here: a step sees {', '.join([*ROOTS, *sorted(scope.names)])}"
    if root == "payload" and known.payload is not None and types_at(known.payload, below) is None:
        return f"{path}, which {known.payload_ref} does not have"
    if root == "event" and below[:1] == ("payload",):
        return f"{path}, which steps do not see: they have the workflow's payload, as payload"
    if root == "event" and below and below[0] not in _EVENT_FIELDS:
        return f"{path}: of the event, steps see {', '.join(_EVENT_FIELDS)}"
    if root == "steps" and below:
        return _missing_output(below, scope, known)
    if root == "vars" and below and not any(_meet(below, name) for name in scope.variables):
        return f"{path}, which no step before it sets"
    return None


def _missing_output(below: _Path, scope: _Scope, known: _Known) -> str | None:
    if below[0] not in known.steps:
        return f"the output of {below[0]}, which is no step here{_meant(below[0], known.steps)}"
    if below[0] not in scope.done:
        return f"the output of {below[0]}, which has not run by then"
    if len(below) > 1 and below[1] not in _OUTPUT_FIELDS:
        meant = _meant(below[1], _OUTPUT_FIELDS)
        return f"steps.{'.'.join(below)}: of a step there is {' and '.join(_OUTPUT_FIELDS)}{meant}"
    step = known.steps[below[0]]
    kind = type_of(step)
    given = kind.output(config_of(step)) if kind and below[1:2] == ("output",) else None
    if given is not None and types_at(given, below[2:]) is None:
        return f"steps.{'.'.join(below)}, which {below[0]} does not give{_meant(below[-1], _fields_of(given))}"
    return None


def _fields_of(schema: Mapping[str, Any]) -> Iterable[str]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else ()


def _meant(name: str, names: Iterable[str]) -> str:
    """The end of a sentence, and the question for the nearest name behind it; empty where no name is near."""
    question = did_you_mean(name, names)
    return f".{question}" if question else ""


def _meet(one: _Path, other: _Path) -> bool:
    """Whether one of two variables is the other or lies in it."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _set_by(step: Mapping[str, Any]) -> frozenset[_Path]:
    """The variables that a step sets: vars.a.b is ("a", "b")."""
    kind = type_of(step)
    return frozenset(kind.sets(config_of(step))) if kind else frozenset()
