"""The metrics page as AppTest sees it: what the URL asks for, empty ranges, nonsense, numbers as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib.auth import downloads
from lib.auth.actors import Actor
from lib.database import Database
from lib.metrics.reports import EventMetrics, Period
from lib.metrics.rollups import EventCounts
from lib.metrics.time_window import Window, iso, moment, start_of
from lib.ui.components import figures
from lib.ui.metrics import charts, event_metrics, metrics_filters
from tests.conftest import ActorFactory
from tests.support import pages
from tests.support.tables import readings

NAME = "TICKET_CREATED"


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    return new_actor("read", name="Acme")


def open_page(**query: str) -> AppTest:
    app = pages.open_page("metrics.py", **query)
    assert not app.error
    return app


def add(db: Database, tenant: UUID, at: datetime, name: str = NAME, **columns: object) -> None:
    row = {"tenant": tenant, "event_name": name, "payload": "{}", "redacted_payload": "{}", "created_at": at, **columns}
    with db.owner.begin() as conn:
        conn.execute(
            text(f"INSERT INTO workflow_runtime_events ({', '.join(row)}) VALUES ({', '.join(':' + c for c in row)})"),
            row,
        )


def metrics_of(app: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


def test_figures_are_those_of_the_range_and_the_event(db: Database, actor: Actor) -> None:
    for hours in (1, 2, 30, 200):
        add(db, actor.tenant, hours_ago(hours), matched_run_id=uuid4())
    add(db, actor.tenant, hours_ago(3), error_message="broken")
    add(db, actor.tenant, hours_ago(3), origin="simulated")
    add(db, actor.tenant, hours_ago(3), "TICKET_UPDATED")
    app = open_page(eventType=NAME)
    assert metrics_of(app) | {"Executions": "4", "Matched": "3", "Unmatched": "0", "Errors": "1"} == metrics_of(app)
    assert metrics_of(open_page(eventType=NAME, range="24h"))["Executions"] == "3"
    assert metrics_of(open_page(eventType=NAME, range="30d"))["Executions"] == "5"
    assert metrics_of(open_page(eventType=NAME, tests="true"))["Executions"] == "5"
    app.segmented_control(key="range").set_value("24h").run()
    assert metrics_of(app)["Executions"] == "3"
    assert app.title[0].value == "Ticket Created" and "Metrics of `TICKET_CREATED`" in [c.value for c in app.caption]


def test_a_custom_range_is_whole_days_in_the_zone_of_the_url(db: Database, actor: Actor) -> None:
    for minute in (14, 15):
        add(db, actor.tenant, datetime(2026, 6, 3, 18, minute, tzinfo=UTC))
    kathmandu = open_page(eventType=NAME, **{"from": "2026-06-04", "to": "2026-06-04"}, tz="Asia/Kathmandu")
    assert metrics_of(kathmandu)["Executions"] == "1"
    timed = {"from": "2026-06-03T18:14:00Z", "to": "2026-06-04T00:00+05:45", "tz": "UTC"}
    assert metrics_of(open_page(eventType=NAME, **timed))["Executions"] == "1"
    app = open_page(eventType=NAME, since="2026-06-03", until="2026-06-03", tz="UTC")
    assert metrics_of(app)["Executions"] == "2"
    app.datetime_input(key="from-end").set_value(datetime(2026, 6, 3, 18, 15)).run()
    assert metrics_of(app)["Executions"] == "1" and app.query_params["from"] == "2026-06-03T18:15Z"
    assert any("against the 6 hours before" in c.value for c in app.caption)


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "yesterday"}, "“from” in the URL must be a date or a time"),
        ({"to": "2026-99-99"}, "“to” in the URL must be a date or a time"),
        ({"since": "x", "until": "y"}, "“from” in the URL must be a date or a time"),
        ({"from": "2026-06-04", "to": "2026-06-02"}, "The range ends before it begins."),
        ({"from": "2001-01-01", "to": "2026-06-02"}, "A range can have at most 3,660 days."),
    ],
)
def test_a_range_that_cannot_be_is_said_and_seven_days_are_shown(query: dict[str, str], said: str) -> None:
    app = open_page(eventType=NAME, **query)
    assert app.warning[0].value.startswith(said) and app.warning[0].value.endswith(" The last seven days are shown.")
    assert any("against the 7 days before" in c.value for c in app.caption)


def test_an_empty_range_says_so(actor: Actor) -> None:
    app = open_page(eventType=NAME)
    assert metrics_of(app)["Executions"] == "0" and metrics_of(app)["Success rate"] == "—"
    assert any("No events in these 7 days" in m.value for m in app.markdown)
    one = open_page(eventType=NAME, **{"from": "2026-06-04", "to": "2026-06-04"})
    assert any("No events in this day" in m.value for m in one.markdown)
    assert any(c.value == "No event came in this range, nor in the one before." for c in open_page().caption)


def test_a_single_event_is_drawn(db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(1))
    app = open_page(eventType=NAME)
    assert metrics_of(app)["Executions"] == "1"
    assert len(app.get("vega_lite_chart")) + len(app.get("arrow_vega_lite_chart")) >= 2


@pytest.mark.parametrize(
    "query",
    [
        {"range": "eternity"},
        {"tz": "Mars/Olympus"},
        {"step": "fortnight"},
        {"slice": "yesterday"},
        {"slice": "9999-12-31T23:59Z/0001-01-01T00:00Z"},
        {"outcome": "<b>"},
        {"older": "1-2"},
        {"newer": "x" * 9999},
        {"eventType": "<script>alert(1)</script>"},
        {"eventType": "a`b\u0000"},
    ],
)
def test_nonsense_in_the_url_shows_the_page(query: dict[str, str], db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(1))
    app = open_page(**({"eventType": NAME} | query))
    assert len(app.metric) == (4 if "eventType" in query else 8)
    assert any("There is no event" in m.value for m in app.markdown) == ("eventType" in query)


def test_what_the_url_asks_for_in_vain_is_told(db: Database, actor: Actor) -> None:
    for n in range(30):
        add(db, actor.tenant, hours_ago(1) - timedelta(seconds=n), correlation_key=f"{n:02}")
    app = open_page(eventType=NAME, range="5y", tz="Mars/Olympus", step="days")
    told = [warning.value for warning in app.warning]
    assert told == [
        "`range` in the address is left out: `5y` is not one of 24h, 7d, 30d, 90d, Custom.",
        "`tz` in the address is left out: `Mars/Olympus` is not a time zone.",
    ]
    assert app.query_params["step"] == "Days"
    app.segmented_control(key="range").set_value("24h").run()
    assert not app.warning, "told until one filters anew"
    for query, said in (
        ({"slice": "2020-01-01T00:00Z/2020-01-02T00:00Z"}, "not in this range"),
        ({"outcome": "bad"}, "is left out: `bad` is not one of matched, unmatched, error."),
        ({"newer": "tomorrow"}, "`newer` in the address is left out: `tomorrow` is no place in the list."),
        ({"older": f"2020-01-01T00:00:00+00:00~{uuid4()}"}, "by now"),
    ):
        gone = open_page(eventType=NAME, **query)
        assert any(said in caption.value for caption in gone.caption), query
        assert gone.dataframe[0].value["Correlation key"][0] == "00" and not gone.button(key="recent-older").disabled


def test_the_slice_of_the_url_narrows_the_recent_events(db: Database, actor: Actor) -> None:
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    for minutes, error in ((-1, None), (0, None), (30, "broken"), (60, None)):
        add(db, actor.tenant, at + timedelta(minutes=minutes), error_message=error, correlation_key=f"at {minutes}")
    window = f"{at:%Y-%m-%dT%H:%MZ}/{at + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
    app = open_page(eventType=NAME, slice=window)
    assert list(app.dataframe[0].value["Correlation key"]) == ["at 30", "at 0"]
    app = open_page(eventType=NAME, slice=window, outcome="error")
    assert list(app.dataframe[0].value["Correlation key"]) == ["at 30"]
    app.button(key="metrics-forget").click().run()
    assert len(app.dataframe[0].value) == 4 and "slice" not in app.query_params


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({}, "cba"),
        ({"outcome": "error"}, "b"),
        ({"tests": "true"}, "dcba"),
        ({"slice": True}, "cb"),
        ({"slice": True, "outcome": "unmatched", "tests": "true"}, "dc"),
        ({"tz": "Asia/Kathmandu"}, "cba"),
    ],
)
def test_open_in_activity_shows_the_same_events(query: dict[str, Any], keys: str, db: Database, actor: Actor) -> None:
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    add(db, actor.tenant, at - timedelta(seconds=1), correlation_key="a")
    add(db, actor.tenant, at, correlation_key="b", error_message="broken")
    add(db, actor.tenant, at + timedelta(minutes=59), correlation_key="c")
    add(db, actor.tenant, at + timedelta(minutes=59), correlation_key="d", origin="simulated")
    add(db, actor.tenant, at, "TICKET_UPDATED", correlation_key="e")
    add(db, actor.tenant, hours_ago(24 * 8), correlation_key="f")
    if query.get("slice"):
        query = query | {"slice": f"{iso(at)}/{iso(at + timedelta(hours=1))}"}
    app = open_page(eventType=NAME, **query)
    assert sorted(app.dataframe[0].value["Correlation key"]) == sorted(keys)
    link = next(link for link in app.get("page_link") if link.proto.label == "Open in activity")
    activity = pages.open_page("activity.py", **parse_qs(link.proto.query_string))
    assert not activity.error and not activity.warning
    assert sorted(activity.dataframe[0].value["Correlation key"]) == sorted(keys)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "names"),
    [("Europe/Berlin", 25 - 31, 2, ("CEST", "CET")), ("America/New_York", 1, 1, ("EDT", "EST"))],
)
def test_the_hour_that_comes_twice_is_told_apart(
    zone: str, day: int, hour: int, names: tuple[str, str], db: Database, actor: Actor
) -> None:
    there = ZoneInfo(zone)
    begin = datetime(2026, 11, 1) + timedelta(days=day - 1, hours=hour)
    first, second = (begin.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1))
    assert second - first == timedelta(hours=1)
    for at, key in ((first, "first"), (second, "second")):
        add(db, actor.tenant, at + timedelta(minutes=10), correlation_key=key)
    shown = {"from": f"{begin:%Y-%m-%d}", "to": f"{begin:%Y-%m-%d}", "tz": zone, "step": "Hours", "range": "Custom"}
    for at, key, name in ((first, "first", names[0]), (second, "second", names[1])):
        app = open_page(eventType=NAME, slice=f"{iso(at)}/{iso(at + timedelta(hours=1))}", **shown)
        assert list(app.dataframe[0].value["Correlation key"]) == [key]
        chip = app.button(key="metrics-forget").label
        assert f"{hour:02}:00 {name}" in chip and (names[0] in chip, names[1] in chip) != (False, False)
        link = next(link for link in app.get("page_link") if link.proto.label == "Open in activity")
        assert f"since={iso(at)}" in unquote(link.proto.query_string)
    window = Window.of(first - timedelta(hours=2), second + timedelta(hours=2), there, "hour")
    labels = [*charts.volume(EventMetrics(window, [Period()] * 5, Period(), Period())).data["When"]][:5]
    assert [label.partition(", ")[2] for label in labels] == [
        f"{hour - 2:02}:00" if hour > 1 else "23:00",
        f"{hour - 1:02}:00",
        f"{hour:02}:00 {names[0]}",
        f"{hour:02}:00 {names[1]}",
        f"{hour + 1:02}:00",
    ]


def test_recent_events_come_as_the_file_of_the_activity_page(db: Database, actor: Actor) -> None:
    for n in range(30):
        add(db, actor.tenant, hours_ago(1) - timedelta(seconds=n), correlation_key=f"={n}")
    add(db, actor.tenant, hours_ago(1), origin="simulated")
    add(db, actor.tenant, hours_ago(24 * 20))
    app = open_page(eventType=NAME)
    assert any(c.value.startswith("25 of 30 events · ") for c in app.caption)
    app.session_state["recent-export"] = True
    app.run()
    links = [link.proto.url for link in app.get("link_button")]
    token = next(link for link in links if "/api/v2/exports/" in link).rpartition("/")[2]
    asked = downloads.of_ticket(token)
    lines = list(asked.lines())
    assert len(lines) == 31 and ",'=29," in lines[-1]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (EventCounts(3, 3, 0, 0), "Every event of the range matched something."),
        (EventCounts(4, 3, 0, 1), "No event was unmatched: 3 matched, 1 error."),
        (EventCounts(2, 0, 0, 2), "No event was unmatched: 0 matched, 2 errors."),
        (EventCounts(2, 1, 1, 0), "No reason is recorded for 1 unmatched event."),
        (EventCounts(), "There were no events in this range."),
    ],
)
def test_without_reasons_the_words_follow_the_numbers(events: EventCounts, said: str) -> None:
    assert event_metrics.no_reasons(events) == said


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2026-10-25T00:00", "2026-10-26T00:00", "day"),
        ("2026-10-24T00:00", "2026-10-26T00:00", "2 days"),
        ("2026-06-01T00:00", "2026-06-01T06:00", "6 hours"),
        ("2026-06-01T00:00", "2026-06-01T01:00", "hour"),
        ("2026-06-01T00:00", "2026-06-01T00:45", "45 minutes"),
        ("2026-06-01T00:00", "2026-06-07T13:10", "6 days 13 hours"),
        ("2026-06-01T00:00", "2026-06-05T23:50", "5 days"),
        ("2026-10-24T00:00", "2026-10-27T00:00", "3 days"),
    ],
)
def test_a_range_is_as_long_as_people_say(since: str, until: str, said: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, last = (moment(text_, berlin, field="x") for text_ in (since, until))
    assert metrics_filters.length(Window.of(first, last, berlin)) == said


def test_recent_events_are_paged(db: Database, actor: Actor) -> None:
    for n in range(60):
        add(db, actor.tenant, hours_ago(1) - timedelta(seconds=n), correlation_key=f"{n:02}")
    app = open_page(eventType=NAME)
    seen = list(app.dataframe[0].value["Correlation key"])
    for _ in range(2):
        app.button(key="recent-older").click().run()
        seen += list(app.dataframe[0].value["Correlation key"])
    assert seen == [f"{n:02}" for n in range(60)]
    assert app.button(key="recent-older").disabled
    app.button(key="recent-newer").click().run()
    assert list(app.dataframe[0].value["Correlation key"]) == [f"{n:02}" for n in range(25, 50)]


def test_the_overview_leads_to_an_event_and_warns_of_silence(db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(1))
    add(db, actor.tenant, hours_ago(200), "TICKET_UPDATED")
    app = open_page()
    assert list(app.dataframe[0].value["Event"]) == [NAME, "TICKET_UPDATED"]
    assert app.dataframe[0].value["Unmatched share"].iloc[0] == 1
    assert readings(app.dataframe[0])["Unmatched share"][0] == "100 %", "written like the cards"
    assert "TICKET_UPDATED" in app.warning[0].value and NAME not in app.warning[0].value
    app.segmented_control(key="show").set_value("Schema conformance").run()
    assert list(app.dataframe[0].value["Event"]) == [NAME]


def test_the_most_failing_are_ranked_by_errors_and_lead_to_them(db: Database, actor: Actor) -> None:
    for n, (name, errors, others) in enumerate((("FEW", 2, 0), ("OFTEN", 3, 0), ("MOST", 4, 16))):
        for m in range(errors + others):
            add(db, actor.tenant, hours_ago(n + 1), name, error_message="broken" if m < errors else None)
    app = open_page()
    table = app.dataframe[0].value
    assert list(table["Event"]) == ["MOST", "OFTEN"], "two errors are no pattern"
    assert list(table["Errors"]) == [4, 3] and list(table["Error rate"]) == [0.2, 1]
    assert list(readings(app.dataframe[0])["Error rate"]) == ["20.0 %", "100 %"]
    assert len(app.dataframe[1].value) == 3


def test_another_tenants_events_are_not_counted(db: Database, actor: Actor, new_actor: ActorFactory) -> None:
    add(db, new_actor("read", name="Zeta").tenant, hours_ago(1))
    assert metrics_of(open_page(eventType=NAME))["Executions"] == "0"


def test_csv_is_inert_in_spreadsheets() -> None:
    table = pd.DataFrame({"=1+1": ["@x", None], "n": [-1, 2]})
    assert figures.as_csv(table).startswith(b"\xef\xbb\xbf"), "Excel takes it for another code page else"
    assert figures.as_csv(table).decode("utf-8-sig").splitlines() == ["'=1+1,n", "'@x,-1", ",2"]


def test_a_day_that_the_range_has_half_of_is_half_a_bar() -> None:
    zone, noon = ZoneInfo("UTC"), datetime(2026, 6, 3, 12, tzinfo=UTC)
    window = Window.of(noon, noon + timedelta(days=2, hours=1), zone, "day")
    data = charts.volume(EventMetrics(window, [Period()] * 3, Period(), Period())).data
    assert [*zip(data["left"], data["right"], strict=True)][:3] == [(0.5, 1), (1, 2), (2, 3 - 11 / 24)]
    assert [*data["When"]][:3] == ["Wed 3 Jun 2026, from 12:00", "Thu 4 Jun 2026", "Fri 5 Jun 2026, until 13:00"]
    short = Window.of(noon, noon + timedelta(hours=12, seconds=1), zone, "day")
    assert charts.volume(EventMetrics(short, [Period()] * 2, Period(), Period())).data["right"][1] == 1.15


def test_charts_ask_nobody_and_have_every_slice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since, until = (start_of(date(2026, 10, day), berlin) for day in (25, 27))
    window = Window.of(since, until, berlin, "hour")
    empty = EventMetrics(window, [Period()] * len(window.starts), Period(), Period())
    for draw in (charts.volume, charts.latency, charts.success):
        spec = draw(empty).to_json()
        assert "http" not in spec.replace("https://vega.github.io/schema", "")
    assert len(charts.volume_table(empty)) == len(window.starts) == 49
    assert len(set(charts.volume_table(empty)["From"])) == 49, "the hour that comes twice has two names"
    assert isinstance(charts.heatmap([[0] * 24 for _ in range(7)]), alt.Chart)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (112.5, 100, "+12 %"),
        (101, 100, "+1.0 %"),
        (99, 100, "-1.0 %"),
        (1200, 100, "×12"),
        (5, 0, "new"),
        (0, 0, None),
        (None, 1, None),
        (9999, 10_000, None),
        (10_001, 10_000, None),
        (9990, 10_000, "-0.1 %"),
    ],
)
def test_a_change_that_rounds_to_nothing_is_none(now: float | None, before: float | None, said: str | None) -> None:
    assert event_metrics.change(now, before) == said
