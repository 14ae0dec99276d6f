"""What the catalog's cards, rows and line of health are given to draw, and what they may cause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib.auth.actors import Actor
from lib.catalog.traffic import Traffic, TypeTraffic
from lib.database import Database
from lib.metrics.rollups import EventCounts
from lib.ui.catalog import card_grid, health_line
from lib.ui.catalog.catalog_sorts import ORDERS
from lib.ui.catalog.health_line import HealthFigure
from tests.conftest import ActorFactory
from tests.database.catalog.test_entries import add_event, add_run
from tests.support import catalog_page, own_types, pages
from tests.support.statements import fewest_of_a_page
from tests.support.tenant_catalog import add_entry

MARKUP = '<img src=x onerror=alert(1)> **b** [l](javascript:alert(1)) $x$ :red[r] "quoted"'


def open_page(**query: str) -> AppTest:
    app = pages.new_session(**query).run()
    assert not app.exception
    return app


def entry(app: AppTest, event_type: str) -> dict[str, Any]:
    return next(one for one in catalog_page.entries(app) if one["type"] == event_type)


def dialogs(app: AppTest) -> int:
    return sum("will start the workflow" in one.value for one in app.markdown)


@pytest.fixture
def busy(db: Database, new_actor: ActorFactory) -> Actor:
    """Two types with traffic of this week, and one that had some in the week before."""
    actor = new_actor("admin", name="Acme")
    now = datetime.now(UTC)
    for hours in range(3):
        add_event(db, actor.tenant, "TAG_APPLIED", now - timedelta(hours=hours + 1))
    add_event(db, actor.tenant, "NOTE_CREATED", now - timedelta(hours=1))
    add_event(db, actor.tenant, "TAG_REMOVED", now - timedelta(days=9))
    add_run(db, actor.tenant, "TAG_APPLIED", now - timedelta(hours=1), "SUCCEEDED", 2.0)
    add_run(db, actor.tenant, "NOTE_CREATED", now - timedelta(hours=1), "FAILED", 80.0)
    return actor


def test_the_listing_goes_by_the_traffic_of_the_line_above_it(busy: Actor) -> None:
    def script(actor, traffic) -> None:  # type: ignore[no-untyped-def]
        from lib.ui.catalog import listing

        listing.draw(actor, traffic, None)

    traffic = health_line.recent(busy)
    kept = Traffic({name: one for name, one in traffic.by_type.items() if name != "TAG_APPLIED"})
    app = AppTest.from_function(script, default_timeout=60, kwargs={"actor": busy, "traffic": kept}).run()
    assert not app.exception
    assert catalog_page.types(app) == ["NOTE_CREATED"], "and TAG_APPLIED is folded as one without traffic"


def test_a_card_has_the_figures_in_words(busy: Actor) -> None:
    card = entry(open_page(), "TAG_APPLIED")
    assert [(figure["word"], figure["label"]) for figure in card["figures"]] == [
        ("3", "executions"),
        ("100 %", "success"),
        ("2.0 s", "average"),
    ]
    assert sum(card["slices"]) == 3 and len(card["slices"]) == 28
    assert card["said"] == "TAG_APPLIED, Active, 3 executions, 100 % success, 2.0 s average, 0 published workflows"
    assert card["href"].startswith("?eventType=TAG_APPLIED") and f"tenant={busy.tenant}" in card["href"]


def test_badges_say_what_most_entries_are_not(db: Database, busy: Actor) -> None:
    add_entry(db, busy.tenant, "OWN", status="deprecated")
    add_entry(db, busy.tenant, "NAMED", ref="nowhere.v1")
    app = open_page(source="tenant")
    assert [badge["word"] for badge in entry(app, "OWN")["badges"]] == ["Deprecated", "Tenant", "No schema"]
    assert [badge["word"] for badge in entry(app, "NAMED")["badges"]] == ["Active", "Tenant", "Schema unknown"]
    assert [badge["word"] for badge in entry(open_page(), "TAG_APPLIED")["badges"]] == ["Active"]


def test_the_most_active_come_first_and_the_others_are_a_line(busy: Actor) -> None:
    app = open_page()
    assert catalog_page.types(app) == ["TAG_APPLIED", "NOTE_CREATED"]
    assert "152 events without traffic in the last 7 days" in [caption.value for caption in app.caption]
    app.button(key="fold-without-traffic").click().run()
    assert "TAG_APPLIED" not in catalog_page.types(app) and len(catalog_page.types(app)) == 24
    assert app.selectbox(key="traffic").value == "without"
    app.button(key="clear-filters").click().run()
    assert catalog_page.types(app) == ["TAG_APPLIED", "NOTE_CREATED"]


def test_the_list_shows_all(busy: Actor) -> None:
    app = open_page(view="list")
    assert catalog_page.types(app)[:2] == ["TAG_APPLIED", "NOTE_CREATED"] and len(catalog_page.types(app)) == 50
    assert not [button for button in app.button if button.key == "fold-without-traffic"]


def test_a_heading_sorts_all_pages_and_begins_at_the_first(busy: Actor) -> None:
    app = open_page(view="list", page="2")
    success = next(one for one in catalog_page.drawn(app)["columns"] if one["label"] == "Success")
    assert "sorted" not in success
    catalog_page.press(app, "sort", success["sort"])
    assert catalog_page.types(app)[:2] == ["NOTE_CREATED", "TAG_APPLIED"]
    success = next(one for one in catalog_page.drawn(app)["columns"] if one["label"] == "Success")
    assert success["sorted"] == "ascending"
    catalog_page.press(app, "sort", success["sort"])
    assert catalog_page.types(app)[:2] == ["TAG_APPLIED", "NOTE_CREATED"]
    assert app.selectbox(key="sort").value == "succeeding"


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_one_that_a_url_may_ask_for(order: str, busy: Actor) -> None:
    app = open_page(sort=order, view="list")
    assert not app.warning and app.selectbox(key="sort").value == order and len(catalog_page.types(app)) == 50


def test_attach_opens_its_dialog_which_stays(busy: Actor) -> None:
    app = catalog_page.press(open_page(), "attach", "TAG_APPLIED")
    assert dialogs(app) == 1
    app.run()
    assert dialogs(app) == 1


def test_a_reader_who_sends_what_no_button_of_theirs_does_gets_nothing(new_actor: ActorFactory) -> None:
    new_actor("read", name="Acme")
    app = catalog_page.press(open_page(), "attach", "TAG_APPLIED")
    assert dialogs(app) == 0 and not app.exception and not app.error


@pytest.mark.parametrize(
    "said",
    [
        None,
        "open",
        7,
        [],
        {},
        {"name": "open"},
        {"name": "open", "value": {"a": 1}},
        {"name": "open", "value": "a\0b"},
        {"name": "sort", "value": "; DROP TABLE"},
        {"name": "attach", "value": "a\0b"},
        {"name": "attach", "value": "x" * 10_000},
        {"name": "delete", "value": "TAG_APPLIED"},
    ],
    ids=str,
)
def test_whatever_a_browser_sends_breaks_nothing(said: Any, busy: Actor) -> None:
    app = catalog_page.send(open_page(), card_grid.KEY, "act", said)
    assert not app.exception and catalog_page.types(app) == ["TAG_APPLIED", "NOTE_CREATED"]
    app = catalog_page.send(app, health_line.KEY, "go", said)
    assert not app.exception and app.title[0].value == "Workflow Event Catalog"


def test_the_line_of_health_says_how_the_week_went(busy: Actor) -> None:
    said = catalog_page.figures(open_page())
    assert {name: (figure["value"], figure["note"]) for name, figure in said.items()} == {
        "events": ("4", "+300.0 %"),
        "started": ("0", "of 0 attached"),
        "skipped": ("0", "none"),
        "failed": ("1", "+1"),
        "stopped": ("1", "of 3 types"),
    }
    assert said["failed"]["tone"] == "red" and said["stopped"]["color"] == "orange"
    assert said["failed"]["href"].startswith("runs?runStatus=Failed&runTime=Last+7+days")


def told(name: str, traffic: Traffic) -> HealthFigure:
    return next(figure for figure in health_line.figures(traffic) if figure.name == name)


def test_no_more_events_started_a_run_than_there_are_of_their_types() -> None:
    detached = TypeTraffic(events=EventCounts(total=40, matched=30, unmatched=10))
    attached = TypeTraffic(events=EventCounts(total=5, matched=1, unmatched=4), workflows=1)
    figure = told(
        "started", Traffic({"DETACHED": detached, "ATTACHED": attached, "NEVER": TypeTraffic(EventCounts(9))})
    )
    assert (figure.value, figure.note) == (31, "of 45 attached")


@pytest.mark.parametrize(
    ("unmatched", "skipped", "note"),
    [
        (10_000, {"paused": 9000}, "paused"),
        (10_001, {"paused": 9000}, "paused, or more"),
        (10_000, {}, "none"),
        (10_001, {}, "none in 10,000"),
    ],
)
def test_a_sum_over_some_of_the_events_says_so(unmatched: int, skipped: dict[str, int], note: str) -> None:
    busy = TypeTraffic(events=EventCounts(total=unmatched, unmatched=unmatched), workflows=1)
    never = TypeTraffic(events=EventCounts(total=50_000, unmatched=50_000))
    figure = told("skipped", Traffic({"BUSY": busy, "NEVER_ATTACHED": never}, skipped))
    assert (figure.value, figure.note) == (sum(skipped.values()), note)
    assert ("10,000 of 10,001 unmatched events were looked at" in figure.title) == (unmatched > 10_000)


def test_every_link_says_what_its_page_is_to_show() -> None:
    """At its bare address a page is as it was left, or as somebody's view has it: the figure would be another."""
    assert all(figure.query for figure in health_line.figures(Traffic()))
    assert told("events", Traffic()).query == {"range": "7d"}


def test_skipped_leads_to_the_types_that_it_counts() -> None:
    events = EventCounts(total=9, unmatched=9)
    some = {f"TYPE_{n:02}": TypeTraffic(events=events, workflows=1) for n in range(21)}
    never = {"NEVER_ATTACHED": TypeTraffic(events=events)}
    few = told("skipped", Traffic(dict(list(some.items())[:20]) | never))
    assert few.query["event"] == list(some)[:20] and "every event" not in few.title
    many = told("skipped", Traffic(some | never, {"paused": 3}))
    assert "event" not in many.query and many.title.endswith(
        "The list that opens has every event that started nothing."
    )


def test_a_figure_counts_what_its_link_shows(busy: Actor) -> None:
    link = parse_qs(catalog_page.figures(open_page())["stopped"]["href"].removeprefix("?"))
    app = open_page(traffic=link["traffic"][0])
    assert catalog_page.types(app) == ["TAG_REMOVED"] and not app.warning


def test_without_any_event_the_line_says_nothing_wrong(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    said = catalog_page.figures(open_page())
    assert {figure["value"] for figure in said.values()} == {"0"}
    assert {figure["tone"] for figure in said.values()} == {"gray"}


def test_words_of_others_stay_words(db: Database, busy: Actor) -> None:
    add_entry(db, busy.tenant, MARKUP, name=MARKUP, owner=MARKUP, tags=[MARKUP])
    card = entry(open_page(source="tenant"), MARKUP)
    assert card["name"] == card["kind"] == MARKUP and card["description"] == ""
    row = entry(open_page(source="tenant", view="list"), MARKUP)
    assert [cell["word"] for cell in row["cells"] if "word" in cell].count(MARKUP) == 3


def test_a_long_name_is_whole_and_a_long_description_is_cut(db: Database, busy: Actor) -> None:
    add_entry(db, busy.tenant, "LONG", name="n" * 300)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE event_catalog SET description = :d WHERE event_type = 'LONG'"), {"d": "word " * 2000})
    card = entry(open_page(q="LONG"), "LONG")
    assert card["name"] == "n" * 300 and len(card["description"]) <= 180 and card["description"].endswith("…")


def test_unseen_characters_are_written_out(db: Database, busy: Actor) -> None:
    add_entry(db, busy.tenant, "TURNED", name="a\u202eb")
    assert entry(open_page(q="TURNED"), "TURNED")["name"] == "a\\u202eb"


def test_one_event_is_one_card(db: Database, busy: Actor) -> None:
    add_entry(db, busy.tenant, "OWN", name="Our own")
    app = open_page(source="tenant")
    assert [card["name"] for card in catalog_page.entries(app)] == ["Our own"]


@pytest.mark.own_database
def test_a_catalog_of_nothing_says_so(db: Database, new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM system_event_catalog"))
    app = open_page()
    assert catalog_page.drawn(app) is None and len(catalog_page.figures(app)) == 5
    assert any("No event matches these filters" in markdown.value for markdown in app.markdown)


@pytest.mark.own_database
def test_ten_thousand_events_send_no_more_than_a_page(db: Database, busy: Actor) -> None:
    own_types.add(db.owner, busy.tenant)
    open_page()
    assert len(fewest_of_a_page(db.app, lambda: open_page(sort="name", view="grid"))) <= 10
    app = open_page(sort="name", view="grid")
    (component,) = (one for one in app.get("bidi_component") if one.key == card_grid.KEY)
    assert len(catalog_page.types(app)) == 24
    assert len(component.proto.json) < 40_000  # type: ignore[attr-defined]
    assert "of 9,154 results" in next(one.value for one in app.caption if one.value.startswith("Showing"))
