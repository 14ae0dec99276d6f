"""The filtered events as a file. Payloads are redacted, their number is bounded, and rows are sent as they are read.

A page cannot stream, and what Streamlit offers for download it keeps in memory. So the page hands out a ticket, an
address of the HTTP API that no one can guess and that is good for some minutes (decision 0048).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from lib import database
from lib.auth.actors import Actor
from lib.errors import NotFound
from lib.events import activity
from lib.events.activity import EventFilters, EventSummary
from lib.serialization import strict_json, tables
from lib.serialization.strict_json import JsonValue

ExportFormat = Literal["csv", "json"]

#: Events of one file.
LIMIT = 50_000
#: How long a ticket is good for.
GOOD_FOR = timedelta(minutes=10)

_MOST_TICKETS = 1000
_BATCH = 1000
_COLUMNS = (
    "event_id",
    "event_name",
    "status",
    "origin",
    "source",
    "correlation_key",
    "created_at",
    "processed_at",
    "schema_status",
    "workflows_started",
    "reason",
    "error_message",
    "payload",
)


@dataclass(frozen=True)
class Export:
    """Who asked for which events, and as what; `until` is when the ticket for it ends."""

    actor: Actor
    filters: EventFilters
    form: ExportFormat
    until: datetime


_tickets: dict[str, Export] = {}
_lock = threading.Lock()


def ticket(actor: Actor, *, filters: EventFilters, form: ExportFormat) -> str:
    """A ticket for these events. Only this process knows it, as only this process draws its holder's pages."""
    now = datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    with _lock:
        for old in [t for t, e in _tickets.items() if e.until < now] or list(_tickets)[: -(_MOST_TICKETS - 1)]:
            del _tickets[old]
        _tickets[token] = Export(actor, filters, form, now + GOOD_FOR)
    return token


def of_ticket(token: str) -> Export:
    """What the ticket is for. Raises NotFound for one that has ended or never was."""
    with _lock:
        found = _tickets.get(token)
    if found is None or found.until < datetime.now(UTC):
        raise NotFound("This download has expired. Open Export again for a new one.")
    return found


def lines(actor: Actor, *, filters: EventFilters, form: ExportFormat, limit: int = LIMIT) -> Iterator[str]:
    """The file, piece by piece. Each batch is a transaction of its own: a slow reader holds nothing in the database."""
    rows = _rows(actor, filters, limit)
    if form == "csv":
        return tables.csv_lines(_COLUMNS, rows)
    return tables.json_items(map(_item, rows))


def chunks(lines: Iterator[str], size: int = 64 * 1024) -> Iterator[bytes]:
    """The lines in pieces of about that many bytes: a thread is asked for each."""
    piece = bytearray()
    for line in lines:
        piece += line.encode()
        if len(piece) >= size:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _rows(actor: Actor, filters: EventFilters, limit: int) -> Iterator[tuple[str | int | None, ...]]:
    left, cursor = limit, None
    while left:
        with database.read(actor) as conn:
            page = activity.page(conn, tenant=actor.tenant, filters=filters, older_than=cursor, limit=min(left, _BATCH))
        yield from map(_row, page.events)
        left, cursor = left - len(page.events), page.older
        if cursor is None:
            return
    yield (f"These are the latest {limit:,} events, which is the most that one file has; there are more.",)


def _item(row: tuple[str | int | None, ...]) -> dict[str, JsonValue]:
    if len(row) == 1:
        return {"note": row[0]}
    return dict(zip(_COLUMNS, (*row[:-1], strict_json.loads(str(row[-1]))), strict=True))


def _row(event: EventSummary) -> tuple[str | int | None, ...]:
    return (
        str(event.event_id),
        event.event_type,
        event.status,
        event.origin,
        event.source,
        event.correlation_key,
        event.created_at.astimezone(UTC).isoformat(),
        event.processed_at.astimezone(UTC).isoformat() if event.processed_at else None,
        event.schema_status,
        event.started,
        event.reason,
        event.error_message,
        event.payload,
    )
