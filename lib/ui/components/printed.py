"""What is on paper alone: what is filtered as a line of text, and tables with all their rows.

A table on the screen is a canvas of the rows in sight, and filters are what one presses. lib/ui/assets/print.css hides
both from paper and this from the screen (decision 0109).
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from lib.ui.components import table
from lib.ui.components.table import Column
from lib.ui.components.text import NOTHING, plural

#: More rows are no longer read on paper, and the page would carry them all.
MOST_ROWS = 500
_LEVELS = "▁▂▃▄▅▆▇█"


def draw_line(words: str) -> None:
    """Print these words."""
    st.html(f'<p class="printed">{escape(words)}</p>')


def draw_rows(frame: pd.DataFrame, columns: Mapping[str, Column]) -> None:
    """Print the rows, at most MOST_ROWS of them, after the same table of the screen."""
    st.html(as_html(frame, columns))
    if len(frame) > MOST_ROWS:
        draw_line(f"And {plural(len(frame) - MOST_ROWS, 'row')} more, which the CSV has.")


def as_html(frame: pd.DataFrame, columns: Mapping[str, Column]) -> str:
    """The rows as a table, each value as it reads on the screen. Text stays text."""
    shown = [name for name in frame.columns if name not in columns or not columns[name].is_hidden]
    head = "".join(_heading(frame[name], name, columns.get(name)) for name in shown)
    body = "".join(
        f"<tr>{''.join(_cell(value, columns.get(name)) for name, value in zip(shown, row, strict=True))}</tr>"
        for row in frame[shown].head(MOST_ROWS).itertuples(index=False)
    )
    return f'<table class="printed"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _heading(values: pd.Series[Any], name: str, column: Column | None) -> str:
    label = (column.config.get("label") if column else None) or name
    return f"<th{_class(pd.api.types.is_numeric_dtype(values))}>{escape(str(label))}</th>"


def _cell(value: Any, column: Column | None) -> str:
    if isinstance(value, (list, tuple)):
        return f"<td>{escape(_several(value))}</td>"
    if pd.isna(value):
        return f"<td{_class(bool(column and column.reads))}>{NOTHING}</td>"
    if column and column.value:
        return _cell(column.value(value), None)
    read = column.reads(value) if column and column.reads else str(value)
    tint = table.background(column.tint, value) if column and column.tint else ""
    style = f' style="{tint}"' if tint else ""
    return f"<td{_class(isinstance(value, (int, float)))}{style}>{escape(read)}</td>"


def _class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _several(values: list[Any] | tuple[Any, ...]) -> str:
    """Counts over time as bars, words one after the other."""
    if not all(isinstance(value, (int, float)) for value in values):
        return ", ".join(map(str, values))
    top = max(values, default=0) or 1
    return "".join(_LEVELS[round(value / top * (len(_LEVELS) - 1))] for value in values)
