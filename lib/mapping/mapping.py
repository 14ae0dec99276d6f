"""How the payload of an event becomes the payload of a workflow, and what an expression of a step gives.

A mapping is {target: literal or {"$expr": JSONata}}. A dot in a target builds nested objects, `\\.` is a dot
in a name. Expressions see {"event": {"name", "correlationKey", "payload", "payloadSchemaRef"}}, or for a step
whatever context the step is given; they are evaluated in lib.sandbox, bounded in time, memory and output.
How numbers pass through stands in lib/sandbox/expressions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple

from lib import sandbox
from lib.errors import MappingError
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

EXPRESSION = "$expr"
TIMEOUT_MS = 250
MAX_OUTPUT_BYTES = 256 * 1024


class Unset(Enum):
    """The type of UNSET, JSONata's undefined: there is no value, not even null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True)
class MappedPayload:
    """What a mapping gave; `unset` are the targets left out because their expression gave nothing."""

    payload: dict[str, JsonValue]
    unset: tuple[str, ...]


class MappingProblem(NamedTuple):
    """What is wrong with a mapping, and at which target."""

    target: str
    problem: str


def event_context(
    name: str,
    payload: JsonValue,
    *,
    correlation_key: str | None = None,
    payload_schema_ref: str | None = None,
) -> dict[str, JsonValue]:
    """The context that a trigger's expressions see."""
    event = {
        "name": name,
        "correlationKey": correlation_key,
        "payload": payload,
        "payloadSchemaRef": payload_schema_ref,
    }
    return {"event": event}


def evaluate(
    expression: str,
    context: JsonValue,
    *,
    timeout_ms: int = TIMEOUT_MS,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
) -> JsonValue | Unset:
    """What an expression gives over a context, or UNSET. Raises MappingError for the target "expression"."""
    (result,) = _evaluate({"expression": expression}, context, timeout_ms, max_output_bytes)
    return result


def apply_mapping(
    mapping: Mapping[str, JsonValue],
    context: JsonValue,
    *,
    timeout_ms: int = TIMEOUT_MS,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
) -> MappedPayload:
    """Build the payload that a mapping describes. The time is for all of its expressions together.

    Raises MappingError naming the first target that cannot be built, and why.
    """
    if problems := _static_problems(mapping):
        raise MappingError(*problems[0])
    expressions = {target: value[EXPRESSION] for target, value in mapping.items() if is_expression(value)}
    results = dict(zip(expressions, _evaluate(expressions, context, timeout_ms, max_output_bytes), strict=True))
    payload: dict[str, JsonValue] = {}
    unset = []
    for target, literal in mapping.items():
        value = results[target] if target in results else deepcopy(literal)
        if value is UNSET:
            unset.append(target)
            continue
        *parents, name = target_names(target)
        place = payload
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    size = len(strict_json.dumps(payload).encode())
    if size > max_output_bytes:
        cause = f"gives {size:,} bytes; at most {max_output_bytes:,} are accepted"
        raise MappingError("payloadMapping", cause)
    return MappedPayload(payload, tuple(unset))


def target_names(target: str) -> tuple[str, ...]:
    """Names of a dotted target: client.e\\.mail is ("client", "e.mail"). A backslash before anything else is itself."""
    parts = re.findall(r"(?:^|\.)((?:[^.\\]|\\.|\\$)*)", target, re.DOTALL)
    return tuple(re.sub(r"\\([.\\])", r"\1", part) for part in parts)


def target_of(names: Iterable[str]) -> str:
    """The target with these names, spelled as mappings of ours spell it."""
    return ".".join(name.replace("\\", "\\\\").replace(".", "\\.") for name in names)


def is_expression(value: Any) -> bool:
    """Whether a value of a mapping is an expression; else it is a literal."""
    return isinstance(value, Mapping) and value.keys() == {EXPRESSION}


def check_expression(expression: str) -> str | None:
    """What is wrong with an expression, found without evaluating it, or None."""
    return _inspect(expression)[0]


def check_mapping(mapping: Mapping[str, JsonValue]) -> tuple[MappingProblem, ...]:
    """Everything that is wrong with a mapping, found without evaluating it."""
    found = _static_problems(mapping)
    for target, value in mapping.items():
        if is_expression(value) and isinstance(value[EXPRESSION], str):
            if problem := check_expression(value[EXPRESSION]):
                found.append(MappingProblem(target, problem))
    return tuple(found)


def paths_read(expression: str) -> frozenset[tuple[str, ...]]:
    """The paths from the context's root that an expression reads, as names: {("event", "payload", "client")}."""
    return frozenset(tuple(path) for path in _inspect(expression)[1])


def fields_read(expression: str, *, below: tuple[str, ...] = ("event", "payload")) -> frozenset[tuple[str, ...]]:
    """The paths below the event's payload that an expression reads, as names: {("client", "email")}.

    () is the payload as a whole. List items are not told apart. What depends on values, such as $lookup with
    a calculated key, counts as reading what stands before it. A broken expression reads nothing.
    """
    paths = paths_read(expression)
    inside = {path[len(below) :] for path in paths if path[: len(below)] == below}
    # Using the event, or everything, as a whole uses the payload as a whole.
    outside = {() for path in paths if path == below[: len(path)]}
    return frozenset(inside | outside)


def _evaluate(
    expressions: Mapping[str, str], context: JsonValue, timeout_ms: int, max_output_bytes: int
) -> list[JsonValue | Unset]:
    if not expressions:
        return []
    arguments = {
        "expressions": list(expressions.values()),
        "context": context,
        "max_output_bytes": max_output_bytes,
    }
    targets = list(expressions)
    everywhere = targets[0] if len(targets) == 1 else "payloadMapping"
    try:
        results: list[dict[str, Any]] = sandbox.run("evaluate", arguments, timeout_ms=timeout_ms)
    except sandbox.TimedOut as error:
        raise MappingError(targets[error.at] if error.at is not None else everywhere, str(error)) from error
    except sandbox.SandboxError as error:
        raise MappingError(everywhere, str(error)) from error
    for target, result in zip(targets, results, strict=False):
        if "error" in result:
            raise MappingError(target, result["error"])
    return [result.get("value", UNSET) for result in results]


def _inspect(expression: str) -> tuple[str | None, list[list[str]]]:
    try:
        result = sandbox.run("inspect", {"expression": expression}, timeout_ms=1000)
    except sandbox.SandboxError as error:
        return str(error), []
    return result["problem"], result["reads"]


def _static_problems(mapping: Mapping[str, JsonValue]) -> list[MappingProblem]:
    found = []
    for target, value in mapping.items():
        if not all(target_names(target)):
            found.append(MappingProblem(target, "has an empty name between its dots"))
        if is_expression(value):
            if not isinstance(value[EXPRESSION], str):
                found.append(MappingProblem(target, f"{EXPRESSION} must be text"))
        elif _holds_expression(value):
            problem = f"has {EXPRESSION} inside a literal; give it a target of its own with a dot"
            found.append(MappingProblem(target, problem))
    taken: dict[tuple[str, ...], str] = {}
    for target in mapping:
        if (same := taken.setdefault(target_names(target), target)) != target:
            found.append(MappingProblem(target, f"is the same target as {same}"))
    for parts, target in taken.items():
        for length in range(1, len(parts)):
            if above := taken.get(parts[:length]):
                found.append(MappingProblem(target, f"lies inside {above}, which is a target as well"))
    return found


def _holds_expression(value: JsonValue) -> bool:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Mapping):
            if EXPRESSION in item:
                return True
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return False
