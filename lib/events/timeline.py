"""The whole life of one thing: every event, run and wait with its correlation key, in the order in which they began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from lib.database import Connection, named_queries, paging
from lib.database.paging import Cursor, Total
from lib.metrics.rollups import status_of
from lib.serialization import strict_json

#: Entries of one page.
PAGE_SIZE = 50

EntryKind = Literal["event", "run", "wait"]

# At one moment an event comes before the run that it starts, and that before its wait.
_ORDER: dict[EntryKind, int] = {"event": 0, "run": 1, "wait": 2}

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class TimelineEntry:
    """An event, run or wait, from when it came or began until it ended, None while it goes on.

    `status` is one of its kind. `name` is the event's type, the run's workflow or the type that is waited for, None for
    a wait for time. `event_id` is the event itself, that which started the run, or that which ended the wait; `run_id`
    the run itself or that which waits, in step `step_path`.
    """

    kind: EntryKind
    id: UUID
    at: datetime
    ended_at: datetime | None
    status: str
    name: str | None
    event_id: UUID | None
    run_id: UUID | None
    step_path: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.ended_at - self.at).total_seconds() if self.ended_at else None


@dataclass(frozen=True)
class TimelinePage:
    """Entries, first first; the cursors lead to the pages beside them, None where there is none."""

    entries: tuple[TimelineEntry, ...]
    newer: Cursor | None
    older: Cursor | None


def page(
    conn: Connection,
    *,
    tenant: UUID,
    key: str,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> TimelinePage:
    """The page beside the cursor given, else that of the latest entries. Raises InvalidInput naming the key."""
    keys = _keys(tenant, key)
    found = paging.keyset_page(
        lambda side, bounds: map(_entry, conn.execute(queries[f"entries_{side}"], keys | bounds).mappings()),
        place=lambda entry: Cursor(entry.at, entry.id),
        since=None,
        until=None,
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )
    if newer_than and not found.newer:
        return page(conn, tenant=tenant, key=key, limit=limit)
    entries = sorted(found.rows, key=lambda entry: (entry.at, _ORDER[entry.kind], entry.id))
    return TimelinePage(tuple(entries), found.newer, found.older)


def how_many(conn: Connection, *, tenant: UUID, key: str) -> Total:
    """How many entries there are on all pages. Raises InvalidInput naming the key."""
    row = _keys(tenant, key) | {"limit": paging.COUNTED + 1}
    return Total.counted(conn.execute(queries["how_many"], row).scalar_one())


def _keys(tenant: UUID, key: str) -> dict[str, Any]:
    strict_json.check_text(key, field="Correlation key")
    return {"tenant": tenant, "key": key}


def _entry(row: Mapping[Any, Any]) -> TimelineEntry:
    fields = dict(row)
    if fields["kind"] == "event":
        fields["status"] = status_of(int(fields["status"]))
    return TimelineEntry(**fields)
