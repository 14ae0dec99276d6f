"""Is a definition fit to be published and run? Every problem at once, each naming its step and field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from lib.mapping.expressions import EXPRESSION, is_expression, problem
from lib.schemas import telling
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from lib.serialization import json_pointer
from lib.steps.nesting import lists_in, type_of
from lib.steps.registry import STEP_TYPES
from lib.steps.step_type import StepType

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_MAX_NESTING = 16


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place of a definition; `path` is a JSON pointer into it.

    With severity "error" the definition cannot run; a "warning" is probably a mistake.
    """

    path: str
    message: str
    severity: Literal["error", "warning"] = "error"


def check_definition(definition: Any) -> list[Problem]:
    """All problems of a workflow definition, in the order of its steps; none means that it can run."""
    if not isinstance(definition, dict):
        return [Problem("", "The definition must be an object.")]
    steps = definition.get("steps")
    if not isinstance(steps, list) or not steps:
        return [Problem("/steps", "The workflow needs at least one step.")]
    return list(_check_steps(steps, "/steps", set(), depth=1, ended_by=""))


def _check_steps(steps: list[Any], path: str, ids: set[str], *, depth: int, ended_by: str) -> Iterator[Problem]:
    if depth > _MAX_NESTING:
        yield Problem(path, f"Steps are nested more than {_MAX_NESTING} levels deep.")
        return
    for index, step in enumerate(steps):
        where = f"{path}/{index}"
        if not isinstance(step, dict):
            yield Problem(where, f"Step {index + 1} must be an object with id, type and config.")
            continue
        if ended_by:
            yield Problem(where, f"Step {step.get('id')} is never reached, because {ended_by} returns.", "warning")
        yield from _check_step(step, where, ids, depth=depth, ended_by=ended_by)
        if not ended_by and _returns(step):
            ended_by = str(step.get("id"))


def _check_step(step: Mapping[str, Any], path: str, ids: set[str], *, depth: int, ended_by: str) -> Iterator[Problem]:
    step_id = step.get("id")
    if not isinstance(step_id, str) or not _ID.fullmatch(step_id):
        yield Problem(f"{path}/id", f"A step id is a letter followed by letters, digits, _ or -, not {step_id!r}.")
    elif step_id in ids:
        yield Problem(f"{path}/id", f"The step id {step_id} is used twice.")
    ids.add(str(step_id))
    step_type = type_of(step)
    if step_type is None:
        yield Problem(f"{path}/type", f"Step {step_id} has the unknown type {step.get('type')!r}.")
        return
    config = step.get("config")
    if not isinstance(config, dict):
        yield Problem(f"{path}/config", f"Step {step_id} needs a config object.")
        return
    yield from _check_config(str(step_id), step_type, config, f"{path}/config")
    for key in step_type.children:
        if isinstance(config.get(key), list):
            where = f"{path}/config/{key}"
            yield from _check_steps(config[key], where, ids, depth=depth + 1, ended_by=ended_by)


def _check_config(step_id: str, step_type: StepType, config: dict[str, Any], path: str) -> Iterator[Problem]:
    found = False
    judge = _judge(step_type.type)
    for breach in judge.breaches(judge.document.root, config):
        found = True
        # Of a failed oneOf, the first thing that is wrong with the form that the author meant.
        violation = next(telling.violations(judge.document, [breach]))
        field = ".".join(str(part) for part in violation.path) or "config"
        yield Problem(path + json_pointer.join(violation.path), f"Step {step_id}, {field}: {violation.message}")
    if found:
        return
    for place, expression in expressions(config, step_type.children):
        text = isinstance(expression, str)
        if wrong := problem(expression) if text else "an expression has to be text.":
            field = ".".join(str(part) for part in place)
            pointer = json_pointer.join([*place, EXPRESSION])
            yield Problem(path + pointer, f"Step {step_id}, {field}: {wrong}")
    for wrong_field in step_type.faults(config):
        said = f"Step {step_id}, {'.'.join(wrong_field.field)}: {wrong_field.message}"
        yield Problem(path + json_pointer.join(wrong_field.field), said)


@cache
def _judge(step_type: str) -> Judge:
    return Judge(SchemaDocument(STEP_TYPES[step_type].config_schema))


def expressions(value: Any, skip: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """(place, expression, or what stands in its place) of every {"$expr": …}; `skip` names nested steps."""
    if is_expression(value):
        yield (), value[EXPRESSION]
        return
    if isinstance(value, dict):
        members: Iterator[tuple[str | int, Any]] = ((k, v) for k, v in value.items() if k not in skip)
    elif isinstance(value, list):
        members = iter(enumerate(value))
    else:
        return
    for key, member in members:
        for place, expression in expressions(member):
            yield (key, *place), expression


def _returns(step: Mapping[str, Any]) -> bool:
    """Whether the run surely ends in this step."""
    kind = type_of(step)
    if kind is None or kind.flow != "choice":
        return kind is not None and kind.flow == "end"
    return all(
        any(isinstance(inner, dict) and _returns(inner) for inner in branch) for branch in lists_in(step).values()
    )
