"""A person's own page: how they see things, kept for them alone."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lib import database
from lib.auth import preferences, tokens
from lib.auth.actors import Actor
from lib.database import Database
from lib.ui.components.text import NOTHING
from tests.conftest import ActorFactory
from tests.support import pages
from tests.support.workflow_runs import insert_event


@pytest.mark.parametrize("permission", ["read", "manage", "admin"])
def test_everyone_has_a_page_that_says_who_they_are(permission: str, new_actor: ActorFactory) -> None:
    actor = new_actor(permission, name="Acme")
    app = pages.open_page("me.py")
    told = "\n".join(one.value for one in [*app.markdown, *app.caption]).replace("\\", "")
    assert actor.email in told and "in Acme" in told and permission.capitalize() in told
    assert ("Ask whoever runs the server" in told) == (permission != "admin")


def test_the_time_zone_holds_for_every_page_and_the_next_session(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage", name="Acme")
    app = pages.open_page("me.py")
    app.selectbox(key="my-zone").set_value("Asia/Kolkata").run()
    assert not app.exception and "Asia/Kolkata" in "".join(one.value for one in app.caption)
    assert "Asia/Kolkata" in [one.value for one in pages.open_page("me.py").selectbox]
    with database.read(actor) as conn:
        assert preferences.get(conn, actor, name="timeZone") == "Asia/Kolkata"
    app.selectbox(key="my-zone").set_value("As the browser says").run()
    assert "Times are in UTC now" in "".join(one.value for one in app.caption)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE user_preferences SET value = '\"Nowhere/At_all\"'"))
    assert not pages.open_page("me.py").exception


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Etc/GMT-5"])
def test_metrics_are_read_in_the_time_zone_until_another_is_asked_for(zone: str, new_actor: ActorFactory) -> None:
    new_actor("read", name="Acme")
    app = pages.open_page("metrics.py")
    assert app.selectbox(key="tz").value == "UTC"
    app.switch_page("me.py").run()
    app.selectbox(key="my-zone").set_value(zone).run()
    app.switch_page("metrics.py").run()
    assert not app.exception and app.selectbox(key="tz").value == zone and "tz" not in app.query_params
    app.selectbox(key="tz").set_value("Europe/Berlin").run()
    app.switch_page("me.py").run()
    app.switch_page("metrics.py").run()
    assert app.selectbox(key="tz").value == "Europe/Berlin", "as it was left"
    app.selectbox(key="tz").set_value(zone).run()
    assert not app.exception and app.selectbox(key="tz").value == zone
    asked = pages.open_page("metrics.py", tz="Europe/Berlin")
    assert asked.selectbox(key="tz").value == "Europe/Berlin" and not asked.warning


def test_what_names_no_time_zone_is_not_offered_and_breaks_no_page_of_whom_it_is_kept_for(
    new_actor: ActorFactory,
) -> None:
    """Such as the file `localtime`, which Debian has beside the zones, and the database has not."""
    actor = new_actor("read", name="Acme")
    with database.write(actor) as conn:
        preferences.put(conn, actor, name="timeZone", value="localtime")
        insert_event(conn, actor.tenant, "TICKET_CREATED", {})
    app = pages.open_page("metrics.py", eventType="TICKET_CREATED")
    assert not app.exception and not app.error and app.selectbox(key="tz").value == "UTC"
    offered = pages.open_page("me.py").selectbox(key="my-zone")
    assert offered.value == "As the browser says" and not {"localtime", "Factory"} & set(offered.options)


def test_the_view_of_the_catalog_is_the_next_one(new_actor: ActorFactory) -> None:
    new_actor("read", name="Acme")
    app = pages.open_page("catalog.py")
    app.switch_page("me.py").run()
    app.segmented_control(key="my-view").set_value("list").run()
    app.switch_page("catalog.py").run()
    assert not app.exception and app.session_state["view"] == "list"


def test_the_tokens_one_made_are_listed_and_no_others(new_actor: ActorFactory) -> None:
    actor: Actor = new_actor("admin", name="Acme")
    other = new_actor("admin", tenant=actor.tenant)
    for who, name in ((actor, "Mine"), (other, "Theirs")):
        with database.write(who) as conn:
            tokens.create_token(conn, who, name=name, permission="read")
    made = pages.open_page("me.py").dataframe[0]
    assert list(made.value["Name"]) == ["Mine"]
    assert made.proto.placeholder == NOTHING, "it was never used"
