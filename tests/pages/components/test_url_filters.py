"""What a link from a page to itself asks for, and that a URL says what is shown."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.ui.components import url_filters
from tests.conftest import ActorFactory
from tests.support import catalog_page
from tests.support.pages import new_session, open_page

RANGES = [
    ("activity.py", "time", "Last hour", ("since", "until")),
    ("runs.py", "runTime", "Last hour", ("runSince", "runUntil")),
    ("audit.py", "actTime", "Last hour", ("actSince", "actUntil")),
    ("metrics.py", "range", "24h", ("from", "to")),
]


def shown(app: AppTest) -> tuple[Any, ...]:
    """What the URL says, what is told, and what every filter holds."""
    assert not app.exception and not app.error
    url = {name: app.query_params[name] for name in app.query_params}
    widgets = [*app.selectbox, *app.text_input, *app.multiselect, *app.button_group, *app.toggle]
    return (
        {name: value if isinstance(value, list) else [value] for name, value in url.items()},
        [warning.value for warning in app.warning],
        {one.key: one.value for one in widgets},
    )


def follow(app: AppTest, query: dict[str, Any]) -> None:
    """Follow a link from the page to itself, which names nothing else."""
    tenant = app.query_params["tenant"]
    app.query_params.clear()
    app.query_params.update({"tenant": tenant, **query})
    app.run()


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("runs.py", {"status": "failed", "key": "ABC", "event": "TICKET_CREATED", "since": "2026-01-01"}),
        ("runs.py", {"runStatus": "failed", "status": "bogus", "range": "last hour"}),
        ("activity.py", {"eventType": ["A", "B"], "status": "matched", "runStatus": "failed", "from": "2026-01-01"}),
        ("activity.py", {"key": "K"}),
        ("activity.py", {"since": "2026-01-01"}),
        ("metrics.py", {"since": "2026-01-01", "until": "2026-02-01", "tz": "asia/kathmandu", "tests": "TRUE"}),
        ("catalog.py", {"search": "ticket", "source": "SYSTEM", "view": "LIST"}),
        ("audit.py", {"search": "ticket", "origin": "web", "time": "last 7 days", "actOutcome": "REFUSED"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("before", ["bare", "narrowed"])
def test_a_link_to_the_page_itself_shows_what_it_shows_in_a_new_tab(
    page: str, query: dict[str, Any], before: str, new_actor: ActorFactory
) -> None:
    new_actor("admin", name="Acme")
    app = open_page(page, **({} if before == "bare" else {"q": "x", "eventKey": "x", "runKey": "x", "actObject": "x"}))
    follow(app, query)
    in_new_tab = new_session(**query).switch_page(page).run()
    assert shown(app) == shown(in_new_tab)
    app.run()
    assert shown(app) == shown(in_new_tab)


ONCE = [
    ("catalog.py", {"status": ["Beta", "Active"], "page": ["1", "2"]}, {"status": "Active", "page": "2"}),
    (
        "activity.py",
        {"eventStatus": ["x", "matched"], "eventKey": ["a", "b"]},
        {"eventStatus": "Matched", "eventKey": "b"},
    ),
    ("activity.py", {"event": ["A", "B"], "live": ["true", "false"]}, {"event": ["A", "B"]}),
    ("metrics.py", {"range": ["24h", "30d"], "tests": ["false", "true"]}, {"range": "30d", "tests": "true"}),
    ("runs.py", {"status": ["failed", "succeeded"]}, {"runStatus": "Succeeded"}),
    ("audit.py", {"actTime": ["Last hour", "Last 7 days"]}, {"actTime": "Last 7 days"}),
]


@pytest.mark.parametrize(("page", "query", "left"), ONCE)
def test_of_a_parameter_that_is_there_twice_the_last_one_counts(
    page: str, query: dict[str, Any], left: dict[str, Any], new_actor: ActorFactory
) -> None:
    """Its widget reads that one, and what the URL says is what is shown."""
    new_actor("admin", name="Acme")
    app = new_session(**query).switch_page(page).run()
    url, told, _ = shown(app)
    del url["tenant"]
    assert (url, told) == ({name: one if isinstance(one, list) else [one] for name, one in left.items()}, [])


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("catalog.py", ["q", "status", "source", "view", "page", "deprecated", "category"]),
        ("activity.py", ["event", "eventStatus", "time", "since", "eventKey", "before", "live"]),
        ("metrics.py", ["range", "from", "to", "tz", "tests"]),
        ("runs.py", ["status", "runTime", "runSince", "runVersion", "before"]),
        ("workflows.py", ["workflowPage", "workflowEvent"]),
        ("schemas.py", ["schemaPage", "schemaKind"]),
        ("audit.py", ["actBy", "actTime", "after"]),
    ],
)
def test_a_parameter_without_a_value_asks_for_nothing(page: str, names: list[str], new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")
    app = new_session(**dict.fromkeys(names, "")).switch_page(page).run()
    assert shown(app) == shown(open_page(page))


@pytest.mark.parametrize(
    ("page", "name", "query"),
    [
        ("catalog.py", "page", {"q": "created"}),
        ("schemas.py", "schemaPage", {"schemaSearch": "created"}),
        ("workflows.py", "workflowPage", {}),
    ],
)
def test_a_page_past_the_last_is_told_and_taken_out(
    page: str, name: str, query: dict[str, str], new_actor: ActorFactory
) -> None:
    """Also where all there is fits on one page, and no widget stands for the parameter."""
    new_actor("admin", name="Acme")
    app = new_session(**query, **{name: "99"}).switch_page(page).run()
    assert [one.value.split(" is past ")[0] for one in app.warning] == [f"`{name}` in the address is left out: `99`"]
    assert name not in app.query_params


@pytest.mark.parametrize(("page", "name", "label", "ends"), RANGES)
def test_a_picked_range_leaves_the_url_with_its_choice(
    page: str, name: str, label: str, ends: tuple[str, str], new_actor: ActorFactory
) -> None:
    """Once the default is chosen the URL has no choice any more, and its ends would stand for Custom."""
    new_actor("admin", name="Acme")
    app = open_page(page, **{ends[0]: "2026-01-01", ends[1]: "2026-01-02"})
    assert app.query_params[name] == "Custom"
    box = next(one for one in [*app.selectbox, *app.button_group] if one.key == name)
    default = "7d" if name == "range" else "all"
    box.set_value(default).run()
    assert not set(app.query_params) & set(ends)


@pytest.mark.parametrize(("page", "name", "label", "ends"), RANGES)
def test_a_url_that_names_another_range_than_its_ends_has_them_no_longer(
    page: str, name: str, label: str, ends: tuple[str, str], new_actor: ActorFactory
) -> None:
    new_actor("admin", name="Acme")
    app = open_page(page, **{name: label, ends[0]: "2026-01-01"})
    assert app.query_params[name] == label and not set(app.query_params) & set(ends)


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ({"q": "ticket"}, {"q": "approval"}),
        ({"q": "ticket"}, {"q": "none0"}),
        ({"q": "ticket"}, {"category": "Surveys", "sort": "name"}),
        ({"category": "Tickets", "page": "2"}, {"category": "Surveys"}),
        ({}, {"status": "deprecated"}),
        ({}, {"source": "tenant"}),
        ({"sort": "Name", "page": "3"}, {"q": "ticket"}),
    ],
    ids=str,
)
def test_what_is_chosen_while_the_connection_is_lost_is_shown_in_the_next_session(
    query: dict[str, str], chosen: dict[str, Any], new_actor: ActorFactory
) -> None:
    """A browser sends all that its widgets hold to a new session, maybe before its URL says the same."""
    new_actor("admin", name="Acme")
    app = new_session(**query).run()
    for widget in (*app.text_input, *app.selectbox, *app.button_group):
        if widget.key in chosen:
            widget.set_value(chosen[widget.key])
    sent = app._tree.get_widget_states()
    app.run()
    again = new_session(**query)
    again._run(sent)
    assert catalog_page.types(again) == catalog_page.types(app)
    assert [one.value for one in again.caption] == [one.value for one in app.caption]
    assert shown(again)[1:] == shown(app)[1:]


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("catalog.py", {"q": "ticket", "category": "Tickets", "sort": "Name", "view": "List", "page": "2"}),
        ("catalog.py", {"traffic": "Stopped coming", "deprecated": "true"}),
        ("schemas.py", {"q": "ticket"}),
        ("metrics.py", {"range": "30d"}),
        ("metrics.py", {"eventType": "TICKET_CREATED", "from": "2026-01-01", "to": "2026-02-01", "tz": "Asia/Tokyo"}),
        ("activity.py", {"event": ["A", "B"], "eventStatus": "Matched", "time": "Last 7 days", "eventKey": "K"}),
        ("activity.py", {"since": "2026-01-01", "until": "2026-02-01", "live": "true"}),
        ("workflows.py", {"q": "x", "status": "Published"}),
        ("runs.py", {"runStatus": "Failed", "runTime": "Last 7 days", "runOrigin": "Live", "runKey": "K"}),
        ("audit.py", {"actTime": "Last 7 days", "actOutcome": "Refused", "actObject": "x"}),
        ("timeline.py", {"key": "K"}),
    ],
    ids=str,
)
def test_a_page_that_is_opened_by_a_link_is_drawn_once(
    page: str, query: dict[str, Any], new_actor: ActorFactory
) -> None:
    """What the URL says is what its widgets hold, so there is nothing that the page would have to be drawn anew for."""
    new_actor("admin", name="Acme")
    app = new_session(**query)
    app.switch_page(page).run()
    assert not app.exception and not app.error
    assert app.session_state[url_filters._IS_KNOWN] and "acts" not in app.session_state
