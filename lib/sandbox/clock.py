"""CPU time for one job at a time, in the child's main thread."""

from __future__ import annotations

import signal

#: What ends a process whose time is long over.
OVERDUE = signal.SIGVTALRM


class TimeUp(BaseException):
    """The CPU time of the job is used up. No Exception, so that no library takes it for one of its own."""

    #: For a job of several parts: the number of the part it happened in.
    at: int | None = None


def left() -> float:
    """Seconds of CPU time that the running job still has; 0 when no clock runs."""
    return signal.getitimer(signal.ITIMER_PROF)[0]


class Clock:
    """Raises TimeUp in the running job once its time is over, inside a slow regular expression too.

    Code that is not Python hears nothing until it is done. Where that takes more than twice the time, the second timer
    ends the process, by a signal that nobody handles.
    """

    def __init__(self) -> None:
        self._running = False
        signal.signal(signal.SIGPROF, self._ring)

    def start(self, milliseconds: int) -> None:
        """Begin to count."""
        self._running = True
        # Rings again until it is heard: a bare except somewhere may swallow it once.
        signal.setitimer(signal.ITIMER_PROF, milliseconds / 1000, 0.02)
        signal.setitimer(signal.ITIMER_VIRTUAL, milliseconds / 500 + 0.1)

    def stop(self) -> None:
        """Stop counting."""
        self._running = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _ring(self, *_: object) -> None:
        if self._running:
            raise TimeUp
