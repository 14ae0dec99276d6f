"""A JSON Schema as a list of fields to read: what each is called, holds, and means.

A view of lib.schemas.fields, for showing. Recursion is cut where a definition meets itself again, and a schema of
very many fields where there are enough of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lib.schemas import fields
from lib.schemas.fields import Field
from lib.schemas.parts import TYPES

_MOST_DEPTH = 8
_MOST_LISTS = 3
#: From here on, no more fields are opened; the largest schemas of real events have fewer.
_MOST_FIELDS = 1200


@dataclass(frozen=True)
class SchemaField:
    """One field; `children` are those of an object, or of the objects in a list.

    `depends` says that only some forms of its object have the field.
    """

    name: str
    path: str
    type: str
    types: frozenset[str]
    required: bool
    depends: bool = False
    description: str = ""
    example: Any = None
    allowed: tuple[Any, ...] = ()
    sensitive: bool = False
    children: list[SchemaField] = field(default_factory=list)


def outline(schema: Any) -> list[SchemaField]:
    """The fields of an object schema, in its order; empty when it declares none."""
    root = fields.read(schema)
    found: list[SchemaField] = []
    waiting: list[tuple[Field, str, frozenset[int], list[SchemaField]]] = [(root, "", root.references, found)]
    count = 0
    for place, path, seen, into in waiting:  # level by level, so that the outer ones are complete
        if count >= _MOST_FIELDS:
            break
        for name, child in _children(place):
            inner = f"{path}.{name}" if path else name
            made = _described(name, inner, place, child)
            into.append(made)
            count += 1
            if inner.count(".") < _MOST_DEPTH:
                waiting += _inside(child, inner, seen, made.children)
    return found


def _children(place: Field) -> Iterator[tuple[str, Field]]:
    for name in place.declared if "object" in place.types else ():
        child = place.child(name)
        if child is not None and child.types:
            yield name, child


def _inside(
    place: Field, path: str, seen: frozenset[int], into: list[SchemaField]
) -> Iterator[tuple[Field, str, frozenset[int], list[SchemaField]]]:
    """Yield the places below a field that have fields: itself, or the items of its lists."""
    while not place.references & seen:
        seen |= place.references
        if place.declared and "object" in place.types:
            yield place, path, seen, into
        item = place.item() if place.items is not None else None
        if item is None:
            return
        place, path = item, f"{path}[]"


def _described(name: str, path: str, parent: Field, place: Field) -> SchemaField:
    noted = [part.schema for part in place.parts]
    example = next((one for schema in noted for one in _examples(schema)), None)
    default = next((schema["default"] for schema in noted if "default" in schema), None)
    return SchemaField(
        name=name,
        path=path,
        type=words(place),
        types=place.types,
        required=name in parent.required,
        depends=name not in parent.sure,
        description=next((one["description"] for one in noted if isinstance(one.get("description"), str)), ""),
        example=default if example is None else example,
        allowed=place.options or (),
        sensitive=place.sensitive,
    )


def _examples(schema: Any) -> Iterator[Any]:
    if isinstance(schema.get("examples"), list):
        yield from schema["examples"][:1]
    if "example" in schema:
        yield schema["example"]


def words(place: Field, depth: int = 0) -> str:
    """Words for what a field holds: "uuid", "list of uuid", "integer or null"."""
    if place.types >= fields.ANY:
        return "any"
    if place.is_map and place.types == {"object"}:
        return "map"
    if place.options is not None and not any("type" in part.schema for part in place.parts):
        return "enum"
    kinds = []
    for kind in (name for name in TYPES if name in place.types):
        item = place.item() if kind == "array" else None
        if item is not None:
            kinds.append(f"list of {words(item, depth + 1) if depth < _MOST_LISTS else 'any'}")
        else:
            kinds.append(place.format if kind == "string" and place.format else kind)
    return " or ".join(kinds)
