"""Sending an event by hand: what would happen, and making it happen, marked as simulated and audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.auth import acts, audit, preferences
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.events import ingestion
from lib.events.submission import Submission
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

#: Shown as the source of every simulated event.
SOURCE = "simulate"

# Simulations of a person among which the latest types are sought.
_LOOKED_AT = 200

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class EventDraft:
    """An event as it is about to be sent; None where the catalog or the payload decides."""

    event_type: str
    payload: JsonValue
    correlation_key: str | None = None
    schema_ref: str | None = None


@dataclass(frozen=True)
class RecordedPayload:
    """A payload that came in earlier, redacted."""

    payload: JsonValue
    created_at: datetime
    origin: str


def preview(conn: Connection, actor: Actor, *, draft: EventDraft) -> Submission:
    """What sending the draft would do; writes nothing, and a read-only connection is enough."""
    return ingestion.decide(conn, actor, **_given(draft))


def send(conn: Connection, actor: Actor, *, draft: EventDraft) -> Submission:
    """Send the draft as a simulated event; needs manage.

    Audited, and its correlation key is remembered unless it is a secret.
    """
    actor.require("manage", acts.EventSimulated, on=draft.event_type, kind="event_type")
    submission = ingestion.submit_event(conn, actor, **_given(draft), source=SOURCE, origin="simulated", is_ours=True)
    act = acts.EventSimulated(
        target_id=str(submission.event_id),
        event_type=draft.event_type,
        status=submission.status,
        started=[str(match.run_id) for match in submission.of("started")],
        resumed=[str(match.run_id) for match in submission.of("resumed")],
    )
    audit.record(conn, actor, act)
    # A key that is a secret is nowhere but in the form.
    key = draft.correlation_key if draft.correlation_key == submission.correlation_key else None
    if key != remembered_key(conn, actor, event_type=draft.event_type):
        preferences.put(conn, actor, name=_key_name(draft.event_type), value=key)
    return submission


def remembered_key(conn: Connection, actor: Actor, *, event_type: str) -> str | None:
    """The correlation key this person last sent this event with."""
    key: str | None = preferences.get(conn, actor, name=_key_name(event_type))
    return key


def simulated_lately(conn: Connection, actor: Actor, *, most: int) -> list[str]:
    """The event types that this person simulated last, latest first."""
    row = {"tenant": actor.tenant, "user_id": actor.user_id, "action": acts.EventSimulated.action}
    return list(conn.execute(queries["lately"], row | {"looked_at": _LOOKED_AT, "most": most}).scalars())


def last_payload(conn: Connection, *, tenant: UUID, event_type: str) -> RecordedPayload | None:
    """The payload of the most recent event of this type, redacted; None before the first."""
    row = conn.execute(queries["last_payload"], {"tenant": tenant, "event_type": event_type}).one_or_none()
    return RecordedPayload(strict_json.loads(row.payload), row.created_at, row.origin) if row else None


def payload_of(conn: Connection, *, tenant: UUID, event_id: UUID, event_type: str) -> RecordedPayload | None:
    """The redacted payload of one event of this type; None if the tenant has no such event."""
    row = conn.execute(queries["payload_of"], {"tenant": tenant, "event_id": event_id}).one_or_none()
    if row is None or row.event_name != event_type:
        return None
    return RecordedPayload(strict_json.loads(row.payload), row.created_at, row.origin)


def _given(draft: EventDraft) -> dict[str, Any]:
    """The draft as ingestion takes it."""
    return {
        "event_type": draft.event_type,
        "payload": draft.payload,
        "correlation_key": draft.correlation_key,
        "schema_ref": draft.schema_ref,
    }


def _key_name(event_type: str) -> str:
    return f"simulate.correlation_key.{event_type}"
