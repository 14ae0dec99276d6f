"""The events that the system itself emits: one YAML file a category, schemas included.

`_shared.yaml` holds the $defs that several schemas refer to; `read()` copies the ones a schema needs into
it, so that each registered schema stands alone. `load()` puts entries and schemas into the database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lib.catalog import schema_registry
from lib.database import Connection, named_queries
from lib.schemas import JsonSchema, dialects

FOLDER = Path(__file__).parent
DIALECT = dialects.ADDRESSES[dialects.NEWEST]

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class SystemEvent:
    """One entry of the system catalog with the schema of its payload."""

    category: str
    event_type: str
    name: str
    status: str
    description: str
    correlation_paths: list[str]
    schema_ref: str
    schema: JsonSchema
    example: dict[str, Any]


def read(folder: Path = FOLDER) -> list[SystemEvent]:
    """Every system event, by category and type, with its self-contained schema."""
    shared: dict[str, JsonSchema] = _yaml(folder / "_shared.yaml")["$defs"]
    return [
        _event(document["category"], entry, shared)
        for document in (_yaml(path) for path in sorted(folder.glob("[a-z]*.yaml")))
        for entry in document["events"]
    ]


def load(conn: Connection) -> int:
    """Put the system catalog into the database; returns how many events it has.

    Doing it again changes nothing. Texts and status may change between releases, a schema may not: raises
    SchemaConflict when one changed under its ref.
    """
    events = read()
    schema_registry.register_system(conn, schemas={event.schema_ref: event.schema for event in events})
    rows = [
        {
            "event_type": event.event_type,
            "name": event.name,
            "description": event.description,
            "category": event.category,
            "status": event.status,
            "payload_schema_ref": event.schema_ref,
            "correlation_paths": event.correlation_paths,
            "example": event.example,
        }
        for event in events
    ]
    conn.execute(queries["upsert"], {"events": json.dumps(rows)})
    return len(rows)


def schema_ref(event_type: str, version: int = 1) -> str:
    """TICKET_CREATED → payload.TicketCreated.v1."""
    pascal = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", event_type))
    return f"payload.{pascal}.v{version}"


def _event(category: str, entry: dict[str, Any], shared: dict[str, JsonSchema]) -> SystemEvent:
    body: JsonSchema = entry["schema"]
    schema: JsonSchema = {
        "$schema": DIALECT,
        "title": entry["name"],
        "type": "object",
        **body,
    }
    if needed := _definitions(body, shared):
        schema["$defs"] = needed
    return SystemEvent(
        category=category,
        event_type=entry["event_type"],
        name=entry["name"],
        status=entry["status"],
        description=" ".join(entry["description"].split()),
        correlation_paths=entry["correlation_paths"],
        schema_ref=schema_ref(entry["event_type"], entry.get("schema_version", 1)),
        schema=schema,
        example=entry["example"],
    )


def _definitions(schema: Any, shared: dict[str, JsonSchema]) -> dict[str, JsonSchema]:
    """The shared definitions that a schema refers to, and those that they refer to."""
    needed: dict[str, JsonSchema] = {}
    waiting = list(_refs(schema))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = shared[name]
            waiting.extend(_refs(shared[name]))
    return dict(sorted(needed.items()))


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str):
            yield ref.removeprefix("#/$defs/")
        for child in node.values():
            yield from _refs(child)
    elif isinstance(node, list):
        for child in node:
            yield from _refs(child)


def _yaml(path: Path) -> dict[str, Any]:
    # The C parser reads the whole catalog in a tenth of the time; it is in every PyYAML wheel.
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return document
