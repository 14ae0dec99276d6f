"""What /metrics tells: this process's counters and the state of the engine. Never a tenant's data.

The page is open to whoever reaches the server, so it is aggregate only, and the database is asked at most
every few seconds, however often it is fetched (unless it does not answer).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lib import database, telemetry
from lib.database import named_queries
from lib.errors import DatabaseUnavailable
from lib.runs import engine

_ASK_AGAIN_SECONDS = 5.0

queries = named_queries.of(__name__)


def text() -> bytes:
    """Everything, in the Prometheus text format. Waits for the database."""
    return generate_latest(telemetry.registry)


@dataclass(frozen=True)
class _State:
    """Gauges: a single value each, or one by status."""

    database_up: float = 0
    queue_depth: float | None = None
    oldest_queued_seconds: float | None = None
    live_executors: float | None = None
    open_runs: dict[str, int] | None = None
    recent_runs: dict[str, int] | None = None
    unfolded_changes: float | None = None
    repaired_counts: float | None = None
    compared_seconds: float | None = None


_HELP = {
    "database_up": "Whether the database answers.",
    "queue_depth": f"Runs that wait for a worker, counted up to {engine.MOST_QUEUED:,}.",
    "oldest_queued_seconds": "How long the first of them has been waiting.",
    "live_executors": "Worker processes that are alive.",
    "open_runs": "Unfinished runs, by status.",
    "recent_runs": "Runs of events of the last hour, by status.",
    "unfolded_changes": "Changes not folded into counts yet, up to 1,000,000; growing means that no worker folds.",
    "repaired_counts": "Buckets of counts that did not equal their rows in the last day; repaired, but should be none.",
    "compared_seconds": "How long ago counts were last compared with their rows; about an hour at most.",
}


class _Gauges(Collector):
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = _State()
        self._asked = -_ASK_AGAIN_SECONDS

    def collect(self) -> Iterator[Metric]:
        for name, value in asdict(self._recent()).items():
            family = GaugeMetricFamily(f"event_catalog_{name}", _HELP[name], labels=_labels(value))
            for labels, number in _samples(value):
                family.add_metric(labels, number)
            yield family

    def _recent(self) -> _State:
        with self._lock:
            if time.monotonic() - self._asked >= _ASK_AGAIN_SECONDS:
                self._state = _ask()
                if self._state.database_up:
                    self._asked = time.monotonic()
            return self._state


def _ask() -> _State:
    try:
        with database.operate() as conn:
            open_runs, recent_runs = (
                {row.status: row.runs for row in conn.execute(queries[name])} for name in ("open_runs", "recent_runs")
            )
            unfolded = conn.execute(queries["unfolded_changes"]).scalar_one()
            repaired, compared = conn.execute(queries["compared_counts"]).one()
    except DatabaseUnavailable:
        return _State()
    health = engine.health()
    return _State(
        1,
        health.queue_depth,
        health.oldest_queued_seconds,
        health.live_executors,
        open_runs,
        recent_runs,
        unfolded,
        repaired,
        compared,
    )


def _labels(value: float | dict[str, int] | None) -> list[str]:
    return ["status"] if isinstance(value, dict) else []


def _samples(value: float | dict[str, int] | None) -> list[tuple[list[str], float]]:
    if value is None:
        return []
    if isinstance(value, dict):
        return [([status], runs) for status, runs in value.items()]
    return [([], value)]


telemetry.registry.register(_Gauges())
