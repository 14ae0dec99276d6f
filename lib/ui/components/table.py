"""A table of rows, the same on every page.

The first cell is the way into the row. It is a button and not a link: Streamlit opens a link in another tab, which
begins another session. Values stay values, so a heading sorts durations, shares and moments by their size. How one
reads is said beside it, in the words of `lib.ui.components.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler
from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

from lib.metrics import time_window
from lib.ui.components import guard, viewer_time
from lib.ui.components import text as words
from lib.ui.components.statuses import HEX, Color, Looks

ROW_HEIGHT = 36
#: Said beside a page of a longer list.
SORTED = "Headings sort what is shown"
#: Of the row of headings, with room for the bar that moves the table.
_HEAD = 40
_MOST_ROWS_IN_SIGHT = 18
_MOST_PLAIN_ROWS_IN_SIGHT = 10
# The longest that is said: "59 min 59 s", and a moment to the second.
_DURATION, _MOMENT = 96, 150
_NUMBER = 88
_CLOCK = "%Y-%m-%d %H:%M:%S"

Width = int | None


@dataclass(frozen=True)
class Column:
    """One column: what Streamlit is told of it, what a value becomes, how that reads, and in which colour it stands."""

    config: ColumnConfig
    value: Callable[[Any], Any] | None = None
    reads: Callable[[Any], str] | None = None
    is_hidden: bool = False
    tint: Callable[[Any], Color] | None = None


@dataclass(frozen=True)
class WayIn:
    """The first column: `open` is called with the number of the row whose cell was pressed."""

    name: str
    open: Callable[[int], None]
    width: int
    help: str
    label: str | None = None


def text(label: str | None = None, *, width: Width = None, help: str | None = None) -> Column:
    """Words as they are."""
    return Column(st.column_config.TextColumn(label, width=width, help=help))


def hidden(column: Column) -> Column:
    """The same, but only shown to whoever asks for it in the table's menu: what is in sight is never cut off."""
    return replace(column, is_hidden=True)


def number(label: str | None = None, *, width: Width = _NUMBER, help: str | None = None) -> Column:
    """A count: 1,284."""
    return Column(st.column_config.NumberColumn(label, width=width, help=help), reads=lambda n: f"{n:,.0f}")


def share(
    label: str | None = None,
    *,
    width: Width = _NUMBER,
    help: str | None = None,
    tint: Callable[[float], Color] | None = None,
) -> Column:
    """A part of 1: 98.7 %."""
    return Column(st.column_config.NumberColumn(label, width=width, help=help), reads=words.percent, tint=tint)


def change(label: str | None = None, *, width: Width = _NUMBER, help: str | None = None) -> Column:
    """A difference as a part of what was before: +12.5 %."""
    config = st.column_config.NumberColumn(label, width=width, help=help)
    return Column(config, reads=words.changed_by)


def seconds(label: str | None = None, *, width: Width = _DURATION, help: str | None = None) -> Column:
    """A duration in seconds: 1 min 20 s."""
    return Column(st.column_config.NumberColumn(label, width=width, help=help), reads=words.duration)


def moment(label: str | None = None, *, zone: ZoneInfo | None = None, width: Width = _MOMENT) -> Column:
    """A moment in this time zone, else in the viewer's."""
    own = zone or viewer_time.zone()
    said = f"In the time zone {own.key}" if zone else f"In your time zone, {own.key}"
    config = st.column_config.DatetimeColumn(label, timezone=own.key, width=width, help=said)
    return Column(config, reads=lambda at: time_window.clock(at.astimezone(own), _CLOCK))


def state(looks: Looks, label: str | None = None, *, width: Width = 105, help: str | None = None) -> Column:
    """A state of this kind in its colour; rows have its name in `lib`."""
    known = looks.by_word
    config = st.column_config.MultiselectColumn(
        label, options=list(known), color=[look.color for look in known.values()], width=width, help=help
    )
    return Column(config, value=lambda name: [looks[name].word])


def marks(colors: Mapping[str, Color], label: str | None = None, *, width: Width, help: str | None = None) -> Column:
    """Any number of words, each in its colour; rows have a list of them."""
    config = st.column_config.MultiselectColumn(
        label, options=list(colors), color=list(colors.values()), width=width, help=help
    )
    return Column(config)


def trend(label: str | None = None, *, width: Width = 110, help: str | None = None) -> Column:
    """Counts over time as a small chart, each a bar of its own: a line would be smoothed."""
    return Column(st.column_config.BarChartColumn(label, y_min=0, width=width, help=help))


def draw(
    rows: Sequence[Mapping[str, Any]] | pd.DataFrame,
    columns: Mapping[str, Column],
    *,
    key: str,
    way_in: WayIn,
    most_in_sight: int = _MOST_ROWS_IN_SIGHT,
    when_chosen: Callable[[], None] | None = None,
) -> None:
    """Draw the rows with these columns after the way in, the rest of a long table under its own scroll bar.

    `when_chosen` is called when a cell is chosen; without it none can be.
    """
    pressed = f"{key}-open"

    def open_row() -> None:
        clicked = st.session_state[pressed]
        if clicked and clicked["row"] < len(rows):
            way_in.open(clicked["row"])

    choosing: dict[str, Any] = (
        {"on_select": guard.callback(when_chosen), "selection_mode": "single-cell"} if when_chosen else {}
    )
    st.dataframe(
        readable(pd.DataFrame(rows, columns=[way_in.name, *columns]), columns),
        key=key,
        hide_index=True,
        placeholder=words.NOTHING,
        row_height=ROW_HEIGHT,
        height=min(len(rows), most_in_sight) * ROW_HEIGHT + _HEAD,
        column_config={
            way_in.name: _first_cell(way_in, pressed, open_row),
            **{name: None if column.is_hidden else column.config for name, column in columns.items()},
        },
        **choosing,
    )


def _first_cell(way_in: WayIn, pressed: str, open_row: Callable[[], None]) -> ButtonColumnResult:
    return st.column_config.ButtonColumn(
        way_in.label,
        type="tertiary",
        alignment="left",
        key=pressed,
        on_click=guard.callback(open_row),
        pinned=True,
        width=way_in.width,
        help=way_in.help,
    )


def choose_rows(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Column], *, key: str, most_in_sight: int
) -> list[int]:
    """Draw rows to choose from, all of them chosen at first; the numbers of those that are chosen, in order."""
    state = st.dataframe(
        readable(pd.DataFrame(rows, columns=[*columns]), columns),
        key=key,
        hide_index=True,
        placeholder=words.NOTHING,
        row_height=ROW_HEIGHT,
        height=min(len(rows), most_in_sight) * ROW_HEIGHT + _HEAD,
        column_config={name: column.config for name, column in columns.items()},
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [*range(len(rows))]}},
    )
    return sorted(row for row in state["selection"]["rows"] if row < len(rows))


def redraw() -> None:
    """For `when_chosen`, where the page only has to be drawn anew."""


def draw_plain(frame: pd.DataFrame, columns: Mapping[str, Column], *, width: int | Literal["stretch"]) -> None:
    """Draw a table whose rows lead nowhere: the numbers of a chart."""
    st.dataframe(
        readable(frame, columns),
        hide_index=True,
        width=width,
        placeholder=words.NOTHING,
        row_height=ROW_HEIGHT,
        height=min(len(frame), _MOST_PLAIN_ROWS_IN_SIGHT) * ROW_HEIGHT + _HEAD,
        column_config={name: column.config for name, column in columns.items()},
    )


def chosen_row(key: str) -> int | None:
    """The row of the table with this key in which a cell is chosen."""
    cells = st.session_state[key]["selection"]["cells"] if key in st.session_state else ()
    return cells[0][0] if cells else None


def readable(frame: pd.DataFrame, columns: Mapping[str, Column]) -> Styler:
    """The values, each with how it reads: the browser shows the one and sorts by the other."""
    values = {name: frame[name].map(column.value) for name, column in columns.items() if column.value}
    reads: dict[Any, Any] = {name: column.reads for name, column in columns.items() if column.reads}
    styled = frame.assign(**values).style.format(reads, na_rep=words.NOTHING)
    for name, column in columns.items():
        if column.tint:
            styled = styled.map(partial(background, column.tint), subset=[name])
    return styled


def background(tint: Callable[[Any], Color], value: Any) -> str:
    """CSS of a colour behind the text, which stays readable on a light and on a dark page."""
    return "" if pd.isna(value) else f"background-color: {HEX[tint(value)]}33"
