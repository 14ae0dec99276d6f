"""Ends this process in order when SIGTERM, Ctrl-C or a terminal that closes asks it to.

The first signal begins the end: what is under way is finished, and runs go to other workers. A second one ends the
process at once, and so does an end that takes too long. Nothing that was acknowledged is lost then either: it is as if
the process had been killed.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

#: How long requests under way may take to be answered.
REQUEST_SECONDS = 10
#: How long the whole end may take.
_LONGEST_SECONDS = 30.0
#: How long what is left of the process may take once everything was let go of.
_LEAVE_SECONDS = 3.0
_CUT_SHORT = 1

_is_asked = False


def is_asked() -> bool:
    """Whether this process was asked to end."""
    return _is_asked


def when_asked(begin: Callable[[], object], *, grace_seconds: float = 0) -> None:
    """Begin the end like this, at the first signal or so long after it, while /readyz says that it comes.

    Only the main thread of a process is told of signals.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _ask(begin, grace_seconds))
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as it is under nohup
            # A terminal that closes says so twice, by its shell and by the system.
            signal.signal(signal.SIGHUP, lambda *_: None if _is_asked else _ask(begin, grace_seconds))


def leave() -> None:
    """Call it once all is closed: a process that was asked to end ends soon, even if a step still runs in a thread."""
    if _is_asked:
        _after(_LEAVE_SECONDS, lambda: os._exit(0))


def _ask(begin: Callable[[], object], grace_seconds: float) -> None:
    global _is_asked
    if _is_asked:
        os._exit(_CUT_SHORT)
    _is_asked = True
    _after(grace_seconds + _LONGEST_SECONDS, lambda: os._exit(_CUT_SHORT))
    if grace_seconds:
        _after(grace_seconds, begin)
    else:
        begin()


def _after(seconds: float, act: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
