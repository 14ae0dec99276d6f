"""Of few events and schemas one chooses from a list; of very many one searches for some first."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.catalog.entries import MOST_LISTED, MOST_OFFERED
from lib.database import Database
from lib.workflows import changes
from tests.conftest import ActorFactory
from tests.support.pages import open_page

MANY = MOST_LISTED + 100
CHOSEN = "OWN_377"
LABELS = {
    "Event",
    "Events",
    "Payload schema ref",
    "Payload schema of the workflow",
    "Schema ref",
    "Starts when",
}
PAGES = ["simulate.py", "choose", "designer.py", "metrics.py", "runs.py", "activity.py", "define.py"]


def add_many(db: Database, actor: Actor) -> None:
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO event_catalog (tenant, event_type, name, description, category, status)"
                " SELECT :t, 'OWN_' || n, 'Own ' || n, '', 'Own', 'active' FROM generate_series(1, :many) n"
            ),
            {"t": actor.tenant, "many": MANY},
        )
        conn.execute(
            text(
                "INSERT INTO payload_schemas (tenant, schema_ref, schema)"
                " SELECT :t, 'own.Thing' || n || '.v1', '{\"type\": \"object\"}' FROM generate_series(1, :many) n"
            ),
            {"t": actor.tenant, "many": MANY},
        )


def opened(page: str, actor: Actor, event_type: str) -> AppTest:
    if page == "choose":
        return open_page("simulate.py")
    if page != "designer.py":
        return open_page(page, **({} if page == "define.py" else {"eventType": event_type}))
    with database.write(actor) as conn:
        made = changes.create_for_event(conn, actor, event_type=event_type, name="Own")
    return open_page(page, workflowId=str(made), tab="Trigger")


def lists(app: AppTest) -> dict[str, Any]:
    """What offers events or schemas."""
    return {one.label: one for one in [*app.selectbox, *app.multiselect] if one.label in LABELS}


@pytest.mark.parametrize("page", PAGES)
def test_very_many_are_searched(page: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    add_many(db, actor)
    app = opened(page, actor, CHOSEN)
    found = lists(app)
    assert found and all(len(one.options) <= MOST_OFFERED + 3 for one in found.values())
    searches = [one for one in app.text_input if str(one.key).endswith("-search")]
    assert len(searches) == len(found)
    if page in ("simulate.py", "designer.py", "metrics.py"):
        assert found[next(iter(found))].value == CHOSEN
    for one in searches:
        one.set_value("thing77" if one.label == "Search schemas" else "own_77")
    app.run()
    assert not app.exception
    for one in lists(app).values():
        assert any("OWN_77" in option or "Own 77" in option or "Thing77" in option for option in one.options), one.label
        assert len(one.options) <= 4, one.options


@pytest.mark.parametrize("page", PAGES)
def test_few_are_listed(page: str, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    app = opened(page, actor, "TICKET_CREATED")
    found = lists(app)
    assert found and all(len(one.options) >= 155 for one in found.values())
    assert not [one for one in app.text_input if str(one.key).endswith("-search")]


def test_what_no_name_can_hold_finds_everything(db: Database, new_actor: ActorFactory) -> None:
    add_many(db, new_actor("manage"))
    app = open_page("simulate.py", eventType=CHOSEN)
    for one in app.text_input:
        if str(one.key).endswith("-search"):
            one.set_value("a\0b")
    app.run()
    assert not app.exception and len(app.selectbox[0].options) == MOST_OFFERED + 1
    app.selectbox[0].set_value("ASSET_ASSIGNED").run()
    assert not app.exception and app.query_params["eventType"] in ("ASSET_ASSIGNED", ["ASSET_ASSIGNED"])
