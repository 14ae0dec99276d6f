"""The box that finds anything: what it shows as one types, and what it says when there is nothing."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from lib.database import Database
from tests.conftest import ActorFactory
from tests.support import pages
from tests.support.tenant_catalog import add_entry


def typed(app: AppTest, text: str) -> AppTest:
    """The box, opened, with this text in it."""
    app.button(key="find-anything").click().run()
    app.text_input(key="find-text").set_value(text).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(one.value for one in [*app.caption, *app.warning])


def test_a_name_is_found_and_shown_as_text(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read", name="Acme")
    add_entry(db, actor.tenant, "DEVICE_OFFLINE", name="**Device** ![x](http://127.0.0.1/x) " + "offline" * 50)
    app = typed(pages.open_page("runs.py"), "**device**")
    assert app.button(key="found-0").label.startswith(r"\*\*Device\*\* !\[x\]")


def test_junk_gets_a_sentence(new_actor: ActorFactory) -> None:
    new_actor("read", name="Acme")
    app = pages.open_page("runs.py")
    assert "Nothing found. The box finds event types" in said(typed(app, "%' OR ''='"))
    assert "200 characters" in said(typed(app, "a" * 10_000))
    assert "Search has the character NUL" in said(typed(app, "a\0b"))
    assert "Finds event types" in said(typed(app, "  "))


def test_the_box_comes_before_the_drawer_that_is_open(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read", name="Acme")
    add_entry(db, actor.tenant, "DEVICE_OFFLINE", name="Device offline")
    app = typed(pages.open_page("catalog.py", eventType="DEVICE_OFFLINE"), "device offline")
    assert app.button(key="found-0").label == "Device offline"
