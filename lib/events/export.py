"""The filtered events as a file. Payloads are redacted, their number is bounded, and rows are sent as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from pydantic import TypeAdapter

from lib import database
from lib.auth import downloads
from lib.auth.actors import Actor
from lib.auth.downloads import Download, FileFormat
from lib.database import Connection
from lib.events import activity
from lib.events.activity import EventFilters, EventSummary
from lib.serialization import strict_json, tables
from lib.serialization.strict_json import JsonValue

#: Events of one file.
LIMIT = 50_000
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
    "workflows_resumed",
    "runs",
    "reason",
    "error_message",
    "payload",
)
_FILTERS = TypeAdapter(EventFilters)


def ticket(conn: Connection, actor: Actor, *, filters: EventFilters, form: FileFormat) -> str:
    """A ticket for these events. What a payload field is to hold is not kept in the audit trail."""
    narrowed = {one.name.replace("_", " "): getattr(filters, one.name) for one in fields(filters)}
    narrowed["value"] = "of that field" if filters.value else None
    narrowed["event types"] = " ".join(filters.event_types)
    return downloads.ticket(conn, actor, kind="events", name="activity", form=form, narrowed=narrowed, filters=filters)


def asked_lines(actor: Actor, *, download: Download) -> Iterator[str]:
    """The file that a ticket is for."""
    return lines(actor, filters=_FILTERS.validate_python(download.filters), form=download.form)


def lines(actor: Actor, *, filters: EventFilters, form: FileFormat, limit: int = LIMIT) -> Iterator[str]:
    """The file, piece by piece. Each batch is a transaction of its own: a slow reader holds nothing in the database."""
    rows = _rows(actor, filters, limit)
    if form == "csv":
        return tables.csv_lines(_COLUMNS, rows)
    return tables.json_items(map(_item, rows))


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
        tables.time_text(event.created_at),
        tables.time_text(event.processed_at) if event.processed_at else None,
        event.schema_status,
        event.started - event.resumed,
        event.resumed,
        ", ".join(f"{number} {status.lower()}" for status, number in sorted(event.runs.items())) or None,
        event.reason if event.status == "unmatched" else None,  # beside a match it says why another did not start
        event.error_message,
        event.payload,
    )
