"""What this process tells of itself: counters here, its log in `logs`, its traces in `traces`.

/metrics shows the counters. Whoever takes events in or answers requests counts here.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

registry = CollectorRegistry()
ProcessCollector(registry=registry)

_ingested = Counter(
    "event_catalog_events_ingested",
    "Events taken in, by what became of them: matched, unmatched, error or duplicate.",
    ["outcome", "origin"],
    registry=registry,
)
_refused = Counter(
    "event_catalog_events_refused", "Events that were not taken in, by kind of problem.", ["problem"], registry=registry
)
_seconds = Histogram(
    "event_catalog_ingestion_seconds",
    "Time to take an event in, up to the commit.",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=registry,
)
_responses = Counter("event_catalog_api_responses", "Responses of the API.", ["status"], registry=registry)

# Those of the alerts in docs/hosting.md are there from the start, as 0. A rate does not see a counter appear as 1.
for _status in ("401", "500"):
    _responses.labels(_status)


def events_ingested(outcomes: Sequence[str], *, origin: str, seconds: float) -> None:
    """Count events that were taken in, by what became of each; `seconds` are those of their transaction."""
    for outcome in set(outcomes):
        _ingested.labels(outcome, origin).inc(outcomes.count(outcome))
    for _ in outcomes:
        _seconds.observe(seconds)


def event_refused(kind: str) -> None:
    """Count an event that was not taken in."""
    _refused.labels(kind).inc()


def response_sent(status: int) -> None:
    """Count a response of the API."""
    _responses.labels(str(status)).inc()
