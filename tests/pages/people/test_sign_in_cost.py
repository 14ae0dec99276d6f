"""What sign-in costs a page: one statement more in a script run, whichever page it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from lib import settings as settings_module
from lib.auth.actors import Actor
from lib.database import Database
from tests.conftest import ActorFactory
from tests.pages.people.test_matrix import PAGES
from tests.support import pages
from tests.support.statements import within_a_second


@pytest.fixture
def ada(new_actor: ActorFactory) -> Actor:
    return new_actor("admin", name="Acme")


@contextmanager
def auth(mode: str) -> Iterator[None]:
    """People are identified like this meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", mode)
        settings_module.settings.cache_clear()
        yield
    settings_module.settings.cache_clear()


def opened(page: str, person: Actor, *, signs_in: bool) -> AppTest:
    app = pages.new_session()
    if signs_in:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": "https://id.example.com", "sub": "ada", "nonce": uuid4().hex, "iat": now}
        app.user = {**claims, "is_logged_in": True, "email": person.email, "email_verified": True}
    app.switch_page(page).run()
    assert not app.exception
    return app.run()  # what is kept for a while is kept by now


def statements(app: AppTest, db: Database) -> list[str]:
    """The statements of one more script run."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(" ".join(statement.split()))

    engines = (db.app, db.owner)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    app.run()
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    assert not app.exception
    return seen


@pytest.mark.parametrize("page", PAGES)
def test_a_script_run_with_sign_in_is_one_statement_more(page: str, db: Database, ada: Actor) -> None:
    with auth("off"), within_a_second():
        without = statements(opened(page, ada, signs_in=False), db)
    with auth("oidc"), within_a_second():
        app = opened(page, ada, signs_in=True)
        with_sign_in = statements(app, db)
    assert app.session_state["person"].user_id == ada.user_id
    more = list(with_sign_in)
    for one in without:
        more.remove(one)
    if page == "me.py":  # it lists one's sessions, of which there are none without
        more = [one for one in more if "FROM sessions" not in one]
    assert ["app_signed_in(" in one for one in more] == [True], more
