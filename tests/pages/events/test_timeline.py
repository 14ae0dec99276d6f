"""The timeline page: a chart and a table of all that has one key, for whoever may read, whatever the key is."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from lib.database import Database
from tests.conftest import ActorFactory
from tests.database.events.test_activity import START, add
from tests.database.events.test_timeline import add_run, add_wait
from tests.pages.events.test_activity import shown
from tests.support import pages, workflow_runs
from tests.support.tables import readings


def open_page(**query: str | list[str]) -> AppTest:
    return pages.open_page("timeline.py", **query)


def test_a_life_is_a_chart_and_a_table(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")], name='Triage "quick" \\ <b>')
    event = add(db, actor.tenant, correlation_key="T-1")
    run = add_run(workflow, event, "T-1", 0)
    add_wait(run, "T-1", 2, add(db, actor.tenant, correlation_key="T-1", created_at=START + timedelta(minutes=7)))
    app = open_page(key="T-1")
    assert not app.exception and not app.error and "4 entries ·" in shown(app)
    table = app.dataframe[0].value
    assert list(table["Name"]) == ["TICKET_CREATED", 'Triage "quick" \\ <b>', "Wait for REPLY", "TICKET_CREATED"]
    assert [one[0] for one in table["Status"]] == ["Unmatched", "Succeeded", "Resumed", "Unmatched"]
    assert list(readings(app.dataframe[0])["Took"])[1:3] == ["1 min", "5 min"]
    spec = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    labels = spec["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    assert json.loads(labels.removesuffix("[datum.value]"))[1] == 'Triage "quick" \\ <b>'


def test_a_long_life_has_pages(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    for number in range(60):
        add(db, actor.tenant, correlation_key="k", created_at=START + timedelta(minutes=number))
    app = open_page(key="k")
    assert "50 of 60 entries" in shown(app) and len(app.dataframe[0].value) == 50
    app.button(key="timeline-older").click().run()
    assert len(app.dataframe[0].value) == 10 and app.button(key="timeline-older").disabled
    app.button(key="timeline-newest").click().run()
    assert len(app.dataframe[0].value) == 50 and "before" not in app.query_params


def test_without_a_key_those_of_the_latest_events_are_offered_each_once(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    assert "No event has a correlation key yet" in [one.value for one in open_page().header]
    add(db, new_actor(name="Theirs").tenant, correlation_key="theirs")
    for number, key in enumerate(["T-1", "**b** [x](y)", "T-1", None]):
        add(db, actor.tenant, correlation_key=key, created_at=START + timedelta(minutes=number))
    offered = [one.proto for one in open_page().get("page_link") if "key=" in one.proto.query_string]  # type: ignore[attr-defined]
    assert [one.label for one in offered] == ["T-1", r"\*\*b\*\* \[x\](y)"]


@pytest.mark.parametrize("key", ["<script>alert(1)</script>", "**b** :red[x]", "x" * 10_000, "%", "' --"])
def test_a_key_that_nothing_has_is_said_as_text(key: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read")
    stranger = new_actor("read", name="Theirs")
    add(db, stranger.tenant, correlation_key=key[:500])
    add(db, actor.tenant, correlation_key="other")
    app = open_page(key=key[:500] if len(key) < 500 else key)
    assert not app.exception and not app.error and not app.dataframe
    assert "Nothing has this key" in shown(app)


def test_a_key_that_cannot_be_stored_is_refused_in_a_sentence(new_actor: ActorFactory) -> None:
    new_actor("read")
    app = open_page(key="a\0b")
    assert not app.exception and not app.dataframe
    said = [*(one.value for one in app.error), *(one.value for one in app.warning)]
    assert len(said) == 1 and "key" in said[0]
    assert "Name a correlation key" in shown(open_page()) or app.error
