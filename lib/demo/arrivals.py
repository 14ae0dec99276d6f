"""When the invented events came: the rhythm of a tenant's days and weeks, and the incidents that stand out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

# Share of a weekday's traffic by hour of the tenant's own day.
_HOURS = np.array([2, 1, 1, 1, 1, 2, 6, 20, 55, 78, 84, 76, 58, 70, 80, 76, 66, 45, 24, 14, 10, 8, 5, 3], float)
_WEEKDAYS = (1.08, 1.05, 1.0, 0.98, 0.86, 0.16, 0.12)


@dataclass(frozen=True)
class Plan:
    """What to invent: `events` is the expected number of events in `days` days up to `now`."""

    tenant: UUID
    time_zone: str
    weights: Mapping[str, float]
    incidents: list[dict[str, Any]]
    drifting: list[dict[str, Any]]
    events: int
    days: int
    now: datetime
    seed: int

    @property
    def start(self) -> datetime:
        """The moment at which the history begins."""
        return self.now - timedelta(days=self.days)


def arrivals(plan: Plan, rng: np.random.Generator) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Event types and seconds since the start, in order of time."""
    hours = plan.days * 24
    names = list(plan.weights)
    rates = np.outer(np.array([plan.weights[n] for n in names]), _rhythm(plan, hours))
    rates *= plan.events / rates.sum()
    for incident in plan.incidents:
        first = hours - round(incident["days_ago"] * 24)
        for name in set(incident["types"]) & set(names):
            row = names.index(name)
            usual = rates[row].mean()
            rates[row, first : first + incident["hours"]] = usual * incident["times"]
    counts = rng.poisson(rates)
    of_type, of_hour = np.nonzero(counts)
    times = counts[of_type, of_hour]
    seconds = np.repeat(of_hour, times) * 3600.0 + rng.random(int(times.sum())) * 3600
    order = np.argsort(seconds, kind="stable")
    types = np.repeat(of_type, times)[order]
    return [names[t] for t in types], seconds[order]


def _rhythm(plan: Plan, hours: int) -> np.ndarray[Any, Any]:
    """Relative traffic of each hour of the plan, by the tenant's own clock."""
    zone = ZoneInfo(plan.time_zone)
    local = [(plan.start + timedelta(hours=h, minutes=30)).astimezone(zone) for h in range(hours)]
    return np.array([_HOURS[t.hour] * _WEEKDAYS[t.weekday()] for t in local])
