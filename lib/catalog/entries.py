"""The event catalog as one tenant sees it: its own entries before the system's of the same type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from lib.catalog import contents
from lib.catalog import nearest as nearest_names
from lib.catalog import traffic as traffic_of_types
from lib.catalog.contents import CatalogContents
from lib.catalog.traffic import FIGURES, Figure, Traffic
from lib.database import Connection, named_queries, patterns
from lib.errors import InvalidInput
from lib.metrics import rollups
from lib.metrics.rollups import RunCounts
from lib.schemas import JsonSchema
from lib.serialization import strict_json

#: Every status that an entry can have, in the order in which people choose from them.
EntryStatus = Literal["active", "beta", "draft", "deprecated"]
EntrySource = Literal["system", "tenant"]
#: What entries can be sorted by: a figure of their traffic, or what they say.
EntrySort = Literal[Figure, "name", "type", "category", "status", "source"]
#: Whether events came in the last ACTIVITY_SPAN: some, none, or none after some in the span before.
TrafficFilter = Literal["with", "without", "stopped"]
SchemaState = Literal["known", "unknown", "missing"]

ENTRY_STATUSES: tuple[EntryStatus, ...] = get_args(EntryStatus)

#: Cards and rows speak of this span, cut into slices for the sparkline.
ACTIVITY_SPAN = traffic_of_types.SPAN
ACTIVITY_SLICES = 28

#: For how long a deleted entry can be brought back.
DELETED_FOR = timedelta(days=7)

#: People choose from a list of so many entries; of more they search for some, and are offered the best.
MOST_LISTED, MOST_OFFERED = 300, 50

#: What the statement of a page says beside each entry about all of them.
_OF_ALL = ("changes", "total", "without_traffic", "deleted")
#: Searching is for words; what is longer than any name can be is junk, and not worth the database's time.
LONGEST_SEARCH = 200
MOST_WORDS = 12

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
    #: The best match first, and where nothing is searched for what is most active or what comes first by its name.
    by_activity: bool = False
    #: In place of the best match.
    sort: EntrySort | None = None
    descending: bool = False
    traffic: TrafficFilter | None = None
    #: Whether entries without traffic are left out where nothing is narrowed and others have some.
    fold_without_traffic: bool = False
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

    Where nothing is narrowed, `deprecated` counts the deprecated entries, shown or folded away; else it is 0.
    `without_traffic` counts the entries that are folded away since they had no event. `deleted` are own entries that
    were deleted lately.
    """

    entries: list[EntrySummary]
    total: int
    page: int
    page_size: int
    categories: list[str]
    owners: list[str]
    tags: list[str]
    deprecated: int
    without_traffic: int
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
class EntryChoices:
    """Event types with their names to choose from: all of them, or the best of the `total` that match a search."""

    names: dict[str, str]
    total: int
    is_searched: bool


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


def page(
    conn: Connection, *, tenant: UUID, filters: CatalogFilters, now: datetime, traffic: Traffic | None = None
) -> CatalogPage:
    """The entries that match, best first: exact type or name, words in the name, words anywhere; deprecated ones last.

    Words may stand in any order. Where nothing is narrowed, deprecated entries are left out unless they are asked for.
    A page past the end gives the first page. `traffic` spares reading it. Raises InvalidInput naming the filter.
    """
    figures = _figures(conn, tenant=tenant, filters=filters, now=now, traffic=traffic)
    since = now - DELETED_FOR
    held = contents.kept(tenant) or contents.read(conn, tenant=tenant)
    asked = _asked(tenant, filters, held, figures, since)
    rows = conn.execute(queries["page"], asked).mappings().all()
    if rows[0]["changes"] != held.changes:  # what was kept is of the past
        held = contents.read(conn, tenant=tenant)
        asked = _asked(tenant, filters, held, figures, since)
        rows = conn.execute(queries["page"], asked).mappings().all()
    shown = [{name: value for name, value in row.items() if name not in _OF_ALL} for row in rows]
    total = rows[0]["total"]
    return CatalogPage(
        entries=[EntrySummary(**one) for one in shown if one["event_type"] is not None],
        total=total,
        page=max(filters.page if asked["offset"] < total else 1, 1),
        page_size=filters.page_size,
        categories=list(held.categories),
        owners=list(held.owners),
        tags=list(held.tags),
        deprecated=0 if asked["is_narrowed"] else held.deprecated,
        without_traffic=rows[0]["without_traffic"],
        deleted=[_deleted(one) for one in rows[0]["deleted"] or []],
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
    if not _is_storable(event_type):
        return None  # nothing can have it as its type
    parameters = {"tenant": tenant, "event_type": event_type}
    row = conn.execute(queries["entry"], parameters).mappings().one_or_none()
    return CatalogEntry(**row) if row else None


def event_types(conn: Connection, *, tenant: UUID) -> list[tuple[str, str]]:
    """(event_type, name) of every entry this tenant sees, by type."""
    return [(row.event_type, row.name) for row in conn.execute(queries["event_types"], {"tenant": tenant})]


def choices(conn: Connection, *, tenant: UUID, search: str, chosen: Iterable[str] = (), now: datetime) -> EntryChoices:
    """The entries to choose from, by type. Where they are very many, those that match the search best.

    Those that are chosen already are among them. Raises InvalidInput for a search that cannot be stored.
    """
    held = contents.kept(tenant) or contents.read(conn, tenant=tenant)
    if held.entries <= MOST_LISTED:
        return EntryChoices(dict(event_types(conn, tenant=tenant)), held.entries, is_searched=False)
    filters = CatalogFilters(search, with_deprecated=True, page_size=MOST_OFFERED)
    found = page(conn, tenant=tenant, filters=filters, now=now)
    names = {one.event_type: one.name for one in found.entries}
    asked = {"tenant": tenant, "event_types": [one for one in chosen if one not in names and _is_storable(one)]}
    if asked["event_types"]:
        names = {row.event_type: row.name for row in conn.execute(queries["names"], asked)} | names
    return EntryChoices(names, found.total, is_searched=True)


def nearest(conn: Connection, *, tenant: UUID, event_type: str, limit: int = 5) -> list[tuple[str, str]]:
    """(event_type, name) of the entries whose type or name is most like this one, nearest first."""
    known = event_types(conn, tenant=tenant)
    by_text = {nearest_names.comparable(text): row for row in known for text in row}
    found = dict.fromkeys(by_text[text] for text in nearest_names.nearest(event_type, by_text, limit=2 * limit))
    return list(found)[:limit]


@dataclass(frozen=True)
class _Figures:
    """What entries are sorted and narrowed by beside what they say: a figure of some types, and which had traffic."""

    by_type: dict[str, float]
    #: What all other types have.
    otherwise: float | None
    with_traffic: list[str]
    #: Whether entries without traffic are to be folded away where nothing is narrowed.
    folds: bool


def _figures(
    conn: Connection, *, tenant: UUID, filters: CatalogFilters, now: datetime, traffic: Traffic | None
) -> _Figures:
    """The figures that the filters ask for; of the traffic no more is read than they need."""
    figure = filters.sort if filters.sort in FIGURES else "executions" if filters.by_activity else None
    if traffic is None and (figure not in (None, "executions") or filters.traffic == "stopped"):
        traffic = traffic_of_types.read(conn, tenant=tenant, now=now)
    elif traffic is None and (figure or filters.traffic or filters.fold_without_traffic):
        traffic = traffic_of_types.executions(conn, tenant=tenant, now=now)
    traffic = traffic or Traffic()
    return _Figures(
        by_type=traffic.figures(figure) if figure else {},
        # Nothing is the least of what is counted, but no rate and no duration.
        otherwise=0 if figure in ("executions", "workflows") else None,
        with_traffic=traffic.stopped if filters.traffic == "stopped" else traffic.busy,
        folds=filters.fold_without_traffic and bool(traffic.busy),
    )


def _asked(
    tenant: UUID, filters: CatalogFilters, held: CatalogContents, figures: _Figures, deleted_since: datetime
) -> dict[str, Any]:
    """What the statement of a page is given. A word that nobody has narrows nothing, as other nonsense in a URL."""
    words = _words(filters.search)
    for name in ("category", "owner", "tag"):
        strict_json.check_text(getattr(filters, name) or "", field=name)
    narrowing = {
        "search": " ".join(words),
        "category": filters.category if filters.category in held.categories else None,
        "owner": filters.owner if filters.owner in held.owners else None,
        "tag": filters.tag if filters.tag in held.tags else None,
        "status": filters.status,
        "source": filters.source,
        "traffic": filters.traffic,
    }
    is_narrowed = any(narrowing.values())
    folds = figures.folds and not is_narrowed
    # Those that have a figure come before all others only if the greatest is first and deprecated ones are not last.
    in_order = filters.sort is None or (filters.sort in FIGURES and filters.descending and not filters.with_deprecated)
    return narrowing | {
        "tenant": tenant,
        "is_narrowed": is_narrowed,
        "looks_at_each": is_narrowed or not in_order,
        "folds": folds,
        "patterns": patterns.holding(words),
        "with_deprecated": filters.with_deprecated,
        "total": held.entries if filters.with_deprecated else held.entries - held.deprecated,
        "deleted_since": deleted_since,
        "sort": filters.sort,
        "descending": filters.descending if filters.sort else filters.by_activity,
        "figure_types": list(figures.by_type),
        "figures": list(figures.by_type.values()),
        "without_figure": figures.otherwise,
        "with_traffic": figures.with_traffic,
        "picked_types": sorted({*figures.by_type, *(figures.with_traffic if folds else ())}),
        "offset": min((max(filters.page, 1) - 1) * filters.page_size, 10**9),
        "size": filters.page_size,
    }


def _deleted(read: dict[str, Any]) -> DeletedEntry:
    return DeletedEntry(**{**read, "deleted_at": datetime.fromisoformat(read["deleted_at"])})


def _is_storable(event_type: str) -> bool:
    try:
        strict_json.check_text(event_type, field="event type")
    except InvalidInput:
        return False
    return True


def _words(search: str) -> list[str]:
    strict_json.check_text(search, field="search")
    return search[:LONGEST_SEARCH].lower().split()[:MOST_WORDS]
