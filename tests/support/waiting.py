"""Waiting for what comes soon, as long as a busy machine may need for it: who waits goes on as soon as it has come."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Nothing that a test waits for takes a tenth of this on a machine that has nothing else to do.
PATIENCE = 60.0


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.02)
