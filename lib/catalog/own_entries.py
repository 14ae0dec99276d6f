"""The entries that a tenant defined itself, as rows: with their version, and those that were deleted lately.

These functions decide nothing and leave no line in the audit trail. lib/workflows/own_events.py is the one door to
those that write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.catalog.entries import DeletedEntry, EntryStatus
from lib.database import Connection, named_queries
from lib.schemas import JsonSchema
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class OwnEntry:
    """An entry of the tenant's own. `version` counts its changes; `overrides` says that the system has one, too."""

    event_id: UUID
    event_type: str
    name: str
    description: str
    category: str
    status: EntryStatus
    owner: str | None
    tags: tuple[str, ...]
    correlation_paths: tuple[str, ...]
    example: JsonValue
    payload_schema_ref: str | None
    #: Whether the schema was written in this entry, so that no other names it.
    is_inline: bool
    #: Whether the row itself holds a schema, as rows did before inline schemas had refs.
    holds_schema: bool
    version: int
    updated_at: datetime
    updated_by: str | None
    overrides: bool


def get(conn: Connection, *, tenant: UUID, event_type: str) -> OwnEntry | None:
    """The tenant's own entry of this type, None if it has none."""
    return _entry(conn.execute(queries["get"], {"tenant": tenant, "event_type": event_type}).mappings().one_or_none())


def lock(conn: Connection, *, tenant: UUID, event_type: str) -> None:
    """Keep everybody else from changing this entry until the transaction ends."""
    conn.execute(queries["lock"], {"tenant": tenant, "event_type": event_type})


def deleted(conn: Connection, *, tenant: UUID, event_type: str, since: datetime) -> DeletedEntry | None:
    """The entry of this type that was deleted last, if that was since then and no other took its place."""
    keys = {"tenant": tenant, "event_type": event_type, "since": since}
    row = conn.execute(queries["deleted"], keys).mappings().one_or_none()
    return DeletedEntry(**row) if row else None


def inline_of(conn: Connection, *, tenant: UUID, ref: str) -> str | None:
    """The event type that a schema ref belongs to alone, None if it belongs to no event."""
    found: str | None = conn.execute(queries["inline_of"], {"tenant": tenant, "ref": ref}).scalar_one_or_none()
    return found


def schema_text(conn: Connection, *, tenant: UUID, ref: str) -> str | None:
    """The schema registered under a ref as JSON text, in which numbers are as they were given."""
    found: str | None = conn.execute(queries["schema_text"], {"tenant": tenant, "ref": ref}).scalar_one_or_none()
    return found


def next_inline_ref(conn: Connection, *, tenant: UUID, event_type: str) -> str:
    """The ref for the next inline schema of an event: inline.DEVICE_OFFLINE.v2 after the first one."""
    keys = {"tenant": tenant, "event_type": event_type}
    return f"inline.{event_type}.v{conn.execute(queries['inline_versions'], keys).scalar_one() + 1}"


def add_inline_schema(
    conn: Connection, *, tenant: UUID, user_id: UUID, event_type: str, ref: str, schema: JsonSchema
) -> None:
    """Put the inline schema of an event into the registry, where it stays."""
    row = {"tenant": tenant, "user_id": user_id, "event_type": event_type, "ref": ref}
    conn.execute(queries["add_inline_schema"], {**row, "schema": strict_json.dumps(schema)})


def add(conn: Connection, *, tenant: UUID, user_id: UUID, fields: Mapping[str, Any]) -> None:
    """A new entry. Raises Conflict when there is one of this type."""
    conn.execute(queries["add"], {**_row(fields), "tenant": tenant, "user_id": user_id})


def put(conn: Connection, *, tenant: UUID, user_id: UUID, event_id: UUID, fields: Mapping[str, Any]) -> int:
    """Replace what an entry says; its new version."""
    row = {**_row(fields), "tenant": tenant, "user_id": user_id, "event_id": event_id}
    version: int = conn.execute(queries["put"], row).scalar_one()
    return version


def set_status(conn: Connection, *, tenant: UUID, user_id: UUID, event_id: UUID, status: EntryStatus) -> int:
    """Give an entry another status; its new version."""
    row = {"tenant": tenant, "user_id": user_id, "event_id": event_id, "status": status}
    version: int = conn.execute(queries["set_status"], row).scalar_one()
    return version


def delete(conn: Connection, *, tenant: UUID, user_id: UUID, event_id: UUID) -> None:
    """Take an entry away; `bring_back` undoes that."""
    conn.execute(queries["delete"], {"tenant": tenant, "user_id": user_id, "event_id": event_id})


def bring_back(conn: Connection, *, tenant: UUID, user_id: UUID, event_type: str, since: datetime) -> bool:
    """Bring back the entry of this type that was deleted last, if that was since then; whether there was one.

    Raises Conflict when there is another entry of this type by now.
    """
    row = {"tenant": tenant, "user_id": user_id, "event_type": event_type, "since": since}
    return conn.execute(queries["bring_back"], row).one_or_none() is not None


def remove_deleted(conn: Connection, *, before: datetime) -> int:
    """Remove the entries of all tenants that were deleted before then for good; how many. Owner's connection only."""
    return conn.execute(queries["remove_deleted"], {"before": before}).rowcount


def _row(fields: Mapping[str, Any]) -> dict[str, Any]:
    example = fields["example"]
    return {
        **fields,
        "tags": list(fields["tags"]),
        "correlation_paths": list(fields["correlation_paths"]),
        "example": None if example is None else strict_json.dumps(example),
    }


def _entry(row: Any) -> OwnEntry | None:
    if row is None:
        return None
    fields = dict(row)
    example = fields.pop("example")
    for name in ("tags", "correlation_paths"):
        fields[name] = tuple(fields[name])
    return OwnEntry(**fields, example=None if example is None else strict_json.loads(example))
