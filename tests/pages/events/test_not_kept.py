"""Where a list lacks events or runs that were dropped, it says so, and it says so nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lib.auth.actors import Actor
from lib.database import Database
from tests.conftest import ActorFactory
from tests.support import pages

pytestmark = pytest.mark.own_database

TODAY = datetime.now(UTC)
KEPT, GONE = (f"{TODAY - timedelta(days=days):%Y-%m-%dT%H:%MZ}" for days in (1, 300))
LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "metrics": ("metrics.py", {"eventType": "TICKET_CREATED", "range": "Custom", "from": "{since}"}),
    "activity": ("activity.py", {"time": "Custom", "since": "{since}"}),
    "runs": ("runs.py", {"runTime": "Custom", "runSince": "{since}"}),
}


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    with db.owner.begin() as conn:
        conn.exec_driver_sql("INSERT INTO dropped_event_months (month) VALUES (now() - interval '3 months')")
    return new_actor()


def told(name: str, since: str) -> list[str]:
    page, query = LISTS[name]
    given: dict[str, Any] = {key: value.format(since=since) for key, value in query.items()}
    said = [caption.value for caption in pages.open_page(page, **given).caption]
    return [one for one in said if "no longer kept" in one]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_what_it_lacks(actor: Actor, name: str) -> None:
    [sentence] = told(name, GONE)
    assert "Events before" in sentence and "their counts are" in sentence
    assert told(name, KEPT) == []
