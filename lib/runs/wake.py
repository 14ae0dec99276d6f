"""Wakes whoever executes runs as soon as a turn is queued, so that nobody needs to look at the queue often.

Each turn that is queued is announced on a channel of the database when its transaction commits (app_drive_run). A
thread of each worker listens and rings the worker's bell. A notice that nobody heard costs time and nothing else: the
queue is looked at every IDLE_SECONDS anyway.
"""

from __future__ import annotations

import logging
import threading
import time

from lib import database
from lib.database import driver

log = logging.getLogger(__name__)

#: Fixed, also in migration 0024. In no file of queries, as PostgreSQL has no plan for it.
_LISTEN = "LISTEN event_catalog_turns"

#: How often a worker with nothing to do looks at the queue, if no notice tells it to.
IDLE_SECONDS = 2.0
#: How long a look at the queue is at least after the one before, so that turns gather.
_GATHER_SECONDS = 0.02
_START_SECONDS = 5
_RECONNECT_SECONDS = 1.0
#: How often the listener looks whether it is to end, and asks whether the database is still there.
_LOOK_UP_SECONDS = 1.0
_ASK_SECONDS = 30.0
_STOP_SECONDS = 5


class Bell:
    """What the thread that claims turns waits for. Rung, it looks at the queue, though not too often."""

    def __init__(self) -> None:
        #: Set when nobody is to look any more.
        self.stopped = threading.Event()
        self._rung = threading.Event()
        self._looked = -_GATHER_SECONDS

    def ring(self) -> None:
        """There may be something in the queue that can be claimed."""
        self._rung.set()

    def stop(self) -> None:
        """End the threads that use the bell."""
        self.stopped.set()
        self._rung.set()

    def wait(self) -> bool:
        """Wait until the next look is due; False if there is to be none."""
        self._rung.wait(IDLE_SECONDS)
        self.stopped.wait(self._looked + _GATHER_SECONDS - time.monotonic())
        self._rung.clear()
        self._looked = time.monotonic()
        return not self.stopped.is_set()


class Listener:
    """A thread that rings the bell for every notice, and whenever it begins to listen: it missed what came before."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._deaf = False
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="listening for turns", daemon=True)

    @property
    def listens(self) -> bool:
        """Whether a notice is heard right now."""
        return self._listening.is_set()

    def start(self) -> None:
        """Begin, and return once it listens, unless that takes long."""
        self._thread.start()
        self._listening.wait(_START_SECONDS)

    def stop(self) -> None:
        """Wait for its end, once the bell is stopped."""
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _loop(self) -> None:
        while not self._bell.stopped.is_set():
            try:
                self._listen()
            except Exception as error:  # whatever it is, the thread must go on
                if not self._deaf:
                    late = "Runs start up to %g s late until the database can be listened to."
                    log.warning(late, IDLE_SECONDS, extra={"error": error})
                self._deaf = True
                self._listening.clear()
                self._bell.stopped.wait(_RECONNECT_SECONDS)

    def _listen(self) -> None:
        with database.operate_outside_transaction() as conn:
            conn.detach()  # closed at the end, not returned to the pool while it listens
            conn.exec_driver_sql(_LISTEN)
            self._deaf = False
            self._listening.set()
            self._bell.ring()
            asked = time.monotonic()
            while not self._bell.stopped.is_set():
                if driver.notified(conn, seconds=_LOOK_UP_SECONDS):
                    self._bell.ring()
                elif time.monotonic() > asked + _ASK_SECONDS:  # a host that vanished says nothing
                    conn.exec_driver_sql(_LISTEN)
                    asked = time.monotonic()
