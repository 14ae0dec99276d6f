"""What the trip to a child process costs: a small payload checked, an expression evaluated. Beside it, a plain path."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from lib.auth.actors import Actor
from lib.mapping import expressions, mapping
from lib.sandbox.validation import violations

_RUNS_EACH = 200

SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "at": {"type": "string", "format": "date-time"},
        "total": {"type": "number", "multipleOf": 0.01},
    },
}
PAYLOAD = {"id": "123e4567-e89b-12d3-a456-426614174000", "at": "2026-05-17T09:30:00Z", "total": Decimal("1.10")}


def figures(_: Actor) -> Iterator[tuple[str, float]]:
    """Medians in milliseconds."""
    yield "sandbox.small_payload_ms", _median(lambda: violations(SCHEMA, PAYLOAD))
    context = mapping.event_context("TICKET_CREATED", PAYLOAD)
    yield "sandbox.expression_ms", _median(lambda: expressions.evaluate("event.payload.id & '!'", context))
    yield "sandbox.plain_path_ms", _median(lambda: expressions.evaluate("event.payload.id", context))


def _median(act: Callable[[], object]) -> float:
    act()
    times = []
    for _ in range(_RUNS_EACH):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000
