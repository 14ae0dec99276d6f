"""Which branches of its choices a value follows."""

from __future__ import annotations

from typing import Any

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


def settle(
    document: SchemaDocument,
    validator: Validator,
    parts: Parts,
    value: Any,
    settled: dict[Any, int | str],
    *,
    needed: bool = True,
) -> Spec:
    """Follow the choices of a place to their end and give what holds there.

    Picks already in `settled` stay; new ones, made by the value or, without one, for the first branch where
    one is needed, are added to it.
    """
    followed: dict[Any, int | str] = {}
    spec = document.spec(parts)
    while spec.choice is not None:
        source = spec.choice.source
        if source not in settled:
            if value is not ABSENT and value is not None:
                settled[source] = pick(validator, spec.choice, value)
            elif needed:
                settled[source] = spec.choice.options[0].number
            else:
                break
        followed[source] = settled[source]
        spec = document.spec(parts, followed)
    return spec
