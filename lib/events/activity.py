"""The tenant's runtime events: finding them, one of them in full, and its raw payload for an audited look.

Only `reveal_payload` reads the raw payload. All else, the search too, sees the redacted one: nobody can guess a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, named_queries, paging
from lib.database.paging import Cursor
from lib.errors import InvalidInput, NotFound
from lib.events import search as payload_search
from lib.events.judging import SchemaStatus
from lib.events.matching import Match
from lib.metrics.rollups import OUTCOMES, EventStatus, Origin, status_of
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

#: Events of one page.
PAGE_SIZE = 50

_REASON_LENGTH = (5, 500)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class EventFilters:
    """What the list is narrowed to; None or empty means all.

    `since` is inclusive, `until` is not. `path` leads to a field of the payload, as lib.events.search reads it;
    `value` is what it must hold, as text. `event_id` is ours, or the one that the sender gave the event.
    """

    event_types: tuple[str, ...] = ()
    status: EventStatus | None = None
    origin: Origin | None = None
    since: datetime | None = None
    until: datetime | None = None
    correlation_key: str | None = None
    event_id: str | None = None
    path: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class EventSummary:
    """An event in a list. `payload` is the redacted one as JSON text; `started` counts resumed runs too."""

    event_id: UUID
    event_type: str
    status: EventStatus
    origin: Origin
    source: str | None
    correlation_key: str | None
    created_at: datetime
    processed_at: datetime | None
    schema_status: SchemaStatus
    error_message: str | None
    started: int
    reason: str | None
    payload: str

    @property
    def seconds(self) -> float | None:
        """Seconds from its arrival to its record."""
        return (self.processed_at - self.created_at).total_seconds() if self.processed_at else None


@dataclass(frozen=True)
class EventPage:
    """A page of events, latest first; the cursors lead to the pages beside it, None where there is none."""

    events: tuple[EventSummary, ...]
    newer: Cursor | None
    older: Cursor | None


@dataclass(frozen=True)
class TracedMatch:
    """What a candidate workflow did, and the status its run has now."""

    match: Match
    run_status: str | None


@dataclass(frozen=True)
class Neighbour:
    """Another event with the same correlation key."""

    event_id: UUID
    event_type: str
    created_at: datetime


@dataclass(frozen=True)
class EventRecord:
    """An event in full, its payload redacted. `schema_errors` have path, message and keyword."""

    event_id: UUID
    event_type: str
    status: EventStatus
    origin: Origin
    source: str | None
    correlation_key: str | None
    created_at: datetime
    processed_at: datetime | None
    schema_ref: str | None
    schema_ref_conflict: dict[str, Any] | None
    schema_status: SchemaStatus
    schema_errors: tuple[dict[str, Any], ...]
    error_message: str | None
    parent_event_id: UUID | None
    submitted_by: str | None
    sender_id: str | None
    payload: JsonValue
    trace: tuple[TracedMatch, ...]
    previous: Neighbour | None
    next: Neighbour | None


def page(
    conn: Connection,
    *,
    tenant: UUID,
    filters: EventFilters,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> EventPage:
    """One page of the tenant's events beside the cursor given, else the latest. Raises InvalidInput naming the filter.

    Where fewer than a page are newer, the latest page is what lies there.
    """
    among, row = _asked(tenant, filters)
    if filters.event_id:
        row["event_ids"] = _ids(conn, tenant, filters.event_id)
    conn.execute(queries["plan_anew"])
    found = paging.keyset_page(
        lambda side, bounds: map(_summary, conn.execute(queries[f"{side}{among}"], row | bounds).mappings()),
        place=lambda event: Cursor(event.created_at, event.event_id),
        since=filters.since,
        until=filters.until,
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )
    if newer_than and not found.newer:
        return page(conn, tenant=tenant, filters=filters, limit=limit)
    return EventPage(found.rows, found.newer, found.older)


def record(conn: Connection, *, tenant: UUID, event_id: str) -> EventRecord:
    """One event in full. Raises NotFound, the same for an unknown id, another tenant's, and nonsense."""
    keys = {"tenant": tenant, "event_id": _id(event_id)}
    row = conn.execute(queries["event"], keys).one_or_none() if keys["event_id"] else None
    if row is None:
        raise NotFound("There is no such event.")
    errors = row.schema_errors or {}
    around: dict[str, Neighbour] = {}
    if row.correlation_key:
        place = {**keys, "correlation_key": row.correlation_key, "at": row.created_at}
        for side, *found in conn.execute(queries["neighbours"], place):
            around[side] = Neighbour(*found)
    return EventRecord(
        event_id=row.event_id,
        event_type=row.event_name,
        status=status_of(row.outcome),
        origin=row.origin,
        source=row.source,
        correlation_key=row.correlation_key,
        created_at=row.created_at,
        processed_at=row.processed_at,
        schema_ref=row.payload_schema_ref,
        schema_ref_conflict=row.schema_ref_conflict,
        schema_status=_schema_status(row.schema_errors),
        schema_errors=tuple(errors.get("errors", ())),
        error_message=row.error_message,
        parent_event_id=row.parent_event_id,
        submitted_by=row.submitted_by,
        sender_id=row.sender_id,
        payload=strict_json.loads(row.payload),
        trace=_trace(conn, keys),
        previous=around.get("previous"),
        next=around.get("next"),
    )


def reveal_payload(conn: Connection, actor: Actor, *, event_id: UUID, reason: str) -> JsonValue:
    """The raw payload, with a line in the audit trail that says who looked and why; needs admin.

    Raises PermissionDenied, InvalidInput for a missing reason, NotFound.
    """
    actor.require("admin", acts.PayloadRevealed, on=event_id)
    shortest, longest = _REASON_LENGTH
    if not shortest <= len(reason.strip()) <= longest:
        raise InvalidInput("reason", f"must have {shortest} to {longest} characters")
    strict_json.check(reason, field="reason")
    audit.record(conn, actor, acts.PayloadRevealed(target_id=event_id, reason=reason.strip()))
    keys = {"tenant": actor.tenant, "event_id": event_id}
    payload = conn.execute(queries["reveal"], keys).scalar_one()
    if payload is None:
        raise NotFound("There is no such event.")
    return strict_json.loads(payload)


def _asked(tenant: UUID, filters: EventFilters) -> tuple[str, dict[str, Any]]:
    """The ending of the names of the statements that begin in the best index for these filters; their parameters."""
    outcomes = OUTCOMES[filters.status] if filters.status else tuple(chain(*OUTCOMES.values()))
    row: dict[str, Any] = {
        "tenant": tenant,
        "lowest": min(outcomes),
        "highest": max(outcomes),
        "origin": filters.origin,
        "correlation_key": _storable("correlation key", filters.correlation_key),
        "event_ids": None,
    }
    names = [_storable("event", name) for name in filters.event_types]
    if filters.path or filters.value:
        row |= payload_search.parameters(tenant, filters.path, filters.value)
        return "_of_value", row | {"names": names or None}
    return ("_of_names", row | {"names": names}) if names else ("", row)


def _storable(field: str, text: str | None) -> str | None:
    if text is not None:
        strict_json.check(text, field=field)
    return text


def _id(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _ids(conn: Connection, tenant: UUID, text: str) -> list[UUID]:
    """Our ids of the events that have this id, which is ours or their sender's."""
    keys = {"tenant": tenant, "submission_id": _storable("event id", text.strip())}
    found = [*conn.execute(queries["events_of_sender"], keys).scalars()]
    own = _id(text)
    return [*found, own] if own else found


def _summary(row: Mapping[Any, Any]) -> EventSummary:
    fields = dict(row)
    return EventSummary(
        status=status_of(fields.pop("outcome")), schema_status=_schema_status(fields.pop("schema_errors")), **fields
    )


def _schema_status(schema_errors: dict[str, Any] | None) -> SchemaStatus:
    status: SchemaStatus = (schema_errors or {}).get("status", "valid")
    return status


def _trace(conn: Connection, keys: Mapping[str, Any]) -> tuple[TracedMatch, ...]:
    traced = []
    for row in conn.execute(queries["trace"], keys).mappings():
        fields = dict(row)
        run_status = fields.pop("run_status")
        traced.append(TracedMatch(Match(**fields), run_status))
    return tuple(traced)
