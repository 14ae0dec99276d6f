"""What happened to events over a range, in figures: one event type's, or all of a tenant's beside each other.

An execution is an event in the range; success rate and durations are those of the runs that these events
started; a range is compared with the one of equal length before it. Counts come from lib.metrics.rollups and are exact.
What has to look into rows (reasons, schemas) looks at a bounded number of the latest and says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from lib.database import Connection, named_queries, paging
from lib.database.paging import Cursor
from lib.metrics import rollups
from lib.metrics.rollups import COUNT_GRAINS, OUTCOMES, Durations, EventCounts, EventStatus, Origin, RunCounts
from lib.metrics.time_window import Window

#: How many of the latest unmatched events are asked for their reasons.
REASONS_SAMPLE = 2000

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

    event_type: str
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
class ReasonCount:
    """Why events were unmatched: how many of those looked at have a candidate with this reason."""

    reason: str
    events: int


@dataclass(frozen=True)
class Reasons:
    """Reasons, most frequent first, of the latest `looked_at` unmatched events."""

    looked_at: int
    reasons: list[ReasonCount]


@dataclass(frozen=True)
class RecentEvent:
    """A row of the list of recent events."""

    event_id: UUID
    status: EventStatus
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
    return sorted(found, key=lambda e: (-e.events.total, -e.previous.total, e.event_type))


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
    return Reasons(rows[0].looked_at if rows else 0, [ReasonCount(row.reason, row.events) for row in rows])


def recent(
    conn: Connection,
    *,
    tenant: UUID,
    event_type: str,
    since: datetime,
    until: datetime,
    origins: Sequence[Origin] = ("live",),
    status: EventStatus | None = None,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
    limit: int = 25,
) -> RecentPage:
    """A page of the events in [since, until), latest first, beside the cursor given; any page costs the same."""
    asked = {
        "tenant": tenant,
        "event_type": event_type,
        "origins": list(origins),
        "outcomes": list(OUTCOMES[status] if status else chain(*OUTCOMES.values())),
    }
    found = paging.keyset_page(
        lambda side, bounds: [_recent(row) for row in conn.execute(queries[f"recent_{side}"], asked | bounds)],
        place=lambda event: Cursor(event.created_at, event.event_id),
        since=since,
        until=until,
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )
    return RecentPage(list(found.rows), newer=found.newer, older=found.older)


def _recent(row: Any) -> RecentEvent:
    event_id, outcome, *rest = row  # by their order: names cost a third of the time of a page
    return RecentEvent(event_id, rollups.status_of(outcome), *rest)


def how_many(
    conn: Connection,
    *,
    tenant: UUID,
    event_type: str,
    since: datetime,
    until: datetime,
    origins: Sequence[Origin] = ("live",),
    status: EventStatus | None = None,
) -> int:
    """How many events `recent` would find on all its pages."""
    found = rollups.events(conn, tenant=tenant, names=[event_type], origins=origins, boundaries=[since, until])
    counts = found.get(event_type, {}).get(0, EventCounts())
    return int(getattr(counts, status or "total"))
