"""The filtered acts of the audit trail as a file, sent as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from pydantic import TypeAdapter

from lib import database
from lib.auth import audit_trail, downloads
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditEntry, AuditFilters
from lib.auth.downloads import Download
from lib.database import Connection
from lib.serialization import strict_json, tables

#: Acts of one file.
LIMIT = 50_000

_BATCH = 1000
_COLUMNS = (
    "audit_id",
    "at",
    "who",
    "email",
    "act",
    "sentence",
    "object_kind",
    "object_id",
    "origin",
    "address",
    "detail",
)
_FILTERS = TypeAdapter(AuditFilters)


def ticket(conn: Connection, actor: Actor, *, filters: AuditFilters) -> str:
    """A ticket for these acts as CSV."""
    narrowed = {one.name.replace("_", " "): getattr(filters, one.name) for one in fields(filters)}
    return downloads.ticket(conn, actor, kind="audit", name="audit", form="csv", narrowed=narrowed, filters=filters)


def asked_lines(actor: Actor, *, download: Download) -> Iterator[str]:
    """The file that a ticket is for."""
    return lines(actor, filters=_FILTERS.validate_python(download.filters))


def lines(actor: Actor, *, filters: AuditFilters, limit: int = LIMIT) -> Iterator[str]:
    """The file, line by line. Each batch is a transaction of its own: a slow reader holds nothing in the database."""
    return tables.csv_lines(_COLUMNS, _rows(actor, filters, limit))


def _rows(actor: Actor, filters: AuditFilters, limit: int) -> Iterator[tuple[str | None, ...]]:
    left, cursor = limit, None
    while left:
        with database.read(actor) as conn:
            page = audit_trail.page(conn, actor, filters=filters, older_than=cursor, limit=min(left, _BATCH))
        yield from map(_row, page.rows)
        left, cursor = left - len(page.rows), page.older
        if cursor is None:
            return
    yield (f"These are the latest {limit:,} acts, which is the most that one file has; there are more.",)


def _row(entry: AuditEntry) -> tuple[str | None, ...]:
    return (
        str(entry.audit_id),
        tables.time_text(entry.at),
        entry.who,
        entry.email,
        entry.action,
        entry.sentence,
        entry.object_kind,
        entry.object_id,
        entry.origin,
        entry.address,
        strict_json.dumps(dict(entry.detail)),
    )
