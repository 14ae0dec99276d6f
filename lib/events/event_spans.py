"""A span for each event that comes in, from its schema's verdict to the record, if traces are on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from lib.errors import CatalogError
from lib.events.judging import JudgedEvent
from lib.events.submission import Submission
from lib.telemetry import traces

#: What became of each event that was judged, in their order.
Answers = list[Submission | CatalogError]


@contextmanager
def around(
    spans: dict[UUID, traces.TraceSpan], judged: Sequence[JudgedEvent | CatalogError], *, since: int, **ours: object
) -> Iterator[Answers]:
    """Begin a span for each event, put it into `spans` by the event's id, and end it with what became of the event.

    `since` is when it began, in nanoseconds. The block fills the list.
    """
    answers: Answers = []
    for event in judged:
        if isinstance(event, JudgedEvent):
            told = {"event_id": event.event_id, "event_type": event.facts.event_type, **ours}
            spans[event.event_id] = traces.begin("event", since=since, **told)
    try:
        yield answers
    except Exception as error:
        for span in spans.values():
            span.fail(type(error).__name__)
        raise
    finally:
        _tell(spans, judged, answers)


def _tell(spans: dict[UUID, traces.TraceSpan], judged: Sequence[JudgedEvent | CatalogError], answers: Answers) -> None:
    for event, answer in zip(judged, answers, strict=False):
        if isinstance(event, JudgedEvent):
            span = spans[event.event_id]
            if isinstance(answer, CatalogError):
                span.fail(type(answer).__name__)
            else:  # a duplicate has the id that it got the first time
                span.tell(event_id=answer.event_id, status=answer.status, duplicate=answer.duplicate)
    for span in spans.values():
        span.end()
