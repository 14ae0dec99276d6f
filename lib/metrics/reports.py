"""What happened to events over a range, in figures: one event type's, or all of a tenant's beside each other.

An execution is an event in the range; success rate and durations are those of the runs that these events
started; a range is compared with the one of equal length before it. Counts come from lib.metrics.rollups and are exact.
What has to look into rows (reasons, schemas) looks at a bounded number of the latest and says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from lib.database import Connection, named_queries
from lib.events.activity import Cursor
from lib.metrics import rollups
from lib.metrics.rollups import COUNT_GRAINS, Durations, EventCounts, Origin, RunCounts
from lib.metrics.time_window import Window

Status = Literal["matched", "unmatched", "error"]

STATUSES: tuple[Status, ...] = ("matched", "unmatched", "error")

#: How many of the latest unmatched events are asked for their reasons.
REASONS_SAMPLE = 2000

_OUTCOMES: dict[Status, list[int]] = {"matched": [1], "unmatched": [0], "error": [2, 3]}

_FIRST_ID = UUID(int=0)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Period:
    """The figures of one stretch of time; the three statuses of events always sum to their total."""

    events: EventCounts = field(default_factory=EventCounts)
    runs: RunCounts = field(default_factory=RunCounts)
    durations: Durations | None = None


@dataclass(frozen=True)
class EventMetrics:
    """One event type over a window: slice by slice, all together, and the period before."""

    window: Window
    slices: list[Period]
    total: Period
    previous: Period


@dataclass(frozen=True)
class EventOverview:
    """One event type beside the others."""

    event_name: str
    events: EventCounts
    previous: EventCounts
    runs: RunCounts
    totals: list[int]

    @property
    def newly_silent(self) -> bool:
        """Whether there were events in the period before and none in this one."""
        return self.previous.total > 0 and self.events.total == 0

    @property
    def unmatched_share(self) -> float | None:
        """Share of the events that neither started nor resumed anything, 0 to 1."""
        return self.events.unmatched / self.events.total if self.events.total else None


@dataclass(frozen=True)
class Reason:
    """Why events were unmatched: how many of those looked at have a candidate with this reason."""

    reason: str
    events: int


@dataclass(frozen=True)
class Reasons:
    """Reasons, most frequent first, of the latest `looked_at` unmatched events."""

    looked_at: int
    reasons: list[Reason]


@dataclass(frozen=True)
class RecentEvent:
    """A row of the list of recent events; its fields are the columns of queries/metrics.sql, in their order."""

    event_id: UUID
    status: Status
    correlation_key: str | None
    created_at: datetime
    processed_at: datetime | None
    origin: Origin
    matched_run_id: UUID | None
    error_message: str | None
    workflows_started: int


@dataclass(frozen=True)
class RecentPage:
    """Events, latest first; the cursors lead to the pages beside it, None where there is none."""

    events: list[RecentEvent]
    newer: Cursor | None
    older: Cursor | None


def event_metrics(
    conn: Connection, *, tenant: UUID, event_type: str, window: Window, origins: Sequence[Origin] = ("live",)
) -> EventMetrics:
    """Everything counted of one event type in the window, and in the period of equal length before."""
    asked = {
        "tenant": tenant,
        "names": [event_type],
        "origins": origins,
        "boundaries": [window.previous_since, *window.boundaries],
    }
    events = rollups.events(conn, **asked).get(event_type, {})  # type: ignore[arg-type]
    runs = rollups.runs(conn, **asked).get(event_type, {})  # type: ignore[arg-type]
    durations = rollups.durations(conn, **asked) if runs else {}  # type: ignore[arg-type]
    periods = [
        Period(events.get(n, EventCounts()), runs.get(n, RunCounts()), durations.get(n))
        for n in range(len(window.starts) + 1)
    ]
    previous, *slices = periods
    total = Period(
        sum((p.events for p in slices), EventCounts()), sum((p.runs for p in slices), RunCounts()), durations.get(-1)
    )
    return EventMetrics(window, slices, total, previous)


def overview(
    conn: Connection, *, tenant: UUID, window: Window, origins: Sequence[Origin] = ("live",)
) -> list[EventOverview]:
    """Every event type with events in the window or in the period before it, busiest first.

    `totals` are by the window's slices.
    """
    names = rollups.names(conn, tenant=tenant)
    boundaries = [window.previous_since, *window.boundaries]
    events = rollups.events(conn, tenant=tenant, names=names, origins=origins, boundaries=boundaries)
    runs = rollups.runs(conn, tenant=tenant, names=names, origins=origins, boundaries=[window.since, window.until])
    found = []
    for name, counts in events.items():
        previous = counts.pop(0, EventCounts())
        totals = [counts.get(n + 1, EventCounts()).total for n in range(len(window.starts))]
        of_runs = runs.get(name, {}).get(0, RunCounts())
        found.append(EventOverview(name, sum(counts.values(), EventCounts()), previous, of_runs, totals))
    return sorted(found, key=lambda e: (-e.events.total, -e.previous.total, e.event_name))


def by_hour_of_week(
    conn: Connection, *, tenant: UUID, event_type: str, window: Window, origins: Sequence[Origin] = ("live",)
) -> list[list[int]]:
    """Events by weekday (0 is Monday) and hour of the window's time zone: 7 lists of 24."""
    grains = COUNT_GRAINS[:2] if window.on_the_hour else COUNT_GRAINS[:1]
    spans = rollups.spans([window.since, window.until], grains)
    parameters = {
        "tenant": tenant,
        "event_type": event_type,
        "origins": list(origins),
        "zone": window.zone.key,
        "grains": [s.grain for s in spans],
        "sinces": [s.since for s in spans],
        "untils": [s.until for s in spans],
    }
    week = [[0] * 24 for _ in range(7)]
    for weekday, hour, total in conn.execute(queries["by_hour_of_week"], parameters):
        week[weekday - 1][hour] = total
    return week


def unmatched_reasons(
    conn: Connection, *, tenant: UUID, event_type: str, window: Window, origins: Sequence[Origin] = ("live",)
) -> Reasons:
    """Why the latest REASONS_SAMPLE unmatched events started nothing. An event counts with each of its reasons."""
    parameters = {
        "tenant": tenant,
        "event_type": event_type,
        "origins": list(origins),
        "since": window.since,
        "until": window.until,
        "most": REASONS_SAMPLE,
    }
    rows = conn.execute(queries["unmatched_reasons"], parameters).all()
    return Reasons(rows[0].looked_at if rows else 0, [Reason(row.reason, row.events) for row in rows])


def recent(
    conn: Connection,
    *,
    tenant: UUID,
    event_type: str,
    since: datetime,
    until: datetime,
    origins: Sequence[Origin] = ("live",),
    status: Status | None = None,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
    limit: int = 25,
) -> RecentPage:
    """A page of the events in [since, until), latest first, beside the cursor given; any page costs the same."""
    if newer_than:
        statement, edge = "recent_newer", max(newer_than, Cursor(since, _FIRST_ID), key=_place)
    else:
        end = Cursor(until, _FIRST_ID)
        statement, edge = "recent", min(older_than or end, end, key=_place)
    parameters = {
        "tenant": tenant,
        "event_type": event_type,
        "origins": list(origins),
        "since": since,
        "until": until,
        "outcomes": _OUTCOMES[status] if status else [0, 1, 2, 3],
        "size": limit + 1,
        "edge": edge.created_at,
        "edge_id": edge.event_id,
    }
    rows = [RecentEvent(*row) for row in conn.execute(queries[statement], parameters).all()]
    more, rows = len(rows) > limit, rows[:limit]
    if newer_than:
        rows.reverse()
    before, after = (more, True) if newer_than else (older_than is not None, more)
    first, last = (rows[0], rows[-1]) if rows else (None, None)
    return RecentPage(
        rows,
        newer=Cursor(first.created_at, first.event_id) if first and before else None,
        older=Cursor(last.created_at, last.event_id) if last and after else None,
    )


def how_many(
    conn: Connection,
    *,
    tenant: UUID,
    event_type: str,
    since: datetime,
    until: datetime,
    origins: Sequence[Origin] = ("live",),
    status: Status | None = None,
) -> int:
    """How many events `recent` would find on all its pages."""
    found = rollups.events(conn, tenant=tenant, names=[event_type], origins=origins, boundaries=[since, until])
    counts = found.get(event_type, {}).get(0, EventCounts())
    return int(getattr(counts, status or "total"))


def _place(cursor: Cursor) -> tuple[datetime, UUID]:
    return cursor.created_at, cursor.event_id
