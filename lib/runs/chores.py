"""Chores: what a process does again and again beside what people and events ask for. One thread does a set of them.

Any number of processes may do the same chores at a time, so each chore must bear that.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lib import database
from lib.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

_START_SECONDS = 10
_STOP_SECONDS = 10
#: After so long a chore with more to do waits for the next pass.
_LONGEST_TURN_SECONDS = 5
_SAID_AGAIN_SECONDS = 24 * 60 * 60
#: What fails when the database is away: no chore by itself.
_SESSION = "session"


@dataclass(frozen=True)
class Chore:
    """Something to do every so many seconds, in every pass if that is 0, first so many seconds after the start.

    `work` says whether there is more of it to do at once.
    """

    name: str
    work: Callable[[], object]
    every: float = 0.0
    first: float = 0.0


class Chores:
    """A thread that does chores in passes, `seconds` apart, until it is stopped.

    A chore that fails keeps none of the others from being done, and one with much to do lets them have their turn. A
    failure is logged once a day, and again when it is another one or is over. When the database is away the pass ends
    and what was due stays due.
    """

    def __init__(self, name: str, chores: Sequence[Chore], *, seconds: float) -> None:
        self._name = name
        self._chores = chores
        self._seconds = seconds
        self._ended = threading.Event()
        self._ready = threading.Event()
        self._failing: dict[str, tuple[str, float]] = {}
        self._due: dict[str, float] = {}
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs and holds its session."""
        return self._thread.is_alive() and self._ready.is_set()

    def start(self) -> None:
        """Begin, and return once the session is held. Raises DatabaseUnavailable when it cannot be had."""
        now = time.monotonic()
        self._due = {chore.name: now + chore.first for chore in self._chores}
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            self._ended.set()
            raise DatabaseUnavailable

    def stop(self) -> None:
        """End after the chore under way, and let go of the session."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    @contextmanager
    def session(self) -> Iterator[Callable[[], bool]]:
        """What the thread holds while it does chores, such as a session of the database.

        It gives a function that is asked before every pass whether there is to be one. The function raises
        DatabaseUnavailable once what is held is lost; it is then opened anew.
        """
        yield lambda: True

    def failed(self, what: str, error: Exception) -> None:
        """Log that something failed, unless it was said today that it fails in this way."""
        said, now = f"{type(error).__name__}: {error}", time.monotonic()
        before = self._failing.get(what)
        if before and before[0] == said and now - before[1] < _SAID_AGAIN_SECONDS:
            return
        self._failing[what] = said, now
        if isinstance(error, DatabaseUnavailable) and what == _SESSION:
            log.warning("%s waits for the database. %s", self._name, error.for_operators)
        elif isinstance(error, DatabaseUnavailable):
            log.warning("%s, %s could not go on; trying again. %s", self._name, what, error.for_operators)
        else:
            log.error("%s, %s could not go on; trying again.", self._name, what, exc_info=error)

    def went_well(self, what: str) -> None:
        """Log that something works which failed before."""
        if self._failing.pop(what, None):
            log.info("%s, %s works again.", self._name, what)

    def _loop(self) -> None:
        while not self._ended.is_set():
            try:
                with self.session() as may_go_on:
                    self._ready.set()
                    while not self._ended.wait(self._seconds):
                        if may_go_on():
                            self._pass()
            except Exception as error:
                self.failed(_SESSION, error)
                self._ended.wait(self._seconds)
            finally:
                self._ready.clear()

    def _pass(self) -> None:
        for chore in self._chores:
            now = time.monotonic()
            if now < self._due[chore.name] or self._ended.is_set():
                continue
            # Not to the second: processes that started together are not to do everything together.
            self._due[chore.name] = now + chore.every * random.uniform(0.8, 1.2)
            self._do(chore, now)
        self.went_well(_SESSION)

    def _do(self, chore: Chore, now: float) -> None:
        try:
            while chore.work() and not self._ended.is_set():
                if time.monotonic() - now > _LONGEST_TURN_SECONDS:
                    self._due[chore.name] = now
                    break
        except DatabaseUnavailable as error:
            if not database.answers():
                self._due[chore.name] = now
                raise
            self.failed(chore.name, error)  # it was refused: others may make the room that it needs
        except Exception as error:
            self.failed(chore.name, error)
        else:
            self.went_well(chore.name)
