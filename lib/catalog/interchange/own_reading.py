"""Reads what has the words of our own entries: JSON Schema files, our YAML and our CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lib.catalog import event_types
from lib.catalog.interchange import event_fields
from lib.catalog.interchange.documents import (
    EXTENSION,
    FIELDS,
    MAX_BYTES,
    MAX_DEPTH,
    Document,
    ImportedEvent,
    Unreadable,
    shown,
)
from lib.catalog.interchange.standalone import DocumentPlace, Library, taken_out
from lib.errors import InvalidInput
from lib.schemas import JsonSchema
from lib.schemas.dialects import KEYWORDS
from lib.serialization import strict_json, tables

#: What says that a YAML document is ours, and the version that it has.
CATALOG, VERSION = "event_catalog", 1
#: The columns of our CSV, and those that hold lists and JSON.
COLUMNS = (event_fields.TYPE, *FIELDS[:-1], event_fields.SOURCE, event_fields.REF, "example", event_fields.SCHEMA)
LISTS, JSON_COLUMNS = ("tags", "correlation_paths"), ("example", event_fields.SCHEMA)

#: A ref of the registry as it is usually written; anything else that a schema file is called names an event.
_REF = re.compile(r"[A-Za-z][\w-]*(\.[\w-]+)*\.v[0-9]+")
_SAYS_IT_IS_A_SCHEMA = frozenset(
    (*(name for names in KEYWORDS.values() for name in names), "$schema", "$id", "$defs", "definitions", EXTENSION)
)


def is_schema(value: Any) -> bool:
    """Whether a JSON value looks like a JSON Schema or like an event of ours."""
    return isinstance(value, Mapping) and any(name in _SAYS_IT_IS_A_SCHEMA for name in value)


def read_schema(library: Library, file: str, extension: Any) -> Document:
    """A file that holds one JSON Schema: of an event, or of a ref if it is called like one."""
    root = library.root(file)
    title = event_fields.text(root.value.get("title"))
    stem = re.sub(r"(\.schema)?\.\w+$", "", file.rsplit("/", 1)[-1])
    identified = root.value.get("$id", root.value.get("id"))
    last = re.sub(r"(\.schema)?\.json$", "", identified.rstrip("/#").rsplit("/", 1)[-1]) if _is_text(identified) else ""
    ref = next((one for one in (last, stem) if _REF.fullmatch(one)), None)
    if ref is not None and extension is None:
        try:
            return Document(schemas={ref: taken_out(library, root)})
        except Unreadable as error:
            return Document(problems=(f"{file}: The schema {shown(ref)} {error}.",))
    examples = root.value.get("examples")
    said = {
        "name": title,
        "description": event_fields.text(root.value.get("description")),
        "example": examples[0] if isinstance(examples, list) and examples else None,
    }
    names = (last, title or "", stem)
    own = extension if isinstance(extension, Mapping) else {}
    event = event_fields.event(
        library,
        root,
        event_type=next((made for one in names if (made := event_types.made_of(one))), ""),
        said=said if extension is None else {},
        schema=lambda: own[event_fields.SCHEMA] if event_fields.SCHEMA in own else taken_out(library, root),
        extension=extension,
    )
    return Document(events=(event,))


def read_catalog(library: Library, file: str) -> Document:
    """Our own YAML (or the same as JSON): entries by field, and schemas by ref."""
    root = library.root(file)
    problems = []
    if root.value[CATALOG] not in (VERSION, str(VERSION)):
        said = f"{file}: {CATALOG} must be {VERSION}, the version of this format."
        return Document(problems=(said,))
    if unknown := root.value.keys() - {CATALOG, "events", "schemas"}:
        problems.append(f"{file}: {shown(min(unknown))} is not known; events and schemas are.")
    schemas: dict[str, JsonSchema] = {}
    for ref, place in (root / "schemas").members():
        try:
            schemas[ref] = taken_out(library, place)
        except Unreadable as error:
            problems.append(f"{file}: The schema {shown(ref)} {error}.")
    listed = root / "events"
    if not isinstance(listed.value, list | None):
        problems.append(f"{file}: events must be a list.")
    entries = [listed / number for number in range(len(listed.value) if isinstance(listed.value, list) else 0)]
    events = tuple(_entry(library, place) for place in entries)
    return Document(events=events, schemas=schemas, problems=tuple(problems))


def _entry(library: Library, place: DocumentPlace) -> ImportedEvent:
    given = place.value
    if not isinstance(given, Mapping):
        return ImportedEvent("", str(place), problem="is no entry: it must be an object")
    if not _is_text(given.get(event_fields.TYPE)):
        return ImportedEvent("", str(place), problem=f"has no {event_fields.TYPE}, which must be text")
    return event_fields.event(
        library,
        place,
        event_type=given[event_fields.TYPE],
        said={},
        schema=lambda: event_fields.schema_at(library, place / event_fields.SCHEMA),
        extension={key: value for key, value in given.items() if key != event_fields.SCHEMA},
    )


def read_csv(text: str, file: str) -> Document:
    """Our own CSV: an event a row. A cell that is empty says nothing."""
    try:
        rows = list(tables.read_csv(text))
    except ValueError as error:
        return Document(problems=(f"{file} {error}.",))
    header = rows[0] if rows else []
    if unknown := [name for name in header if name not in COLUMNS]:
        known = ", ".join(COLUMNS)
        return Document(problems=(f"{file}: The column {shown(unknown[0])} is not known; known are {known}.",))
    if event_fields.TYPE not in header or len(set(header)) < len(header):
        return Document(problems=(f"{file}: There must be one column {event_fields.TYPE}, and no other one twice.",))
    events = []
    for number, row in enumerate(rows[1:], start=2):
        if any(row):
            events.append(_of_row(dict(zip(header, row, strict=False)), f"{file}#row={number}", len(row) > len(header)))
    return Document(events=tuple(events))


def _of_row(cells: dict[str, str], place: str, is_long: bool) -> ImportedEvent:
    event_type = cells.get(event_fields.TYPE, "")
    try:
        if is_long:
            raise Unreadable("has more cells than there are columns")
        given = {name: _cell(name, cell) for name, cell in cells.items() if cell}
        schema = given.pop(event_fields.SCHEMA, None)
        fields = event_fields.own_words(given)
    except Unreadable as error:
        return ImportedEvent(event_type, place, problem=str(error))
    fields.pop(event_fields.TYPE, None)
    ref = fields.pop(event_fields.REF, None)
    problem = None if event_type else f"has no {event_fields.TYPE}"
    return ImportedEvent(event_type, place, fields, ref, schema, problem)


def _cell(name: str, cell: str) -> Any:
    if name in LISTS and not cell.startswith("["):
        return [one.strip() for one in cell.split(",") if one.strip()]
    if name not in (*LISTS, *JSON_COLUMNS):
        return cell
    try:
        return strict_json.parse(cell, field=name, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    except InvalidInput as error:
        raise Unreadable(f"has {name}, which {error.cause}") from None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
