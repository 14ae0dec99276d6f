"""How slow this machine is just now, for bounds on what something costs that hold on any machine."""

from __future__ import annotations

import time

# CPU seconds of a million turns of an empty loop on an ordinary machine that is idle.
_ORDINARY = 1 / 60


def slowness() -> float:
    """How many times longer this machine takes than an ordinary one; never below 1, so bounds are never tighter."""
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        for _ in range(1_000_000):
            pass
        best = min(best, time.thread_time() - start)
    return max(1.0, best / _ORDINARY)
