"""What the expressions of steps read, and whether it is there by then.

A field that the payload lacks, an output of a step that runs later, a variable that nothing sets: JSONata gives
nothing for each without a word, so the definition is followed in the order in which a run goes through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.catalog.schema_registry import JsonSchema
from lib.mapping import check as mapping_check
from lib.mapping import mapping
from lib.serialization import json_pointer
from lib.steps import STEP_TYPES, Problem, expressions

_ROOTS = ("payload", "event", "vars", "steps")
_EVENT_FIELDS = ("name", "id", "correlationKey", "payloadSchemaRef")
_OUTPUT_FIELDS = ("output", "error")
# A path and nothing else, whose value is there or not whatever the data.
_PLAIN = re.compile(r"(?:[A-Za-z_]\w*|`[^`]+`)(?:\.(?:[A-Za-z_]\w*|`[^`]+`))*")
# Where a step fails when its expression gives nothing.
_NEEDED = {("event.wait", "correlationKey"), ("time.wait", "until")}

_Path = tuple[str, ...]


@dataclass(frozen=True)
class _Scope:
    """What a step can read: ids of steps that may have run, variables that may be set, names of loop items."""

    done: frozenset[str] = frozenset()
    variables: frozenset[_Path] = frozenset()
    items: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Known:
    """What is the same for all steps. The payload's schema is None where it is not known: nothing is said then."""

    ids: frozenset[str]
    payload_ref: str | None
    payload: JsonSchema | None


def check(definition: Mapping[str, Any], *, payload: JsonSchema | None) -> list[Problem]:
    """Every read of something that is not there, in the order of the steps. `payload` is the workflow's schema."""
    ref = definition.get("payloadSchemaRef")
    ids = frozenset(str(step.get("id")) for step in _all_steps(definition.get("steps")))
    found: list[Problem] = []
    known = _Known(ids, ref if isinstance(ref, str) else None, payload)
    _follow(definition.get("steps"), "/steps", _Scope(), known, found)
    return found


def _follow(steps: Any, path: str, scope: _Scope, known: _Known, found: list[Problem]) -> _Scope:
    """Check a list of steps; what can be read after it."""
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(step, Mapping) and isinstance(step.get("config"), Mapping):
            found += _problems(step, f"{path}/{index}/config", scope, known)
            scope = _after(step, f"{path}/{index}/config", scope, known, found)
    return scope


def _after(step: Mapping[str, Any], path: str, scope: _Scope, known: _Known, found: list[Problem]) -> _Scope:
    config = step["config"]
    here = replace(scope, done=scope.done | {str(step.get("id"))})
    if step.get("type") == "control.if":
        ends = [_follow(config.get(key), f"{path}/{key}", here, known, found) for key in ("then", "else")]
        return replace(
            here,
            done=frozenset().union(*(end.done for end in ends)),
            variables=frozenset().union(*(end.variables for end in ends)),
        )
    if step.get("type") == "control.forEach":
        # Variables outlive a pass, so a later pass sees what an earlier one set; outputs of steps do not.
        variables = scope.variables.union(*map(_set_by, _all_steps(config.get("steps"))))
        items = scope.items | {str(config.get("itemName", "item")), "index"}
        _follow(config.get("steps"), f"{path}/steps", replace(here, variables=variables, items=items), known, found)
        return replace(here, variables=variables)
    return replace(here, variables=scope.variables | _set_by(step))


def _problems(step: Mapping[str, Any], path: str, scope: _Scope, known: _Known) -> Iterator[Problem]:
    kind = step.get("type")
    step_type = STEP_TYPES.get(kind) if isinstance(kind, str) else None
    for place, expression in expressions(step["config"], step_type.children if step_type else ()):
        if not isinstance(expression, str):
            continue
        needed = (kind, place[0] if place else "") in _NEEDED and _PLAIN.fullmatch(expression.strip())
        for read in sorted(mapping.paths_read(expression)):
            if message := _missing(read, scope, known):
                said = f"Step {step.get('id')}, {'.'.join(map(str, place))}: reads {message}."
                yield Problem(path + json_pointer.join(place), said, "error" if needed else "warning")


def _missing(read: _Path, scope: _Scope, known: _Known) -> str | None:
    """What an expression reads and why it is not there, as the rest of a sentence; None if it may be."""
    if not read:
        return None
    root, below, path = read[0], read[1:], ".".join(read)
    if root in scope.items:
        return None
    if root not in _ROOTS:
        return f"{path}, and there is no {root} here: a step sees {', '.join([*_ROOTS, *sorted(scope.items)])}"
    if root == "payload" and known.payload is not None and not mapping_check.has_field(known.payload, below):
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
    if below[0] not in known.ids:
        return f"the output of {below[0]}, which is no step here"
    if below[0] not in scope.done:
        return f"the output of {below[0]}, which has not run by then"
    if len(below) > 1 and below[1] not in _OUTPUT_FIELDS:
        return f"steps.{'.'.join(below)}: of a step there is {' and '.join(_OUTPUT_FIELDS)}"
    return None


def _meet(one: _Path, other: _Path) -> bool:
    """Whether one of two variables is the other or lies in it."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _set_by(step: Mapping[str, Any]) -> frozenset[_Path]:
    """The variables that a step sets: vars.a.b is ("a", "b")."""
    config = step.get("config")
    assigned = config.get("assign") if isinstance(config, Mapping) else None
    if step.get("type") != "transform.assign" or not isinstance(assigned, Mapping):
        return frozenset()
    return frozenset(tuple(str(name).split(".")[1:]) for name in assigned)


def _all_steps(steps: Any) -> Iterator[Mapping[str, Any]]:
    """Every step of a list and of the lists inside; malformed ones left out."""
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, Mapping):
            yield step
            config, kind = step.get("config"), step.get("type")
            step_type = STEP_TYPES.get(kind) if isinstance(kind, str) else None
            if step_type and isinstance(config, Mapping):
                for key in step_type.children:
                    yield from _all_steps(config.get(key))
