"""The catalog page's SQL against the statements that the reference runs for the same page."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog.entries import CatalogFilters
from tests.bench.data import NOW

_RUNS_EACH = 7

_EVENT_COUNTS = text(
    "SELECT event_name, count(*) FROM bench.events WHERE tenant = :tenant AND event_name = ANY (:types)"
    " AND created_at >= :since AND created_at <= :until GROUP BY event_name"
)
_RUN_COUNTS = text(
    "SELECT event_type, count(*), count(CASE WHEN status = 'SUCCEEDED' THEN 1 END),"
    " avg(CASE WHEN completed_at IS NOT NULL THEN extract(epoch FROM completed_at - started_at) * 1000 END)"
    " FROM bench.runs WHERE tenant = :tenant AND event_type = ANY (:types)"
    " AND started_at >= :since AND started_at <= :until GROUP BY event_type"
)


def median_ms(work: Callable[[], Any], *, runs: int = _RUNS_EACH) -> float:
    """Median wall time of the work in milliseconds, after one run that is not counted."""
    work()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def figures(actor: Actor) -> Iterator[tuple[str, float]]:
    """Reference and ours for a page of 24 types, for the most active 24 of all, and for all of them on one page.

    The reference counts all types to find the most active.
    """
    with database.read(actor) as conn:
        page = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(), now=NOW)
        everything = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(page_size=1000), now=NOW)
    for name, counted, size, by_activity in (
        ("catalog_24", page, 24, False),
        ("catalog_most_active", everything, 24, True),
        ("catalog_all_most_active", everything, 1000, True),
    ):
        types = [entry.event_type for entry in counted.entries]
        filters = CatalogFilters(by_activity=by_activity, page_size=size)
        _same_counts(actor, types)
        reference = median_ms(lambda types=types: _reference(actor, types))  # type: ignore[misc]
        ours = median_ms(lambda filters=filters: _ours(actor, filters))  # type: ignore[misc]
        yield f"{name}_reference_ms", reference
        yield f"{name}_ms", ours
        yield f"{name}_ratio", reference / ours


def _reference(actor: Actor, types: list[str]) -> dict[str, int]:
    """The reference's two statements; it counts all origins, and here all are live."""
    parameters = {"tenant": actor.tenant, "types": types, "since": NOW - timedelta(days=7), "until": NOW}
    with database.operate() as conn:
        counts = {row[0]: row[1] for row in conn.execute(_EVENT_COUNTS, parameters)}
        conn.execute(_RUN_COUNTS, parameters).all()
    return counts


def _ours(actor: Actor, filters: CatalogFilters) -> dict[str, int]:
    """Everything our page asks, which is more: search, ranking, attached workflows, sparklines."""
    with database.read(actor) as conn:
        shown = entries.page(conn, tenant=actor.tenant, filters=filters, now=NOW)
        types = [entry.event_type for entry in shown.entries]
        found = entries.activity(conn, tenant=actor.tenant, event_types=types, now=NOW)
    return {name: activity.executions for name, activity in found.items() if activity.executions}


def _same_counts(actor: Actor, types: list[str]) -> None:
    if (ours := _ours(actor, CatalogFilters(page_size=len(types)))) != (theirs := _reference(actor, types)):
        raise SystemExit(f"Counts differ from the reference: {set(ours.items()) ^ set(theirs.items())}")
