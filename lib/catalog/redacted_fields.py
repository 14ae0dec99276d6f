"""Which fields a tenant wants redacted in its events, beside what schemas mark and what looks like a secret.

They are JSON pointers, for one event type or for every one; `*` in them stands for any key or list item.
Ingestion reads them with the catalog entry (queries/events/ingestion.sql), so a change holds for the next event.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database import Connection, named_queries
from lib.errors import ChangedMeanwhile, InvalidInput, NotFound
from lib.schemas.outline import SchemaField, outline
from lib.serialization import json_pointer, strict_json

_EVERY_EVENT = "*"
_MOST = 100
_LONGEST = 500

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class RedactedFields:
    """Pointers to what is redacted in one event type alone, and in every one."""

    own: tuple[str, ...]
    everywhere: tuple[str, ...]
    #: When either was changed last, and by whom if they still belong to the tenant.
    updated_at: datetime | None = dataclasses.field(default=None, compare=False)
    updated_by: str | None = dataclasses.field(default=None, compare=False)


def of_event(conn: Connection, actor: Actor, *, event_type: str) -> RedactedFields:
    """What the actor's tenant has redacted in an event type."""
    rows = conn.execute(queries["of_event"], {"tenant": actor.tenant, "event_type": event_type}).all()
    found = {row.event_type: tuple(row.pointers) for row in rows}
    own, everywhere = found.get(event_type, ()), found.get(_EVERY_EVENT, ())
    if not rows:
        return RedactedFields(own, everywhere)
    return RedactedFields(own, everywhere, rows[-1].updated_at, rows[-1].updated_by)


def by_event(conn: Connection, actor: Actor) -> dict[str | None, RedactedFields]:
    """What the actor's tenant has redacted, by event type; under None what is redacted in every one."""
    found = {}
    for row in conn.execute(queries["by_event"], {"tenant": actor.tenant}):
        pointers, everywhere = tuple(row.pointers), row.event_type == _EVERY_EVENT
        fields = RedactedFields(
            () if everywhere else pointers, pointers if everywhere else (), row.updated_at, row.updated_by
        )
        found[None if everywhere else row.event_type] = fields
    return found


def change(
    conn: Connection,
    actor: Actor,
    *,
    event_type: str | None,
    pointers: Iterable[str],
    expected: Sequence[str] | None = None,
) -> None:
    """Redact these fields, and no others, in events of a type from now on, None for every type; audited, needs admin.

    `expected` are those that were looked at, None for whatever they are. Raises PermissionDenied, NotFound for an
    unknown type, InvalidInput with a sentence for each bad pointer, Conflict when others are redacted than expected.
    """
    actor.require("admin", acts.RedactedFieldsChanged, on=event_type or _EVERY_EVENT)
    wanted = tuple(dict.fromkeys(stripped for pointer in pointers if (stripped := pointer.strip())))
    _check(wanted)
    if event_type is not None and entries.entry(conn, tenant=actor.tenant, event_type=event_type) is None:
        raise NotFound("There is no such event in this catalog.")
    row = {"tenant": actor.tenant, "event_type": event_type or _EVERY_EVENT, "pointers": list(wanted)}
    before = conn.execute(queries["lock"], row).scalar_one_or_none() or []
    if before == list(wanted):
        return
    is_as_seen = expected is None or before == list(expected)
    # Where there were none, no lock keeps others from adding the first.
    if not (is_as_seen and conn.execute(queries["change"], row | {"user_id": actor.user_id, "before": before}).all()):
        raise ChangedMeanwhile(f"What is redacted in {event_type or 'every event'}")
    target = event_type or _EVERY_EVENT
    audit.record(conn, actor, acts.RedactedFieldsChanged(target_id=target, before=before, after=list(wanted)))


def suggestions(schema: Any) -> list[str]:
    """Pointers to the fields that a schema names."""
    return list(_pointers(outline(schema), ""))


def _pointers(fields: list[SchemaField], above: str) -> Iterator[str]:
    for field in fields:
        pointer = above + json_pointer.join([field.name])
        yield pointer
        in_list = any(child.path.startswith(f"{field.path}[]") for child in field.children)
        yield from _pointers(field.children, f"{pointer}/*" if in_list else pointer)


def _check(pointers: tuple[str, ...]) -> None:
    problems = [f"{pointer[:60]} {problem}" for pointer in pointers if (problem := _problem(pointer))]
    if problems:
        raise InvalidInput("redacted fields", "; ".join(problems))
    if len(pointers) > _MOST:
        raise InvalidInput("redacted fields", f"there may be at most {_MOST}")


def _problem(pointer: str) -> str | None:
    try:
        strict_json.check(pointer)
    except InvalidInput as error:
        return error.cause
    return "is too long" if len(pointer) > _LONGEST else json_pointer.problem(pointer)
