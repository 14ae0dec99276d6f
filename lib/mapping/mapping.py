"""How the payload of an event becomes the payload of a workflow.

A mapping is {target: literal or {"$expr": JSONata}}, as lib.mapping.expressions reads both. Its expressions see
{"event": {"name", "correlationKey", "payload", "payloadSchemaRef"}}.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

from lib.errors import MappingError
from lib.mapping import expressions
from lib.mapping.expressions import EXPRESSION, MAX_OUTPUT_BYTES, TIMEOUT_MS, UNSET
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue


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
    written = {target: value[EXPRESSION] for target, value in mapping.items() if expressions.is_expression(value)}
    results = expressions.evaluate_all(written, context, timeout_ms=timeout_ms, max_output_bytes=max_output_bytes)
    payload: dict[str, JsonValue] = {}
    unset = []
    for target, literal in mapping.items():
        value = results[target] if target in results else deepcopy(literal)
        if value is UNSET:
            unset.append(target)
            continue
        *parents, name = expressions.names(target)
        place = payload
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    size = len(strict_json.dumps(payload).encode())
    if size > max_output_bytes:
        cause = f"gives {size:,} bytes; at most {max_output_bytes:,} are accepted"
        raise MappingError("payloadMapping", cause)
    return MappedPayload(payload, tuple(unset))


def check_mapping(mapping: Mapping[str, JsonValue]) -> tuple[MappingProblem, ...]:
    """Everything that is wrong with a mapping, found without evaluating it."""
    found = _static_problems(mapping)
    for target, value in mapping.items():
        if expressions.is_expression(value) and isinstance(value[EXPRESSION], str):
            if problem := expressions.problem(value[EXPRESSION]):
                found.append(MappingProblem(target, problem))
    return tuple(found)


def _static_problems(mapping: Mapping[str, JsonValue]) -> list[MappingProblem]:
    found = []
    for target, value in mapping.items():
        if not all(expressions.names(target)):
            found.append(MappingProblem(target, "has an empty name between its dots"))
        if expressions.is_expression(value):
            if not isinstance(value[EXPRESSION], str):
                found.append(MappingProblem(target, f"{EXPRESSION} must be text"))
        elif expressions.holds_expression(value):
            problem = f"has {EXPRESSION} inside a literal; give it a target of its own with a dot"
            found.append(MappingProblem(target, problem))
    taken: dict[tuple[str, ...], str] = {}
    for target in mapping:
        if (same := taken.setdefault(expressions.names(target), target)) != target:
            found.append(MappingProblem(target, f"is the same target as {same}"))
    for parts, target in taken.items():
        for length in range(1, len(parts)):
            if above := taken.get(parts[:length]):
                found.append(MappingProblem(target, f"lies inside {above}, which is a target as well"))
    return found
