"""Which places of a value its JSON Schema marks as sensitive.

A view of lib.schemas.document: a place is marked by any part of the schema that may apply there, behind local
references and in any branch, taken or not. Nothing is validated and nothing fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.parts import Part, entries, is_sensitive
from lib.serialization.strict_json import JsonValue


def marks(schema: JsonValue) -> MarkedPlace:
    """The root of what a schema marks; anything that is not a schema marks nothing."""
    return _Schema(schema).root if isinstance(schema, Mapping) else NOWHERE


class MarkedPlace:
    """One place of a value: whether it is sensitive, and the places below it."""

    def __init__(self, schema: _Schema, parts: list[Part]) -> None:
        self._schema, self._parts = schema, parts
        self._below: dict[str | int, MarkedPlace] = {}
        self.sensitive = any(is_sensitive(part.schema) for part in parts)
        self._names = {name for part in parts for name in entries(part.schema.get("properties"))}
        lists = [part.schema.get(keyword) for part in parts for keyword in ("prefixItems", "items")]
        #: So many items may have places of their own; all behind them share one.
        self.listed = max((len(items) for items in lists if isinstance(items, list)), default=0)

    def member(self, key: str) -> MarkedPlace:
        """The place below a key."""
        # No property can be called that: it stands for all the keys that no schema names.
        return self._below.get(key) or self._place(key if key in self._names else "\x00", _member_schemas)

    def item(self, index: int) -> MarkedPlace:
        """The place of an array item."""
        return self._place(min(index, self.listed), _item_schemas)

    def _place(self, key: Any, schemas_below: Callable[[Any, Any], Iterator[Any]]) -> MarkedPlace:
        if not self._parts:
            return self
        if key not in self._below:
            self._below[key] = self._schema.place(
                Part(below, part.resolver) for part in self._parts for below in schemas_below(part.schema, key)
            )
        return self._below[key]


class _Schema:
    """The places of one schema that were looked at, each built once: recursion and size cost nothing."""

    def __init__(self, schema: JsonValue) -> None:
        self._document = SchemaDocument(schema)
        self._places: dict[frozenset[int], MarkedPlace] = {}
        self.root = self.place(self._document.root)

    def place(self, parts: Iterable[Part]) -> MarkedPlace:
        """The place that all these parts, and what they refer to, speak about."""
        found = self._document.applying(parts)
        key = frozenset(id(part.schema) for part in found)
        if key not in self._places:
            self._places[key] = MarkedPlace(self, found)
        return self._places[key]


NOWHERE = _Schema(None).root


def _member_schemas(schema: Mapping[str, Any], key: str) -> Iterator[Any]:
    # Patterns are not tried, since a hostile one could take forever: each may apply to every key.
    yield from entries(schema.get("patternProperties")).values()
    properties = entries(schema.get("properties"))
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
