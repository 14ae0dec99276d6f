"""What a double click does: it presses a button in two script runs, which may go on at the same time."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lib.database import Connection
from lib.errors import InvalidInput
from lib.ui.components.presses import Press
from tests.conftest import ActorFactory

pytestmark = pytest.mark.usefixtures("db")


def test_a_press_changes_something_once(new_actor: ActorFactory) -> None:
    actor, press, asked = new_actor(), Press(), []

    def change(conn: Connection) -> int:
        asked.append(conn)
        return int(conn.execute(text("SELECT 41 + 1")).scalar_one())

    assert [press.write(actor, change), press.write(actor, change)] == [42, 42]
    assert len(asked) == 1


def test_what_was_refused_may_be_pressed_again(new_actor: ActorFactory) -> None:
    actor, press, refused = new_actor(), Press(), [True]

    def change(conn: Connection) -> str:
        if refused and refused.pop():
            raise InvalidInput("name", "must be another")
        return "done"

    with pytest.raises(InvalidInput):
        press.write(actor, change)
    assert press.write(actor, change) == "done"
