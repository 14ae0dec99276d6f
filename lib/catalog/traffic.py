"""What came and what it started, of every event type of a tenant at once: what the catalog sorts by and sums up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from lib.database import Connection, named_queries
from lib.metrics import rollups
from lib.metrics.rollups import EventCounts, RunCounts

#: Cards, rows and the sums above them speak of this span up to now, and compare it with the one before.
SPAN = timedelta(days=7)
#: Of this many unmatched events it is looked up why they started nothing.
MOST_LOOKED_AT = 10_000

#: Figures that types can be sorted by.
Figure = Literal["executions", "success", "average", "workflows"]

FIGURES: tuple[Figure, ...] = get_args(Figure)

queries = named_queries.of(__name__)

_NO_EVENTS, _NO_RUNS = EventCounts(), RunCounts()


@dataclass(frozen=True)
class TypeTraffic:
    """Live events of one type in the span and in the one before, with the runs that they started."""

    events: EventCounts = _NO_EVENTS
    before: EventCounts = _NO_EVENTS
    runs: RunCounts = _NO_RUNS
    runs_before: RunCounts = _NO_RUNS
    workflows: int = 0

    def figure(self, name: Figure) -> float | None:
        """What the type is sorted by; None where it has no such figure."""
        if name == "executions":
            return self.events.total
        if name == "workflows":
            return self.workflows
        return self.runs.success_rate if name == "success" else self.runs.average_seconds


@dataclass(frozen=True)
class Traffic:
    """All types that had an event or have a workflow. `skipped` counts by reason events that no workflow took."""

    by_type: Mapping[str, TypeTraffic] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def busy(self) -> list[str]:
        """The types that had an event in the span."""
        return [name for name, one in self.by_type.items() if one.events.total]

    @property
    def stopped(self) -> list[str]:
        """The types that had events in the span before, and none since."""
        return [name for name, one in self.by_type.items() if one.before.total and not one.events.total]

    @property
    def events(self) -> EventCounts:
        return sum((one.events for one in self.by_type.values()), _NO_EVENTS)

    @property
    def events_before(self) -> EventCounts:
        return sum((one.before for one in self.by_type.values()), _NO_EVENTS)

    @property
    def runs(self) -> RunCounts:
        return sum((one.runs for one in self.by_type.values()), _NO_RUNS)

    @property
    def runs_before(self) -> RunCounts:
        return sum((one.runs_before for one in self.by_type.values()), _NO_RUNS)

    def figures(self, name: Figure) -> dict[str, float]:
        """The figure by type; types that have none are left out."""
        found = {event_type: one.figure(name) for event_type, one in self.by_type.items()}
        return {event_type: value for event_type, value in found.items() if value is not None}


def read(conn: Connection, *, tenant: UUID, now: datetime) -> Traffic:
    """The traffic of all types up to now."""
    attached = workflows(conn, tenant=tenant)
    names = rollups.names(conn, tenant=tenant)  # far fewer than there are types, where those are many
    boundaries = [now - 2 * SPAN, now - SPAN, now]
    events = rollups.events(conn, tenant=tenant, names=names, boundaries=boundaries)
    runs = rollups.runs(conn, tenant=tenant, names=sorted({*names, *attached}), boundaries=boundaries)
    by_type = {
        name: TypeTraffic(
            events=events.get(name, {}).get(1, _NO_EVENTS),
            before=events.get(name, {}).get(0, _NO_EVENTS),
            runs=runs.get(name, {}).get(1, _NO_RUNS),
            runs_before=runs.get(name, {}).get(0, _NO_RUNS),
            workflows=attached.get(name, 0),
        )
        for name in sorted(events.keys() | runs.keys() | attached.keys())
    }
    return Traffic(by_type, _skipped(conn, tenant=tenant, attached=list(attached), now=now))


def executions(conn: Connection, *, tenant: UUID, now: datetime) -> Traffic:
    """How many events of each type came in the span, and nothing else of the traffic, which is far less to read."""
    names = rollups.names(conn, tenant=tenant)
    events = rollups.events(conn, tenant=tenant, names=names, boundaries=[now - SPAN, now])
    return Traffic({name: TypeTraffic(slices[0]) for name, slices in events.items()})


def workflows(conn: Connection, *, tenant: UUID) -> dict[str, int]:
    """How many published workflows react to each type that has some."""
    return {row.event_type: row.workflows for row in conn.execute(queries["attached"], {"tenant": tenant})}


def _skipped(conn: Connection, *, tenant: UUID, attached: list[str], now: datetime) -> dict[str, int]:
    if not attached:
        return {}
    row = {"tenant": tenant, "attached": attached, "since": now - SPAN, "until": now, "most": MOST_LOOKED_AT}
    return {found.reason: found.events for found in conn.execute(queries["skipped"], row)}
