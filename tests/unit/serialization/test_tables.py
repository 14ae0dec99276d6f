from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.serialization import tables

CELLS = (
    st.none()
    | st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
    | st.text("'=+-@＝\t\r\n,\"", max_size=6)
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_what_is_written_is_read_again(rows: list[list[str | None]]) -> None:
    text = "".join(tables.csv_lines(["a", "b", "c"], rows))
    read = list(tables.read_csv(text))
    assert read == [["a", "b", "c"], *([cell or "" for cell in row] for row in rows)]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    written = "".join(tables.csv_lines(["a"], [[cell]])).splitlines(keepends=True)[1]
    assert written.removeprefix('"').startswith("'" + cell[0])
