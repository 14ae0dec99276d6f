"""Tables on paper: whole, with each value as it reads on the screen."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib.ui.components import printed, statuses, table

COLUMNS = {
    "Executions": table.number(),
    "Share": table.share(tint=lambda share: "red"),
    "Trend": table.trend(),
    "Status": table.state(statuses.EVENT),
    "Words": table.text("Said"),
    "Id": table.hidden(table.text()),
}


class Read(HTMLParser):
    """The names of the elements, the texts of the cells, and which of them are numbers."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.cells: list[str] = []
        self.numbers: list[str] = []
        self._is_number = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")
            self._is_number = ("class", "number") in attrs

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data
        if self._is_number:
            self.numbers.append(data)


def test_values_read_as_on_the_screen_and_numbers_stand_to_the_right() -> None:
    row = {"Event": "A", "Executions": 1284, "Share": 0.5, "Trend": [0, 7], "Status": "matched", "Words": None, "Id": 1}
    html = printed.as_html(pd.DataFrame([row]), COLUMNS)
    found = Read(html)
    assert found.cells[:6] == ["Event", "Executions", "Share", "Trend", "Status", "Said"], "what is hidden stays so"
    assert found.cells[6:] == ["A", "1,284", "50.0 %", "▁█", "Matched", "—"]
    assert found.numbers == ["Executions", "Share", "1,284", "50.0 %"]
    assert html.count("background-color") == 1


def test_what_is_missing_is_a_dash() -> None:
    frame = pd.DataFrame({"Executions": [3, None], "Share": [None, 0.25]})
    assert Read(printed.as_html(frame, COLUMNS)).cells[2:] == ["3", "—", "—", "25.0 %"]


def test_so_many_rows_are_printed() -> None:
    frame = pd.DataFrame({"Executions": range(printed.MOST_ROWS + 5)})
    assert Read(printed.as_html(frame, COLUMNS)).elements.count("tr") == printed.MOST_ROWS + 1


@given(st.text(), st.text(min_size=1))
def test_text_stays_text(value: str, name: str) -> None:
    found = Read(printed.as_html(pd.DataFrame({name: [value]}), {}))
    assert found.elements == ["table", "thead", "tr", "th", "tbody", "tr", "td"]
    assert found.cells == [name, value]
