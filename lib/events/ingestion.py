"""Events come in here, live, simulated or replayed, each in one transaction.

An event is parsed, redacted, judged by its schema, matched and recorded. Waits with its key are resumed, workflows
attached to it are started, and every candidate gets a reason. A bad payload is recorded, never dropped.
`decide` goes the same way up to the record and writes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from lib import database, telemetry
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import Conflict, DatabaseUnavailable, InvalidInput, NotFound, trace
from lib.events import correlation, matching, submission
from lib.events.matching import Decision, EventFacts, Match
from lib.events.submission import JudgedEvent, SchemaStatus, Submission
from lib.metrics.rollups import Origin
from lib.redaction import REDACTED, MarkedPlace, Redacted, marks
from lib.runs import engine
from lib.sandbox import validation
from lib.sandbox.validation import Checker
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

log = logging.getLogger(__name__)

_LONGEST_NAME = 256

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Sent:
    """An event as its sender gave it; None where the catalog or the payload decides."""

    event_type: str
    payload: JsonValue
    source: str | None = None
    submission_id: str | None = None
    correlation_key: str | None = None
    schema_ref: str | None = None

    def check(self) -> None:
        """Raise InvalidInput naming the field that has a wrong length or a character that cannot be stored."""
        limits = {
            "type": (self.event_type, _LONGEST_NAME),
            "source": (self.source, _LONGEST_NAME),
            "id": (self.submission_id, _LONGEST_NAME),
            "correlationKey": (self.correlation_key, correlation.LONGEST_KEY),
            "schemaRef": (self.schema_ref, _LONGEST_NAME),
        }
        for field, (value, longest) in limits.items():
            if value is None:
                continue
            if not value or len(value) > longest:
                raise InvalidInput(field, f"must have 1 to {longest} characters")
            strict_json.check(value, field=field)
        strict_json.check(self.payload)


@dataclass(frozen=True)
class _Key:
    """An event's correlation key as it came, and whether it is a secret."""

    text: str | None
    is_secret: bool


def decide(
    conn: Connection,
    actor: Actor,
    *,
    event_type: str,
    payload: JsonValue,
    correlation_key: str | None = None,
    schema_ref: str | None = None,
) -> Submission:
    """What would become of an event; needs manage. Reads only, and its ids mean nothing.

    Raises NotFound for an event type that the catalog does not know, InvalidInput naming the field.
    """
    actor.require("manage")
    sent = _Sent(event_type, payload, correlation_key=correlation_key, schema_ref=schema_ref)
    sent.check()
    event, key = _judged(conn, actor.tenant, sent)
    return submission.of_decisions(event, _matched(conn, actor.tenant, event, key, None))


def submit_event(
    conn: Connection,
    actor: Actor,
    *,
    event_type: str,
    payload: JsonValue,
    source: str | None = None,
    submission_id: str | None = None,
    correlation_key: str | None = None,
    schema_ref: str | None = None,
    origin: Origin = "live",
    parent_event_id: UUID | None = None,
    only_workflow: UUID | None = None,
) -> Submission:
    """Take an event in, in the caller's transaction; needs manage.

    With `submission_id`, (source, submission_id) is taken once: the same again gives the first answer with
    `duplicate` set, other content raises Conflict. `only_workflow` limits the candidates to one (replays).

    Raises NotFound for an event type that the catalog does not know, InvalidInput naming the field.
    """
    started = time.perf_counter()
    actor.require("manage")
    sent = _Sent(event_type, payload, source, submission_id, correlation_key, schema_ref)
    sent.check()
    found = _take_in(conn, actor, sent, origin, parent_event_id, only_workflow)
    outcome = "duplicate" if found.duplicate else found.status
    database.on_commit(
        conn, lambda: telemetry.event_ingested(outcome, origin=origin, seconds=time.perf_counter() - started)
    )
    return found


def _take_in(
    conn: Connection,
    actor: Actor,
    sent: _Sent,
    origin: Origin,
    parent_event_id: UUID | None,
    only_workflow: UUID | None,
) -> Submission:
    """The way of an event: it is redacted and judged, taken once, matched, carried out and recorded."""
    event, key = _judged(conn, actor.tenant, sent)
    if key.text and key.is_secret:
        event = replace(event, facts=replace(event.facts, correlation_key=_digest(conn, key.text)))
    if earlier := _claim(conn, actor.tenant, sent, event):
        return replace(submission.get_submission(conn, tenant=actor.tenant, event_id=earlier), duplicate=True)
    decisions = _matched(conn, actor.tenant, event, key, only_workflow)
    done = [_carry_out(conn, actor, event, decision, origin) for decision in decisions]
    return submission.record(conn, actor, event=event, decisions=done, origin=origin, parent_event_id=parent_event_id)


def judge(
    payload: Redacted, *, schema: Checker | None, schema_ref: str | None
) -> tuple[SchemaStatus, list[dict[str, Any]]]:
    """How a payload keeps to the schema that the ref names, and where it does not, without what is hidden in it."""
    if schema is None:
        return ("unknown" if schema_ref else "missing"), []
    found = schema.violations(payload.payload)
    whole = [{"path": "", "message": found.error, "keyword": found.error_status}] if found.error else []
    shown = matching.violated(payload, payload.payload, found.violations)
    errors = [error | {"keyword": v.keyword} for error, v in zip(shown, found.violations, strict=True)]
    return found.status, whole + errors


def _judged(conn: Connection, tenant: UUID, sent: _Sent) -> tuple[JudgedEvent, _Key]:
    """The event redacted and judged by the schema that the sender or else the catalog names, and its key.

    A secret key is redacted in the event, and a dry run leaves it so. A dry run must not reveal the digest: with it,
    someone could test guesses without leaving a trace.
    """
    names = {"tenant": tenant, "event_name": sent.event_type, "schema_ref": sent.schema_ref}
    entry = conn.execute(queries["begin"], names).one_or_none()
    if entry is None:
        raise NotFound(f"There is no event {sent.event_type} in this catalog.")
    schema, marked = _read(entry.schema) if entry.schema else (None, None)
    redacted = Redacted.of(sent.payload, schema=marked, pointers=entry.redacted_fields)
    shown_ref = redacted.name(sent.schema_ref) if sent.schema_ref else None
    conflict = None
    if sent.schema_ref and entry.payload_schema_ref and sent.schema_ref != entry.payload_schema_ref:
        conflict = {"catalog": entry.payload_schema_ref, "submitted": shown_ref}
    effective = shown_ref or entry.payload_schema_ref
    status, errors = judge(redacted, schema=schema, schema_ref=effective)
    key = _key(sent, redacted, entry.correlation_paths)
    event = JudgedEvent(
        event_id=entry.event_id,
        created_at=entry.created_at,
        source=redacted.name(sent.source) if sent.source else None,
        facts=EventFacts(sent.event_type, redacted, REDACTED if key.is_secret else key.text, effective),
        schema_status=status,
        schema_errors=errors,
        schema_ref_conflict=conflict,
    )
    return event, key


@lru_cache(maxsize=256)
def _read(schema: str) -> tuple[Checker, MarkedPlace]:
    """A schema's text, read once for the many events that come with it, and what it marks as sensitive."""
    return validation.checker_of(schema), marks(strict_json.loads(schema))


def _key(sent: _Sent, redacted: Redacted, paths: list[str]) -> _Key:
    """The key that the sender gave the event, or else that its payload has."""
    if sent.correlation_key:
        return _Key(sent.correlation_key, redacted.holds(sent.correlation_key))
    derived = correlation.derive(redacted, paths)
    if derived is None:
        return _Key(None, False)
    key, is_hidden = derived
    return _Key(key, is_hidden or redacted.holds(key))


def _digest(conn: Connection, secret: str) -> str:
    """What is kept in the place of a key or an id that is a secret (docs/decisions/0043)."""
    return str(conn.execute(queries["digest"], {"key": secret}).scalar_one())


def _claim(conn: Connection, tenant: UUID, sent: _Sent, event: JudgedEvent) -> UUID | None:
    """Take (source, id) for the event; the earlier event's id if it was taken for the same content."""
    if sent.submission_id is None:
        return None
    content = {
        "type": sent.event_type,
        "payload": sent.payload,
        "key": sent.correlation_key,
        "ref": sent.schema_ref,
    }
    content_hash = hashlib.sha256(strict_json.canonical(content)).digest()
    source, submission_id = (
        _digest(conn, text) if event.facts.redacted.holds(text) else text
        for text in (sent.source or "", sent.submission_id)
    )
    keys = {"tenant": tenant, "source": source, "submission_id": submission_id}
    if conn.execute(queries["claim"], {**keys, "event_id": event.event_id, "content_hash": content_hash}).one_or_none():
        return None
    earlier = conn.execute(queries["claimed"], keys).one()
    if bytes(earlier.content_hash) != content_hash:
        raise Conflict(f"id: {submission_id} of this source was already used for another event ({earlier.event_id}).")
    found: UUID = earlier.event_id
    return found


def _matched(
    conn: Connection, tenant: UUID, event: JudgedEvent, key: _Key, only_workflow: UUID | None
) -> list[Decision]:
    """A decision for each wait that the event ends and each workflow that it may start. Reads only."""
    keys = {"tenant": tenant, "event_name": event.facts.event_type}
    waits: Sequence[Mapping[Any, Any]] = []
    if key.text and only_workflow is None:
        waits = conn.execute(queries["open_waits"], {**keys, "key": key.text}).mappings().all()
    candidates = conn.execute(queries["candidates"], {**keys, "only_workflow": only_workflow}).mappings().all()
    decisions = [matching.resumed(dict(wait)) for wait in waits]
    decisions += matching.decide(event.facts, [dict(candidate) for candidate in candidates])
    return decisions or [matching.NO_CANDIDATE]


def _carry_out(conn: Connection, actor: Actor, event: JudgedEvent, decision: Decision, origin: Origin) -> Decision:
    """Start or resume what was decided. A candidate that cannot be is marked, and the others go on."""
    match = decision.match
    if match.outcome not in ("started", "resumed"):
        return decision
    try:
        with conn.begin_nested():  # what one candidate breaks is undone alone
            if match.outcome == "started":
                _start(conn, actor, event, decision, origin)
            elif not _resume(conn, actor, event, match):
                return matching.failed(decision, "wait_ended")
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if getattr(error, "connection_invalidated", False):
            raise  # the database is gone, and the whole event with it: nothing was stored
        log.error("Starting workflow %s for %s failed: %s", match.workflow_id, event.facts.event_type, trace(error))
        return matching.failed(decision, error=error)
    return decision


def _start(conn: Connection, actor: Actor, event: JudgedEvent, decision: Decision, origin: Origin) -> None:
    match = decision.match
    assert match.run_id is not None
    row = {
        "tenant": actor.tenant,
        "run_id": match.run_id,
        "workflow_id": match.workflow_id,
        "version": match.workflow_version,
        "event_name": event.facts.event_type,
        "event_id": event.event_id,
        "created_at": event.created_at,
        "origin": origin,
        "correlation_key": event.facts.correlation_key,
        "mapped": decision.mapped,
        "schema_ref": event.facts.schema_ref,
        "input": strict_json.dumps(decision.input),
        "redacted_input": strict_json.dumps(decision.redacted_input),
    }
    conn.execute(queries["add_run"], row)
    engine.enqueue_run(conn, tenant=actor.tenant, run_id=match.run_id)


def _resume(conn: Connection, actor: Actor, event: JudgedEvent, match: Match) -> bool:
    assert match.wait_id is not None
    return engine.resume_wait(conn, tenant=actor.tenant, wait_id=match.wait_id, event_id=event.event_id)
