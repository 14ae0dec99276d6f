"""Which places of a value its JSON Schema marks as sensitive.

A place is marked by x-sensitive, writeOnly or format password in any part of the schema that may apply
there: behind local references and in any branch, taken or not. Nothing is validated and nothing fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, UnknownDialect, specification_with

from lib.serialization.strict_json import JsonValue

if TYPE_CHECKING:
    from referencing._core import Resolver

#: Keywords whose subschemas speak about the same place as the schema that holds them.
_SAME_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class _Part(NamedTuple):
    schema: Mapping[str, Any]
    resolver: Resolver[Any]


def marks(schema: JsonValue) -> MarkedPlace:
    """The root of what a schema marks; anything that is not a schema marks nothing."""
    if not isinstance(schema, Mapping):
        return NOWHERE
    dialect = schema.get("$schema")
    try:
        specification = specification_with(dialect) if isinstance(dialect, str) else DRAFT202012
    except UnknownDialect:
        specification = DRAFT202012
    registry: Registry[Any] = Registry().with_resource("", specification.create_resource(schema))
    return _Schema().place([_Part(schema, registry.resolver())])


class MarkedPlace:
    """One place of a value: whether it is sensitive, and the places below it."""

    def __init__(self, schema: _Schema, parts: list[_Part]) -> None:
        self._schema, self._parts = schema, parts
        self._below: dict[str | int, MarkedPlace] = {}
        self.sensitive = any(_is_marked(part.schema) for part in parts)
        self._names = {name for part in parts for name in _mapping(part.schema.get("properties"))}
        lists = [part.schema.get(keyword) for part in parts for keyword in ("prefixItems", "items")]
        self._listed = max((len(items) for items in lists if isinstance(items, list)), default=0)

    def member(self, key: str) -> MarkedPlace:
        """The place below a key."""
        # No property can be called that: it stands for all the keys that no schema names.
        return self._place(key if key in self._names else "\x00", _member_schemas)

    def item(self, index: int) -> MarkedPlace:
        """The place of an array item."""
        return self._place(min(index, self._listed), _item_schemas)

    def _place(self, key: Any, schemas_below: Any) -> MarkedPlace:
        if not self._parts:
            return self
        if key not in self._below:
            self._below[key] = self._schema.place(
                _Part(below, part.resolver) for part in self._parts for below in schemas_below(part.schema, key)
            )
        return self._below[key]


class _Schema:
    """The places of one schema that were looked at, each built once: recursion and size cost nothing."""

    def __init__(self) -> None:
        self._places: dict[frozenset[int], MarkedPlace] = {}

    def place(self, parts: Iterable[_Part]) -> MarkedPlace:
        """The place that all these parts, and what they refer to, speak about."""
        found: dict[int, _Part] = {}
        todo = list(parts)
        while todo:
            part = todo.pop()
            if isinstance(part.schema, Mapping) and id(part.schema) not in found:
                part = _entered(part)
                found[id(part.schema)] = part
                todo.extend(_referred(part))
                for keyword in _SAME_PLACE:
                    branches = part.schema.get(keyword)
                    if isinstance(branches, Mapping) and keyword in ("dependentSchemas", "dependencies"):
                        branches = list(branches.values())
                    todo.extend(_Part(branch, part.resolver) for branch in _listed(branches))
        key = frozenset(found)
        if key not in self._places:
            self._places[key] = MarkedPlace(self, list(found.values()))
        return self._places[key]


NOWHERE = MarkedPlace(_Schema(), [])


def _is_marked(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("x-sensitive") or schema.get("writeOnly") or schema.get("format") == "password")


def _member_schemas(schema: Mapping[str, Any], key: str) -> Iterator[Any]:
    # Patterns are not tried, since a hostile one could take forever: each may apply to every key.
    yield from _mapping(schema.get("patternProperties")).values()
    properties = _mapping(schema.get("properties"))
    if key in properties:
        yield properties[key]
    else:
        yield schema.get("additionalProperties")
        yield schema.get("unevaluatedProperties")


def _item_schemas(schema: Mapping[str, Any], index: int) -> Iterator[Any]:
    yield schema.get("contains")
    items = schema.get("items")
    listed = items if isinstance(items, list) else schema.get("prefixItems")
    if isinstance(listed, list) and index < len(listed):
        yield listed[index]
    else:
        yield from (items, schema.get("additionalItems"), schema.get("unevaluatedItems"))


def _referred(part: _Part) -> Iterator[_Part]:
    for keyword in _REFERENCES:
        reference = part.schema.get(keyword)
        if isinstance(reference, str):
            try:
                target = part.resolver.lookup(reference)
            except (Unresolvable, ValueError, TypeError, AttributeError, LookupError):
                continue  # not in this document, so nobody can say what it marks
            yield _Part(target.contents, target.resolver)


def _entered(part: _Part) -> _Part:
    """The part with references resolved against its own $id, if it has one."""
    if not isinstance(part.schema.get("$id"), str):
        return part
    try:
        resource = DRAFT202012.create_resource(part.schema)
        return _Part(part.schema, part.resolver.in_subresource(resource))
    except (Unresolvable, ValueError):
        return part


def _listed(branches: Any) -> list[Any]:
    return branches if isinstance(branches, list) else [branches]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
