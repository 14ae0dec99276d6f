"""So many at once, then so many a second, each key for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lib.api import rate_limit
from lib.api.rate_limit import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    st.floats(0.5, 500),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 60)), max_size=60),
)
def test_never_more_than_the_burst_and_what_time_brings(
    per_second: float, burst: int, requests: list[tuple[float, int]]
) -> None:
    clock = Clock()
    limit = RateLimit(per_second=per_second, burst=burst, clock=clock)
    taken = 0
    for pause, cost in requests:
        clock.now += pause
        wait = limit.take("key", cost)
        if wait == 0.0:
            taken += min(cost, burst)
        else:
            clock.now += wait + 1e-6
            assert limit.take("key", cost) == 0.0, "what it says to wait is enough"
            taken += min(cost, burst)
        assert taken <= burst + clock.now * per_second + 1e-3


def test_each_key_has_its_own_bucket() -> None:
    limit = RateLimit(per_second=1, burst=2, clock=Clock())
    assert [limit.take("a"), limit.take("a")] == [0.0, 0.0]
    assert limit.take("a") == 1.0
    assert limit.take("b") == 0.0


def test_full_buckets_are_forgotten() -> None:
    clock = Clock()
    limit = RateLimit(per_second=1000, burst=1, clock=clock)
    for key in range(3 * rate_limit._MANY):
        clock.now += 0.001
        limit.take(key)
    assert len(limit._buckets) <= rate_limit._MANY + 1
