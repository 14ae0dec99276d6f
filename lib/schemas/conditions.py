"""Conditions of a schema: what holds at a place only while the value there is one way or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.schemas.parts import Part, Parts, entries, listed, required

#: Keywords of a test that read no property but those they name, and those that combine other tests of the object.
_BY_NAME = frozenset({"properties", "required", "type", "title", "description", "$comment"})
_COMBINING = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})


@dataclass(frozen=True, slots=True)
class SchemaCondition:
    """A test of the value at a place, and what holds there by its outcome.

    The test is a schema (`test`), or the presence of a property (`name`). `key` is the name under which an
    outcome is settled. `names` are required where the test holds.
    """

    key: Any
    test: Parts = ()
    name: str | None = None
    then: Parts = ()
    otherwise: Parts = ()
    names: frozenset[str] = frozenset()

    def relevant(self, value: Any) -> Any:
        """Leave out of an object what the test does not read, where that is known; large values cost time."""
        read = _read(self.test[0].schema) if self.test and isinstance(value, dict) else None
        return value if read is None else {name: item for name, item in value.items() if name in read}


def _read(test: Any) -> set[str] | None:
    """Name the properties that a test reads; None where it may read any."""
    if not isinstance(test, Mapping):
        return set()
    if test.keys() - _BY_NAME - _COMBINING:
        return None
    read = {*entries(test.get("properties")), *required(test)}
    for keyword in _COMBINING & test.keys():
        for inner in test[keyword] if isinstance(test[keyword], list) else [test[keyword]]:
            if (names := _read(inner)) is None:
                return None
            read |= names
    return read


def conditions(part: Part) -> Iterator[SchemaCondition]:
    """Yield the conditions that one schema states itself."""
    schema = part.schema

    def parts(keyword: str) -> Parts:
        return (Part(schema[keyword], part.resolver),) if isinstance(schema.get(keyword), Mapping) else ()

    if isinstance(schema.get("if"), Mapping | bool) and (parts("then") or parts("else")):
        test = (Part(schema["if"], part.resolver),)
        yield SchemaCondition(("if", id(schema)), test, then=parts("then"), otherwise=parts("else"))
    for keyword in ("dependentSchemas", "dependentRequired", "dependencies"):
        dependents = schema.get(keyword)
        for name, asked in dependents.items() if isinstance(dependents, Mapping) else ():
            key = (keyword, id(dependents), name)
            if isinstance(asked, Mapping):
                yield SchemaCondition(key, name=name, then=(Part(asked, part.resolver),))
            elif names := _names(asked):
                yield SchemaCondition(key, name=name, names=names)


def _names(asked: Any) -> frozenset[str]:
    """Name the properties that another one asks for; draft 3 may give one without a list."""
    return frozenset(name for name in ([asked] if isinstance(asked, str) else listed(asked)) if isinstance(name, str))
