"""A table hands values to the browser, which it sorts by, and beside each of them how it reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from lib.ui.components import table, text
from tests.support.tables import configuration, readings

AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {
        "Name": "One",
        "State": "FAILED",
        "Took": 80.0,
        "Runs": 12345,
        "Rate": 0.987,
        "Change": 0.125,
        "At": AT,
        "Trend": [1, 2],
    },
    {"Name": "Two", "State": "NEW", "Took": 9.2, "Runs": None, "Rate": 1.0, "Change": -0.5, "At": AT, "Trend": [0, 0]},
    {"Name": "Three", "State": "QUEUED", "Took": 0.879, "Runs": 7, "Rate": 0.0, "Change": 0, "At": AT, "Trend": None},
    {
        "Name": "Four",
        "State": "QUEUED",
        "Took": None,
        "Runs": 0,
        "Rate": None,
        "Change": None,
        "At": None,
        "Trend": None,
    },
]


def script(rows: list) -> None:  # type: ignore[type-arg]
    from zoneinfo import ZoneInfo

    from lib.ui.components import statuses, table

    table.draw(
        rows,
        {
            "State": table.state(statuses.RUN),
            "Took": table.seconds(),
            "Runs": table.number(),
            "Rate": table.share(),
            "Change": table.change(),
            "At": table.moment(zone=ZoneInfo("Europe/Berlin")),
            "Trend": table.trend(),
        },
        key="rows",
        way_in=table.WayIn("Name", lambda row: None, 200, "Opens it"),
    )


@pytest.fixture(scope="module")
def drawn() -> Any:
    return AppTest.from_function(script, args=(ROWS,)).run().dataframe[0]


def test_values_stay_what_one_can_sort_and_reckon_with(drawn: Any) -> None:
    values = drawn.value
    assert [kind.kind for kind in values.dtypes[["Took", "Runs", "Rate", "Change"]]] == ["f"] * 4
    assert list(values["Took"].sort_values().dropna()) == [0.879, 9.2, 80.0]
    assert values["At"].dtype.kind == "M" and values["At"][0] == AT


def test_each_value_reads_as_it_does_everywhere(drawn: Any) -> None:
    shown = readings(drawn)
    assert list(shown["Took"]) == ["1 min 20 s", "9.2 s", "879 ms", "—"]
    assert list(shown["Runs"]) == ["12,345", "—", "7", "0"]
    assert list(shown["Rate"]) == ["98.7 %", "100 %", "0 %", "—"]
    assert list(shown["Change"]) == ["+12.5 %", "−50.0 %", "as before", "—"]
    assert list(shown["At"])[2:] == ["2026-10-25 02:30:00 CEST", "—"], "the hour that comes twice names its zone"


def test_columns_say_no_format_that_would_hide_how_a_value_reads(drawn: Any) -> None:
    """Streamlit prefers a column's own format to a value's; and numbers stand at the right unless one says more."""
    columns = configuration(drawn)
    for name in ("Took", "Runs", "Rate", "Change"):
        assert columns[name]["type_config"] == {"type": "number"} and "alignment" not in columns[name]
    assert columns["At"]["type_config"] == {"type": "datetime", "timezone": "Europe/Berlin"}


def test_the_first_column_is_the_way_in_and_stays_in_sight(drawn: Any) -> None:
    columns = configuration(drawn)
    assert next(iter(drawn.value.columns)) == "Name"
    assert columns["Name"]["type_config"]["type"] == "button" and columns["Name"]["pinned"]
    assert [name for name, one in columns.items() if one.get("type_config", {}).get("type") == "button"] == ["Name"]


def test_a_state_is_a_word_and_a_new_one_has_one_too(drawn: Any) -> None:
    assert [list(words) for words in drawn.value["State"]] == [["Failed"], ["New"], ["Queued"], ["Queued"]]
    options = configuration(drawn)["State"]["type_config"]["options"]
    assert {"value": "Failed", "color": "red"} in options


@given(some.lists(some.one_of(some.none(), some.floats(0, 1e7)), min_size=1, max_size=5))
def test_any_duration_reads_as_text_says_it(seconds: list[float | None]) -> None:
    frame = pd.DataFrame({"Took": pd.Series(seconds, dtype=float)})
    styled = table.readable(frame, {"Took": table.seconds()})
    styled._compute()
    shown = [row[-1]["display_value"] for row in styled._translate(False, False)["body"]]
    assert shown == [text.NOTHING if one is None else text.duration(one) for one in seconds]


def test_moments_are_of_one_day_apart_in_their_own_zone() -> None:
    rows = [ROWS[0] | {"At": AT + timedelta(days=day)} for day in range(2)]
    shown = readings(AppTest.from_function(script, args=(rows,)).run().dataframe[0])
    assert list(shown["At"]) == ["2026-10-25 02:30:00 CEST", "2026-10-26 01:30:00"]
