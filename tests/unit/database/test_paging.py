"""Pages beside a cursor: together they are the list, in either direction, however many rows share a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.database import paging
from lib.database.paging import Cursor, KeysetPage

START = datetime(2026, 6, 1, tzinfo=UTC)
PLACES = st.builds(
    lambda minute, number: Cursor(START + timedelta(minutes=minute), UUID(int=number)),
    st.integers(0, 9),
    st.integers(1, 9),
)
MOMENTS = st.none() | st.integers(-1, 11).map(lambda minute: START + timedelta(minutes=minute))


def page_of(rows: set[Cursor], **asked: Any) -> KeysetPage[Cursor]:
    """A page of rows that are nothing but their places, found as the statements find them."""

    def find(side: paging.Side, bounds: dict[str, Any]) -> list[Cursor]:
        edge = Cursor(bounds["edge"], bounds["edge_id"])
        if side == "older":
            found = sorted((r for r in rows if r.at >= bounds["since"] and r < edge), reverse=True)
        else:
            found = sorted(r for r in rows if r.at < bounds["until"] and r > edge)
        return found[: bounds["limit"]]

    return paging.keyset_page(find, place=lambda row: row, **{"older_than": None, "newer_than": None} | asked)


@given(st.sets(PLACES), MOMENTS, MOMENTS, st.integers(1, 5))
def test_pages_lead_through_the_range_and_back(
    rows: set[Cursor], since: datetime | None, until: datetime | None, limit: int
) -> None:
    asked: dict[str, Any] = {"since": since, "until": until, "limit": limit}
    wanted = [r for r in sorted(rows, reverse=True) if (not since or r.at >= since) and (not until or r.at < until)]
    pages = [page_of(rows, **asked)]
    assert pages[0].newer is None, "the latest page"
    while older := pages[-1].older:
        pages.append(page_of(rows, older_than=older, **asked))
        assert pages[-1].newer == pages[-1].rows[0]
    assert [row for page in pages for row in page.rows] == wanted
    back = pages[-1]
    for page in reversed(pages[:-1]):
        assert back.newer is not None
        back = page_of(rows, newer_than=back.newer, **asked)
        assert back.rows == page.rows and back.older == page.rows[-1]
    if len(pages) > 1:
        assert back.newer is None, "nothing is newer than the latest page"


@given(st.sets(PLACES), PLACES, MOMENTS, MOMENTS)
def test_a_cursor_outside_the_range_reaches_nothing_outside_it(
    rows: set[Cursor], cursor: Cursor, since: datetime | None, until: datetime | None
) -> None:
    asked: dict[str, Any] = {"since": since, "until": until, "limit": 100}
    inside = {r for r in rows if (not since or r.at >= since) and (not until or r.at < until)}
    assert set(page_of(rows, older_than=cursor, **asked).rows) == {r for r in inside if r < cursor}
    assert set(page_of(rows, newer_than=cursor, **asked).rows) == {r for r in inside if r > cursor}


@given(PLACES)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("junk", [None, "", "x", "~", "2026-01-01~", "2026-01-01T00:00:00~" + str(UUID(int=1))])
def test_any_other_text_is_no_cursor(junk: str | None) -> None:
    assert Cursor.parse(junk) is None
