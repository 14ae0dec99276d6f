"""Writes entries of the catalog as AsyncAPI 3.0, as JSON Schemas, as YAML and as CSV.

Every file says everything that an entry has, so that `reading.read` gives it back without a difference. What a format
has no place for stands under EXTENSION.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lib.catalog.entries import EntrySource, EntryStatus
from lib.catalog.interchange import event_fields, own_reading, schema_formats
from lib.catalog.interchange.documents import EXTENSION, FIELDS
from lib.catalog.interchange.standalone import fits_asyncapi, rewritten
from lib.catalog.system import DIALECT
from lib.schemas import JsonSchema, dialects
from lib.serialization import strict_json, strict_yaml, tables
from lib.serialization.json_values import json_text
from lib.serialization.strict_json import JsonValue

ASYNCAPI_VERSION = "3.0.0"
#: Drafts that AsyncAPI's own schemas, which begin at draft 7, can be taken for.
_LIKE_ASYNCAPI = frozenset({6, 7, 2019, dialects.NEWEST})
# Archives made of the same entries are the same.
_MADE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class ExportedEntry:
    """An entry of the catalog with its schema. `payload_schema_ref` is None for a schema of this event alone."""

    event_type: str
    name: str
    description: str
    category: str
    status: EntryStatus
    source: EntrySource
    owner: str | None
    tags: tuple[str, ...]
    correlation_paths: tuple[str, ...]
    example: JsonValue
    payload_schema_ref: str | None
    schema: JsonSchema | None


def yaml(entries: Iterable[ExportedEntry]) -> str:
    """Our own format: the entries, and each schema of the registry once."""
    schemas: dict[str, JsonSchema] = {}
    events = []
    for entry in entries:
        event = _words(entry)
        if entry.payload_schema_ref and entry.schema is not None:
            schemas[entry.payload_schema_ref] = entry.schema
        elif entry.schema is not None:
            event[event_fields.SCHEMA] = entry.schema
        events.append(event)
    document = {own_reading.CATALOG: own_reading.VERSION, "events": events, "schemas": schemas}
    return strict_yaml.write(document, fast=True)


def csv(entries: Iterable[ExportedEntry]) -> Iterator[str]:
    """A row an entry, for spreadsheets. Schemas and examples are JSON."""
    return tables.csv_lines(own_reading.COLUMNS, map(_row, entries))


def json_schemas(entries: Iterable[ExportedEntry]) -> bytes:
    """An archive with a JSON Schema an event."""
    made = io.BytesIO()
    names = _Names()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            file = zipfile.ZipInfo(f"{names.of(entry.event_type)}.schema.json", _MADE)
            file.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(file, json_text(_schema_file(entry)) + "\n")
    return made.getvalue()


def asyncapi(entries: Iterable[ExportedEntry], *, title: str, version: str = "1.0.0") -> str:
    """An AsyncAPI document in YAML, with a message an event."""
    message_names, schema_names = _Names(), _Names()
    messages, schemas, named = {}, {}, dict[tuple[str, str], str]()
    for entry in entries:
        message = _message(entry)
        if entry.schema is not None:
            # An event may be called like a ref of the registry.
            ref = entry.payload_schema_ref
            of = (event_fields.REF, ref) if ref else (event_fields.TYPE, entry.event_type)
            if of not in named:
                named[of] = schema_names.of(of[1])
                schemas[named[of]] = _component(entry.schema, f"/components/schemas/{named[of]}")
            message["payload"] = {"$ref": f"#/components/schemas/{named[of]}"}
        messages[message_names.of(entry.event_type)] = message
    document = {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "/api/v2/events",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {"receiveEvents": {"action": "receive", "channel": {"$ref": "#/channels/events"}}},
        "components": {"messages": messages, "schemas": schemas},
    }
    return strict_yaml.write(document, fast=True)


def _words(entry: ExportedEntry) -> dict[str, Any]:
    """All that an entry has beside its schema, in the order in which people read it."""
    fields: dict[str, Any] = {event_fields.TYPE: entry.event_type}
    for name in FIELDS:
        value = getattr(entry, name)
        fields[name] = list(value) if name in own_reading.LISTS else value
    return fields | {event_fields.SOURCE: entry.source, event_fields.REF: entry.payload_schema_ref}


def _row(entry: ExportedEntry) -> list[object]:
    words = _words(entry) | {event_fields.SCHEMA: entry.schema}
    for name in (*own_reading.LISTS, *own_reading.JSON_COLUMNS):
        words[name] = None if words[name] is None else strict_json.dumps(words[name])
    return [words[name] for name in own_reading.COLUMNS]


def _schema_file(entry: ExportedEntry) -> dict[str, Any]:
    words = _words(entry)
    if not isinstance(entry.schema, dict) or EXTENSION in entry.schema:
        return {EXTENSION: words | {event_fields.SCHEMA: entry.schema}}
    return {**entry.schema, EXTENSION: words}


def _message(entry: ExportedEntry) -> dict[str, Any]:
    words = _words(entry)
    message: dict[str, Any] = {"name": entry.event_type}
    for place, name in (("title", "name"), ("description", "description")):
        if event_fields.text(words[name]) == words[name]:
            message[place] = words.pop(name)
    tags = [{"name": tag} for tag in entry.tags]
    if event_fields.tags(tags) == list(entry.tags):
        message["tags"] = tags
        del words["tags"]
    if entry.correlation_paths:
        message["correlationId"] = {"location": event_fields.correlation_location(entry.correlation_paths[0])}
    if entry.example is not None:
        message["examples"] = [{"payload": words.pop("example")}]
    return {**message, EXTENSION: words}


def _component(schema: JsonSchema, at: str) -> Any:
    """A schema among the components, where references begin at the document; else one of a named format."""
    draft = dialects.draft_of(schema)
    if draft in _LIKE_ASYNCAPI and fits_asyncapi(schema):
        return rewritten({"$schema": DIALECT, **schema} if isinstance(schema, dict) else schema, at)
    return {"schemaFormat": f"application/schema+json;version={schema_formats.NAMES[draft]}", "schema": schema}


class _Names:
    """Names of which every format accepts every character, each given once."""

    def __init__(self) -> None:
        self.given: set[str] = set()

    def of(self, text: str) -> str:
        wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", text)[:150] or "_"
        name, number = wanted, 1
        while name.casefold() in self.given:
            number += 1
            name = f"{wanted}_{number}"
        self.given.add(name.casefold())
        return name
