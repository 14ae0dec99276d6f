"""The list of sessions: one's own, and for admins those of the tenant, each with a way to end it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from lib import settings as settings_module
from lib.auth.actors import Actor
from tests.conftest import ActorFactory
from tests.database.auth.test_sessions import begin, enter, identity_of, listed


@pytest.fixture(autouse=True)
def signing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """People sign in here."""
    monkeypatch.setenv("AUTH", "oidc")
    settings_module.settings.cache_clear()
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def script() -> None:
    import streamlit as st

    from lib.ui.components import guard
    from lib.ui.people import sessions

    with guard.errors_shown():
        st.title("Sessions")
        (sessions.draw_own if st.session_state["own"] else sessions.draw)(st.session_state["looking"])


def opened(actor: Actor, *, own: bool = False) -> AppTest:
    app = AppTest.from_function(script, default_timeout=60)
    app.session_state["looking"], app.session_state["own"] = actor, own
    app.run()
    assert not app.exception
    return app


def told(app: AppTest) -> str:
    return "\n".join(one.value for one in (*app.markdown, *app.caption)).replace("\N{WORD JOINER}", "")


def test_an_admin_sees_the_sessions_of_the_tenant_and_ends_one(new_actor: ActorFactory) -> None:
    ada = new_actor("admin", name="Acme")
    rae, stranger = new_actor("read", tenant=ada.tenant), new_actor("admin", name="Beta")
    for person in (rae, stranger):
        begin(identity := identity_of(person, name="Rae [x](http://example.com)"))
        enter(person, identity)
    app = opened(ada)
    said = told(app)
    assert "1 session · A sign-in is over after 12 hours, or 2 hours unused." in said
    assert rae.email in said and "Firefox on Linux · 203.0.113.7" in said and stranger.email not in said
    assert "Rae \\[x\\]\\(http" in said  # a name is no link
    next(one for one in app.button if one.label == "End").click().run()
    assert "was ended." in app.toast[0].value
    assert "0 sessions" in told(app) and listed(ada) == []
    assert len(listed(stranger)) == 1


def test_what_was_ended_meanwhile_is_said(new_actor: ActorFactory) -> None:
    ada = new_actor("admin", name="Acme")
    begin(identity := identity_of(ada))
    enter(ada, identity)
    one, other = opened(ada), opened(ada)
    for app in (one, other):
        app.button[0].click().run()
    assert "This session was ended before." in other.toast[0].value


def test_a_person_sees_their_own_and_nobody_elses(new_actor: ActorFactory) -> None:
    ada = new_actor("admin", name="Acme")
    rae = new_actor("read", tenant=ada.tenant)
    for person in (ada, rae, rae):
        begin(identity := identity_of(person))
        enter(person, identity)
    app = opened(rae, own=True)
    assert "2 sessions" in told(app) and ada.email not in told(app)
    assert len(app.button) == 2
    refused = opened(rae)
    assert "you need admin" in refused.error[0].value and not refused.button


def test_without_sign_in_there_are_none(new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH", "off")
    settings_module.settings.cache_clear()
    assert "Nobody signs in here" in told(opened(new_actor("admin")))


def test_who_is_called_by_their_address_is_named_once(new_actor: ActorFactory) -> None:
    ada = new_actor("admin", name="Acme")
    rae = new_actor("read", tenant=ada.tenant)
    begin(identity := identity_of(rae, name=rae.email))
    enter(rae, identity)
    assert told(opened(ada)).count(rae.email) == 1
