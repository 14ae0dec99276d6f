"""A range of time as its viewer sees it: in their time zone, cut into local hours or days."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from lib.errors import InvalidInput

SliceStep = Literal["hour", "day"]

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: Local hours begin on a quarter of an hour of UTC, whatever the zone's offset, and at most 90 minutes apart.
_QUARTER = timedelta(minutes=15)
_QUARTERS_LOOKED_AT = 6
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
#: Moments outside are taken for mistakes.
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2100, 1, 1)
#: Slices of an hour are shown up to this length; from the second on, days are.
LONGEST_BY_HOUR = timedelta(days=15)
SHORTEST_BY_DAY = timedelta(days=3)
#: Names beside those of time zones: that of the server's own, and that of a server which was not told any.
_NO_ZONES = {"localtime", "Factory"}


@dataclass(frozen=True)
class Window:
    """The half-open range [since, until) in a time zone, cut where local hours or days begin."""

    since: datetime
    until: datetime
    zone: ZoneInfo
    step: SliceStep
    #: Where the period begins that the window is compared with; without it, as long before as the window is long.
    compared_from: datetime | None = None

    @classmethod
    def of(
        cls,
        since: datetime,
        until: datetime,
        zone: ZoneInfo,
        step: SliceStep | None = None,
        compared_from: datetime | None = None,
    ) -> Window:
        """The window by hour or day as asked, or as its length suggests; too many hours become days."""
        length = until - since
        wanted = step or ("hour" if length < SHORTEST_BY_DAY else "day")
        return cls(since, until, zone, "day" if length > LONGEST_BY_HOUR else wanted, compared_from)

    @property
    def previous(self) -> Window:
        """The period that the window is compared with, cut in the same way, and over before this begins.

        It is as long. Whole days are so by the clock, as is a time of the calendar: clocks may have changed meanwhile.
        """
        back = self._days_back
        if back is None:
            return Window(self.since - (self.until - self.since), self.since, self.zone, self.step)
        until = min(self._moved(self.until, -back), self.since) if self.compared_from else self.since
        return Window(self.compared_from or self._moved(self.since, -back), until, self.zone, self.step)

    @cached_property
    def boundaries_before(self) -> list[datetime]:
        """Those of the period before, all of which is cut into what is compared with each slice of the window.

        To the nearest quarter hour, so that counts need not look into rows. What that period lacks takes no time in it.
        """
        before, back = self.previous, self._days_back
        since, until = before.since.astimezone(UTC), before.until.astimezone(UTC)
        found = [since]
        for at in self.boundaries[1:-1]:
            then = (at - (self.until - self.since) if back is None else self._moved(at, -back)) + _QUARTER / 2
            found.append(min(max(then - (then - _EPOCH) % _QUARTER, found[-1]), until))
        return [*found, until]

    @cached_property
    def _days_back(self) -> timedelta | None:
        """By how many days of the clock the period before is earlier; None where it is by the window's length."""
        since, until = self._clock(self.since), self._clock(self.until)
        if self.compared_from:
            return since.date() - self._clock(self.compared_from).date()
        return until - since if until > since and until.time() == since.time() else None

    def _clock(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None)

    def _moved(self, at: datetime, days: timedelta) -> datetime:
        """The moment at which clocks show the same time so many days later."""
        return (self._clock(at) + days).replace(tzinfo=self.zone).astimezone(UTC)

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
    def missing(self) -> tuple[float, float]:
        """The shares of the first local hour or day before the window, and of the last one after it, from 0 to 1."""
        first, last = self.boundaries[0], self.boundaries[-2]
        local = first.astimezone(self.zone)
        if self.step == "day":
            begin = start_of(local.date(), self.zone)
        else:
            begin = first - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        end = self._following(last)
        late = (first - begin) / (self._following(first) - begin)
        # A window within one hour or day is measured by the whole of it.
        early = (end - self.boundaries[-1]) / (end - (begin if last == first else last))
        return late, early

    def place(self, at: datetime) -> float:
        """Where a moment lies along the slices: 2.5 is the middle of the third one."""
        boundaries = self.boundaries
        n = min(max(bisect_right(boundaries, at) - 1, 0), len(boundaries) - 2)
        late, early = self.missing
        left, right = late * (n == 0), 1 - early * (n == len(boundaries) - 2)
        share = (at - boundaries[n]) / (boundaries[n + 1] - boundaries[n])
        return n + left + (right - left) * min(max(share, 0.0), 1.0)

    @property
    def on_the_hour(self) -> bool:
        """Whether local hours begin with hours of UTC throughout the window."""
        return not any(offset % _HOUR for _, offset in self.offsets)

    @cached_property
    def offsets(self) -> list[tuple[datetime, timedelta]]:
        """The offsets from UTC that the zone has in the window, each with since when, to the quarter hour."""
        at, until = self.boundaries[0], self.boundaries[-1]
        found = [(at, self._offset(at))]
        while at < until:
            following = min(at + _DAY, until)
            if self._offset(following) != found[-1][1]:
                following = at
                while self._offset(following) == found[-1][1]:
                    following += _QUARTER - (following - _EPOCH) % _QUARTER
                found.append((following, self._offset(following)))
            at = following
        return found

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self.zone).utcoffset() or timedelta()

    def _following(self, at: datetime) -> datetime:
        """Where the local hour or day after the one of this moment begins, in UTC."""
        local = at.astimezone(self.zone)
        if self.step == "day":
            return start_of(local.date() + timedelta(days=1), self.zone)
        following = at - (at - _EPOCH) % _QUARTER + _QUARTER
        # Where clocks change by half an hour, as on Lord Howe Island, an hour that is cut joins the one before.
        for _ in range(_QUARTERS_LOOKED_AT):
            if following.astimezone(self.zone).minute == 0:
                break
            following += _QUARTER
        return following


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones() - _NO_ZONES)


def moment(text: str, zone: ZoneInfo, *, field: str, end: bool = False) -> datetime:
    """The moment that an ISO date or time names, in UTC; without an offset it is one of the zone.

    A date is where its day begins, or, as the `end` of a range, where it ends. Raises InvalidInput.
    """
    text = text.strip()
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)  # in a URL, + is a space
        if len(text) <= len("2026-06-01"):
            found = start_of(at.date() + timedelta(days=end), zone)
        else:
            found = at.replace(tzinfo=at.tzinfo or zone).astimezone(UTC)
        if EARLIEST <= found.replace(tzinfo=None) <= LATEST:
            return found
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(field, "must be a date or a time from 2000 to 2100, such as 2026-06-01 or 2026-06-01T09:30Z")


def iso(at: datetime) -> str:
    """The moment in UTC, in which no hour comes twice, no longer than it must be: 2026-10-25T00:30Z."""
    naive = at.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(timespec="auto" if naive.second or naive.microsecond else "minutes") + "Z"


def end_of_this_minute() -> datetime:
    """Where ranges up to now end, on every page: those of two pages are the same, and so is one drawn again at once."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins in a time zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def is_ambiguous(at: datetime) -> bool:
    """Whether clocks of its time zone show this time twice, as they do where they are put back."""
    return at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()


def clock(at: datetime, form: str = "%H:%M") -> str:
    """The time as `form` writes it, with its zone's abbreviation where the clocks show it twice: 02:30 CEST."""
    return f"{at:{form}} {at.tzname()}" if is_ambiguous(at) else f"{at:{form}}"
