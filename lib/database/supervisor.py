"""Keeps the embedded PostgreSQL running: a thread that looks whether it is there and starts it again when it is not.

Each process that uses the server watches it. They find out under a lock of the server whether it is gone, so one of
them starts it and the others find it running.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Literal, Protocol

from lib.errors import ConfigurationError

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0
#: For how long a server must have run before the next start of it is the first again.
_CALM_SECONDS = 10.0
_STOP_SECONDS = 5

ServerState = Literal["ready", "starting", "halted", "gone"]


class Server(Protocol):
    """What can be watched."""

    def state(self) -> ServerState:
        """How it does; cheap. `halted` is a process that a signal has stopped and that could go on."""
        ...

    def start_again(self) -> bool:
        """Start it unless it runs; whether that was needed. Raises ConfigurationError saying why it cannot."""
        ...


class Supervisor:
    """Watches a server in a thread of its own until it is stopped.

    The first start follows at once. Each further one waits twice as long as the one before, up to half a minute, until
    the server has run for ten seconds.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ended = threading.Event()
        self._starts = 0
        self._started_at = 0.0
        self._is_halted = False
        self._thread = threading.Thread(target=self._loop, name="watching PostgreSQL", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _loop(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            try:
                self._look()
            except Exception:  # whatever it is, the thread must go on
                log.exception("Watching the embedded PostgreSQL failed; trying again.")

    def _look(self) -> None:
        state = self._server.state()
        self._say_whether_halted(state == "halted")
        if state == "ready" and self._starts and time.monotonic() - self._started_at > _CALM_SECONDS:
            self._starts = 0
        if state == "gone" and not self._ended.wait(self._pause()):
            self._start_again()

    def _pause(self) -> float:
        """How long the next start waits."""
        return min(_FIRST_PAUSE_SECONDS * 2.0 ** (self._starts - 1), _LONGEST_PAUSE_SECONDS) if self._starts else 0.0

    def _start_again(self) -> None:
        began = time.monotonic()
        try:
            was_gone = self._server.start_again()
        except ConfigurationError as error:
            self._starts += 1
            log.error("%s Trying again in %g s.", error, self._pause())
        else:
            self._starts += was_gone
            if was_gone:
                log.warning("The embedded PostgreSQL was gone. It runs again after %.1f s.", time.monotonic() - began)
        self._started_at = time.monotonic()

    def _say_whether_halted(self, is_halted: bool) -> None:
        if is_halted and not self._is_halted:
            log.error("A signal has stopped the embedded PostgreSQL. It goes on after: kill -CONT its process.")
        elif self._is_halted and not is_halted:
            log.info("The embedded PostgreSQL goes on.")
        self._is_halted = is_halted
