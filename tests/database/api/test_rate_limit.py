"""So many at once, then so many a second, for each token by itself, whichever processes its requests come to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from lib import database
from lib.api import rate_limit
from lib.api.rate_limit import SHARES, Lease, RateLimit
from lib.auth import tokens
from lib.auth.actors import Actor
from lib.database import Connection, Database
from tests.conftest import ActorFactory
from tests.support.api_client import ApiClient, new_token
from tests.support.other_process import other_process

AT = text(
    "SELECT set_config('app.now', "
    "(TIMESTAMPTZ '2026-01-01Z' + CAST(:seconds AS float8) * interval '1 second')::text, true)"
)
LEASE = text("SELECT granted, available FROM app_lease_requests(:t, :k, :n, :w, :p, :b)")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def bearer(actor: Actor) -> Actor:
    """Whom a new token acts as."""
    found = tokens.actor_for_token(new_token(actor))
    assert found is not None
    return found


def process(clock: Clock, *, per_second: float, burst: int) -> RateLimit:
    """The limit as another process applies it, while the database's clock is this one."""

    async def lease(actor: Actor, need: int, want: int) -> Lease:
        row = {"t": actor.tenant, "k": actor.user_id, "n": need, "w": want, "p": per_second, "b": burst}
        with database.write(actor) as conn:
            conn.execute(AT, {"seconds": clock.now})
            found = conn.execute(LEASE, row).one()
        return Lease(found.granted, found.available)

    return RateLimit(per_second=per_second, burst=burst, lease=lease, clock=clock)


REQUESTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.01, 0.3, 2.0]), st.integers(1, 80)), max_size=30
)


@given(st.floats(0.5, 500), st.integers(1, 64), REQUESTS)
def test_processes_together_never_let_through_more_than_the_limit_and_a_share_each(
    new_actor: ActorFactory, per_second: float, burst: int, requests: list[tuple[int, float, int]]
) -> None:
    clock, who = Clock(), bearer(new_actor("manage"))
    several = [process(clock, per_second=per_second, burst=burst) for _ in range(3)]
    passed: list[tuple[float, int]] = []
    for which, pause, cost in requests:
        clock.now += pause
        wait = asyncio.run(several[which].take(who, cost))
        if wait == 0.0:
            passed.append((clock.now, min(cost, burst)))
        assert wait <= burst / per_second
    for since, _ in passed:
        over = sum(cost for at, cost in passed if at >= since)
        assert over <= burst + (clock.now - since) * per_second + 3 * (burst // SHARES) + 0.001


@given(st.floats(0.5, 500), st.integers(1, 64), st.lists(st.integers(1, 80), min_size=1, max_size=10))
def test_what_it_says_to_wait_is_enough_for_one_process(
    new_actor: ActorFactory, per_second: float, burst: int, costs: list[int]
) -> None:
    clock, who = Clock(), bearer(new_actor("manage"))
    limit = process(clock, per_second=per_second, burst=burst)
    for cost in costs:
        if wait := asyncio.run(limit.take(who, cost)):
            clock.now += wait + 1e-4
            assert asyncio.run(limit.take(who, cost)) == 0.0


@pytest.fixture
def statements(db: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(conn: Connection, cursor: object, statement: str, *_: object) -> None:
        if "app_lease_requests" in statement:
            seen.append(statement)

    event.listen(db.app, "before_cursor_execute", note)
    yield seen
    event.remove(db.app, "before_cursor_execute", note)


def test_a_share_of_requests_costs_one_statement_and_refusals_cost_none(
    new_actor: ActorFactory, statements: list[str]
) -> None:
    who = bearer(new_actor("manage"))

    async def lease(actor: Actor, need: int, want: int) -> Lease:
        return rate_limit.lease(actor, need, want, per_second=0.001, burst=400)

    limit = RateLimit(per_second=0.001, burst=400, lease=lease)
    assert [asyncio.run(limit.take(who)) for _ in range(400)] == [0.0] * 400
    assert len(statements) == SHARES
    assert all(asyncio.run(limit.take(who)) > 900 for _ in range(100))
    assert len(statements) == SHARES


def test_requests_that_come_together_lease_once(new_actor: ActorFactory, statements: list[str]) -> None:
    who = bearer(new_actor("manage"))
    limit = RateLimit(per_second=0.001, burst=400, lease=partial(leased_beside, burst=400))

    async def many() -> list[float]:
        return await asyncio.gather(*(limit.take(who) for _ in range(25)))

    assert asyncio.run(many()) == [0.0] * 25
    assert len(statements) == 1


async def leased_beside(actor: Actor, need: int, want: int, *, burst: int) -> Lease:
    return await asyncio.to_thread(rate_limit.lease, actor, need, want, per_second=0.001, burst=burst)


def test_tokens_that_are_many_are_forgotten(new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MANY", 3)
    actor = new_actor("manage")
    limit = process(Clock(), per_second=1, burst=4)
    everyone = [bearer(actor) for _ in range(5)]
    assert [asyncio.run(limit.take(one)) for one in everyone] == [0.0] * 5
    assert len(limit._shares) <= 3


def test_each_token_of_each_tenant_has_its_own_bucket(new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    one, other, elsewhere = bearer(actor), bearer(actor), bearer(new_actor("manage"))
    limit = process(Clock(), per_second=1, burst=2)
    assert [asyncio.run(limit.take(one)) for _ in range(3)] == [0.0, 0.0, 1.0]
    assert [asyncio.run(limit.take(who)) for who in (other, elsewhere)] == [0.0, 0.0]


def asked(token: str, requests: int, per_second: float, burst: int) -> dict[str, float]:
    """In a web process: how many requests that are made at once were let through, and when it began and ended."""
    client = ApiClient(token, per_second=per_second, burst=burst)
    began = time.time()
    statuses = [client.get("/api/v2/events/nothing").status_code for _ in range(requests)]
    assert set(statuses) <= {404, 429}
    return {"passed": statuses.count(404), "refused": statuses.count(429), "began": began, "ended": time.time()}


def test_two_web_processes_share_the_limit(db: Database, new_actor: ActorFactory) -> None:
    token = new_token(new_actor("read"))
    per_second, burst = 1.0, 160  # few a second: a busy machine takes many for the requests
    with other_process(db) as one, other_process(db) as other:
        for each in (one, other):
            each.ask("tests.database.api.test_rate_limit.asked", token, 300, per_second, burst)
        found = [each.answer() for each in (one, other)]
    seconds = max(one["ended"] for one in found) - min(one["began"] for one in found)
    passed = sum(one["passed"] for one in found)
    assert all(one["refused"] for one in found), found
    assert burst <= passed + burst // SHARES and passed <= burst + seconds * per_second + 2 * (burst // SHARES)
    assert sum(one["passed"] for one in found) < 2 * burst, "each had the whole limit"


def test_a_tokens_id_of_another_tenant_leases_nothing(new_actor: ActorFactory) -> None:
    ours, theirs = bearer(new_actor("manage")), bearer(new_actor("manage"))
    stranger = Actor(theirs.tenant, UUID(str(ours.user_id)), "x", "admin", is_token=True)
    with pytest.raises(Exception, match="rate_buckets"):
        rate_limit.lease(stranger, 1, 1, per_second=1, burst=1)
