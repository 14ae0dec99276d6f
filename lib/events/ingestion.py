"""Events come in here, live, simulated or replayed, each in one transaction.

An accepted event is stored with a redacted copy, checked against its schema, and matched: waits with its key
are resumed, workflows attached to it are started, and every candidate gets a reason. A bad payload is
recorded, never dropped. `dry_run` decides the same and writes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from lib import database, telemetry
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import Conflict, DatabaseUnavailable, InvalidInput, NotFound
from lib.events import correlation, matching
from lib.events.matching import Decision, Match
from lib.redaction import REDACTED, MarkedPlace, copies, marks, redact
from lib.runs import engine
from lib.sandbox import validation
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

log = logging.getLogger(__name__)

Origin = Literal["live", "simulated", "replay"]
SchemaStatus = Literal["valid", "invalid", "timed_out", "schema_error", "unknown", "missing"]

_LONGEST_NAME = 256

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Submission:
    """What became, or in a dry run would become, of an event."""

    event_id: UUID
    event_name: str
    status: Literal["matched", "unmatched", "error"]
    duplicate: bool
    created_at: datetime
    correlation_key: str | None
    schema_status: SchemaStatus
    schema_errors: tuple[dict[str, Any], ...]
    schema_ref: str | None
    schema_ref_conflict: dict[str, Any] | None
    error_message: str | None
    matches: tuple[Match, ...]
    #: In a dry run, the input each workflow would get, as people may see it.
    inputs: dict[UUID, JsonValue]

    def of(self, outcome: matching.Outcome) -> list[Match]:
        """The matches with this outcome."""
        return [match for match in self.matches if match.outcome == outcome]


@dataclass(frozen=True)
class _Incoming:
    """An event on its way in: what was sent, and what the catalog says about it."""

    event: matching.Event
    #: The correlation key as it came; the event's own is a digest if the key is a secret.
    raw_key: str | None
    source: str | None
    event_id: UUID
    created_at: datetime
    schema_ref_conflict: dict[str, Any] | None
    schema_status: SchemaStatus
    schema_errors: list[dict[str, Any]]


def submit_event(
    conn: Connection,
    actor: Actor,
    *,
    event_name: str,
    payload: JsonValue,
    source: str | None = None,
    submission_id: str | None = None,
    correlation_key: str | None = None,
    schema_ref: str | None = None,
    origin: Origin = "live",
    parent_event_id: UUID | None = None,
    only_workflow: UUID | None = None,
    dry_run: bool = False,
) -> Submission:
    """Take an event in, in the caller's transaction; needs manage.

    With `submission_id`, (source, submission_id) is taken once: the same again gives the first answer with
    `duplicate` set, other content raises Conflict. `only_workflow` limits the candidates to one (replays).
    A dry run decides on everything and writes nothing; its ids mean nothing.

    Raises NotFound for an event type that the catalog does not know, InvalidInput naming the field.
    """
    started = time.perf_counter()
    actor.require("manage")
    _check(event_name, source, submission_id, correlation_key, schema_ref)
    strict_json.check(payload)
    incoming = _prepare(conn, actor.tenant, event_name, payload, correlation_key, schema_ref, source)
    if dry_run and incoming.event.correlation_key != incoming.raw_key:
        # No digest either, or values could be tried, unseen by all, until one gives the digest of an event.
        incoming = replace(incoming, event=replace(incoming.event, correlation_key=REDACTED))
    earlier = None
    if submission_id is not None and not dry_run:
        content = {"type": event_name, "payload": payload, "key": correlation_key, "ref": schema_ref}
        earlier = _claim(conn, actor.tenant, source or "", submission_id, incoming, content)
    if earlier:
        submission = replace(get_submission(conn, tenant=actor.tenant, event_id=earlier), duplicate=True)
    else:
        decisions = _decide(conn, actor.tenant, incoming, only_workflow)
        if not dry_run:
            decisions = [_carry_out(conn, actor, incoming, decision, origin) for decision in decisions]
        submission = _submission(incoming, decisions)
        if not dry_run:
            _record(conn, actor, incoming, submission, decisions, origin, parent_event_id)
    if not dry_run:
        outcome = "duplicate" if earlier else submission.status
        database.on_commit(
            conn, lambda: telemetry.event_ingested(outcome, origin=origin, seconds=time.perf_counter() - started)
        )
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
        event_name=row.event_name,
        status="error" if row.outcome >= 2 else "matched" if row.outcome == 1 else "unmatched",
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


def _check(event_name: str, source: str | None, submission_id: str | None, key: str | None, ref: str | None) -> None:
    limits = {
        "type": (event_name, _LONGEST_NAME),
        "source": (source, _LONGEST_NAME),
        "id": (submission_id, _LONGEST_NAME),
        "correlationKey": (key, correlation.LONGEST_KEY),
        "schemaRef": (ref, _LONGEST_NAME),
    }
    for field, (value, longest) in limits.items():
        if value is None:
            continue
        if not value or len(value) > longest:
            raise InvalidInput(field, f"must have 1 to {longest} characters")
        strict_json.check(value, field=field)


def _prepare(
    conn: Connection,
    tenant: UUID,
    event_name: str,
    payload: JsonValue,
    key: str | None,
    ref: str | None,
    source: str | None,
) -> _Incoming:
    row = conn.execute(queries["begin"], {"tenant": tenant, "event_name": event_name, "schema_ref": ref}).one_or_none()
    if row is None:
        raise NotFound(f"There is no event {event_name} in this catalog.")
    schema, marked = _read(row.schema) if row.schema else (None, None)
    redacted = redact(payload, schema=marked, pointers=row.redacted_fields)
    hidden = copies.hidden(payload, redacted)
    shown_ref = ref and copies.shown_name(ref, hidden)
    conflict = None
    if ref and row.payload_schema_ref and ref != row.payload_schema_ref:
        conflict = {"catalog": row.payload_schema_ref, "submitted": shown_ref}
    effective = shown_ref or row.payload_schema_ref
    status, errors = verdict(schema, effective, payload, hidden)
    derived = None if key else correlation.derive(payload, redacted, row.correlation_paths)
    raw_key, is_secret = derived or (key, False)
    event = matching.Event(
        name=event_name,
        payload=payload,
        redacted_payload=redacted,
        hidden=hidden,
        correlation_key=_kept(conn, raw_key, hidden, is_secret=is_secret) if raw_key else None,
        schema_ref=effective,
    )
    shown_source = source and copies.shown_name(source, hidden)
    return _Incoming(event, raw_key, shown_source, row.event_id, row.created_at, conflict, status, errors)


@lru_cache(maxsize=256)
def _read(schema: str) -> tuple[JsonValue, MarkedPlace]:
    """A schema's text, read once for the many events that come with it, and what it marks as sensitive."""
    read = strict_json.loads(schema)
    return read, marks(read)


def _kept(conn: Connection, key: str, hidden: frozenset[str], *, is_secret: bool = False) -> str:
    """A key or an id as it is kept: itself, or a digest in the place of a secret (docs/decisions/0043)."""
    if is_secret or copies.shown_name(key, hidden) != key:
        return str(conn.execute(queries["digest"], {"key": key}).scalar_one())
    return key


def verdict(
    schema: JsonValue, ref: str | None, payload: JsonValue, hidden: frozenset[str] = frozenset()
) -> tuple[SchemaStatus, list[dict[str, Any]]]:
    """How a payload keeps to the schema that the ref names, and where it does not, without the hidden values."""
    if schema is None:
        return ("unknown" if ref else "missing"), []
    found = validation.violations(schema, payload)
    shown = copies.shown_errors(((v.pointer, v.message) for v in found.violations), hidden)
    errors = [error | {"keyword": v.keyword} for error, v in zip(shown, found.violations, strict=True)]
    if found.error:
        errors = [{"path": "", "message": found.error, "keyword": found.status}]
    return found.status, errors


def _claim(
    conn: Connection, tenant: UUID, source: str, submission_id: str, incoming: _Incoming, content: JsonValue
) -> UUID | None:
    """Take (source, id) for the event; the earlier event's id if it was taken for the same content."""
    digest = hashlib.sha256(strict_json.canonical(content)).digest()
    hidden = incoming.event.hidden
    keys = {
        "tenant": tenant,
        "source": _kept(conn, source, hidden),
        "submission_id": _kept(conn, submission_id, hidden),
    }
    claim = {**keys, "event_id": incoming.event_id, "content_hash": digest}
    if conn.execute(queries["claim"], claim).one_or_none():
        return None
    earlier = conn.execute(queries["claimed"], keys).one()
    if bytes(earlier.content_hash) != digest:
        shown = keys["submission_id"]
        raise Conflict(f"id: {shown} of this source was already used for another event ({earlier.event_id}).")
    found: UUID = earlier.event_id
    return found


def _decide(conn: Connection, tenant: UUID, incoming: _Incoming, only_workflow: UUID | None) -> list[Decision]:
    event = incoming.event
    keys = {"tenant": tenant, "event_name": event.name}
    waits: Sequence[Mapping[Any, Any]] = []
    if incoming.raw_key and only_workflow is None:
        waits = conn.execute(queries["open_waits"], {**keys, "key": incoming.raw_key}).mappings().all()
    candidates = conn.execute(queries["candidates"], {**keys, "only_workflow": only_workflow}).mappings().all()
    decisions = [matching.resumed(dict(wait)) for wait in waits]
    decisions += matching.decide(event, [dict(candidate) for candidate in candidates])
    return decisions or [matching.NO_CANDIDATE]


def _carry_out(conn: Connection, actor: Actor, incoming: _Incoming, decision: Decision, origin: Origin) -> Decision:
    """Start or resume what was decided. A candidate that cannot be is marked, and the others go on."""
    match = decision.match
    if match.outcome not in ("started", "resumed"):
        return decision
    try:
        with conn.begin_nested():  # what one candidate breaks is undone alone
            if match.outcome == "started":
                _start(conn, actor, incoming, decision, origin)
            elif not _resume(conn, actor, incoming, match):
                return matching.failed(decision, "wait_ended")
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if getattr(error, "connection_invalidated", False):
            raise  # the database is gone, and the whole event with it: nothing was stored
        log.exception("Starting workflow %s for %s failed", match.workflow_id, incoming.event.name)
        return matching.failed(decision, error=error)
    return decision


def _start(conn: Connection, actor: Actor, incoming: _Incoming, decision: Decision, origin: Origin) -> None:
    match, event = decision.match, incoming.event
    assert match.run_id is not None
    row = {
        "tenant": actor.tenant,
        "run_id": match.run_id,
        "workflow_id": match.workflow_id,
        "version": match.workflow_version,
        "event_name": event.name,
        "event_id": incoming.event_id,
        "created_at": incoming.created_at,
        "origin": origin,
        "correlation_key": event.correlation_key,
        "mapped": decision.mapped,
        "schema_ref": event.schema_ref,
        "input": strict_json.dumps(decision.input),
        "redacted_input": strict_json.dumps(decision.redacted_input),
    }
    conn.execute(queries["add_run"], row)
    engine.enqueue_run(conn, tenant=actor.tenant, run_id=match.run_id)


def _resume(conn: Connection, actor: Actor, incoming: _Incoming, match: Match) -> bool:
    assert match.wait_id is not None
    return engine.resume_wait(conn, tenant=actor.tenant, wait_id=match.wait_id, event_id=incoming.event_id)


def _submission(incoming: _Incoming, decisions: list[Decision]) -> Submission:
    matches = tuple(decision.match for decision in decisions)
    broken = [match for match in matches if match.outcome == "failed"]
    effective = any(match.outcome in ("started", "resumed") for match in matches)
    error = None
    if broken:
        names = ", ".join(str(match.workflow_name) for match in broken[:3])
        error = f"{len(broken)} of {len(matches)} workflows could not be started: {names}."
    return Submission(
        event_id=incoming.event_id,
        event_name=incoming.event.name,
        status="error" if error else "matched" if effective else "unmatched",
        duplicate=False,
        created_at=incoming.created_at,
        correlation_key=incoming.event.correlation_key,
        schema_status=incoming.schema_status,
        schema_errors=tuple(incoming.schema_errors),
        schema_ref=incoming.event.schema_ref,
        schema_ref_conflict=incoming.schema_ref_conflict,
        error_message=error,
        matches=matches,
        inputs={d.match.workflow_id: d.redacted_input for d in decisions if d.match.workflow_id and d.match.run_id},
    )


def _record(
    conn: Connection,
    actor: Actor,
    incoming: _Incoming,
    submission: Submission,
    decisions: list[Decision],
    origin: Origin,
    parent_event_id: UUID | None,
) -> None:
    run = next((m.run_id for m in submission.matches if m.run_id), None)
    resumed = next((d for d in decisions if d.match.outcome == "resumed"), None)
    violated = {"status": incoming.schema_status, "errors": incoming.schema_errors}
    row = {
        "tenant": actor.tenant,
        "event_id": incoming.event_id,
        "event_name": incoming.event.name,
        "origin": origin,
        "source": incoming.source,
        "correlation_key": incoming.event.correlation_key,
        "payload": strict_json.dumps(incoming.event.payload),
        "redacted_payload": strict_json.dumps(incoming.event.redacted_payload),
        "schema_ref": incoming.event.schema_ref,
        "schema_ref_conflict": _json(incoming.schema_ref_conflict),
        "schema_errors": _json(None if incoming.schema_status == "valid" else violated),
        "created_at": incoming.created_at,
        "matched_run_id": run,
        "matched_wait_id": resumed.match.wait_id if resumed else None,
        "matched_step_path": resumed.step_path if resumed else None,
        "error_message": submission.error_message,
        "submitted_by": actor.user_id,
        "parent_event_id": parent_event_id,
    }
    conn.execute(queries["add_event"], row)
    matches = [_match_row(number, match) for number, match in enumerate(submission.matches)]
    keys = {"tenant": actor.tenant, "event_id": incoming.event_id}
    conn.execute(queries["add_matches"], {**keys, "matches": strict_json.dumps(matches)})


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
