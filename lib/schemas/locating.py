"""Where parts of a schema stand in its document, so that another process can find them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.parts import Part, Parts
from lib.serialization import json_pointer


def pointers(document: SchemaDocument, parts: Parts) -> list[str]:
    """Give the JSON pointers of the schemas of these parts; one that stands in another document has none."""
    wanted = {id(part.schema) for part in parts if isinstance(part.schema, Mapping)}
    found: dict[int, str] = {}
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(document.schema, ())]
    while waiting and len(found) < len(wanted):
        value, path = waiting.pop()
        if id(value) in wanted:
            found.setdefault(id(value), json_pointer.join(path))
        if isinstance(value, Mapping):
            waiting.extend((item, (*path, key)) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend((item, (*path, place)) for place, item in enumerate(value))
    return [found[id(part.schema)] for part in parts if id(part.schema) in found]


def part_at(document: SchemaDocument, pointer: str) -> Part | None:
    """Give the part at a pointer, with references resolved as they are there; None where no schema is."""
    part = document.root[0]
    for step in json_pointer.split(pointer):
        value = part.schema
        if isinstance(value, Mapping):
            part = document.entered(part)
            value = value.get(step)
        else:
            value = json_pointer.value_at(value, json_pointer.places(f"/{step}"))
        part = Part(value, part.resolver)
    return part if isinstance(part.schema, Mapping | bool) else None
