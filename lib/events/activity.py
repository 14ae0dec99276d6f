"""The tenant's runtime events: finding them, one of them in full, and its raw payload for an audited look.

Only `reveal_payload` reads the raw payload. All else, the search too, sees the redacted one: nobody can guess a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Literal, get_args
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, driver, named_queries, paging
from lib.database.paging import Cursor, Total
from lib.errors import InvalidInput, NotFound
from lib.events import matching
from lib.events import search as payload_search
from lib.events.judging import SchemaStatus
from lib.events.matching import Match
from lib.metrics import rollups
from lib.metrics.rollups import ORIGINS, OUTCOMES, EventCounts, EventStatus, Origin, status_of
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

#: Events of one page.
PAGE_SIZE = 50

_REASON_LENGTH = (5, 500)

#: Types of events that are counted from what the metrics have added up. More than these are too many rows.
_MOST_TYPES_ADDED_UP = 500

#: An unmatched event was skipped by every workflow that might have started, or there was none.
EventFate = Literal["matched", "skipped", "no_workflow", "error"]

EVENT_FATES: tuple[EventFate, ...] = get_args(EventFate)

queries = named_queries.of(__name__)


def fate_of_unmatched(reason: str | None) -> EventFate:
    """The fate of an unmatched event, by the reason that one of its candidates gave."""
    return "no_workflow" if reason in (None, matching.NO_WORKFLOW) else "skipped"


@dataclass(frozen=True)
class EventFilters:
    """What the list is narrowed to; None or empty means all.

    `since` is inclusive, `until` is not. `run_status` is that of a run which the event started. `path` leads to a field
    of the payload, as lib.events.search reads it; `value` is what it must hold, as text. `event_id` is ours, or the one
    that the sender gave the event.
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
    run_status: str | None = None


@dataclass(frozen=True)
class EventSummary:
    """An event in a list. `payload` is the redacted one as JSON text; `started` counts resumed runs too.

    `runs` says of the runs that it started how many have which status; of a run that was run again, its repeat.
    """

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
    resumed: int
    reason: str | None
    payload: str
    runs: Mapping[str, int]

    @property
    def fate(self) -> EventFate:
        """The status, and of an unmatched event whether there was a workflow."""
        if self.status == "unmatched":
            return fate_of_unmatched(self.reason)
        return self.status

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

    @property
    def fate(self) -> EventFate:
        """The status, and of an unmatched event whether there was a workflow."""
        if self.status == "unmatched":
            return fate_of_unmatched(min((traced.match.reason for traced in self.trace), default=None))
        return self.status


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
    with driver.planned_anew(conn):
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


def how_many(conn: Connection, *, tenant: UUID, filters: EventFilters) -> Total:
    """How many events `page` finds on all its pages: exactly, or counted to a bound. Raises InvalidInput."""
    narrowed = replace(filters, event_types=(), status=None, origin=None, since=None, until=None)
    names = [*dict.fromkeys(filters.event_types)] or rollups.names(conn, tenant=tenant)
    if narrowed != EventFilters() or len(names) > _MOST_TYPES_ADDED_UP:
        return Total.counted(_count(conn, tenant, filters))
    since, until = filters.since or paging.EVER, filters.until or paging.NEVER
    dropped_until = rollups.dropped_until(conn) or paging.EVER
    origins = [filters.origin] if filters.origin else ORIGINS
    boundaries = [max(since, dropped_until), until]
    found = rollups.events(conn, tenant=tenant, names=names, boundaries=boundaries, origins=origins)
    counts = sum((one for slices in found.values() for one in slices.values()), EventCounts())
    number = int(getattr(counts, filters.status or "total"))
    if since >= dropped_until:
        return Total(number)
    # Of dropped months all events are counted still, and only those in error may be there.
    left = Total.counted(_count(conn, tenant, replace(filters, until=min(until, dropped_until))))
    return replace(left, number=number + left.number)


def _count(conn: Connection, tenant: UUID, filters: EventFilters) -> int:
    """Rows that the filters let through, counted up to one more than the bound."""
    among, row = _asked(tenant, filters)
    if filters.event_id:
        row["event_ids"] = _ids(conn, tenant, filters.event_id)
    edge = paging.older_edge(None, filters.until)
    bounds = {
        "since": filters.since or paging.EVER,
        "edge": edge.at,
        "edge_id": edge.id,
        "limit": paging.COUNTED + 1,
    }
    with driver.planned_anew(conn):
        return int(conn.execute(queries[f"how_many{among}"], row | bounds).scalar_one())


def runs_of(conn: Connection, *, tenant: UUID, event_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Of the runs that each of these events started, how many have which status; see EventSummary."""
    found: dict[UUID, dict[str, int]] = {}
    for row in conn.execute(queries["runs_of"], {"tenant": tenant, "event_ids": list(event_ids)}):
        found.setdefault(row.event_id, {})[row.status] = row.runs
    return found


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
        "run_status": filters.run_status,
    }
    names = [_storable("event", name) for name in filters.event_types]
    if filters.path or filters.value:
        row |= payload_search.parameters(tenant, filters.path, filters.value)
        return "_of_value", row | {"names": names or None}
    if filters.run_status:
        return "_of_runs", row | {"names": names or None}
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
