"""Exact counts of events and runs over any range, at a cost that does not grow with their number.

Statement triggers log every change as a signed delta (migration 0010). `fold` moves deltas into counts by
quarter hour, hour and day. A read adds up whole buckets, deltas not folded yet, and raw rows where the range
begins or ends inside a bucket, in one statement and so in one snapshot: it is exact at every moment.
`lib.operations.upkeep` calls what is periodic here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal, get_args
from uuid import UUID

from lib.database import Connection, advisory_locks, driver, named_queries

Origin = Literal["live", "simulated", "replay"]

ORIGINS: tuple[Origin, ...] = get_args(Origin)

#: Each event has one; an error comes before a match.
EventStatus = Literal["matched", "unmatched", "error"]

EVENT_STATUSES: tuple[EventStatus, ...] = get_args(EventStatus)

#: The values of the column `outcome` that each status stands for: bit 1 is a match, bit 2 an error.
OUTCOMES: dict[EventStatus, tuple[int, ...]] = {"unmatched": (0,), "matched": (1,), "error": (2, 3)}
_STATUSES = {outcome: status for status, outcomes in OUTCOMES.items() for outcome in outcomes}

#: Widths of buckets in minutes. Durations are not binned by quarter hour.
COUNT_GRAINS = (15, 60, 360, 1440)
DURATION_GRAINS = (60, 360, 1440)

#: Changes of either kind that are folded in one transaction.
MOST_A_FOLD = 1_000_000

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Span:
    """A part of a range that is read at one grain; grain 0 is raw rows."""

    grain: int
    since: datetime
    until: datetime


@dataclass(frozen=True)
class EventCounts:
    """Events of one name in one slice, by their disjoint status; the three always sum to the total."""

    total: int = 0
    matched: int = 0
    unmatched: int = 0
    error: int = 0

    def __add__(self, other: EventCounts) -> EventCounts:
        return EventCounts(
            self.total + other.total,
            self.matched + other.matched,
            self.unmatched + other.unmatched,
            self.error + other.error,
        )


@dataclass(frozen=True)
class RunCounts:
    """Runs started from the events of one slice; `completed` are those with a start and an end."""

    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    open: int = 0
    completed: int = 0
    duration_us: int = 0

    @property
    def success_rate(self) -> float | None:
        """Share of the started runs that succeeded, 0 to 1; None when none started."""
        return self.succeeded / self.runs if self.runs else None

    @property
    def average_seconds(self) -> float | None:
        """Mean time from a run's start to its end; None when none has both."""
        return self.duration_us / self.completed / 1e6 if self.completed else None

    def __add__(self, other: RunCounts) -> RunCounts:
        return RunCounts(
            self.runs + other.runs,
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.canceled + other.canceled,
            self.open + other.open,
            self.completed + other.completed,
            self.duration_us + other.duration_us,
        )


@dataclass(frozen=True)
class Durations:
    """Percentiles of the run durations of one slice, in seconds, each within 5 % of the true one."""

    completed: int
    p50: float
    p95: float
    p99: float


def spans(boundaries: Sequence[datetime], grains: Sequence[int]) -> list[Span]:
    """The fewest spans that cover every slice between boundaries exactly, never reaching across two slices.

    Boundaries are in order and zone-aware; `grains` are the widths at hand in minutes, each a multiple of the
    one before. Neighbours of the same grain are joined.
    """
    found: list[Span] = []
    for since, until in pairwise(boundaries):
        for span in _cover(since.astimezone(UTC), until.astimezone(UTC), list(grains)):
            if found and found[-1].grain == span.grain and found[-1].until == span.since:
                span = Span(span.grain, found.pop().since, span.until)
            found.append(span)
    return found


def events(
    conn: Connection,
    *,
    tenant: UUID,
    names: Sequence[str],
    boundaries: Sequence[datetime],
    origins: Sequence[Origin] = ("live",),
) -> dict[str, dict[int, EventCounts]]:
    """Events by name and slice, numbered from 0 between boundaries; slices without any are left out."""
    found: dict[str, dict[int, EventCounts]] = {}
    parameters = _parameters(tenant, names, boundaries, origins, COUNT_GRAINS)
    with _planned_for(conn, names):
        rows = conn.execute(queries["events"], parameters).all()
    for name, slice_, *counts in rows:
        found.setdefault(name, {})[slice_] = EventCounts(*counts)
    return found


def runs(
    conn: Connection,
    *,
    tenant: UUID,
    names: Sequence[str],
    boundaries: Sequence[datetime],
    origins: Sequence[Origin] = ("live",),
) -> dict[str, dict[int, RunCounts]]:
    """Runs by the name and slice of the event that started them; slices without any are left out."""
    found: dict[str, dict[int, RunCounts]] = {}
    parameters = _parameters(tenant, names, boundaries, origins, COUNT_GRAINS)
    with _planned_for(conn, names):
        rows = conn.execute(queries["runs"], parameters).all()
    for name, slice_, *counts in rows:
        found.setdefault(name, {})[slice_] = RunCounts(*counts)
    return found


def durations(
    conn: Connection,
    *,
    tenant: UUID,
    names: Sequence[str],
    boundaries: Sequence[datetime],
    origins: Sequence[Origin] = ("live",),
    together_from: int = 1,
) -> dict[int, Durations]:
    """Percentiles by slice, of all names together; -1 holds those of all slices from `together_from` on together.

    Of months that were dropped there are no rows to read below an hour: boundaries in them are moved back to whole
    hours.
    """
    dropped = dropped_until(conn)
    if dropped:
        boundaries = [floor_to(at, DURATION_GRAINS[0]) if at < dropped else at for at in boundaries]
    parameters = _parameters(tenant, names, boundaries, origins, DURATION_GRAINS) | {"together_from": together_from}
    return {slice_: Durations(*rest) for slice_, *rest in conn.execute(queries["durations"], parameters)}


def names(conn: Connection, *, tenant: UUID) -> list[str]:
    """Every event name that the tenant ever had an event of, in order."""
    return list(conn.execute(queries["names"], {"tenant": tenant}).scalars())


def fold(conn: Connection) -> int:
    """Move some logged changes into the counts; how many, 0 when there are none or another process is at it.

    Owner's connection. Readers see the same sums before and after.
    """
    if not alone(conn):
        return 0
    moved = 0
    for name in ("fold_events", "fold_runs"):
        moved += conn.execute(queries[name], {"most": MOST_A_FOLD}).scalar_one()
    return moved


def make_partitions(conn: Connection, *, months: int = 3) -> None:
    """Make the event table's partitions of this month and the next ones. Owner's connection.

    Raises DatabaseUnavailable when a backup or a long statement holds the table: whoever comes next would wait with it.
    """
    if alone(conn):
        wait_briefly(conn)
        conn.execute(queries["make_partitions"], {"months": months})


def wait_briefly(conn: Connection) -> None:
    """Let the transaction wait for no lock any longer than others can bear to wait behind it."""
    conn.execute(queries["wait_briefly"])


def dropped_until(conn: Connection) -> datetime | None:
    """Before when events, and the runs that they started, are counted but not kept; None when all are kept."""
    until: datetime | None = conn.execute(queries["dropped_until"]).scalar_one()
    return until


def alone(conn: Connection) -> bool:
    """Whether no other process folds, compares or moves partitions until this transaction ends; takes the lock."""
    return bool(conn.execute(queries["try_lock"], {"key": advisory_locks.COUNTS}).scalar_one())


def status_of(outcome: int) -> EventStatus:
    """The status that a value of the column `outcome` stands for."""
    return _STATUSES[outcome]


def floor_to(at: datetime, minutes: int) -> datetime:
    """The start of the bucket of that width that holds this moment, in UTC."""
    return at.astimezone(UTC) - (at - _EPOCH) % timedelta(minutes=minutes)


def _cover(since: datetime, until: datetime, grains: list[int]) -> Iterator[Span]:
    """Whole buckets of the coarsest grain in the middle, finer ones at either end, raw rows at the very ends."""
    if since >= until:
        return
    if not grains:
        yield Span(0, since, until)
        return
    *finer, grain = grains
    first = floor_to(since + timedelta(minutes=grain) - timedelta(microseconds=1), grain)
    last = floor_to(until, grain)
    if first >= last:
        yield from _cover(since, until, finer)
        return
    yield from _cover(since, first, finer)
    yield Span(grain, first, last)
    yield from _cover(last, until, finer)


def _planned_for(conn: Connection, names: Sequence[str]) -> AbstractContextManager[None]:
    """Plan for arrays of this length when they are long: a plan for any length is several times slower then."""
    return driver.planned_anew(conn) if len(names) > 1 else nullcontext()


def _parameters(
    tenant: UUID,
    names: Sequence[str],
    boundaries: Sequence[datetime],
    origins: Sequence[Origin],
    grains: Sequence[int],
) -> dict[str, object]:
    covered = spans(boundaries, grains)
    return {
        "tenant": tenant,
        "names": list(names),
        "origins": list(origins),
        "slices": list(boundaries[:-1]),
        "grains": [span.grain for span in covered],
        "sinces": [span.since for span in covered],
        "untils": [span.until for span in covered],
    }
