"""Replaying unmatched events to a workflow that was attached after they came.

A backfill is counted and bounded before it begins. It goes in batches with a pause between, and can be canceled at
any moment. It starts at most one run of a workflow for an event, however often it is begun, because the replay's
(source, id) names both. A replay that starts nothing leaves only its reason behind, so a later backfill takes the
event again. Pausing the workflow holds the backfill; archiving or detaching the workflow ends it. The processes that
execute runs carry it out (lib.operations.upkeep).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from lib.auth import actors, acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import CatalogError, Conflict, DatabaseUnavailable
from lib.events import ingestion, judging
from lib.serialization import strict_json
from lib.workflows import changes as workflow_changes
from lib.workflows.records import Workflow

log = logging.getLogger(__name__)
queries = named_queries.of(__name__)

#: Events that one backfill replays at most.
BOUND = 10_000
LONGEST = timedelta(days=90)
BATCH = 40
#: No event of a batch is begun later than this: whoever wants to pause the workflow waits until the batch ends.
BATCH_SECONDS = 2.0
PAUSE_SECONDS = 2.0
#: Different reasons that one backfill remembers; a message may quote what is in the payload.
MOST_REASONS = 20
_OTHER_REASONS = "Other reasons."


@dataclass(frozen=True)
class Backfill:
    """One backfill: of `total` events, how many started a run, were skipped, or failed, and why those did not start.

    `is_held` while its workflow is paused; `ended_because` are the words for why it was canceled.
    """

    backfill_id: UUID
    workflow_id: UUID
    event_type: str
    since: datetime
    status: Literal["running", "done", "canceled"]
    total: int
    started: int
    skipped: int
    failed: int
    ended_because: str | None
    reasons: dict[str, int]
    is_held: bool

    @property
    def replayed(self) -> int:
        """How many events were gone through."""
        return self.started + self.skipped + self.failed


def count(conn: Connection, *, tenant: UUID, workflow: Workflow, since: datetime, until: datetime) -> int:
    """How many events a backfill would replay, at most BOUND; 0 for a workflow without a trigger."""
    keys = {"tenant": tenant, "workflow_id": workflow.workflow_id, "event_type": workflow.event_type}
    row = {**keys, "since": since, "until": until, "bound": BOUND}
    return int(conn.execute(queries["count"], row).scalar_one()) if workflow.event_type else 0


def start(conn: Connection, actor: Actor, *, workflow_id: UUID, since: datetime, now: datetime) -> Backfill:
    """Begin a backfill of what came since then; audited.

    Raises PermissionDenied, NotFound, Conflict when the workflow would start no run or one is under way.
    """
    workflow = workflow_changes.lock_to_change(conn, actor, to=acts.BackfillStarted, workflow_id=workflow_id)
    if workflow.status != "published" or workflow.event_type is None:
        raise Conflict(f"{workflow.name} is not attached to an event, so there is nothing to replay.")
    if workflow.is_paused:
        raise Conflict(f"{workflow.name} is paused; resume it before you replay events to it.")
    if (running := latest(conn, tenant=actor.tenant, workflow_id=workflow_id)) and running.status == "running":
        raise Conflict(f"Events are being replayed to {workflow.name} already.")
    since = max(since, now - LONGEST)
    total = count(conn, tenant=actor.tenant, workflow=workflow, since=since, until=now)
    if not total:
        raise Conflict("There is no unmatched event to replay.")
    row = {
        "tenant": actor.tenant,
        "workflow_id": workflow_id,
        "event_type": workflow.event_type,
        "since": since,
        "until": now,
        "total": total,
        "user_id": actor.user_id,
    }
    conn.execute(queries["add"], row)
    act = acts.BackfillStarted(target_id=workflow_id, name=workflow.name, event_type=workflow.event_type, events=total)
    audit.record(conn, actor, act)
    begun = latest(conn, tenant=actor.tenant, workflow_id=workflow_id)
    assert begun is not None
    return begun


def latest(conn: Connection, *, tenant: UUID, workflow_id: UUID) -> Backfill | None:
    """The workflow's latest backfill."""
    row = conn.execute(queries["latest"], {"tenant": tenant, "workflow_id": workflow_id}).mappings().one_or_none()
    return Backfill(**row) if row else None


def under_way(conn: Connection) -> list[tuple[UUID, Actor]]:
    """Running backfills of all tenants, each with who began it; owner's connection only.

    Those of people who may not replay events any more end here.
    """
    for row in conn.execute(queries["withdraw"]).all():
        log.warning("Backfill %s was canceled: who began it may not replay events any more.", row.backfill_id)
        act = acts.BackfillCanceled(target_id=row.workflow_id, name=row.name, reason=row.reason)
        audit.record(conn, actors.engine(row.tenant), act)
    return [
        (row.backfill_id, Actor(row.tenant, row.user_id, row.email, row.permission, origin="engine"))
        for row in conn.execute(queries["under_way"]).all()
    ]


def advance(conn: Connection, actor: Actor, *, backfill_id: UUID) -> Backfill | None:
    """Replay the next batch if one is due; how far the backfill is then, None when none was due.

    Safe to call from several processes at once: one of them does the work. Raises PermissionDenied.
    """
    actor.require("manage", acts.BackfillStarted, on=backfill_id)
    keys = {"tenant": actor.tenant, "backfill_id": backfill_id}
    row = conn.execute(queries["lock_due"], {**keys, "pause": PAUSE_SECONDS}).mappings().one_or_none()
    if row is None:
        return None
    backfill = Backfill(**row)
    room = min(BATCH, backfill.total - backfill.replayed)
    events = conn.execute(queries["batch"], {**keys, "limit": room}).all()
    after, gone_through = _replay_some(conn, actor, backfill, events)
    if gone_through == len(events) and (len(events) < room or after.replayed >= after.total):
        after = replace(after, status="done")
    last = events[gone_through - 1] if events else None
    reached = {
        "started": after.started,
        "skipped": after.skipped,
        "failed": after.failed,
        "cursor_at": last.created_at if last else None,
        "cursor_id": last.event_id if last else None,
        "status": after.status,
        "reasons": strict_json.dumps(after.reasons),
    }
    conn.execute(queries["advance"], {**keys, **reached})
    return after


def _replay_some(conn: Connection, actor: Actor, backfill: Backfill, events: Sequence[Any]) -> tuple[Backfill, int]:
    """Replay as many of the events as BATCH_SECONDS allow; the backfill then, and how many they were."""
    counts = Counter(started=backfill.started, skipped=backfill.skipped, failed=backfill.failed)
    reasons, gone_through = Counter(backfill.reasons), 0
    deadline = time.monotonic() + BATCH_SECONDS
    for event in events:
        if gone_through and time.monotonic() > deadline:
            break
        outcome, reason = _replay(conn, actor, backfill, event)
        counts[outcome] += 1
        if reason:
            reasons[reason if reason in reasons or len(reasons) < MOST_REASONS else _OTHER_REASONS] += 1
        gone_through += 1
    after = replace(
        backfill,
        started=counts["started"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        reasons=dict(reasons),
    )
    return after, gone_through


def cancel(conn: Connection, actor: Actor, *, workflow_id: UUID) -> None:
    """End the workflow's running backfill; what was replayed stays. Raises PermissionDenied, Conflict."""
    workflow = workflow_changes.lock_to_change(
        conn, actor, to=acts.BackfillCanceled, workflow_id=workflow_id, even_archived=True
    )
    if not workflow_changes.end_backfill(conn, actor, workflow, reason="it was canceled by hand"):
        raise Conflict("No events are being replayed to this workflow any more.")


def _replay(
    conn: Connection, actor: Actor, backfill: Backfill, event: Any
) -> tuple[Literal["started", "skipped", "failed"], str | None]:
    """What became of one event, and why it started no run if it did not."""
    try:
        with conn.begin_nested() as attempt:  # an event that cannot be replayed does not stop the others
            submission = ingestion.submit_event(
                conn,
                actor,
                event_type=backfill.event_type,
                payload=strict_json.loads(event.payload),
                source=judging.REPLAYS,
                submission_id=f"{backfill.workflow_id}:{event.event_id}",
                correlation_key=event.correlation_key,
                schema_ref=event.payload_schema_ref,
                origin="replay",
                parent_event_id=event.event_id,
                only_workflow=backfill.workflow_id,
                is_ours=True,
            )
            if submission.of("started"):
                return "started", None
            attempt.rollback()  # also what would keep a later backfill from taking the event
    except DatabaseUnavailable:
        raise
    except CatalogError as error:
        return "failed", str(error)
    match = submission.matches[0]
    return "failed" if match.outcome == "failed" else "skipped", match.message
