"""The event catalog as one tenant sees it: its own entries before the system's of the same type."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from lib.catalog import nearest as nearest_names
from lib.database import Connection, named_queries
from lib.errors import InvalidInput
from lib.metrics import rollups
from lib.metrics.rollups import RunCounts
from lib.schemas import JsonSchema
from lib.serialization import strict_json

#: Every status that an entry can have, in the order in which people choose from them.
EntryStatus = Literal["active", "beta", "draft", "deprecated"]
EntrySource = Literal["system", "tenant"]
SchemaState = Literal["known", "unknown", "missing"]

ENTRY_STATUSES: tuple[EntryStatus, ...] = get_args(EntryStatus)

#: Cards and rows speak of this span, cut into slices for the sparkline.
ACTIVITY_SPAN = timedelta(days=7)
ACTIVITY_SLICES = 28

#: For how long a deleted entry can be brought back.
DELETED_FOR = timedelta(days=7)

#: What the statement of a page says beside each entry about all of them.
_OF_ALL = ("total", "categories", "owners", "all_tags", "deprecated", "deleted")
# Searching is for words; what is longer than any name can be is junk, and not worth the database's time.
_LONGEST_SEARCH = 200
_MOST_WORDS = 12

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class CatalogFilters:
    """What the catalog is narrowed to; None means all. `page` counts from 1."""

    search: str = ""
    category: str | None = None
    status: EntryStatus | None = None
    source: EntrySource | None = None
    owner: str | None = None
    tag: str | None = None
    by_activity: bool = False
    #: Whether deprecated entries are shown where nothing is narrowed.
    with_deprecated: bool = False
    page: int = 1
    page_size: int = 24


@dataclass(frozen=True)
class EntrySummary:
    """One card: an event type and who is attached to it."""

    event_type: str
    name: str
    description: str
    category: str
    status: EntryStatus
    source: EntrySource
    payload_schema_ref: str | None
    schema_state: SchemaState
    owner: str | None
    tags: list[str]
    attached: int


@dataclass(frozen=True)
class DeletedEntry:
    """An own entry that was deleted and can still be brought back."""

    event_type: str
    name: str
    deleted_at: datetime
    deleted_by: str | None


@dataclass(frozen=True)
class CatalogPage:
    """One page of entries, best match first; `first` and `last` count from 1, both 0 when there are none.

    `deprecated` counts the entries that are folded away, or would be, as nothing is narrowed. `deleted` are own entries
    that were deleted lately.
    """

    entries: list[EntrySummary]
    total: int
    page: int
    page_size: int
    categories: list[str]
    owners: list[str]
    tags: list[str]
    deprecated: int
    deleted: list[DeletedEntry]

    @property
    def pages(self) -> int:
        """How many pages there are; at least 1."""
        return max(1, -(-self.total // self.page_size))

    @property
    def first(self) -> int:
        return (self.page - 1) * self.page_size + 1 if self.entries else 0

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1 if self.entries else 0


@dataclass(frozen=True)
class Activity:
    """What happened to one event type: live events only, runs counted with the event that started them."""

    executions: int = 0
    by_slice: list[int] = field(default_factory=lambda: [0] * ACTIVITY_SLICES)
    runs: int = 0
    succeeded: int = 0
    still_running: int = 0
    average_seconds: float | None = None

    @property
    def success_rate(self) -> float | None:
        """Share of the started runs that succeeded, 0 to 1; None when none started."""
        return self.succeeded / self.runs if self.runs else None


@dataclass(frozen=True)
class CatalogEntry:
    """Everything the catalog knows of one event type."""

    event_id: UUID
    event_type: str
    name: str
    description: str
    category: str
    status: EntryStatus
    source: EntrySource
    payload_schema_ref: str | None
    correlation_paths: list[str]
    example: Any
    updated_at: datetime
    schema: JsonSchema | None
    owner: str | None
    tags: list[str]

    @property
    def schema_state(self) -> SchemaState:
        """Whether the payload's schema is at hand, only referred to, or not given at all."""
        if self.schema is not None:
            return "known"
        return "unknown" if self.payload_schema_ref else "missing"


def page(conn: Connection, *, tenant: UUID, filters: CatalogFilters, now: datetime) -> CatalogPage:
    """The entries that match, best first: exact type or name, words in the name, words anywhere; deprecated ones last.

    Words may stand in any order. Where nothing is narrowed, deprecated entries are left out unless they are asked for.
    A page past the end gives the first page. Raises InvalidInput naming the filter.
    """
    search = " ".join(_words(filters.search))
    offset = (max(filters.page, 1) - 1) * filters.page_size
    busy = _executions(conn, tenant=tenant, now=now) if filters.by_activity else {}
    parameters = {
        "tenant": tenant,
        "search": search,
        "words": _words(filters.search),
        "category": filters.category,
        "status": filters.status,
        "source": filters.source,
        "owner": filters.owner,
        "tag": filters.tag,
        "with_deprecated": filters.with_deprecated,
        "deleted_since": now - DELETED_FOR,
        "busy_types": list(busy),
        "busy_executions": list(busy.values()),
        "offset": min(offset, 10**9),
        "size": filters.page_size,
    }
    rows = [dict(row) for row in conn.execute(queries["page"], parameters).mappings()]
    found = {name: rows[0][name] for name in _OF_ALL}
    some = [{name: value for name, value in row.items() if name not in found} for row in rows]
    return CatalogPage(
        entries=[EntrySummary(**one) for one in some if one["event_type"] is not None],
        total=found["total"],
        page=max(filters.page if offset < found["total"] else 1, 1),
        page_size=filters.page_size,
        categories=found["categories"] or [],
        owners=found["owners"] or [],
        tags=found["all_tags"] or [],
        deprecated=found["deprecated"],
        deleted=[_deleted(one) for one in found["deleted"] or []],
    )


def activity(conn: Connection, *, tenant: UUID, event_types: list[str], now: datetime) -> dict[str, Activity]:
    """Live activity of each of these types over the last ACTIVITY_SPAN; types without any are left out.

    Slices begin on the hour, so that they can be read from whole hours; only the first begins with the span.
    """
    since, slice_ = now - ACTIVITY_SPAN, ACTIVITY_SPAN / ACTIVITY_SLICES
    inner = [rollups.floor_to(since + slice_ * n, 60) for n in range(1, ACTIVITY_SLICES)]
    events = rollups.events(conn, tenant=tenant, names=event_types, boundaries=[since, *inner, now])
    runs = rollups.runs(conn, tenant=tenant, names=event_types, boundaries=[since, now])
    found = {}
    for event_type in events.keys() | runs.keys():
        counts = events.get(event_type, {})
        by_slice = [counts[n].total if n in counts else 0 for n in range(ACTIVITY_SLICES)]
        started = runs.get(event_type, {}).get(0, RunCounts())
        found[event_type] = Activity(
            sum(by_slice), by_slice, started.runs, started.succeeded, started.open, started.average_seconds
        )
    return found


def entry(conn: Connection, *, tenant: UUID, event_type: str) -> CatalogEntry | None:
    """The entry of this exact type, or None."""
    try:
        strict_json.check_text(event_type, field="event type")
    except InvalidInput:
        return None  # nothing can have it as its type
    parameters = {"tenant": tenant, "event_type": event_type}
    row = conn.execute(queries["entry"], parameters).mappings().one_or_none()
    return CatalogEntry(**row) if row else None


def event_types(conn: Connection, *, tenant: UUID) -> list[tuple[str, str]]:
    """(event_type, name) of every entry this tenant sees, by type."""
    return [(row.event_type, row.name) for row in conn.execute(queries["event_types"], {"tenant": tenant})]


def words(conn: Connection, *, tenant: UUID) -> tuple[list[str], list[str], list[str]]:
    """The categories, owners and tags that entries have, each in order."""
    row = conn.execute(queries["words"], {"tenant": tenant}).one()
    return list(row.categories), list(row.owners), list(row.tags)


def nearest(conn: Connection, *, tenant: UUID, event_type: str, limit: int = 5) -> list[tuple[str, str]]:
    """(event_type, name) of the entries whose type or name is most like this one, nearest first."""
    known = event_types(conn, tenant=tenant)
    by_text = {nearest_names.comparable(text): row for row in known for text in row}
    found = dict.fromkeys(by_text[text] for text in nearest_names.nearest(event_type, by_text, limit=2 * limit))
    return list(found)[:limit]


def _executions(conn: Connection, *, tenant: UUID, now: datetime) -> dict[str, int]:
    """Live executions over the last ACTIVITY_SPAN by type."""
    names = rollups.names(conn, tenant=tenant)  # far fewer than there are types, where those are many
    found = rollups.events(conn, tenant=tenant, names=names, boundaries=[now - ACTIVITY_SPAN, now])
    return {name: counts[0].total for name, counts in found.items()}


def _deleted(read: dict[str, Any]) -> DeletedEntry:
    return DeletedEntry(**{**read, "deleted_at": datetime.fromisoformat(read["deleted_at"])})


def _words(search: str) -> list[str]:
    strict_json.check_text(search, field="search")
    return search[:_LONGEST_SEARCH].lower().split()[:_MOST_WORDS]
