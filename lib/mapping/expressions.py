"""Expressions of mappings and steps: which value is one, what it gives and reads; and the targets that they fill.

{"$expr": JSONata} stands where a value could. A dot in a target builds nested objects, `\\.` is a dot in a name and
`\\\\` a backslash. Expressions are evaluated in lib.sandbox, bounded in time, memory and output; how numbers pass
through stands in lib/sandbox/expressions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final, TypeGuard

from lib import sandbox
from lib.errors import MappingError
from lib.serialization.strict_json import JsonValue

EXPRESSION = "$expr"
TIMEOUT_MS = 250
MAX_OUTPUT_BYTES = 256 * 1024


class Unset(Enum):
    """The type of UNSET, JSONata's undefined: there is no value, not even null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


def is_expression(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value stands for what an expression gives. The expression itself may still be no text."""
    return isinstance(value, Mapping) and value.keys() == {EXPRESSION}


def holds_expression(value: JsonValue) -> bool:
    """Whether an expression, or something that was meant as one, stands anywhere in a value."""
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


def names(target: str) -> tuple[str, ...]:
    """The names that a target leads along: client.e\\.mail is ("client", "e.mail")."""
    parts = re.findall(r"(?:^|\.)((?:[^.\\]|\\.|\\$)*)", target, re.DOTALL)
    return tuple(re.sub(r"\\([.\\])", r"\1", part) for part in parts)


def target(names: Iterable[str]) -> str:
    """The target that leads along these names."""
    return ".".join(name.replace("\\", "\\\\").replace(".", "\\.") for name in names)


def evaluate(
    expression: str,
    context: JsonValue,
    *,
    timeout_ms: int = TIMEOUT_MS,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
) -> JsonValue | Unset:
    """What an expression gives over a context, or UNSET. Raises MappingError for the target "expression"."""
    written = {"expression": expression}
    return evaluate_all(written, context, timeout_ms=timeout_ms, max_output_bytes=max_output_bytes)["expression"]


def evaluate_all(
    expressions: Mapping[str, str], context: JsonValue, *, timeout_ms: int, max_output_bytes: int
) -> dict[str, JsonValue | Unset]:
    """What the expression of each target gives. The time is for all of them together.

    Raises MappingError naming the first target whose expression fails, and why.
    """
    if not expressions:
        return {}
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
    return {target: result.get("value", UNSET) for target, result in zip(targets, results, strict=True)}


def problem(expression: str) -> str | None:
    """What is wrong with an expression, found without evaluating it, or None."""
    return _inspect(expression)[0]


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


def _inspect(expression: str) -> tuple[str | None, list[list[str]]]:
    try:
        result = sandbox.run("inspect", {"expression": expression}, timeout_ms=1000)
    except sandbox.SandboxError as error:
        return str(error), []
    return result["problem"], result["reads"]
