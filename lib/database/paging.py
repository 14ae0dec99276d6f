"""Pages of a list that a time and an id put in order, latest first.

A page begins beside a cursor, not after so many rows: any page costs the same, and what arrives meanwhile moves none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

Row = TypeVar("Row")

Side = Literal["older", "newer"]

#: In the place of a bound that is not given.
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

#: Rows of a list that are counted one by one. How many there are beyond that, nobody needs to wait for.
COUNTED = 1000

_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, order=True)
class Cursor:
    """The place of a row: its time, then its id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC).isoformat()}~{self.id}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """The cursor that str() wrote, None for anything else."""
        at, _, row_id = (text or "").partition("~")
        try:
            moment = datetime.fromisoformat(at)
            return cls(moment, UUID(row_id)) if moment.tzinfo else None
        except ValueError:
            return None

    @classmethod
    def start_of(cls, moment: datetime) -> Cursor:
        """The place before all rows of a moment."""
        return cls(moment, _FIRST_ID)


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """Rows, latest first; the cursors lead to the pages beside them, None where there is none."""

    rows: tuple[Row, ...]
    newer: Cursor | None
    older: Cursor | None


@dataclass(frozen=True)
class Total:
    """How many rows a list has on all its pages; at least so many where nobody counted further."""

    number: int
    is_exact: bool = True

    @classmethod
    def counted(cls, number: int) -> Total:
        """Of a count that ended beyond COUNTED."""
        return cls(min(number, COUNTED), number <= COUNTED)

    def __str__(self) -> str:
        return f"{self.number:,}{'' if self.is_exact else '+'}"


def older_edge(older_than: Cursor | None, until: datetime | None) -> Cursor:
    """Where a page begins that is older than the cursor and than a bound."""
    end = Cursor.start_of(until or NEVER)
    return min(older_than or end, end)


def keyset_page(
    find: Callable[[Side, dict[str, Any]], Iterable[Row]],
    *,
    place: Callable[[Row], Cursor],
    since: datetime | None,
    until: datetime | None,
    older_than: Cursor | None,
    newer_than: Cursor | None,
    limit: int,
) -> KeysetPage[Row]:
    """The page of [since, until) beside the cursor given, else the latest one.

    `find` gets the side of the edge on which rows are wanted, nearest first, and the parameters since, until, edge,
    edge_id and limit. The edge is also the bound on its own side, so a statement needs only the other one.
    """
    side: Side = "newer" if newer_than else "older"
    edge = max(newer_than, Cursor.start_of(since or EVER)) if newer_than else older_edge(older_than, until)
    bounds = {"since": since or EVER, "until": until or NEVER, "edge": edge.at, "edge_id": edge.id, "limit": limit + 1}
    found = list(find(side, bounds))
    more, rows = len(found) > limit, found[:limit]
    if newer_than:
        rows.reverse()
    newer, older = (more, True) if newer_than else (older_than is not None, more)
    return KeysetPage(
        tuple(rows),
        newer=place(rows[0]) if rows and newer else None,
        older=place(rows[-1]) if rows and older else None,
    )
