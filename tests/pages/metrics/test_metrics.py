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

from lib import database
from lib.auth import acts, audit, audit_trail, downloads
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditFilters
from lib.database import Database
from lib.events import export as event_export
from lib.metrics import reports
from lib.metrics.reports import EventMetrics, Period
from lib.metrics.rollups import EventCounts
from lib.metrics.time_window import Window, end_of_this_minute, iso, moment, start_of
from lib.ui.components import figures
from lib.ui.components.statuses import HEX
from lib.ui.metrics import charts, event_metrics, key_figures, metrics_filters
from tests.conftest import ActorFactory
from tests.support import catalog_page, pages, workflow_runs
from tests.support.tables import readings, styles

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


def add_run(db: Database, tenant: UUID, workflow: UUID, at: datetime, status: str) -> None:
    row = {"t": tenant, "w": workflow, "at": at, "s": status, "n": NAME}
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, workflow_id, workflow_version, status, event_type, triggered_at,"
                " started_at, completed_at) VALUES (:t, :w, 1, :s, :n, :at, :at, :at)"
            ),
            row,
        )


def metrics_of(app: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def bars_of(metrics: EventMetrics) -> pd.DataFrame:
    """A row a bar of the volume's chart."""
    chart = charts.volume(metrics)
    return next(data for one in (chart, *chart.layer) if isinstance(data := one.data, pd.DataFrame) and "Total" in data)


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


def test_the_last_seven_days_are_the_same_on_every_page(db: Database, actor: Actor) -> None:
    begin = end_of_this_minute() - timedelta(days=7)
    add(db, actor.tenant, begin - timedelta(milliseconds=1))  # less than a week ago, in a minute that is over
    add(db, actor.tenant, begin + timedelta(hours=1))
    catalog = pages.new_session().run()
    (card,) = catalog_page.entries(catalog)
    event, activity = (
        pages.open_page(page, **query)
        for page, query in (("event.py", {"eventType": NAME}), ("activity.py", {"time": "Last 7 days"}))
    )
    assert catalog_page.figures(catalog)["events"]["value"] == card["figures"][0]["word"] == "1"
    assert metrics_of(event)["Executions, 7 days"] == "1"
    assert metrics_of(open_page())["Executions"] == metrics_of(open_page(eventType=NAME))["Executions"] == "1"
    assert any(one.value.startswith("1 event ·") for one in activity.caption)


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
    assert any("against the 5 hours 45 minutes before" in c.value for c in app.caption)


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
    assert any("No events in these 7 days" in m.value for m in open_page().markdown)
    for span in ("Today", "Yesterday", "This week", "Last week"):
        of_calendar = open_page(eventType=NAME, range=span)
        assert f"## No events {span.lower()}" in [m.value for m in of_calendar.markdown]


@pytest.mark.parametrize("event_type", [NAME, None])
def test_an_empty_range_leads_to_a_longer_one(event_type: str | None, db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(24 * 40))
    custom = {"from": "2026-01-01", "to": "2026-01-02", **({"eventType": event_type} if event_type else {})}
    app = open_page(**custom)
    app.button(key="metrics-longer").click().run()
    assert metrics_of(app)["Executions"] == "1"
    assert "from" not in app.query_params and app.query_params["range"] == "90d"


def test_there_is_nothing_longer_than_the_longest_range(actor: Actor) -> None:
    assert not [one for one in open_page(range="90d", eventType=NAME).button if one.key == "metrics-longer"]


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
    latest = hours_ago(1)
    for n in range(30):
        add(db, actor.tenant, latest - timedelta(seconds=n), correlation_key=f"{n:02}")
    app = open_page(eventType=NAME, range="5y", tz="Mars/Olympus", step="days")
    told = [warning.value for warning in app.warning]
    assert told == [
        "`range` in the address is left out: `5y` is not one of 24h, 7d, 30d, 90d, Today, Yesterday, "
        "This week, Last week, Custom.",
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
    labels = [*bars_of(EventMetrics(window, [Period()] * 5, Period(), Period()))["When"]][:5]
    assert [label.partition(", ")[2] for label in labels] == [
        f"{hour - 2:02}:00" if hour > 1 else "23:00",
        f"{hour - 1:02}:00",
        f"{hour:02}:00 {names[0]}",
        f"{hour:02}:00 {names[1]}",
        f"{hour + 1:02}:00",
    ]


def test_recent_events_come_as_the_file_of_the_activity_page(db: Database, actor: Actor) -> None:
    latest = hours_ago(1)
    for n in range(30):
        add(db, actor.tenant, latest - timedelta(seconds=n), correlation_key=f"={n}")
    add(db, actor.tenant, hours_ago(1), origin="simulated")
    add(db, actor.tenant, hours_ago(24 * 20))
    app = open_page(eventType=NAME)
    assert any(c.value.startswith("25 of 30 events · ") for c in app.caption)
    app.session_state["recent-export"] = True
    app.run()
    links = [link.proto.url for link in app.get("link_button")]
    token = next(link for link in links if "/api/v2/exports/" in link).rpartition("/")[2]
    asked = downloads.of_ticket(token)
    lines = list(event_export.asked_lines(asked.person.actor(), download=asked.download))
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
        ("2026-06-01T00:00:00", "2026-06-01T00:00:20", "20 seconds"),
        ("2026-06-01T00:00", "2026-06-01T05:20", "5 hours 20 minutes"),
        ("2026-06-01T00:00", "2026-06-01T03:01", "3 hours 1 minute"),
        ("2026-06-01T00:00", "2026-06-02T12:30", "36 hours 30 minutes"),
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
    latest = hours_ago(1)
    for n in range(60):
        add(db, actor.tenant, latest - timedelta(seconds=n), correlation_key=f"{n:02}")
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


def test_types_with_nothing_but_repeated_runs_are_no_types_that_may_have_stopped(db: Database, actor: Actor) -> None:
    workflow = workflow_runs.publish(actor.tenant, [], name="Triage", trigger={"type": "event", "eventName": NAME})
    add(db, actor.tenant, hours_ago(1), "TICKET_UPDATED")
    add(db, actor.tenant, hours_ago(24 * 30))
    add_run(db, actor.tenant, workflow, hours_ago(2), "FAILED")
    app = open_page()
    tiles = {m.label: (m.value, m.proto.delta or m.delta) for m in app.metric}
    assert tiles["Stopped coming"] == ("0", "of 1 event type") and tiles["Success rate"][0] == "0 %"


def test_the_most_failing_are_ranked_by_rate_above_a_floor_and_coloured(db: Database, actor: Actor) -> None:
    for n, (name, errors, others) in enumerate((("FEW", 2, 0), ("OFTEN", 3, 0), ("MOST", 4, 16))):
        for m in range(errors + others):
            add(db, actor.tenant, hours_ago(n + 1), name, error_message="broken" if m < errors else None)
    app = open_page()
    table = app.dataframe[0].value
    assert list(table["Event"]) == ["OFTEN", "MOST"], "two errors are no pattern"
    assert list(table["Errors"]) == [3, 4] and list(table["Error rate"]) == [1, 0.2]
    assert list(readings(app.dataframe[0])["Error rate"]) == ["100 %", "20.0 %"]
    assert HEX["red"] + "33" in styles(app.dataframe[0]) and HEX["orange"] + "33" in styles(app.dataframe[0])
    assert len(app.dataframe[1].value) == 3


def test_days_and_weeks_of_the_calendar_are_asked_for_by_name(db: Database, actor: Actor) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    today = start_of(datetime.now(zone).date(), zone)
    for hours in (0, -1, -25):
        add(db, actor.tenant, today + timedelta(hours=hours))
    app = open_page(eventType=NAME, tz=zone.key)
    for name, events, against in (
        ("Today", 1, "yesterday up to this time"),
        ("Yesterday", 1, "the day before"),
        ("This week", None, "last week up to this time"),
        ("Last week", None, "the week before"),
    ):
        app.segmented_control(key="range").set_value(name).run()
        assert not app.exception
        assert any(f"Changes are against {against}" in c.value for c in app.caption)
        assert events is None or metrics_of(app)["Executions"] == str(events)
    assert open_page(eventType=NAME, range="yesterday", tz=zone.key).query_params["range"] == "Yesterday"


def test_chosen_bars_become_the_range_by_zooming_in(db: Database, actor: Actor) -> None:
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    for minutes in (0, 59, 60):
        add(db, actor.tenant, at + timedelta(minutes=minutes))
    app = open_page(eventType=NAME, slice=f"{iso(at)}/{iso(at + timedelta(hours=1))}", tz="UTC")
    app.button(key="metrics-zoom").click().run()
    assert metrics_of(app)["Executions"] == "2" and "slice" not in app.query_params
    assert (app.query_params["from"], app.query_params["to"]) == (iso(at), iso(at + timedelta(hours=1)))
    assert app.segmented_control(key="range").value == "Custom" and not app.warning


@pytest.mark.parametrize("event_type", [NAME, None])
def test_failed_runs_are_listed_by_a_link_with_their_time(event_type: str | None, db: Database, actor: Actor) -> None:
    workflow = workflow_runs.publish(actor.tenant, [], name="Triage", trigger={"type": "event", "eventName": NAME})
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    for minutes, status in ((1, "FAILED"), (2, "SUCCEEDED"), (61, "FAILED")):
        at = hour + timedelta(minutes=minutes)
        add_run(db, actor.tenant, workflow, at, status)
        add(db, actor.tenant, at, matched_run_id=uuid4())
    query = {"eventType": event_type} if event_type else {}
    for more, failed in (({}, 2), ({"slice": f"{iso(hour)}/{iso(hour + timedelta(hours=1))}"}, 1)):
        if more and not event_type:
            continue
        app = open_page(**query, **more, step="Hours", tz="UTC")
        words = "1 failed run" if failed == 1 else f"{failed} failed runs"
        link = next(link for link in app.get("page_link") if link.proto.label == words)
        runs = pages.open_page("runs.py", **parse_qs(link.proto.query_string))
        assert not runs.error and not runs.warning
        assert len(runs.dataframe[0].value) == failed, "the same runs, and no others"


def test_an_event_that_starts_nothing_says_so_on_top(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    app = open_page(eventType=NAME)
    assert any("No workflow is attached to this event" in m.value for m in app.markdown)
    assert not app.button(key=f"metrics-attach-{NAME}").disabled
    workflow_runs.publish(actor.tenant, [], name="Triage", trigger={"type": "event", "eventName": NAME})
    assert not any("No workflow is attached" in m.value for m in open_page(eventType=NAME).markdown)


def test_reasons_are_exact_or_said_to_be_a_sample(db: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(8):
        event_id = uuid4()
        add(db, actor.tenant, hours_ago(n + 1), event_id=event_id)
        with db.owner.begin() as conn:
            conn.execute(
                text(
                    "INSERT INTO workflow_event_matches (tenant, event_id, match_no, outcome, reason)"
                    " VALUES (:t, :e, 0, 'skipped', 'no_workflow')"
                ),
                {"t": actor.tenant, "e": event_id},
            )
    assert not any("A sample" in c.value for c in open_page(eventType=NAME).caption)
    monkeypatch.setattr(reports, "REASONS_SAMPLE", 6)
    told = "A sample: the latest 6 of 8 unmatched events (75.0 %). Bars are shares of it."
    assert any(told in c.value for c in open_page(eventType=NAME).caption)


def test_the_overview_has_the_volume_of_all_events_with_the_period_before(db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(2))
    add(db, actor.tenant, hours_ago(3), "TICKET_UPDATED", error_message="broken")
    add(db, actor.tenant, hours_ago(24 * 8), "TICKET_UPDATED")
    app = open_page()
    assert any(c.value == "Dotted: the 7 days before" for c in app.caption)
    with database.read(actor) as conn:
        window = Window.of(hours_ago(24 * 7), hours_ago(0), ZoneInfo("UTC"))
        found = reports.together(reports.overview(conn, tenant=actor.tenant, window=window), window)
    bars = bars_of(found)
    assert bars.groupby("Status")["Events"].sum().to_dict() == {"Error": 1, "Matched": 0, "Unmatched": 1}
    assert sum(charts.before_table(found)["Events"]) == 1


def do(actor: Actor, *done: acts.Act) -> None:
    with database.write(actor) as conn:
        for act in done:
            audit.record(conn, actor, act)


def sent(app: AppTest) -> bytes:
    """All that the browser is sent of the page, charts and tables too."""
    return b"".join(element.proto.SerializeToString() for element in app.main if element.proto)


@pytest.mark.parametrize("query", [{"eventType": NAME}, {}])
def test_a_reader_is_sent_what_was_done_and_neither_by_whom_nor_what_was_done_to_tokens(
    query: dict[str, str], db: Database, actor: Actor, new_actor: ActorFactory
) -> None:
    add(db, actor.tenant, hours_ago(1))
    ada, ben = (new_actor(permission, name="Acme", tenant=actor.tenant) for permission in ("admin", "manage"))
    secret = {"name": "token-of-the-plant", "permission": "manage"}
    do(
        ben,  # as it were: whoever may do it is named as the one to ask
        acts.RedactedFieldsChanged(target_id=NAME, before=[], after=["/field-of-the-act"]),
        acts.TokenRevoked(target_id=str(uuid4()), **secret),
        acts.MemberRemoved(target_id=str(uuid4()), email="gone@example.com", permission="read", ended_tokens=[]),
    )
    with database.read(ada) as conn:
        lines = [str(one.audit_id) for one in audit_trail.page(conn, ada, filters=AuditFilters()).rows]
    known = f"Redacted fields of {NAME} changed"
    told_to_admins = (ben.email.partition("@")[0], *lines, secret["name"], "gone@")
    hidden = (*told_to_admins, str(ben.user_id), "field-of-the-act")
    reader = sent(open_page(**query))
    assert known.encode() in reader.replace(b"\\", b"")
    assert not [one for one in hidden if one.encode() in reader]
    admin = sent(open_page(**query, person=pages.label_of(ada, "Acme"))).replace(b"\\", b"")
    assert not [one for one in told_to_admins if one.encode() not in admin]


def test_a_change_leads_to_its_line_in_the_audit_trail(db: Database, new_actor: ActorFactory) -> None:
    ada = new_actor("admin")
    add(db, ada.tenant, hours_ago(1))
    do(ada, *(acts.RedactedFieldsChanged(target_id=NAME, before=[], after=[f"/{n}"]) for n in range(6)))
    app = open_page(eventType=NAME)
    assert any("6 changes in this range, marked above" in c.value for c in app.caption)
    links = [
        link for link in app.get("page_link") if f"Redacted fields of {NAME}" in link.proto.label.replace("\\", "")
    ]
    assert len(links) == 6
    record = pages.open_page("audit.py", **parse_qs(links[0].proto.query_string))
    assert not record.error and "changed which fields" in record.title[0].value


def test_without_a_chart_no_change_is_said_to_be_marked(new_actor: ActorFactory) -> None:
    do(new_actor("admin"), acts.RedactedFieldsChanged(target_id=NAME, before=[], after=["/a"]))
    said = [c.value for c in open_page(eventType=NAME).caption]
    assert any(one.endswith("1 change in this range") for one in said)


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
    data = bars_of(EventMetrics(window, [Period()] * 3, Period(), Period()))
    assert [*zip(data["left"], data["right"], strict=True)][:3] == [(0.5, 1), (1, 2), (2, 3 - 11 / 24)]
    assert [*data["When"]][:3] == ["Wed 3 Jun 2026, from 12:00", "Thu 4 Jun 2026", "Fri 5 Jun 2026, until 13:00"]
    short = Window.of(noon, noon + timedelta(hours=12, seconds=1), zone, "day")
    assert bars_of(EventMetrics(short, [Period()] * 2, Period(), Period()))["right"][1] == 1.15


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
        (112.5, 100, "+12.5 %"),
        (101, 100, "+1.0 %"),
        (99, 100, "-1.0 %"),
        (1200, 100, "×12"),
        (5, 0, "new"),
        (0, 0, None),
        (None, 1, None),
        (9999, 10_000, None),
        (10_001, 10_000, None),
        (9990, 10_000, "-0.1 %"),
        (0, 10_000, "-100.0 %"),
        (1, 10_000, "-99.9 %"),
        (200, 10_000, "-98.0 %"),
    ],
)
def test_a_change_is_none_or_all_only_where_it_is_so(now: float | None, before: float | None, said: str | None) -> None:
    assert key_figures.change(now, before) == said


@pytest.mark.parametrize(
    ("now", "before", "is_news"),
    [
        *((105, 100, True), (104.9, 100, False), (95, 100, True), (95.1, 100, False)),
        *((1, 0, True), (0, 0, False), (None, 1, False), (1, None, False)),
    ],
)
def test_only_a_change_of_five_per_cent_has_a_colour(now: float | None, before: float | None, is_news: bool) -> None:
    assert key_figures.is_news(now, before) == is_news
