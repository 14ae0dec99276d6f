"""CPU time for one job at a time, in the child's main thread."""

from __future__ import annotations

import signal


class TimeUp(BaseException):
    """The CPU time of the job is used up. No Exception, so that no library takes it for one of its own."""

    #: For a job of several parts: the number of the part it happened in.
    at: int | None = None


class Clock:
    """Raises TimeUp in the running job once its time is over, inside a slow regular expression too."""

    def __init__(self) -> None:
        self._running = False
        signal.signal(signal.SIGPROF, self._ring)

    def start(self, milliseconds: int) -> None:
        """Begin to count."""
        self._running = True
        # Rings again until it is heard: a bare except somewhere may swallow it once.
        signal.setitimer(signal.ITIMER_PROF, milliseconds / 1000, 0.02)

    def stop(self) -> None:
        """Stop counting."""
        self._running = False
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _ring(self, *_: object) -> None:
        if self._running:
            raise TimeUp
