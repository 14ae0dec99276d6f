"""Claims turns from the queue in one statement, whenever the bell rings, and has each executed.

DBOS's own thread for a queue claims in five statements, which took as long as the run that followed
(docs/decisions/0118).
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from lib import database
from lib.database import driver, named_queries
from lib.errors import DatabaseUnavailable
from lib.runs.wake import Bell

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)

#: Executes the turn of this row of DBOS's; done when the turn has ended, however it did.
Execute = Callable[[dict[str, Any]], Future[Any]]

_RETRY_SECONDS = 0.5
_STOP_SECONDS = 10


class Claiming:
    """The thread that claims turns, and what this worker has claimed: the ids of turns that have not ended."""

    def __init__(self, executor_id: str, concurrency: int, bell: Bell, execute: Execute) -> None:
        self._executor_id = executor_id
        self._most = concurrency
        self._of_a_tenant = concurrency // 2
        self._bell = bell
        self._execute = execute
        self._under_way: dict[str, str] = {}  # the tenant of each turn
        # Whether the last look at the queue may have left turns in it, and whether a turn has ended since it began.
        self._was_full = self._has_room_again = False
        self._lock = threading.Lock()
        self._is_failing = False
        self._thread = threading.Thread(target=self._loop, name="claiming turns", daemon=True)

    def __contains__(self, turn_id: object) -> bool:
        return turn_id in self._under_way

    def start(self) -> None:
        """Begin to claim."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the thread's end, once the bell is stopped."""
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _loop(self) -> None:
        while self._bell.wait():
            try:
                self._claim()
                self._is_failing = False
            except DatabaseUnavailable:  # told by housekeeping; whoever listens rings once it is back
                self._bell.stopped.wait(_RETRY_SECONDS)
            except Exception as error:  # whatever it is, the thread must go on
                if not self._is_failing:
                    log.error("No runs can be started.", extra={"error": error})
                self._is_failing = True
                self._bell.stopped.wait(_RETRY_SECONDS)

    def _claim(self) -> None:
        with self._lock:
            under_way, self._has_room_again = Counter(self._under_way.values()), False
        room = self._most - under_way.total()
        turns = self._claimed(room, under_way) if room > 0 else []
        under_way.update(turn["queue_partition_key"] for turn in turns)
        with self._lock:
            self._under_way.update((turn["workflow_uuid"], turn["queue_partition_key"]) for turn in turns)
            self._was_full = under_way.total() >= self._most or max(under_way.values(), default=0) >= self._of_a_tenant
            if self._was_full and self._has_room_again:
                self._bell.ring()
        for turn in turns:
            self._begin(turn)

    def _claimed(self, room: int, under_way: Mapping[str, int]) -> list[dict[str, Any]]:
        row = {
            "room": room,
            "of_a_tenant": self._of_a_tenant,
            "tenants": list(under_way),
            "turns": list(under_way.values()),
            "executor_id": self._executor_id,
            "owner": str(uuid4()),
        }
        with database.operate_outside_transaction() as conn:
            turns = driver.rows(conn, queries["claim_turns"], row)
        return sorted(turns, key=lambda turn: (turn["priority"], turn["created_at"]))

    def _begin(self, turn: dict[str, Any]) -> None:
        turn_id = turn["workflow_uuid"]
        try:
            self._execute(turn).add_done_callback(lambda _: self._ended(turn_id))
        except Exception as error:
            log.error("Turn %s did not begin.", turn_id, extra={"error": error})
            self._ended(turn_id)  # housekeeping finds that it is claimed and not under way

    def _ended(self, turn_id: str) -> None:
        with self._lock:
            del self._under_way[turn_id]
            self._has_room_again = True
            if self._was_full:
                self._bell.ring()  # no notice tells of the room
