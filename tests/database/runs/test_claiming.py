"""Which turns a worker takes from the queue: as many as it has room for, from all tenants alike, and none twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from typing import Any

import pytest

from lib import database
from lib.auth.actors import Actor
from lib.database import Connection, Database, driver
from lib.runs import claiming, engine, wake
from lib.runs.claiming import Claiming
from lib.runs.wake import Bell
from tests.support.waiting import wait_for
from tests.support.workflow_runs import log_step, publish, start_run

pytestmark = pytest.mark.own_database


@pytest.fixture
def tenants(db: Database, new_actor: Any) -> dict[str, list[str]]:
    """Five turns of each of three tenants, in the order in which they were queued; nobody executes them."""
    engine.migrate(db.owner.url.render_as_string(hide_password=False))
    actors: list[Actor] = [new_actor("manage") for _ in range(3)]
    return {str(actor.tenant): queue(actor, 5) for actor in actors}


def queue(actor: Actor, number: int) -> list[str]:
    workflow = publish(actor.tenant, [log_step("one")])
    return [str(start_run(actor, workflow)) for _ in range(number)]


def claim(conn: Connection, *, room: int, of_a_tenant: int, under_way: dict[str, int] | None = None) -> Counter[str]:
    """How many turns of each tenant are taken."""
    row = {
        "room": room,
        "of_a_tenant": of_a_tenant,
        "tenants": list(under_way or {}),
        "turns": list((under_way or {}).values()),
        "executor_id": "one",
        "owner": "me",
    }
    return Counter(turn["queue_partition_key"] for turn in driver.rows(conn, claiming.queries["claim_turns"], row))


def test_no_more_than_there_is_room_for_and_of_no_tenant_more_than_its_share(tenants: dict[str, list[str]]) -> None:
    full, nearly, free = tenants
    with database.operate() as conn:
        taken = claim(conn, room=10, of_a_tenant=3, under_way={full: 3, nearly: 2})
        assert taken == {nearly: 1, free: 3}
        assert claim(conn, room=2, of_a_tenant=5).total() == 2


def test_what_another_worker_is_just_taking_is_left_to_it(tenants: dict[str, list[str]]) -> None:
    with database.operate() as one, database.operate() as other:
        assert claim(one, room=9, of_a_tenant=3) == dict.fromkeys(tenants, 3)
        assert claim(other, room=9, of_a_tenant=3) == dict.fromkeys(tenants, 2)
    with database.operate() as conn:
        assert claim(conn, room=9, of_a_tenant=9).total() == 0


class Worker:
    """A worker that is told what to execute, and executes nothing."""

    def __init__(self, concurrency: int) -> None:
        self.begun: dict[str, Future[Any]] = {}
        self.bell = Bell()
        self.claiming = Claiming("one", concurrency, self.bell, self._execute)

    def _execute(self, turn: dict[str, Any]) -> Future[Any]:
        return self.begun.setdefault(turn["workflow_uuid"], Future())

    def __enter__(self) -> Worker:
        self.claiming.start()
        self.bell.ring()
        return self

    def __exit__(self, *_: object) -> None:
        self.bell.stop()
        self.claiming.stop()


def test_a_turn_that_ends_makes_room_for_the_next(
    tenants: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "IDLE_SECONDS", 3600)
    [tenant, *_] = tenants
    with Worker(concurrency=4) as worker:
        wait_for(lambda: len(worker.begun) == 4)
        ended = set[str]()
        while len(ended) < 15:  # nothing rings but turns that end
            wait_for(lambda: len(worker.begun) > len(ended))
            turn = next(turn for turn in worker.begun if turn not in ended)
            assert turn in worker.claiming
            ended.add(turn)
            worker.begun[turn].set_result(None)
            assert turn not in worker.claiming
    assert [turn for turn in worker.begun if turn in tenants[tenant]] == tenants[tenant]


def test_a_turn_that_cannot_begin_is_not_kept_and_the_others_begin(
    tenants: dict[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Worker):
        def _execute(self, turn: dict[str, Any]) -> Future[Any]:
            future = super()._execute(turn)
            if len(self.begun) == 1:
                raise RuntimeError
            return future

    with Broken(concurrency=16) as worker:
        wait_for(lambda: len(worker.begun) == 15)
    [broken, *others] = worker.begun
    assert broken not in worker.claiming and all(turn in worker.claiming for turn in others)
    assert f"Turn {broken} did not begin." in caplog.text
