"""A range of time as its viewer sees it: in their time zone, cut into local hours or days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

Step = Literal["hour", "day"]

_HOUR = timedelta(hours=1)
#: Slices of an hour are shown up to this length; from the second on, days are.
LONGEST_BY_HOUR = timedelta(days=15)
SHORTEST_BY_DAY = timedelta(days=3)


@dataclass(frozen=True)
class Window:
    """The half-open range [since, until) in a time zone, cut where local hours or days begin."""

    since: datetime
    until: datetime
    zone: ZoneInfo
    step: Step

    @classmethod
    def of(cls, since: datetime, until: datetime, zone: ZoneInfo, step: Step | None = None) -> Window:
        """The window by hour or day as asked, or as its length suggests; too many hours become days."""
        length = until - since
        wanted = step or ("hour" if length < SHORTEST_BY_DAY else "day")
        return cls(since, until, zone, "day" if length > LONGEST_BY_HOUR else wanted)

    @property
    def previous_since(self) -> datetime:
        """Where the period of equal length before begins."""
        return self.since - (self.until - self.since)

    @cached_property
    def boundaries(self) -> list[datetime]:
        """Where slices begin, in UTC, and the window's end; the first and last slice may be cut short."""
        found = [self.since.astimezone(UTC)]
        while (following := self._following(found[-1])) < self.until:
            found.append(following)
        return [*found, self.until.astimezone(UTC)]

    @property
    def starts(self) -> list[datetime]:
        """Where slices begin, in the window's time zone."""
        return [at.astimezone(self.zone) for at in self.boundaries[:-1]]

    @property
    def on_the_hour(self) -> bool:
        """Whether local hours begin with hours of UTC throughout the window."""
        offsets = (at.utcoffset() for at in [*self.starts, self.until.astimezone(self.zone)])
        return not any((offset or timedelta()) % _HOUR for offset in offsets)

    def _following(self, at: datetime) -> datetime:
        """Where the local hour or day after the one of this moment begins, in UTC."""
        local = at.astimezone(self.zone)
        if self.step == "day":
            return start_of(local.date() + timedelta(days=1), self.zone)
        into_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        following = at - into_hour + _HOUR
        # A change of clocks by half an hour moves the hours: go back to where the local one began.
        return following - timedelta(minutes=following.astimezone(self.zone).minute)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins in a time zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
