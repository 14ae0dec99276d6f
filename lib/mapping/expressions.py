"""Expressions of mappings and steps: which value is one, what it gives and reads; and the targets that they fill.

{"$expr": JSONata} stands where a value could. A dot in a target builds nested objects, `\\.` is a dot in a name and
`\\\\` a backslash. Plain paths and literals are evaluated here, all other expressions in lib.sandbox, bounded in
time, memory and output; how numbers pass through stands in lib/sandbox/expressions.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from lib import sandbox
from lib.errors import InvalidInput, MappingError
from lib.mapping import plain
from lib.mapping.plain import UNSET as UNSET
from lib.mapping.plain import Unset as Unset
from lib.serialization import strict_json
from lib.serialization.json_values import ABSENT
from lib.serialization.strict_json import JsonValue

EXPRESSION = "$expr"
TIMEOUT_MS = 250
MAX_OUTPUT_BYTES = 256 * 1024
#: For those who write expressions.
DIGITS = (
    "A path on its own keeps every digit. Where an expression calculates, compares or makes text of a number, it is "
    "one of JavaScript's: the last digits of an integer beyond 9,007,199,254,740,992 are lost, and 1.10 becomes 1.1."
)


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


def literal(value: JsonValue) -> str:
    """The expression that gives this value, whatever it is evaluated over: JSON is JSONata.

    A text that cannot be stored has one, too: whoever saves it is told so.
    """
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else strict_json.dumps(value)


def given_by(expression: str) -> JsonValue:
    """The value of which the expression is the literal; of any other expression its text."""
    try:
        return strict_json.parse(expression, field="expression")
    except InvalidInput:
        return expression


def carried(before: Any, after: Any) -> Any:
    """What a field holds that was switched from a value to an expression, or back, and had nothing there yet.

    Text stays: "A ticket" becomes the expression that gives it. `after` is {} where an expression is to be written.
    """
    if after == {} and isinstance(before, str | bool | int | float | Decimal) and before != "":
        return {EXPRESSION: literal(before)}
    if after is ABSENT and is_expression(before) and isinstance(before[EXPRESSION], str):
        return given_by(before[EXPRESSION])
    return after


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
    plainly = {target: found for target, one in expressions.items() if (found := _plain(one, context))}
    others = {target: one for target, one in expressions.items() if target not in plainly}
    results = _in_sandbox(others, context, timeout_ms=timeout_ms, max_output_bytes=max_output_bytes)
    values: dict[str, JsonValue | Unset] = {}
    for target in expressions:
        if target in plainly:
            values[target] = _checked(target, plainly[target].value(context), max_output_bytes)
        elif "error" in results[target]:
            raise MappingError(target, results[target]["error"])
        else:
            values[target] = results[target].get("value", UNSET)
    return values


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


def _plain(expression: str, context: JsonValue) -> plain.Plain | None:
    if len(expression) > sandbox.LONGEST_EXPRESSION or not isinstance(context, dict):
        return None  # the sandbox refuses the one, with its reason, and judges the other
    return plain.read(expression)


def _checked(target: str, value: JsonValue | Unset, max_output_bytes: int) -> JsonValue | Unset:
    """A value as the sandbox would give it: within its limits, exact, and shared with nobody."""
    if value is UNSET:
        return value
    try:
        strict_json.check(value, max_bytes=max_output_bytes)
    except InvalidInput as error:
        raise MappingError(target, f"gives a value that {error.cause}") from None
    is_shared = isinstance(value, dict | list | tuple | float)
    return strict_json.loads(strict_json.dumps(value)) if is_shared else value


def _in_sandbox(
    expressions: Mapping[str, str], context: JsonValue, *, timeout_ms: int, max_output_bytes: int
) -> dict[str, dict[str, Any]]:
    """What the child says of each target, up to the first that fails."""
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
    return dict(zip(targets, results, strict=False))


def _inspect(expression: str) -> tuple[str | None, list[list[str]]]:
    if found := _plain(expression, {}):
        return None, [list(found.names)] if found.names else []
    try:
        result = sandbox.run("inspect", {"expression": expression}, timeout_ms=1000)
    except sandbox.SandboxError as error:
        return str(error), []
    return result["problem"], result["reads"]
