"""What happened to events over a range, in figures: one event type's, or all of a tenant's beside each other.

An execution is an event in the range; success rate and durations are those of the runs that these events
started; a range is compared with the one as long before it, whole days by the clock. Counts come from
lib.metrics.rollups and are exact.
What has to look into rows (reasons, schemas) looks at a bounded number of the latest and says how many.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import Any
from uuid import UUID

from lib.database import Connection, named_queries, paging
from lib.database.paging import Cursor
from lib.metrics import rollups
from lib.metrics.rollups import COUNT_GRAINS, OUTCOMES, Durations, EventCounts, EventStatus, Origin, RunCounts
from lib.metrics.time_window import Window

#: How many of the latest unmatched events are asked for their reasons.
REASONS_SAMPLE = 2000
#: Steps of a trend beside an event type's name: quarters of a day where the range is a week.
TREND_STEPS = 28

_QUARTER = timedelta(minutes=15)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Period:
    """The figures of one stretch of time; the three statuses of events always sum to their total."""

    events: EventCounts = field(default_factory=EventCounts)
    runs: RunCounts = field(default_factory=RunCounts)
    durations: Durations | None = None


@dataclass(frozen=True)
class EventMetrics:
    """One event type over a window: slice by slice, all together, and the period before.

    `before` are the events of that period by the slice that they are compared with.
    """

    window: Window
    slices: list[Period]
    total: Period
    previous: Period
    before: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class EventOverview:
    """One event type beside the others.

    `slices` are those of the window, `before` as in EventMetrics. `trend` has the window in at most TREND_STEPS steps.
    """

    event_type: str
    events: EventCounts
    previous: EventCounts
    runs: RunCounts
    slices: list[EventCounts]
    before: list[int]
    trend: list[int]

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


@dataclass(frozen=True)
class RecentPage:
    """Events, latest first; the cursors lead to the pages beside it, None where there is none."""

    events: list[RecentEvent]
    newer: Cursor | None
    older: Cursor | None


def event_metrics(
    conn: Connection, *, tenant: UUID, event_type: str, window: Window, origins: Sequence[Origin] = ("live",)
) -> EventMetrics:
    """Everything counted of one event type in the window, and in the period that it is compared with."""
    before = window.previous
    asked: dict[str, Any] = {"tenant": tenant, "names": [event_type], "origins": origins}
    by_slice = _joined(window.boundaries_before, window.boundaries)
    found = rollups.events(conn, boundaries=by_slice, **asked).get(event_type, {})
    events, earlier = (_slices(found, by_slice, each) for each in (window.boundaries, window.boundaries_before))
    # Of the runs of the period before nobody asks for slices, and percentiles do not add up.
    ends = _joined([before.since, before.until], window.boundaries)
    first = ends.index(window.boundaries[0])
    runs = rollups.runs(conn, boundaries=ends, **asked).get(event_type, {})
    durations = rollups.durations(conn, boundaries=ends, together_from=first, **asked) if runs else {}
    slices = [
        Period(counts, runs.get(n, RunCounts()), durations.get(n)) for n, counts in enumerate(events, start=first)
    ]
    total = Period(sum(events, EventCounts()), sum((p.runs for p in slices), RunCounts()), durations.get(-1))
    previous = Period(sum(earlier, EventCounts()), runs.get(0, RunCounts()), durations.get(0))
    return EventMetrics(window, slices, total, previous, [counts.total for counts in earlier])


def overview(
    conn: Connection, *, tenant: UUID, window: Window, origins: Sequence[Origin] = ("live",)
) -> list[EventOverview]:
    """Every event type with events in the window or in the period before it, or with runs in it, busiest first.

    A run that was repeated in the window may be all that there is: its event may have come long before.
    """
    names = rollups.names(conn, tenant=tenant)
    trend = trend_boundaries(window)
    boundaries = _joined(window.boundaries_before, window.boundaries, trend)
    events = rollups.events(conn, tenant=tenant, names=names, origins=origins, boundaries=boundaries)
    runs = rollups.runs(conn, tenant=tenant, names=names, origins=origins, boundaries=[window.since, window.until])
    found = []
    for name in events.keys() | runs.keys():
        counts = events.get(name, {})
        slices, earlier, steps = (
            _slices(counts, boundaries, each) for each in (window.boundaries, window.boundaries_before, trend)
        )
        if name in runs or any(counts.total for counts in (*slices, *earlier)):
            found.append(
                EventOverview(
                    event_type=name,
                    events=sum(slices, EventCounts()),
                    previous=sum(earlier, EventCounts()),
                    runs=runs.get(name, {}).get(0, RunCounts()),
                    slices=slices,
                    before=[one.total for one in earlier],
                    trend=[one.total for one in steps],
                )
            )
    return sorted(found, key=lambda e: (-e.events.total, -e.previous.total, e.event_type))


def together(found: Sequence[EventOverview], window: Window) -> EventMetrics:
    """All these event types as if they were one; runs are counted for the whole range alone."""
    slices = [sum(each, EventCounts()) for each in zip(*(one.slices for one in found), strict=True)]
    before = [sum(each) for each in zip(*(one.before for one in found), strict=True)]
    return EventMetrics(
        window,
        [Period(counts) for counts in slices] or [Period() for _ in window.starts],
        Period(sum(slices, EventCounts()), sum((one.runs for one in found), RunCounts())),
        Period(sum((one.previous for one in found), EventCounts())),
        before,
    )


def trend_boundaries(window: Window) -> list[datetime]:
    """At most TREND_STEPS steps of equal length, between quarters of an hour but for the window's ends."""
    since, until = window.boundaries[0], window.boundaries[-1]
    step = max(-((since - until) / TREND_STEPS // _QUARTER), 1) * _QUARTER
    last = rollups.floor_to(until, 15)
    between = (last - n * step for n in range(TREND_STEPS - 1, 0, -1))
    return [since, *(at for at in between if at > since), until]


def _joined(*boundaries: Sequence[datetime]) -> list[datetime]:
    """All of these boundaries, each once and in order."""
    return sorted(set(chain(*boundaries)))


def _slices(
    counts: Mapping[int, EventCounts], boundaries: Sequence[datetime], wanted: Sequence[datetime]
) -> list[EventCounts]:
    """The counts of slices between all boundaries, added up between the wanted ones of them."""
    numbers = [bisect_left(boundaries, at) for at in wanted]
    return [
        sum((counts[n] for n in range(first, last) if n in counts), EventCounts()) for first, last in pairwise(numbers)
    ]


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
        "offsets": [offset for _, offset in window.offsets],
        "holding_since": [since for since, _ in window.offsets],
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
