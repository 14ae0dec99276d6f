"""Starting and resuming now what an event could not when it came. It stays the same event: no copy of it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from lib import sandbox
from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import CatalogError, Conflict, NotFound
from lib.events import ingestion, judging, submission
from lib.events.judging import JudgedEvent, SentEvent
from lib.events.matching import Match
from lib.serialization import strict_json

queries = named_queries.of(__name__)


def start_again(conn: Connection, actor: Actor, *, event_id: UUID) -> Sequence[Match]:
    """Decide anew on each workflow that the event could not start and each wait that it could not end; needs manage.

    Audited. What may start starts, and what still waits goes on. What came of them is added to the event's trace. The
    event is in error no longer unless one fails again. Runs get this moment as their trigger time. Raises
    PermissionDenied, NotFound; Conflict when the event is not in error, so that a second click starts nothing, or none
    of those workflows reacts to it any more.
    """
    actor.require("manage", acts.EventStartedAgain, on=event_id)
    keys = {"tenant": actor.tenant, "event_id": event_id}
    event_type = conn.execute(queries["event_type"], keys).scalar_one_or_none()
    if event_type is None:
        raise NotFound("There is no such event.")
    # First, as the database gives the raw payload to an audited transaction only.
    audit.record(conn, actor, acts.EventStartedAgain(target_id=event_id, event_type=event_type))
    row = conn.execute(queries["hold"], keys).one_or_none()
    if row is None:
        raise Conflict("This event is not in error: what it could start has been started.")
    failed = {(match.workflow_id, match.wait_id) for match in conn.execute(queries["failed"], keys)}
    with sandbox.within(judging.MOST_SECONDS):
        event = _judged(conn, actor, event_id, row)
        done = ingestion.start_recorded(conn, actor, event, failed=failed, origin=row.origin, event_at=row.created_at)
    if not done:
        raise Conflict("None of the workflows that it could not start reacts to this event any more.")
    outcome = submission.of_decisions(event, done)
    matches = [match for match in outcome.matches if match.outcome != "failed"]
    rows = [submission.match_row(number, match) for number, match in enumerate(matches)]
    conn.execute(queries["add_matches"], {**keys, "matches": strict_json.dumps(rows)})
    first = next((match for match in matches if match.outcome in ("started", "resumed")), None)
    settled: dict[str, Any] = {
        "created_at": row.created_at,
        "run_id": first.run_id if first else None,
        "wait_id": first.wait_id if first else None,
        "error_message": outcome.error_message,
    }
    conn.execute(queries["settle"], keys | settled)
    return outcome.matches


def _judged(conn: Connection, actor: Actor, event_id: UUID, row: Any) -> JudgedEvent:
    sent = SentEvent(
        row.event_name,
        strict_json.loads(row.payload),
        correlation_key=row.correlation_key,
        schema_ref=row.payload_schema_ref,
        is_read=True,
    )
    [event] = judging.judge_all(conn, actor, [sent])
    if isinstance(event, CatalogError):
        raise event
    return replace(event, event_id=event_id)
