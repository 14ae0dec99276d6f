"""What browsers tell of what they show reaches the session that waits for it, and no other."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.ui.components import first_sight


@pytest.fixture
def browser() -> TestClient:
    return TestClient(first_sight.FirstSights(Starlette()))


def test_a_token_is_told_for_its_own_session_alone(browser: TestClient) -> None:
    sights = [first_sight._Sight(), first_sight._Sight()]
    first_sight._awaited.update({sight.token: sight for sight in sights})
    assert browser.post(f"{first_sight.PATH}{sights[0].token}").status_code == 204
    assert [sight.is_seen.is_set() for sight in sights] == [True, False]


def test_what_is_waited_for_is_gone_with_its_session(browser: TestClient) -> None:
    sight = first_sight._Sight()
    token = sight.token
    first_sight._awaited[token] = sight
    del sight
    assert token not in first_sight._awaited
    assert browser.post(f"{first_sight.PATH}{token}").status_code == 204


@pytest.mark.parametrize("token", ["", "x", "..%2Fetc%2Fpasswd", "%00", "a" * 5000, "🎫"])
def test_a_stranger_learns_nothing(browser: TestClient, token: str) -> None:
    answer = browser.post(f"{first_sight.PATH}{token}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_all_other_requests_go_on(browser: TestClient) -> None:
    assert browser.get(f"{first_sight.PATH}x").status_code == 404
    assert browser.post("/api/v2/_seen/x").status_code == 404
