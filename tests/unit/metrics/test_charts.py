"""Axes of durations: every label is what pages say elsewhere, in whatever unit the values need."""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.metrics.reports import EventMetrics, Period
from lib.metrics.rollups import Durations, RunCounts
from lib.metrics.time_window import Window
from lib.ui.components import axes
from lib.ui.components.text import duration
from lib.ui.metrics import charts

UI = Path(__file__).resolve().parents[3] / "lib" / "ui"


def labels_of(axis: dict[str, object]) -> dict[float, str]:
    """The label that the axis gives each of its ticks, by its Vega expression."""
    found = re.fullmatch(r"(\[.*\])\[indexof\((\[.*\]), datum\.value\)\]", str(axis["labelExpr"]))
    assert found
    labels, ticks = ast.literal_eval(found[1]), ast.literal_eval(found[2])
    assert ticks == axis["values"]
    return dict(zip(ticks, labels, strict=True))


@given(st.floats(0, 1e10))
@example(0)
@example(0.0004)
@example(80.0)
@example(3600.0)
@example(5 * 86_400.0)
@example(5 * 86_400.1)
def test_every_label_of_an_axis_is_a_duration_as_pages_write_it(longest: float) -> None:
    axis, end = axes.durations(longest)
    labels = labels_of(axis.to_dict())
    assert labels == {tick: duration(tick) for tick in labels}
    assert len(set(labels.values())) == len(labels), "two ticks never read the same"
    assert 2 <= len(labels) <= 6
    assert min(labels) == 0 and max(labels) == end >= longest


@pytest.mark.parametrize(
    ("longest", "labels"),
    [
        (0.012, ["0 ms", "5 ms", "10 ms", "15 ms"]),
        (0.9, ["0 ms", "200 ms", "400 ms", "600 ms", "800 ms", "1.0 s"]),
        (80, ["0 ms", "30.0 s", "1 min", "1 min 30 s"]),
        (270, ["0 ms", "1 min", "2 min", "3 min", "4 min", "5 min"]),
        (7000, ["0 ms", "30 min", "1 h 0 min", "1 h 30 min", "2 h 0 min"]),
    ],
)
def test_ticks_are_round_in_their_unit(longest: float, labels: list[str]) -> None:
    assert [*labels_of(axes.durations(longest)[0].to_dict()).values()] == labels


def test_the_chart_of_run_durations_and_its_table_say_their_unit() -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    window = Window.of(at, at + timedelta(hours=2), UTC, "hour")
    slices = [Period(runs=RunCounts(runs=1), durations=Durations(1, 12.0, 80.0, 81.0)), Period()]
    metrics = EventMetrics(window, slices, Period(), Period())
    spec = json.loads(charts.latency(metrics).to_json())
    axes = [layer["encoding"]["y"] for layer in spec["layer"]]
    for y in axes:
        assert list(labels_of(y["axis"]).values()) == ["0 ms", "30.0 s", "1 min", "1 min 30 s"]
        assert y["scale"]["domain"] == [0, 90]
    assert {row["Duration"] for data in spec["datasets"].values() for row in data} >= {"12.0 s", "1 min 20 s"}
    assert [*charts.latency_table(metrics).columns] == ["From", "Average (s)", "p50 (s)", "p95 (s)", "p99 (s)"]


def test_no_other_module_words_a_duration() -> None:
    """One rule, text.duration. A unit in another string of the interface would be a second one."""
    found = []
    for path in sorted({*UI.rglob("*.py")} - {UI / "components" / "text.py"}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{path.name}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
            and re.search(r"(^|[\s'\"])(ms|min)([\s'\"]|$)", node.value)
        ]
    assert not found
