"""Events come in here, live, simulated or replayed, in one transaction, one at a time or many.

An event is parsed, redacted, judged by its schema, matched and recorded. Waits with its key are resumed, workflows
attached to it are started, and every candidate gets a reason. A bad payload is recorded, never dropped.
`decide` goes the same way up to the record and writes nothing. Many events take as many statements as one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from lib import database, sandbox, telemetry
from lib.auth.actors import Actor
from lib.database import Connection, driver, named_queries
from lib.errors import CatalogError, DatabaseUnavailable
from lib.events import claims, event_spans, judging, matching, submission
from lib.events.judging import JudgedEvent, SentEvent
from lib.events.matching import Decision
from lib.events.submission import Claim, DecidedEvent, Submission
from lib.metrics.rollups import Origin
from lib.runs import engine
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue
from lib.telemetry import context, traces

log = logging.getLogger(__name__)

queries = named_queries.of(__name__)


def decide(
    conn: Connection,
    actor: Actor,
    *,
    event_type: str,
    payload: JsonValue,
    correlation_key: str | None = None,
    schema_ref: str | None = None,
) -> Submission:
    """What would become of an event; needs read. Reads only, and its ids mean nothing.

    Raises NotFound for an event type that the catalog does not know, InvalidInput naming the field.
    """
    actor.require("read", "a preview of an event", on=event_type, kind="event_type")
    sent = SentEvent(event_type, payload, correlation_key=correlation_key, schema_ref=schema_ref)
    sent.check()
    with sandbox.within(judging.MOST_SECONDS):
        [event] = judging.judge_all(conn, actor, [sent])
        if isinstance(event, CatalogError):
            raise event
        [decisions] = _decided(conn, actor.tenant, [event])
    return submission.of_decisions(event, decisions)


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
    is_ours: bool = False,
) -> Submission:
    """Take an event in, in the caller's transaction; needs the right to send. See `submit_events`.

    `only_workflow` limits the candidates to one (replays). `is_ours` says that source and id are our own words.

    Raises NotFound for an event type that the catalog does not know, InvalidInput naming the field, Conflict when
    other content was sent before as this (source, submission_id).
    """
    sent = SentEvent(event_type, payload, source, submission_id, correlation_key, schema_ref, is_ours=is_ours)
    way = _Way(conn, actor, origin, parent_event_id, only_workflow)
    [found] = _submit(way, [sent])
    if isinstance(found, CatalogError):
        raise found
    return found


def submit_events(conn: Connection, actor: Actor, sent: Sequence[SentEvent]) -> list[Submission | CatalogError]:
    """Take live events in, in their order and in the caller's transaction; needs the right to send.

    One bad event costs only itself. Checks and mappings share judging.MOST_SECONDS; those beyond count as timed out.
    With `submission_id`, (source, submission_id) is taken once: the same again gives what became of it with `duplicate`
    set, other content a Conflict. What cannot be taken is NotFound for an event type that the catalog does not know,
    PermissionDenied for one that the token may not send, InvalidInput naming the field, or Conflict. When this raises,
    nothing was taken.
    """
    return _submit(_Way(conn, actor, "live"), sent)


def start_recorded(
    conn: Connection,
    actor: Actor,
    event: JudgedEvent,
    *,
    failed: Collection[tuple[UUID | None, UUID | None]],
    origin: Origin,
    event_at: datetime,
) -> list[Decision]:
    """Decide anew on what failed (`Match.tried`) for an event that is recorded; start and resume what may be.

    In the caller's transaction, which records what came of it. The event came at `event_at`.
    """
    [decided] = _decided(conn, actor.tenant, [event])
    again = [one for one in decided if one.match.tried in failed]
    [done] = _carried_out(_Way(conn, actor, origin, event_at=event_at), [event], [again])
    return done


@dataclass(frozen=True)
class _Way:
    """What all events of one call have in common. `event_at` is when an event came that is started again."""

    conn: Connection
    actor: Actor
    origin: Origin
    parent_event_id: UUID | None = None
    only_workflow: UUID | None = None
    event_at: datetime | None = None
    #: The span of each event, by its id.
    spans: dict[UUID, traces.TraceSpan] = field(default_factory=dict)

    @property
    def tenant(self) -> UUID:
        return self.actor.tenant


@dataclass(frozen=True)
class _Taken:
    """An event that was judged, the place of it among those that were sent, and its claim, if it needs one."""

    number: int
    event: JudgedEvent
    claim: Claim | None

    @property
    def may_act(self) -> bool:
        """Whether it may start or resume something."""
        return bool(self.event.candidates) or (self.event.has_waits and self.event.key is not None)


def _submit(way: _Way, sent: Sequence[SentEvent]) -> list[Submission | CatalogError]:
    started = time.perf_counter()
    only = sent[0].event_type if len(sent) == 1 else None
    way.actor.require("send", "sending an event", on=only, kind="event_type")
    refusals = [one.refusal() for one in sent]
    good = [one for one, refusal in zip(sent, refusals, strict=True) if refusal is None]
    with sandbox.within(judging.MOST_SECONDS):
        taken = iter(_take_in(way, good) if good else [])
    found = [refusal or next(taken) for refusal in refusals]
    outcomes = ["duplicate" if one.duplicate else one.status for one in found if isinstance(one, Submission)]
    seen = partial(telemetry.events_ingested, outcomes, origin=way.origin)
    database.on_commit(way.conn, lambda: seen(seconds=time.perf_counter() - started))
    return found


def _take_in(way: _Way, sent: Sequence[SentEvent]) -> list[Submission | CatalogError]:
    """The way of events: they are redacted and judged, taken once, matched, carried out and recorded."""
    since = time.time_ns()
    judged = judging.judge_all(way.conn, way.actor, sent, only_workflow=way.only_workflow)
    if not traces.is_on():
        return _answered(way, sent, judged)
    ids = {"tenant": way.tenant, "origin": way.origin}
    with event_spans.around(way.spans, judged, since=since, **ids) as answers:
        answers += _answered(way, sent, judged)
    return answers


def _answered(
    way: _Way, sent: Sequence[SentEvent], judged: Sequence[JudgedEvent | CatalogError]
) -> list[Submission | CatalogError]:
    answers: dict[int, Submission | CatalogError] = {
        number: event for number, event in enumerate(judged) if isinstance(event, CatalogError)
    }
    taken = [
        _Taken(number, event, claims.of_event(way.conn, one, event))
        for number, (one, event) in enumerate(zip(sent, judged, strict=True))
        if isinstance(event, JudgedEvent)
    ]
    open_, lost = _claimed(way, taken)
    recorded = _recorded(way, open_)
    for one in open_:
        if kept := recorded.get(one.event.event_id):
            answers[one.number] = kept
        else:
            lost.append(one)
    for one in lost:
        assert one.claim is not None
        answers[one.number] = claims.earlier(way.conn, one.claim, tenant=way.tenant)
    return [answers[number] for number in range(len(sent))]


def _claimed(way: _Way, taken: Sequence[_Taken]) -> tuple[list[_Taken], list[_Taken]]:
    """Those that nobody took before, and the others.

    What starts nothing takes its claim when it is recorded, unless that may have been taken in another spelling.
    """
    due = {one.event.event_id: one.claim for one in taken if one.claim and (one.may_act or one.claim.sent_as)}
    if not due:
        return list(taken), []
    won = claims.take(way.conn, due, tenant=way.tenant)
    lost = due.keys() - won
    open_ = [
        replace(one, claim=None) if one.event.event_id in won else one
        for one in taken
        if one.event.event_id not in lost
    ]
    return open_, [one for one in taken if one.event.event_id in lost]


def _recorded(way: _Way, taken: Sequence[_Taken]) -> dict[UUID, Submission]:
    """Match the events, carry out what was decided and record it; those that were taken before are left out."""
    if not taken:
        return {}
    events = [_with_digest(way.conn, one.event) for one in taken]
    decided = _decided(way.conn, way.tenant, events, only_workflow=way.only_workflow)
    done = _carried_out(way, events, decided)
    outcomes = [DecidedEvent(event, did, one.claim) for one, event, did in zip(taken, events, done, strict=True)]
    return submission.record(way.conn, way.actor, outcomes, origin=way.origin, parent_event_id=way.parent_event_id)


def _with_digest(conn: Connection, event: JudgedEvent) -> JudgedEvent:
    """The event with the digest of its key, if that is a secret."""
    if event.key is None or not event.key_is_secret:
        return event
    return replace(event, facts=replace(event.facts, correlation_key=claims.digest(conn, event.key)))


def _decided(
    conn: Connection, tenant: UUID, events: Sequence[JudgedEvent], *, only_workflow: UUID | None = None
) -> list[list[Decision]]:
    """For each event a decision for each wait that it ends and each workflow that it may start. Reads only.

    A wait is ended by the first event that can.
    """
    waits = {} if only_workflow else _waits(conn, tenant, events)
    decided = []
    for event in events:
        decisions = [matching.resumed(wait) for wait in waits.get(event.event_id, ())]
        if event.candidates:
            with context.about(event_id=event.event_id):
                decisions += matching.decide(event.facts, event.candidates)
        decided.append(decisions or [matching.NO_CANDIDATE])
    return decided


def _waits(conn: Connection, tenant: UUID, events: Sequence[JudgedEvent]) -> dict[UUID, list[Mapping[str, Any]]]:
    """The open waits that each event ends, by event id."""
    keyed = [event for event in events if event.has_waits and event.key]
    if not keyed:
        return {}
    keys = {
        "tenant": tenant,
        "event_types": [event.facts.event_type for event in keyed],
        "keys": [event.key for event in keyed],
    }
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    ended = set[UUID]()
    for row in conn.execute(queries["open_waits"], keys).mappings():
        if row["wait_id"] not in ended:
            ended.add(row["wait_id"])
            found.setdefault(keyed[row["number"] - 1].event_id, []).append(dict(row))
    return found


def _carried_out(way: _Way, events: Sequence[JudgedEvent], decided: Sequence[list[Decision]]) -> list[list[Decision]]:
    """Start and resume what was decided. A candidate that cannot be is marked, and the others go on."""
    pairs = [(event, one) for event, all_ in zip(events, decided, strict=True) for one in all_]
    together = [(event, one) for event, one in pairs if one.match.outcome == "started"]
    # All at once, which fails hardly ever. When it does, each by itself tells which of them cannot be.
    are_started = not together or _attempt(way, lambda: _start(way, together)) is None
    # In the order of their ids: each stays locked, and two batches in two orders would wait for each other.
    waits = {one.match.wait_id: (event, one) for event, one in pairs if one.match.wait_id}
    resumed = {wait_id: _resumed(way, wait_id, *waits[wait_id]) for wait_id in sorted(waits)}

    def carry_out(event: JudgedEvent, decision: Decision) -> Decision:
        if decision.match.wait_id:
            return resumed[decision.match.wait_id]
        if are_started or decision.match.outcome != "started":
            return decision
        return _done(event, decision, _attempt(way, lambda: _start(way, [(event, decision)])))

    return [[carry_out(event, one) for one in all_] for event, all_ in zip(events, decided, strict=True)]


def _done(event: JudgedEvent, decision: Decision, error: Exception | None) -> Decision:
    """The decision once it was carried out, or tried to be."""
    if error is None:
        return decision
    told = {"event_id": event.event_id, "error": error}
    log.error("Starting workflow %s for %s failed.", decision.match.workflow_id, event.facts.event_type, extra=told)
    return matching.failed(decision, error=error)


def _attempt(way: _Way, work: Callable[[], None]) -> Exception | None:
    """Do that in a savepoint; the error if it failed, which undoes that alone. Raises when the database is gone."""
    try:
        with way.conn.begin_nested():
            work()
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if getattr(error, "connection_invalidated", False):
            raise  # and with the database the events are gone: nothing was stored
        return error
    return None


def _start(way: _Way, starts: Sequence[tuple[JudgedEvent, Decision]]) -> None:
    rows = [_run_row(event, decision) for event, decision in starts]
    keys = {
        "tenant": way.tenant,
        "created_at": starts[0][0].created_at,
        "event_at": way.event_at,
        "origin": way.origin,
        "runs": strict_json.dumps(rows),
    }
    driver.rows(way.conn, queries["add_runs"], keys)
    engine.enqueue_runs(
        way.conn,
        tenant=way.tenant,
        run_ids=[UUID(row["run_id"]) for row in rows],
        trace_parents=[way.spans[event.event_id].parent for event, _ in starts] if way.spans else (),
    )


def _run_row(event: JudgedEvent, decision: Decision) -> dict[str, Any]:
    match = decision.match
    return {
        "run_id": str(match.run_id),
        "workflow_id": str(match.workflow_id),
        "version": match.workflow_version,
        "event_name": event.facts.event_type,
        "event_id": str(event.event_id),
        "correlation_key": event.facts.correlation_key,
        "mapped": decision.mapped,
        "schema_ref": event.facts.schema_ref,
        "input": decision.input,
        "redacted_input": decision.redacted_input,
    }


def _resumed(way: _Way, wait_id: UUID, event: JudgedEvent, decision: Decision) -> Decision:
    """The decision once its wait was ended, or why it was not."""
    parent = way.spans[event.event_id].parent if way.spans else None
    keys = {"tenant": way.tenant, "wait_id": wait_id, "event_id": event.event_id}
    ended: list[bool] = []
    error = _attempt(way, lambda: ended.append(engine.resume_wait(way.conn, **keys, trace_parent=parent)))
    return matching.failed(decision, "wait_ended") if ended == [False] else _done(event, decision, error)
