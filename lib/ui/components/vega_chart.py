"""A chart of Altair on the page."""

from __future__ import annotations

from typing import Any

import altair as alt
import streamlit as st

# Altair checks every part of a chart against its schema when the part is made, and the whole once more when it is
# drawn: half of what a page of charts costs. Tests check the charts; whoever looks at them need not wait for that.
# Some of its ways check and copy all the same. So a chart gets its height when it is made, not by `properties`; a value
# is an `alt.YValue`, not an `alt.value`; what has a selection has a name, or Altair makes one of all its rows; and rows
# that layers share are given to the chart that joins them, for the same reason.
alt.utils.schemapi.disable_debug_mode()

Chart = alt.Chart | alt.LayerChart | alt.FacetChart


class _Unchecked:
    """A chart that is not checked when it is drawn."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    def to_dict(self) -> dict[str, Any]:
        """The chart as Vega-Lite's JSON, as Streamlit asks for it."""
        return self._chart.to_dict(validate=False)


def draw(chart: Chart, **options: Any) -> None:
    """Draw a chart that has a height in pixels; `options` are those of `st.altair_chart`."""
    # Its place is kept before it is drawn, so that nothing below it moves.
    place = {"height": int(chart["height"])}
    st.altair_chart(_Unchecked(chart), **place, **options)  # type: ignore[call-overload]
