"""Token buckets: so many requests at once, then so many a second, whichever web processes they come to.

The bucket of an API token is a row. A process leases a share of it with one statement, and spends that without another.
So over any time, all processes together let through no more than the burst, what time brings, and a share for each
process (decision 0095). Whoever is over the limit costs no statement either until waiting could have helped.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from anyio import Lock

from lib import database
from lib.auth.actors import Actor
from lib.database import named_queries

#: A share is the burst divided by this: 25 requests of the usual 400.
SHARES = 16
# What is known of tokens is forgotten when there are this many. That loses their shares, no more.
_MANY = 10_000

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Lease:
    """What a process was given of a bucket, and how much it left there."""

    granted: int
    available: float


Take = Callable[[Actor, int, int], Awaitable[Lease]]


@dataclass
class _Share:
    """What this process still has of a token's requests, and what it last saw in the bucket."""

    left: int
    seen: float
    seen_at: float
    lock: Lock = field(default_factory=Lock)


class RateLimit:
    """The limit as one process applies it, from one event loop. `lease` is asked for need and want of a token."""

    def __init__(
        self, *, per_second: float, burst: int, lease: Take, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._lease = lease
        self._clock = clock
        self._shares: dict[UUID, _Share] = {}

    async def take(self, actor: Actor, cost: int = 1) -> float:
        """Take that many of the token's requests: 0.0, or if there are too few, the seconds until there may be.

        A cost above the burst is taken as the burst, or it could never be paid.
        """
        cost = min(cost, self._burst)
        share = self._share(actor.user_id)
        if share.left < cost:
            async with share.lock:  # others of this process wait, as the share may do for them too
                if share.left < cost and (wait := await self._fill(share, actor, cost)):
                    return wait
        share.left -= cost
        return 0.0

    async def _fill(self, share: _Share, actor: Actor, cost: int) -> float:
        """Lease so much that the cost can be paid: 0.0, or the seconds until that can be had."""
        need = cost - share.left
        # Nobody fills a bucket but time. So this is the most that it can hold by now.
        most = min(self._burst, share.seen + (self._clock() - share.seen_at) * self._per_second)
        if most >= need:
            found = await self._lease(actor, need, max(cost, self._burst // SHARES))
            share.left += found.granted
            share.seen, share.seen_at = found.available, self._clock()
            most = found.available
        return 0.0 if share.left >= cost else (need - most) / self._per_second

    def _share(self, token_id: UUID) -> _Share:
        found = self._shares.get(token_id)
        if found is None:
            if len(self._shares) >= _MANY:
                self._shares.clear()
            found = self._shares[token_id] = _Share(0, float(self._burst), self._clock())
        return found


def lease(actor: Actor, need: int, want: int, *, per_second: float, burst: int) -> Lease:
    """Take from the bucket of the actor's token what this process wants, at least what it needs, or nothing."""
    row = {
        "tenant": actor.tenant,
        "token_id": actor.user_id,
        "need": need,
        "want": want,
        "per_second": per_second,
        "burst": burst,
    }
    with database.write(actor) as conn:
        found = conn.execute(queries["lease"], row).one()
    return Lease(found.granted, found.available)
