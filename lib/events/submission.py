"""What became of an event: how its sender is told of it, and how it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.auth.actors import Actor
from lib.database import Connection, driver, named_queries
from lib.errors import NotFound
from lib.events.judging import JudgedEvent, SchemaStatus
from lib.events.matching import Decision, Match, MatchOutcome
from lib.metrics.rollups import EventStatus, Origin, status_of
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

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


@dataclass(frozen=True)
class Claim:
    """What makes a submission the only one of its kind: (source, id) is taken once, for one content.

    Both are as they are kept: a secret as its digest.
    """

    source: str
    submission_id: str
    content_hash: bytes
    #: Both as they came, where an earlier submission may have them in another spelling.
    sent_as: tuple[str, str] | None


@dataclass(frozen=True)
class DecidedEvent:
    """An event and what was decided on it. `claim` is what is still to be taken for it."""

    event: JudgedEvent
    decisions: list[Decision]
    claim: Claim | None


def record(
    conn: Connection, actor: Actor, outcomes: Sequence[DecidedEvent], *, origin: Origin, parent_event_id: UUID | None
) -> dict[UUID, Submission]:
    """Keep events, with what became of each candidate, in one statement; by event id.

    An event whose claim was taken before is not kept and is not in what comes back.
    """
    found = {one.event.event_id: of_decisions(one.event, one.decisions) for one in outcomes}
    rows = [_row(one, found[one.event.event_id]) for one in outcomes]
    keys = {
        "tenant": actor.tenant,
        "origin": origin,
        "submitted_by": actor.user_id,
        "parent_event_id": parent_event_id,
        "created_at": outcomes[0].event.created_at,
        "events": strict_json.dumps(rows),
    }
    kept = driver.rows(conn, queries["record"], keys)
    return {row["event_id"]: found[row["event_id"]] for row in kept}


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


def _row(outcome: DecidedEvent, submission: Submission) -> dict[str, Any]:
    event, claim = outcome.event, outcome.claim
    resumed = next((one for one in outcome.decisions if one.match.outcome == "resumed"), None)
    violated = {"status": event.schema_status, "errors": event.schema_errors}
    row = {
        "event_id": str(event.event_id),
        "event_name": event.facts.event_type,
        "source": event.source,
        "correlation_key": event.facts.correlation_key,
        "payload": event.facts.redacted.payload,  # and as people may see it, unless that differs
        "payload_schema_ref": event.facts.schema_ref,
        "schema_ref_conflict": event.schema_ref_conflict,
        "schema_errors": None if event.schema_status == "valid" else violated,
        "matched_run_id": _text(next((match.run_id for match in submission.matches if match.run_id), None)),
        "matched_wait_id": _text(resumed.match.wait_id) if resumed else None,
        "matched_step_path": resumed.step_path if resumed else None,
        "error_message": submission.error_message,
        "matches": [match_row(number, match) for number, match in enumerate(submission.matches)],
    }
    redacted = event.facts.redacted
    if redacted.shown is not redacted.payload:
        row["redacted_payload"] = redacted.shown
    if claim:
        row["claim_source"], row["claim_id"] = claim.source, claim.submission_id
        row["content_hash"] = claim.content_hash.hex()
    return row


def match_row(number: int, match: Match) -> dict[str, Any]:
    """What became of a candidate as a statement takes it that records it."""
    return {
        "match_no": number,
        "workflow_id": _text(match.workflow_id),
        "workflow_version": match.workflow_version,
        "outcome": match.outcome,
        "reason": match.reason,
        "detail": match.detail,
        "run_id": _text(match.run_id),
        "wait_id": _text(match.wait_id),
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
