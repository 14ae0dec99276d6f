"""How well payloads keep to their schemas: violations, where, and fields that no schema mentions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lib.database import Connection, named_queries
from lib.metrics.rollups import Origin
from lib.metrics.time_window import Window
from lib.schemas.outline import SchemaField, outline

#: How many of the latest events of a type are looked at, and of how many the fields.
VERDICTS_SAMPLE = 200
FIELDS_SAMPLE = 20

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Conformance:
    """One event type: of the latest `looked_at` events, how many violate their schema, and where how often."""

    event_name: str
    looked_at: int
    violating: int
    paths: list[tuple[str, int]]
    unknown_fields: list[str]

    @property
    def violating_share(self) -> float:
        """0 to 1."""
        return self.violating / self.looked_at


def conformance(
    conn: Connection,
    *,
    tenant: UUID,
    names: Sequence[str],
    window: Window,
    origins: Sequence[Origin] = ("live",),
    schemas: Mapping[str, Any] | None = None,
) -> list[Conformance]:
    """Each type's conformance in the window, worst first; types without events are left out.

    `schemas` are those of the types, where they were read already.

    Paths are JSON pointers with * for a place in a list; of a missing field, where it should be. Fields
    are looked for two levels deep.
    """
    asked = {
        "tenant": tenant,
        "names": list(names),
        "origins": list(origins),
        "since": window.since,
        "until": window.until,
    }
    seen = {row.event_name: row.paths for row in conn.execute(queries["fields_seen"], {**asked, "most": FIELDS_SAMPLE})}
    schemas = schemas_of(conn, tenant=tenant, names=names) if schemas is None else schemas
    found = [
        Conformance(
            row.event_name,
            row.looked_at,
            row.violating,
            [(path, n) for path, n in row.paths],
            unknown(schemas.get(row.event_name), seen.get(row.event_name, [])),
        )
        for row in conn.execute(queries["conformance"], {**asked, "most": VERDICTS_SAMPLE})
    ]
    return sorted(found, key=lambda c: (-c.violating_share, not c.unknown_fields, c.event_name))


def schemas_of(conn: Connection, *, tenant: UUID, names: Sequence[str]) -> dict[str, Any]:
    """The payload schema of each of these types, as this tenant sees it."""
    found = conn.execute(queries["schemas"], {"tenant": tenant, "names": list(names)})
    return {row.event_type: row.schema for row in found}


def unknown(schema: Any, paths: Sequence[str]) -> list[str]:
    """Those of the fields that the schema does not mention; none when it mentions no field at all.

    What lies below an unknown field, or below one whose members the schema leaves open, is not listed.
    """
    known = {field.path: field for field in _all(outline(schema))}
    if not known:
        return []
    parents = ("", *(path for path, field in known.items() if field.children))
    return sorted(path for path in paths if path not in known and _parent(path) in parents)


def _all(fields: list[SchemaField]) -> Iterator[SchemaField]:
    for field in fields:
        yield field
        yield from _all(field.children)


def _parent(path: str) -> str:
    return path.rpartition(".")[0].removesuffix("[]")
