"""Is the system well? Computed from the database, the engine and the recent share of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from lib.database import Connection, named_queries
from lib.runs import engine

#: From this share of erroneous events in the last hour on, things count as degraded, given enough events.
ERROR_SHARE = 0.05
_FEWEST_EVENTS = 20
_LONGEST_QUEUE_SECONDS = 60

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Health:
    """Operational, Degraded or Down, and why."""

    status: Literal["Operational", "Degraded", "Down"]
    reason: str


def check(conn: Connection, *, tenant: UUID) -> Health:
    """The state of things as this tenant meets it. An answer shows that the database is up."""
    runs = engine.health()
    if runs.state == "down":
        return Health("Down", f"Events are recorded, but no run starts. {runs.detail}")
    if runs.oldest_queued_seconds > _LONGEST_QUEUE_SECONDS:
        late = f"Runs start late: the oldest waits {runs.oldest_queued_seconds:.0f} s."
        return Health("Degraded", f"{late} {runs.detail}")
    row = conn.execute(queries["recent_errors"], {"tenant": tenant}).one()
    share = row.errors / row.events if row.events else 0.0
    if row.events >= _FEWEST_EVENTS and share >= ERROR_SHARE:
        return Health("Degraded", f"{row.errors:,} of {row.events:,} events of the last hour failed ({share:.0%}).")
    return Health(
        "Operational",
        f"The database answers; {row.errors:,} of {row.events:,} events of the last hour failed. {runs.detail}",
    )
