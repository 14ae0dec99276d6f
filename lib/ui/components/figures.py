"""A chart in its frame: heading with its definition, the chart, and its numbers as a table and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pandas as pd
import streamlit as st

from lib.serialization import tables
from lib.ui.components.table import Column, draw_plain
from lib.ui.components.text import unseen


@contextmanager
def framed(
    title: str,
    definition: str,
    table: Callable[[], pd.DataFrame] | None = None,
    *,
    columns: Mapping[str, Column] | None = None,
    name: str = "",
    tools: Callable[[], None] | None = None,
) -> Iterator[None]:
    """A bordered box; `table` is asked for only when its popover is opened or its CSV downloaded.

    `columns` say how its values read; the CSV has them as they are. `name` is the key, and the CSV's file name.
    `tools` draws something else beside the heading.
    """
    with st.container(border=True, height="stretch", gap="small"):
        # Beside the heading, not at the right, where a chart under the mouse shows its own tools.
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{title}**", help=definition, width="content")
            if table:
                _numbers(title, table, columns or {}, name)
            if tools:
                tools()
        yield


def as_csv(table: pd.DataFrame) -> bytes:
    """The table as CSV that no spreadsheet takes for formulas; what is missing is empty, a trend a list of counts."""
    rows = (
        [None if not isinstance(value, list) and pd.isna(value) else value for value in row]
        for row in table.itertuples(index=False)
    )
    return "".join(tables.csv_lines([str(c) for c in table.columns], rows)).encode()


def _numbers(title: str, table: Callable[[], pd.DataFrame], columns: Mapping[str, Column], name: str) -> None:
    with st.container(horizontal=True, gap="xxsmall", width="content"):
        opened = st.popover(
            unseen(f"{title} as a table"),
            icon=":material/table_rows:",
            type="tertiary",
            key=f"{name}-table",
            on_change="rerun",
            help=f"{title} as a table",
        )
        if opened.open:
            with opened:
                draw_plain(table(), columns, width=560)
        st.download_button(
            unseen(f"{title} as CSV"),
            lambda: as_csv(table()),
            f"{name}.csv",
            "text/csv",
            icon=":material/download:",
            type="tertiary",
            key=f"{name}-csv",
            on_click="ignore",
            help=f"{title} as CSV",
        )
