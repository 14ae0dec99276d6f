"""What became of an event: how its sender is told of it, and how it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import NotFound
from lib.events.matching import Decision, EventFacts, Match, MatchOutcome
from lib.metrics.rollups import EventStatus, Origin, status_of
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

SchemaStatus = Literal["valid", "invalid", "timed_out", "schema_error", "unknown", "missing"]

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Submission:
    """What became, or in a dry run would become, of an event."""

    event_id: UUID
    event_type: str
    status: EventStatus
    duplicate: bool
    created_at: datetime
    correlation_key: str | None
    schema_status: SchemaStatus
    schema_errors: tuple[dict[str, Any], ...]
    schema_ref: str | None
    schema_ref_conflict: dict[str, Any] | None
    error_message: str | None
    matches: tuple[Match, ...]
    #: The input each workflow got, or in a dry run would get, as people may see it; empty when read again later.
    inputs: dict[UUID, JsonValue]

    def of(self, outcome: MatchOutcome) -> list[Match]:
        """The matches with this outcome."""
        return [match for match in self.matches if match.outcome == outcome]


@dataclass(frozen=True)
class JudgedEvent:
    """An event that was redacted and judged by its schema, before anything became of it."""

    event_id: UUID
    created_at: datetime
    source: str | None
    facts: EventFacts
    schema_status: SchemaStatus
    schema_errors: list[dict[str, Any]]
    schema_ref_conflict: dict[str, Any] | None


def of_decisions(event: JudgedEvent, decisions: list[Decision]) -> Submission:
    """What becomes of the event by these decisions."""
    matches = tuple(decision.match for decision in decisions)
    broken = [match for match in matches if match.outcome == "failed"]
    effective = any(match.outcome in ("started", "resumed") for match in matches)
    error = None
    if broken:
        names = ", ".join(str(match.workflow_name) for match in broken[:3])
        error = f"{len(broken)} of {len(matches)} workflows could not be started: {names}."
    return Submission(
        event_id=event.event_id,
        event_type=event.facts.event_type,
        status="error" if error else "matched" if effective else "unmatched",
        duplicate=False,
        created_at=event.created_at,
        correlation_key=event.facts.correlation_key,
        schema_status=event.schema_status,
        schema_errors=tuple(event.schema_errors),
        schema_ref=event.facts.schema_ref,
        schema_ref_conflict=event.schema_ref_conflict,
        error_message=error,
        matches=matches,
        inputs={d.match.workflow_id: d.redacted_input for d in decisions if d.match.workflow_id and d.match.run_id},
    )


def record(
    conn: Connection,
    actor: Actor,
    *,
    event: JudgedEvent,
    decisions: list[Decision],
    origin: Origin,
    parent_event_id: UUID | None,
) -> Submission:
    """Keep the event and what became of each candidate."""
    submission = of_decisions(event, decisions)
    resumed = next((d for d in decisions if d.match.outcome == "resumed"), None)
    violated = {"status": event.schema_status, "errors": event.schema_errors}
    row = {
        "tenant": actor.tenant,
        "event_id": event.event_id,
        "event_name": event.facts.event_type,
        "origin": origin,
        "source": event.source,
        "correlation_key": event.facts.correlation_key,
        "payload": strict_json.dumps(event.facts.redacted.payload),
        "redacted_payload": strict_json.dumps(event.facts.redacted.shown),
        "schema_ref": event.facts.schema_ref,
        "schema_ref_conflict": _json(event.schema_ref_conflict),
        "schema_errors": _json(None if event.schema_status == "valid" else violated),
        "created_at": event.created_at,
        "matched_run_id": next((match.run_id for match in submission.matches if match.run_id), None),
        "matched_wait_id": resumed.match.wait_id if resumed else None,
        "matched_step_path": resumed.step_path if resumed else None,
        "error_message": submission.error_message,
        "submitted_by": actor.user_id,
        "parent_event_id": parent_event_id,
    }
    conn.execute(queries["add_event"], row)
    matches = [_match_row(number, match) for number, match in enumerate(submission.matches)]
    keys = {"tenant": actor.tenant, "event_id": event.event_id}
    conn.execute(queries["add_matches"], {**keys, "matches": strict_json.dumps(matches)})
    return submission


def get_submission(conn: Connection, *, tenant: UUID, event_id: UUID) -> Submission:
    """What an event's sender was told. Raises NotFound."""
    row = conn.execute(queries["submission"], {"tenant": tenant, "event_id": event_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such event.")
    found = conn.execute(queries["matches"], {"tenant": tenant, "event_id": event_id}).mappings()
    errors = row.schema_errors or {}
    return Submission(
        event_id=row.event_id,
        event_type=row.event_name,
        status=status_of(row.outcome),
        duplicate=False,
        created_at=row.created_at,
        correlation_key=row.correlation_key,
        schema_status=errors.get("status", "valid"),
        schema_errors=tuple(errors.get("errors", ())),
        schema_ref=row.payload_schema_ref,
        schema_ref_conflict=row.schema_ref_conflict,
        error_message=row.error_message,
        matches=tuple(Match(**match) for match in found),
        inputs={},
    )


def _match_row(number: int, match: Match) -> dict[str, Any]:
    ids = {"workflow_id": match.workflow_id, "run_id": match.run_id, "wait_id": match.wait_id}
    return {
        "match_no": number,
        "workflow_version": match.workflow_version,
        "outcome": match.outcome,
        "reason": match.reason,
        "detail": match.detail,
        **{name: str(value) if value else None for name, value in ids.items()},
    }


def _json(value: JsonValue) -> str | None:
    return None if value is None else strict_json.dumps(value)
