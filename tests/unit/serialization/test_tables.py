from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.serialization import tables
from tests.support import work

CELLS = (
    st.none()
    | st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
    | st.text("'=+-@＝\t\r\n \xa0,;\"", max_size=8)
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_what_is_written_is_read_again(rows: list[list[str | None]]) -> None:
    text = "".join(tables.csv_lines(["a", "b", "c"], rows))
    read = list(tables.read_csv(text))
    assert read == [["a", "b", "c"], *([cell or "" for cell in row] for row in rows)]


@pytest.mark.parametrize(("text", "line"), [('a\n"b\nc\nd\n', 2), ('a\n"b\nc"\n"d"e\n', 4), ('"', 1)])
def test_a_quote_that_does_not_fit_is_told_by_its_row(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"a quote that does not fit in the row that begins at line {line}$"):
        list(tables.read_csv(text))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''=1", " =1", "\n=1", "\n", "\xa0@x"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    _, written = tables.csv_lines(["a"], [[cell]])
    assert written.removeprefix('"').startswith("'" + cell[0])


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r"])
@pytest.mark.parametrize("formula", ["=1+1", "'=1", "+1", "-1", "@SUM(A1)", " =1", "＝1"])
def test_no_part_of_a_cell_is_a_formula_where_others_separate(separator: str, formula: str) -> None:
    _, written = tables.csv_lines(["a", "b"], [["x", f"y{separator}{formula}"]])
    assert f"{separator}'{formula}" in written and f"{separator}{formula}" not in written


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r", "\n "])
def test_a_text_of_separators_alone_is_read_once(separator: str) -> None:
    def written(cell: str) -> None:
        assert list(tables.read_csv("".join(tables.csv_lines(["a"], [[cell]]))))

    assert work.compared(lambda: written(separator * 20_000), lambda: written("ab" * 20_000), most=50) <= 50


@pytest.mark.parametrize(("microsecond", "written"), [(0, "000000"), (1, "000001"), (120_000, "120000")])
def test_all_times_of_a_table_have_one_form(microsecond: int, written: str) -> None:
    at = datetime(2026, 11, 1, 1, 30, 0, microsecond, tzinfo=ZoneInfo("America/Chicago"), fold=1)
    assert tables.time_text(at) == f"2026-11-01T07:30:00.{written}+00:00"
