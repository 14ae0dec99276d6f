"""Token buckets: so many requests at once, then so many a second. In this process only."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

# Buckets are swept when there are this many; those that have filled up again say nothing any more.
_MANY = 10_000


class RateLimit:
    """A bucket for each key. Used from one event loop, so it needs no lock."""

    def __init__(self, *, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable, cost: int = 1) -> float:
        """Take that many from the key's bucket: 0.0, or if it holds too few, the seconds until it has them.

        A cost above the burst is taken as the burst, or it could never be paid.
        """
        now = self._clock()
        cost = min(cost, self._burst)
        left, at = self._buckets.get(key, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_second)
        if left < cost:
            return (cost - left) / self._per_second
        self._buckets[key] = (left - cost, now)
        if len(self._buckets) > _MANY:
            self._sweep(now)
        return 0.0

    def _sweep(self, now: float) -> None:
        fills = {key: left + (now - at) * self._per_second for key, (left, at) in self._buckets.items()}
        for key, left in fills.items():
            if left >= self._burst:
                del self._buckets[key]
