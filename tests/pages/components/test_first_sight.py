"""A page waits for the browser once, when somebody has just opened the application."""

from __future__ import annotations

import time

import pytest

from lib.ui.components import first_sight
from tests.conftest import ActorFactory
from tests.support.pages import open_page


@pytest.fixture(autouse=True)
def someone(new_actor: ActorFactory) -> None:
    new_actor("admin", name="Acme")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made. All other waiting goes on."""
    made: list[float] = []
    sleep = time.sleep

    def noted(seconds: float) -> None:
        if seconds == first_sight.PAUSE_SECONDS:
            made.append(seconds)
        else:
            sleep(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    return made


def test_the_catalog_pauses_after_its_cards_when_it_is_opened_first(pauses: list[float]) -> None:
    app = open_page("catalog.py")
    assert len(pauses) == 1
    app.run()
    assert len(pauses) == 1


def test_whoever_comes_from_another_page_does_not_wait(pauses: list[float]) -> None:
    app = open_page("me.py")
    app.switch_page("catalog.py").run()
    assert app.title[0].value == "Workflow Event Catalog"
    assert pauses == []
