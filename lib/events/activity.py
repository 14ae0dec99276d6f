"""The tenant's runtime events: finding them, one of them in full, and its raw payload for an audited look.

Everything but `reveal_payload` knows the redacted payload only, searching included: a secret cannot be guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from lib.auth import audit
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import InvalidInput, NotFound
from lib.events import search as payload_search
from lib.events.ingestion import SchemaStatus
from lib.events.matching import Match
from lib.metrics.rollups import Origin
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

Status = Literal["matched", "unmatched", "error"]

STATUSES: tuple[Status, ...] = ("matched", "unmatched", "error")

#: Events of one page.
PAGE_SIZE = 50

# The outcome bits that each status stands for; an error comes before a match.
_OUTCOMES: dict[Status | None, tuple[int, int]] = {
    None: (0, 3),
    "unmatched": (0, 0),
    "matched": (1, 1),
    "error": (2, 3),
}
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_BEFORE_ALL = UUID(int=0)
_REASON_LENGTH = (5, 500)

# The least by which two times of PostgreSQL differ.
_INSTANT = timedelta(microseconds=1)

queries = named_queries.of(__name__)
_upwards = {name: named_queries.turned_around(queries[name]) for name in ("page", "page_of_names", "page_of_value")}


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; None or empty means all.

    `since` is inclusive, `until` is not. `path` leads to a field of the payload, as lib.events.search reads it;
    `value` is what it must hold, as text. `event_id` is ours, or the one that the sender gave the event.
    """

    event_names: tuple[str, ...] = ()
    status: Status | None = None
    origin: Origin | None = None
    since: datetime | None = None
    until: datetime | None = None
    correlation_key: str | None = None
    event_id: str | None = None
    path: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Cursor:
    """The first or last event of a page, beside which another page lies."""

    created_at: datetime
    event_id: UUID

    def __str__(self) -> str:
        return f"{self.created_at.astimezone(UTC).isoformat()}~{self.event_id}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """The cursor that str() wrote, None for anything else."""
        at, _, event_id = (text or "").partition("~")
        try:
            created_at = datetime.fromisoformat(at)
            return cls(created_at, UUID(event_id)) if created_at.tzinfo else None
        except ValueError:
            return None


@dataclass(frozen=True)
class EventSummary:
    """An event in a list. `payload` is the redacted one as JSON text; `started` counts resumed runs too."""

    event_id: UUID
    event_name: str
    status: Status
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
        """How long taking it in took."""
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
    event_name: str
    created_at: datetime


@dataclass(frozen=True)
class EventRecord:
    """An event in full, its payload redacted. `schema_errors` have path, message and keyword."""

    event_id: UUID
    event_name: str
    status: Status
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
    filters: Filters,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> EventPage:
    """One page of the tenant's events beside the cursor given, else the latest. Raises InvalidInput naming the filter.

    Where fewer than a page are newer, the latest page is what lies there.
    """
    name, row = _asked(tenant, filters)
    statement = queries[name]
    if filters.event_id:
        row["event_ids"] = _ids(conn, tenant, filters.event_id)
    if newer_than:
        statement = _upwards[name]
        row |= {"since": max(newer_than.created_at, row["since"]), "upto": row["upto"] - _INSTANT}
    edge = newer_than or older_than
    if edge and (newer_than or edge.created_at <= row["upto"]):
        row |= {"edge": edge.created_at, "edge_id": edge.event_id}
        row["upto"] = min(row["upto"], edge.created_at) if older_than else row["upto"]
    conn.execute(queries["plan_anew"])
    found = [_summary(event) for event in conn.execute(statement, {**row, "limit": limit + 1}).mappings()]
    more, events = len(found) > limit, found[:limit]
    if newer_than:
        if not more:
            return page(conn, tenant=tenant, filters=filters, limit=limit)
        events.reverse()
    return EventPage(
        tuple(events),
        newer=_place(events[0]) if events and edge else None,
        older=_place(events[-1]) if events and (more or newer_than) else None,
    )


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
        event_name=row.event_name,
        status=_status(row.outcome),
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
    actor.require("admin")
    shortest, longest = _REASON_LENGTH
    if not shortest <= len(reason.strip()) <= longest:
        raise InvalidInput("reason", f"must have {shortest} to {longest} characters")
    strict_json.check(reason, field="reason")
    audit.record(
        conn,
        actor,
        action="event.payload_revealed",
        target_type="event",
        target_id=str(event_id),
        detail={"reason": reason.strip()},
    )
    keys = {"tenant": actor.tenant, "event_id": event_id}
    payload = conn.execute(queries["reveal"], keys).scalar_one()
    if payload is None:
        raise NotFound("There is no such event.")
    return strict_json.loads(payload)


def _asked(tenant: UUID, filters: Filters) -> tuple[str, dict[str, Any]]:
    """Name and parameters of the statement that answers these filters quickest."""
    lowest, highest = _OUTCOMES[filters.status]
    row: dict[str, Any] = {
        "tenant": tenant,
        "since": filters.since or _EVER,
        "upto": filters.until or _NEVER,
        "edge": filters.until or _NEVER,
        "edge_id": _BEFORE_ALL,
        "lowest": lowest,
        "highest": highest,
        "origin": filters.origin,
        "correlation_key": _storable("correlation key", filters.correlation_key),
        "event_ids": None,
    }
    names = [_storable("event", name) for name in filters.event_names]
    if filters.path or filters.value:
        row |= payload_search.parameters(tenant, filters.path, filters.value)
        return "page_of_value", row | {"names": names or None}
    return ("page_of_names", row | {"names": names}) if names else ("page", row)


def _place(event: EventSummary) -> Cursor:
    return Cursor(event.created_at, event.event_id)


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
    """The ids of the events that a text is the id of, ours or their senders'."""
    keys = {"tenant": tenant, "submission_id": _storable("event id", text.strip())}
    found = [*conn.execute(queries["events_of_sender"], keys).scalars()]
    own = _id(text)
    return [*found, own] if own else found


def _summary(row: Mapping[Any, Any]) -> EventSummary:
    fields = dict(row)
    return EventSummary(
        status=_status(fields.pop("outcome")), schema_status=_schema_status(fields.pop("schema_errors")), **fields
    )


def _status(outcome: int) -> Status:
    return "error" if outcome >= 2 else "matched" if outcome else "unmatched"


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
