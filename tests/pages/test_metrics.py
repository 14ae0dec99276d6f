"""The metrics page as AppTest sees it: what the URL asks for, empty ranges, nonsense, numbers as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib.auth import Actor
from lib.database import Database
from lib.metrics import EventMetrics, Period
from lib.time_window import Window, start_of
from lib.ui import charts, figures
from tests.conftest import ActorFactory

SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "shell.py")
NAME = "TICKET_CREATED"


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    return new_actor("read", name="Acme")


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(SHELL, default_timeout=60)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("metrics.py").run()
    assert not app.exception and not app.error
    return app


def add(db: Database, tenant: UUID, at: datetime, name: str = NAME, **columns: object) -> None:
    row = {"tenant": tenant, "event_name": name, "payload": "{}", "redacted_payload": "{}", "created_at": at, **columns}
    with db.owner.begin() as conn:
        conn.execute(text(f"INSERT INTO workflow_runtime_events ({', '.join(row)})"
                          f" VALUES ({', '.join(':' + c for c in row)})"), row)  # fmt: skip


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


def test_a_custom_range_is_whole_days_in_the_zone_of_the_url(db: Database, actor: Actor) -> None:
    for minute in (14, 15):
        add(db, actor.tenant, datetime(2026, 6, 3, 18, minute, tzinfo=UTC))
    kathmandu = open_page(eventType=NAME, **{"from": "2026-06-04", "to": "2026-06-04"}, tz="Asia/Kathmandu")
    assert metrics_of(kathmandu)["Executions"] == "1"
    turned = open_page(eventType=NAME, **{"from": "2026-06-04T00:00:00Z", "to": "2026-06-03"}, tz="UTC")
    assert metrics_of(turned)["Executions"] == "2"


def test_an_empty_range_says_so(actor: Actor) -> None:
    app = open_page(eventType=NAME)
    assert metrics_of(app)["Executions"] == "0" and metrics_of(app)["Success rate"] == "—"
    assert any("No events in these 7 days" in m.value for m in app.markdown)
    assert any(c.value == "No event came in this range, nor in the one before." for c in open_page().caption)


def test_a_single_event_is_drawn(db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(1))
    app = open_page(eventType=NAME)
    assert metrics_of(app)["Executions"] == "1"
    assert len(app.get("vega_lite_chart")) + len(app.get("arrow_vega_lite_chart")) >= 2


@pytest.mark.parametrize(
    "query",
    [
        {"range": "eternity"}, {"tz": "Mars/Olympus"}, {"step": "fortnight"}, {"slice": "yesterday"},
        {"slice": "9999-12-31T23:59Z/0001-01-01T00:00Z"}, {"outcome": "<b>"}, {"older": "1-2"}, {"newer": "x" * 9999},
        {"from": "2026-99-99", "to": "x"}, {"eventType": "<script>alert(1)</script>"}, {"eventType": "a`b\u0000"},
    ],
)  # fmt: skip
def test_nonsense_in_the_url_shows_the_page(query: dict[str, str], db: Database, actor: Actor) -> None:
    add(db, actor.tenant, hours_ago(1))
    app = open_page(**({"eventType": NAME} | query))
    assert len(app.metric) == (4 if "eventType" in query else 8)
    assert any("There is no event" in m.value for m in app.markdown) == ("eventType" in query)


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
    assert app.dataframe[0].value["Unmatched share"].iloc[0] == 100, "written like the cards: 100.0 %"
    assert "TICKET_UPDATED" in app.warning[0].value and NAME not in app.warning[0].value
    app.segmented_control(key="show").set_value("Schema conformance").run()
    assert list(app.dataframe[0].value["Event"]) == [NAME]


def test_another_tenants_events_are_not_counted(db: Database, actor: Actor, new_actor: ActorFactory) -> None:
    add(db, new_actor("read", name="Zeta").tenant, hours_ago(1))
    assert metrics_of(open_page(eventType=NAME))["Executions"] == "0"


def test_csv_is_inert_in_spreadsheets() -> None:
    table = pd.DataFrame({"=1+1": ["@x", None], "n": [-1, 2]})
    assert figures.as_csv(table).decode().splitlines() == ["'=1+1,n", "'@x,-1", ",2"]


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
