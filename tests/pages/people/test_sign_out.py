"""Signing out by a press that comes to another session than the one that drew the button."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lib.database import Database
from tests.conftest import ActorFactory
from tests.pages.people.test_sign_in_cost import auth, opened
from tests.support import pages


@pytest.mark.parametrize("page", ["catalog.py", "runs.py"])
def test_a_press_while_the_connection_is_lost_signs_out(page: str, db: Database, new_actor: ActorFactory) -> None:
    ada = new_actor("admin", name="Acme")
    with auth("oidc"):
        app = opened(page, ada, signs_in=True)
        app.button(key="sign-out").set_value(True)
        again = pages.new_session()
        again.user = app.user
        again.switch_page(page)._run(app._tree.get_widget_states())
    assert not again.exception
    with db.owner.connect() as conn:
        ended = text("SELECT ended_at IS NOT NULL FROM sessions WHERE user_id = :user")
        assert conn.execute(ended, {"user": ada.user_id}).scalars().all() == [True]
