"""Slow schemas and mappings: a request spends so long on them, and every event of it is recorded all the same."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from lib import database
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion, judging
from lib.events.judging import SentEvent
from lib.events.submission import Submission
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, count, publish
from tests.database.events.test_starting import NONSENSE, mend, start_again
from tests.support.api_client import BATCH, ApiClient, event, new_token
from tests.support.children import SLOW_EXPRESSION, anyof_bomb, counted_jobs
from tests.support.tenant_catalog import add_entry, add_schema

SLOW = "DEVICE_OFFLINE"
SLOW_MAPPING = {"title": {"$expr": SLOW_EXPRESSION}}


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """Sends events whose check runs into its clock of a second, where a request may spend less on all of its checks."""
    monkeypatch.setattr(judging, "MOST_SECONDS", 0.2)
    actor = new_actor("manage")
    add_schema(db, actor.tenant, "own.Slow.v1", anyof_bomb())
    add_entry(db, actor.tenant, SLOW, ref="own.Slow.v1")
    return actor


def submit_all(actor: Actor, *sent: SentEvent) -> list[Submission]:
    with database.write(actor) as conn:
        found = ingestion.submit_events(conn, actor, sent)
    assert all(isinstance(one, Submission) for one in found), found
    return [one for one in found if isinstance(one, Submission)]


@pytest.mark.own_database
def test_checks_of_a_batch_share_their_time_and_every_event_is_recorded(db: Database, actor: Actor) -> None:
    with counted_jobs() as asked:
        found = submit_all(actor, *(SentEvent(SLOW, 1) for _ in range(40)), SentEvent("TICKET_CREATED", TICKET))
    assert len(asked) == 1
    assert [one.schema_status for one in found] == ["timed_out"] * 40 + ["valid"], "what is cheap is checked"
    told = Counter(one.schema_errors[0]["message"] for one in found[:40])
    assert told == {
        "The schema check took more than 1000 ms.": 1,
        "The schema check was not tried: what came before it took all of the time.": 39,
    }
    assert count(db, "workflow_runtime_events") == 41


def test_mappings_of_a_batch_share_it_too(actor: Actor) -> None:
    publish(actor, "slow", mapping=SLOW_MAPPING)
    publish(actor, "fine")
    with counted_jobs() as asked:
        found = submit_all(actor, *(SentEvent("TICKET_CREATED", TICKET) for _ in range(20)))
    assert len(asked) == 1
    assert [sorted(match.reason for match in one.matches) for one in found] == [["mapping_failed", "started"]] * 20
    causes = Counter(match.message for one in found for match in one.of("skipped"))
    assert causes == {
        "The mapping of title does not work: took too long and was stopped": 1,
        "The mapping of title does not work: was not tried: what came before it took all of the time": 19,
    }


@pytest.mark.own_database
def test_halves_of_a_batch_that_failed_share_it(db: Database, actor: Actor) -> None:
    with db.owner.begin() as conn:
        conn.exec_driver_sql(
            "ALTER TABLE workflow_runtime_events ADD CONSTRAINT planted CHECK (source <> '/refused') NOT VALID"
        )
    batch = [event(type=SLOW, data=1, source="/refused" if n == 2 else "/fine") for n in range(4)]
    with counted_jobs() as asked:
        items = ApiClient(new_token(actor)).post(batch, BATCH).json()["items"]
    assert [item["status"] for item in items] == [202, 202, 500, 202]
    assert len(asked) == 1


def test_a_dry_run_has_the_same_time(actor: Actor) -> None:
    for name in ("a", "b", "c"):
        publish(actor, name, mapping=SLOW_MAPPING)
    with counted_jobs() as asked, database.read(actor) as conn:
        found = ingestion.decide(conn, actor, event_type="TICKET_CREATED", payload=TICKET)
    assert len(asked) == 1 and [match.reason for match in found.matches] == ["mapping_failed"] * 3


def test_starting_an_event_again_has_the_same_time(actor: Actor) -> None:
    workflows = [publish(actor, name, definition=NONSENSE) for name in ("a", "b", "c")]
    [done] = submit_all(actor, SentEvent("TICKET_CREATED", TICKET))
    for workflow in workflows:
        trigger = {"type": "event", "eventName": "TICKET_CREATED", "payloadMapping": SLOW_MAPPING}
        mend(workflow, json.dumps(trigger))
    with counted_jobs() as asked:
        assert {reason for _, _, reason in start_again(actor, done.event_id)} == {"mapping_failed"}
    assert len(asked) == 1
