"""How much work something is, in terms that do not depend on how fast the machine is or what else it does.

A bound in seconds fails wherever the machine is busy. Calls are counted: the same input takes the same number
everywhere. Where the work is done inside C, such as by a regular expression, nothing can be counted; there the
CPU time is compared with that of ordinary work, done in turn with it by the same thread.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

_ROUNDS = 40


def calls(act: Callable[[], object]) -> int:
    """How many functions are called by it, in this thread and in those that start meanwhile, those in C included."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
        threading.setprofile(None)  # type: ignore[arg-type]
    return count


def compared(act: Callable[[], object], ordinary: Callable[[], object], *, most: float) -> float:
    """How many times the CPU of the ordinary work it takes, at their best.

    Ends as soon as that is at most `most`, or so far beyond it that no busy machine explains it.
    """
    best_act = best_ordinary = ratio = float("inf")
    gc.collect()
    gc.freeze()  # what the tests before have left on the heap does not count
    for _ in range(_ROUNDS):
        best_ordinary = min(best_ordinary, _cpu(ordinary))
        best_act = min(best_act, _cpu(act))
        ratio = best_act / best_ordinary
        if ratio <= most or ratio > 10 * most:
            break
    return ratio


def _cpu(act: Callable[[], object]) -> float:
    start = time.thread_time()
    act()
    return time.thread_time() - start
