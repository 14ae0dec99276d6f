"""Charts: labels are what pages say elsewhere, days are parted, scales are said, marks stand where things were done."""

from __future__ import annotations

import ast
import csv
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.auth.changes import Change
from lib.metrics.conformance import Conformance
from lib.metrics.reports import EventMetrics, EventOverview, Period
from lib.metrics.rollups import Durations, EventCounts, RunCounts
from lib.metrics.time_window import SliceStep, Window
from lib.ui.components import axes, figures, printed, time_range
from lib.ui.components.text import duration
from lib.ui.metrics import charts, marks, overview, time_axis

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
    axes = [layer["encoding"]["y"] for layer in spec["layer"] if "y" in layer["encoding"]]
    for y in axes:
        assert list(labels_of(y["axis"]).values()) == ["0 ms", "30.0 s", "1 min", "1 min 30 s"]
        assert y["scale"]["domain"] == [0, 90]
    assert {row["Duration"] for data in spec["datasets"].values() for row in data} >= {"12.0 s", "1 min 20 s"}
    assert [*charts.latency_table(metrics).columns] == ["From", "Average (s)", "p50 (s)", "p95 (s)", "p99 (s)"]


@pytest.mark.parametrize("make", [charts.volume_table, charts.latency_table, charts.success_table])
def test_the_table_of_a_chart_says_times_as_its_tooltips_do(make: Callable[[EventMetrics], pd.DataFrame]) -> None:
    at = datetime(2026, 10, 1, 22, tzinfo=UTC)
    window = Window.of(at, at + timedelta(hours=2), ZoneInfo("Asia/Kathmandu"), "hour")
    frame = make(EventMetrics(window, [Period()] * len(window.starts), Period(), Period()))
    assert "<td>Fri 2 Oct, 04:00</td>" in printed.as_html(frame, time_axis.begin_column(window))
    assert "2026-10-02 04:00+05:45" in figures.as_csv(frame).decode()


def test_a_file_of_hours_says_their_time_zone() -> None:
    frame = charts.heatmap_table([[n] * 24 for n in range(7)], "Asia/Kathmandu")
    header, monday, *_ = figures.as_csv(frame).decode("utf-8-sig").splitlines()
    assert header.startswith('"Weekday, Asia/Kathmandu",00,01,') and monday.startswith("Mon,0,0,")


def test_a_file_has_nothing_where_the_page_has_a_dash() -> None:
    frame = overview.conformance_table([Conformance("A", 3, 0, [], [])])
    assert figures.as_csv(frame).decode("utf-8-sig").splitlines()[1] == "A,3,0,0.0,,"
    assert "<td>—</td>" in printed.as_html(frame, {})


def test_the_file_of_traffic_has_every_column_of_the_page() -> None:
    counts = EventCounts(total=4, matched=1, unmatched=2, error=1)
    found = [
        EventOverview(
            "A", counts, EventCounts(total=8), RunCounts(runs=3, succeeded=1, failed=2), [counts], [8], [1, 3]
        ),
        EventOverview("B", EventCounts(), EventCounts(total=1), RunCounts(), [EventCounts()], [1], [0, 0]),
    ]
    lines = csv.DictReader(figures.as_csv(overview.traffic_table(found)).decode("utf-8-sig").splitlines())
    first, second = lines
    assert (first["Executions"], first["Change"], first["Trend"], first["Before"]) == ("4", "-0.5", "[1, 3]", "8")
    assert (first["Matched"], first["Unmatched"], first["Errors"], first["Runs"]) == ("1", "2", "1", "3")
    assert (second["Executions"], second["Unmatched share"], second["Success rate"]) == ("0", "", "")


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


def layers(chart: object) -> list[dict[str, object]]:
    """The layers of a chart, each with its rows as `rows`."""
    spec = json.loads(chart.to_json())  # type: ignore[attr-defined]
    whole = spec.get("data", {})
    return [
        {**layer, "rows": spec["datasets"][layer.get("data", whole)["name"]]} for layer in spec.get("layer", [spec])
    ]


def hours(since: datetime, length: int, zone: str = "Europe/Berlin", step: SliceStep = "hour") -> EventMetrics:
    window = Window.of(since, since + timedelta(hours=length), ZoneInfo(zone), step)
    before = [0] * (len(window.starts) - 1) + [7]
    return EventMetrics(window, [Period()] * len(window.starts), Period(), Period(EventCounts(7, 7)), before)


@pytest.mark.parametrize("draw", [charts.volume, charts.latency, charts.success])
def test_days_that_are_read_by_hours_are_parted_at_midnight(draw: Callable[[EventMetrics], charts.Chart]) -> None:
    at = datetime(2026, 6, 3, 20, tzinfo=UTC)  # 22:00 there
    rules = [one for one in layers(draw(hours(at, 30))) if one["mark"].get("description") == "Midnight"]  # type: ignore[attr-defined]
    assert [row["at"] for row in rules[0]["rows"]] == [2, 26]  # type: ignore[attr-defined]
    axis = rules[0]["encoding"]["x"]["axis"]  # type: ignore[index]
    assert axis["labelAlign"] == "left", "a day's label begins with the day, and not under the day before"
    by_day = layers(draw(hours(at, 240, step="day")))
    assert not [one for one in by_day if one["mark"].get("description") == "Midnight"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("draw", [charts.volume, charts.latency, charts.success])
@pytest.mark.parametrize("is_marked", [True, False])
@pytest.mark.parametrize(("length", "step"), [(30, "hour"), (240, "day")])
def test_nothing_is_checked_hashed_or_made_from_json_while_a_chart_is_made(
    draw: Callable[..., charts.Chart], length: int, step: SliceStep, is_marked: bool
) -> None:
    metrics = hours(datetime(2026, 6, 3, 20, tzinfo=UTC), length, step=step)
    mark = marks.Mark(1.0, "Thu 4 Jun, 01:00", (Change(metrics.window.since, "Workflow “A” paused", None, None),))
    shown = [mark] if is_marked else []
    draw(metrics, marks=shown)  # the first one reads schemas and modules
    called: set[str] = set()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code.co_name) if event == "call" else None)
    try:
        draw(metrics, marks=shown)
    finally:
        sys.setprofile(None)
    assert "across" in called
    assert not called & {"validate_property", "hash_schema", "_compute_hash"}


def test_the_period_before_is_dotted_where_its_slices_would_stand() -> None:
    metrics = hours(datetime(2026, 6, 3, 0, tzinfo=UTC), 24)
    dotted = next(one for one in layers(charts.volume(metrics)) if "strokeDash" in one["mark"])  # type: ignore[operator]
    assert [row["at"] for row in dotted["rows"]] == [n + 0.5 for n in range(24)]  # type: ignore[attr-defined]
    assert dotted["rows"][-1] == {"n": 23, "at": 23.5, "Events": 7}  # type: ignore[index]
    without = EventMetrics(metrics.window, metrics.slices, Period(), Period(), [0] * 24)
    assert not [one for one in layers(charts.volume(without)) if "strokeDash" in one["mark"]]  # type: ignore[operator]


def test_a_bar_says_nothing_of_an_hour_that_the_period_before_does_not_have() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since, until = (datetime(2026, 10, day, tzinfo=berlin).astimezone(UTC) for day in (25, 26))
    window = Window.of(since, until, berlin)  # clocks show two o'clock twice
    before = [1000] * 25
    before[2] = 0
    metrics = EventMetrics(window, [Period()] * 25, Period(), Period(EventCounts(24_000)), before)
    bars = next(one["rows"] for one in layers(charts.volume(metrics)) if one.get("name") == "volume")
    said = {row["n"]: row["Before"] for row in bars}  # type: ignore[attr-defined]
    assert len(said) == 25 and said.pop(2) == "—" and {*said.values()} == {"1,000"}


def test_the_heat_map_says_its_scale_its_unit_and_its_zone() -> None:
    week = [[0] * 24 for _ in range(7)]
    week[2][5] = 41
    spec = json.loads(charts.heatmap(week, "Asia/Kathmandu").to_json())
    assert spec["encoding"]["x"]["title"] == "Hour of day, Asia/Kathmandu"
    legend = spec["encoding"]["color"]["legend"]
    assert legend["title"] == "Events" and legend["values"] == [0, 41]


def test_bars_of_a_sample_say_shares_and_no_counts_of_the_range() -> None:
    table = pd.DataFrame([("Paused", 3, 0.5)], columns=["Reason", "Events", "Share"])
    for is_sample, field in ((False, "Events"), (True, "Said")):
        *_, numbers = layers(charts.reasons(table, is_sample=is_sample))
        assert numbers["encoding"]["text"]["field"] == field and numbers["rows"][0]["Said"] == "50.0 %"  # type: ignore[index]


@pytest.mark.parametrize(("share", "said"), [(0.9996, "99.9 %"), (0.0003, "< 0.1 %"), (1.0, "100 %"), (0.0, "0 %")])
def test_charts_say_shares_in_the_words_of_tiles_and_tables(share: float, said: str) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    runs = RunCounts(runs=10_000, succeeded=round(10_000 * share))
    metrics = EventMetrics(Window.of(at, at + timedelta(hours=1), UTC), [Period(runs=runs)], Period(), Period())
    reasons = pd.DataFrame([("Paused", 3, share)], columns=["Reason", "Events", "Share"])
    for chart, field in ((charts.success(metrics), "Share"), (charts.reasons(reasons, is_sample=True), "Said")):
        *_, drawn = layers(chart)
        assert drawn["rows"][0][field] == said  # type: ignore[index]
        fields = {told["field"]: told.get("format") for told in drawn["encoding"]["tooltip"]}  # type: ignore[index]
        assert field in fields and not [form for form in fields.values() if form and "%" in form]


def done(window: Window, hour: float, words: str = "Workflow Triage paused", *, is_readable: bool = False) -> Change:
    audit_id = uuid4() if is_readable else None
    return Change(window.since + timedelta(hours=hour), words, "Ada" if is_readable else None, audit_id)


def test_marks_stand_where_something_was_done_and_close_ones_are_joined() -> None:
    window = hours(datetime(2026, 6, 3, 0, tzinfo=UTC), 40).window
    changes = [done(window, at, f"at {at}") for at in (30.0, 10.9, 10.1, 10.0)]
    first, second = marks.joined(changes, window)
    assert (first.place, first.number, second.place, second.number) == (10, 3, 30, 1)
    assert first.words == "3 changes: at 10.9 · at 10.1 · at 10.0" and second.words == "at 30.0"
    assert first.when == "Wed 3 Jun, 12:00 – 12:54"
    heads = next(
        one
        for one in layers(charts.volume(hours(window.since, 40), marks=[first, second]))
        if one["mark"].get("shape") == "triangle-down"  # type: ignore[attr-defined]
    )
    assert [(row["at"], row["mark"], row["What"]) for row in heads["rows"]] == [  # type: ignore[attr-defined]
        (10, 0, first.words),
        (30, 1, "at 30.0"),
    ]


@given(st.lists(st.floats(0, 47.9), max_size=30))
def test_no_change_is_lost_and_marks_keep_apart(times: list[float]) -> None:
    window = hours(datetime(2026, 6, 3, 0, tzinfo=UTC), 48).window
    changes = [done(window, at, str(at)) for at in sorted(times, reverse=True)]
    found = marks.joined(changes, window)
    assert [one for mark in reversed(found) for one in mark.changes] == changes
    assert all(later.place - earlier.place >= 48 / 40 for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    ("name", "since", "until", "before"),
    [
        ("Today", "2026-10-25T00:00+02:00", "2026-10-25T12:00+01:00", "2026-10-24T00:00+02:00"),
        ("Yesterday", "2026-10-24T00:00+02:00", "2026-10-25T00:00+02:00", "2026-10-23T00:00+02:00"),
        ("This week", "2026-10-19T00:00+02:00", "2026-10-25T12:00+01:00", "2026-10-12T00:00+02:00"),
        ("Last week", "2026-10-12T00:00+02:00", "2026-10-19T00:00+02:00", "2026-10-05T00:00+02:00"),
    ],
)
def test_days_and_weeks_begin_in_the_zone(name: str, since: str, until: str, before: str) -> None:
    now = datetime(2026, 10, 25, 11, tzinfo=UTC)  # the Sunday on which clocks there are put back
    found = time_range.of_calendar(name, ZoneInfo("Europe/Berlin"), now=now)
    assert found == tuple(map(datetime.fromisoformat, (since, until, before)))


@given(
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Africa/Cairo", "America/Havana", "Pacific/Auckland"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.booleans(),
)
@example("UTC", datetime(2026, 6, 7, 23, 59, 30), True)
def test_every_moment_is_in_today_and_in_this_week(zone: str, clock: datetime, is_last_minute: bool) -> None:
    """Ranges up to now end with the minute that it is, so in the last minute of a day they end at midnight."""
    there = ZoneInfo(zone)
    at = (clock.replace(hour=23, minute=59) if is_last_minute else clock).replace(tzinfo=there).astimezone(UTC)
    now = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for name, before in (("Today", "Yesterday"), ("This week", "Last week")):
        since, until, _ = time_range.of_calendar(name, there, now=now)
        assert since <= at < until == now
        assert time_range.of_calendar(before, there, now=now)[1] == since
