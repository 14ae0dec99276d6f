"""Which branches of its choices a value follows."""

from __future__ import annotations

from typing import Any

from lib.schemas.conditions import SchemaCondition
from lib.schemas.document import SchemaDocument
from lib.schemas.form.violations import Validator
from lib.schemas.parts import Parts
from lib.schemas.spec import SchemaChoice, Spec
from lib.serialization.json_values import ABSENT, json_type


def pick(validator: Validator, choice: SchemaChoice, value: Any) -> int | str:
    """Choose the branch that a value follows, or is nearest to."""
    if choice.source == "type":
        kind = json_type(value)
        names = [option.number for option in choice.options]
        near = {"integer": "number", "number": "integer"}.get(kind, kind)
        return kind if kind in names else near if near in names else names[0]
    best = validator.best_branch([option.parts for option in choice.options], value)
    return choice.options[best].number


def judge(validator: Validator, spec: Spec, value: Any) -> dict[Any, int]:
    """Judge the open conditions of a place by its value; without a value, an object starts out empty."""
    if value is ABSENT and spec.kind in ("object", "json"):
        value = {}
    if value is ABSENT:
        return {}
    return {condition.key: int(_holds(validator, condition, value)) for condition in spec.conditions}


def _holds(validator: Validator, condition: SchemaCondition, value: Any) -> bool:
    if condition.name is not None:
        return isinstance(value, dict) and condition.name in value
    return validator.is_valid(condition.test, condition.relevant(value))


def settle(
    document: SchemaDocument,
    validator: Validator,
    parts: Parts,
    value: Any,
    settled: dict[Any, int | str],
    holding: dict[Any, int] | None = None,
    *,
    needed: bool = True,
) -> Spec:
    """Follow the choices and conditions of a place to their end and give what holds there.

    Picks already in `settled` stay; new ones, made by the value or, without one, for the first branch where
    one is needed, are added to it. The outcomes of conditions, which only the value decides, go to `holding`.
    """
    holding = {} if holding is None else holding
    followed: dict[Any, int | str] = {}
    spec = document.spec(parts)
    while True:
        if spec.conditions and (judged := judge(validator, spec, value)):
            holding |= judged
        elif spec.choice is not None:
            source = spec.choice.source
            if source not in settled:
                if value is not ABSENT and value is not None:
                    settled[source] = pick(validator, spec.choice, value)
                elif needed:
                    settled[source] = spec.choice.options[0].number
                else:
                    break
            followed[source] = settled[source]
        else:
            break
        spec = document.spec(parts, {**followed, **holding})
    return spec
