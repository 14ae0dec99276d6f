"""Definitions as JSON or YAML text and back: the same value, whichever way it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from lib.errors import InvalidInput
from lib.schemas.form import json_text
from lib.serialization import strict_json, strict_yaml
from lib.steps import type_of

Language = Literal["json", "yaml"]

#: The order in which people expect the fields of a definition, a step and a trigger.
_ORDER = (
    "id",
    "version",
    "name",
    "type",
    "description",
    "payloadSchemaRef",
    "trigger",
    "steps",
    "eventName",
    "sourcePayloadSchemaRef",
    "payloadMapping",
    "config",
)
_RANK = {name: rank for rank, name in enumerate(_ORDER)}


def ordered(value: Any) -> Any:
    """The same value with the keys of every object in the order people expect, then as they came."""
    if isinstance(value, Mapping):
        found = {key: ordered(value[key]) for key in _sorted(value, _RANK)}
        kind = type_of(value)
        if kind and isinstance(found.get("config"), dict):
            ranks = {name: rank for rank, name in enumerate(kind.fields)}
            found["config"] = {key: found["config"][key] for key in _sorted(found["config"], ranks)}
        return found
    return [ordered(item) for item in value] if isinstance(value, list) else value


def _sorted(keys: Iterable[str], ranks: Mapping[str, int]) -> list[str]:
    return sorted(keys, key=lambda key: ranks.get(key, len(ranks)))


def same(one: Any, other: Any) -> bool:
    """Whether two definitions are the same JSON: 1, 1.0 and true are three values, the order of keys is none.

    Python's == would take an edit from 1 to true for no edit at all.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def write(definition: Any, language: Language) -> str:
    """The definition as text."""
    if language == "json":
        return json_text(ordered(definition))
    return strict_yaml.write(ordered(definition))


def read(text: str, language: Language) -> dict[str, Any]:
    """The definition that a text holds. Raises InvalidInput with line and column when it holds none."""
    if language == "json":
        value = strict_json.parse(text, field="definition")
    else:
        value = strict_yaml.read(text, field="definition")
    if not isinstance(value, dict):
        raise InvalidInput("definition", "must be an object with name, trigger and steps")
    if not isinstance(value.get("description", ""), str):
        raise InvalidInput("description", "must be text")
    return value
