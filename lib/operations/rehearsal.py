"""Takes events in that nobody sent and leaves no trace of them, so that the first real one takes no longer than others.

What is prepared once and kept is prepared before anybody waits for it: statements, the schemas of the system catalog,
connections, and what PostgreSQL looks up when a session first uses a table.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from uuid import UUID, uuid4

from lib import database
from lib.auth import actors, tokens
from lib.database import named_queries
from lib.events import ingestion
from lib.events.judging import SentEvent
from lib.serialization import strict_json

#: Senders that find a connection made. For others one is made when they come.
CONNECTIONS = 4

queries = named_queries.of(__name__)


class _Over(Exception):
    """Ends a transaction without a trace."""


def rehearse() -> None:
    """Take the examples of the system catalog in, and undo it. Call it once that catalog is loaded."""
    with suppress(_Over), database.operate() as conn:
        events = [
            SentEvent(row.event_type, strict_json.loads(row.example), "/rehearsal", row.event_type)
            for row in conn.execute(queries["examples"])
        ]
        known: UUID | None = conn.execute(queries["any_tenant"]).scalar_one_or_none()
        sender = actors.engine(actors.add_tenant(conn, name="Rehearsal"))
        ingestion.submit_events(conn, sender, events)
        raise _Over
    tokens.actor_for_token("")  # nobody's, and looked up all the same
    with suppress(_Over), ExitStack() as held:
        for _ in range(CONNECTIONS):
            sender = actors.engine(known or uuid4())
            conn = held.enter_context(database.write(sender, keep_plans=True))
            if known:
                event = events[0]
                # No workflow is meant: what a tenant wrote is not to be tried here.
                ingestion.submit_event(
                    conn, sender, event_type=event.event_type, payload=event.payload, only_workflow=uuid4()
                )
        raise _Over
