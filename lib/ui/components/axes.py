"""Axes whose labels Vega could not write itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from lib.ui.components.text import duration

# What ticks of durations are apart, in seconds: round in the unit that they are written in.
_DURATION_STEPS = (
    *(number / 1000 for number in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(1, 2, 5, 10, 15, 30),
    *(60 * number for number in (1, 2, 5, 10, 15, 30)),
    *(3600 * number for number in (1, 2, 3, 6, 12)),
)
_MOST_DURATION_TICKS = 6


def durations(longest: float) -> tuple[alt.Axis, float]:
    """An axis of seconds from 0 that says durations as they are said everywhere, and where it may end.

    The end is the first tick that no value goes beyond.
    """
    most = _MOST_DURATION_TICKS - 1
    days = math.ceil(longest / (24 * 3600) / most)
    step = next((one for one in _DURATION_STEPS if longest <= one * most), days * 24 * 3600)
    ticks = [round(step * number, 3) for number in range(max(1, math.ceil(longest / step)) + 1)]
    return labelled(ticks, [duration(tick) for tick in ticks], labelOverlap=True), ticks[-1]


def labelled(ticks: Sequence[float], labels: list[str], **options: Any) -> alt.Axis:
    """An axis with these ticks, each with a label that Vega could not write itself."""
    return alt.Axis(values=[*ticks], labelExpr=f"{labels!r}[indexof({[*ticks]!r}, datum.value)]", **options)
