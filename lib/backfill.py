"""Replaying unmatched events to a workflow that was attached after they came.

A backfill is counted and bounded before it begins, goes in batches with a pause between, can be canceled at any
moment, and replays each event to a workflow once, however often it is begun: the replay's (source, id) names
both. The processes that execute runs carry it out (lib.upkeep), whoever watches.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from lib import ingestion, payloads, sql, workflows
from lib.auth import Actor
from lib.database import Connection
from lib.errors import CatalogError, Conflict, DatabaseUnavailable
from lib.workflows import Workflow

log = logging.getLogger(__name__)
queries = sql.load("backfill")

#: Events that one backfill replays at most.
BOUND = 10_000
LONGEST = timedelta(days=90)
BATCH = 40
PAUSE_SECONDS = 2.0
SOURCE = "backfill"


@dataclass(frozen=True)
class Backfill:
    """One backfill: of `total` events, how many started a run, were skipped with a reason, or failed."""

    backfill_id: UUID
    workflow_id: UUID
    event_type: str
    since: datetime
    status: Literal["running", "done", "canceled"]
    total: int
    started: int
    skipped: int
    failed: int

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
    workflow = workflows.lock_to_change(conn, actor, workflow_id=workflow_id)
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
    workflows.note(conn, actor, workflow_id, "backfill_started", eventType=workflow.event_type, events=total)
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
    return [
        (row.backfill_id, Actor(row.tenant, row.user_id, row.email, row.permission))
        for row in conn.execute(queries["under_way"]).all()
    ]


def advance(conn: Connection, actor: Actor, *, backfill_id: UUID) -> Backfill | None:
    """Replay the next batch if one is due; how far the backfill is then, None when none was due.

    Safe to call from several processes at once: one of them does the work. Raises PermissionDenied.
    """
    actor.require("manage")
    keys = {"tenant": actor.tenant, "backfill_id": backfill_id}
    row = conn.execute(queries["lock_due"], {**keys, "pause": PAUSE_SECONDS}).mappings().one_or_none()
    if row is None:
        return None
    backfill = Backfill(**row)
    room = min(BATCH, backfill.total - backfill.replayed)
    events = conn.execute(queries["batch"], {**keys, "limit": room}).all()
    counts = {"started": backfill.started, "skipped": backfill.skipped, "failed": backfill.failed}
    for event in events:
        counts[_replay(conn, actor, backfill, event)] += 1
    done = len(events) < room or sum(counts.values()) >= backfill.total
    after = {
        "cursor_at": events[-1].created_at if events else None,
        "cursor_id": events[-1].event_id if events else None,
        "status": "done" if done else "running",
    }
    conn.execute(queries["advance"], {**keys, **counts, **after})
    return replace(
        backfill, started=counts["started"], skipped=counts["skipped"], failed=counts["failed"],
        status="done" if done else "running",
    )  # fmt: skip


def cancel(conn: Connection, actor: Actor, *, workflow_id: UUID) -> None:
    """End the workflow's running backfill; what was replayed stays. Raises PermissionDenied, Conflict."""
    workflows.lock_to_change(conn, actor, workflow_id=workflow_id, even_archived=True)
    if not conn.execute(queries["cancel"], {"tenant": actor.tenant, "workflow_id": workflow_id}).all():
        raise Conflict("No events are being replayed to this workflow any more.")
    workflows.note(conn, actor, workflow_id, "backfill_canceled")


def _replay(conn: Connection, actor: Actor, backfill: Backfill, event: Any) -> Literal["started", "skipped", "failed"]:
    try:
        with conn.begin_nested():  # an event that cannot be replayed does not stop the others
            submission = ingestion.submit_event(
                conn,
                actor,
                event_name=backfill.event_type,
                payload=payloads.loads(event.payload),
                source=SOURCE,
                submission_id=f"{backfill.workflow_id}:{event.event_id}",
                correlation_key=event.correlation_key,
                schema_ref=event.payload_schema_ref,
                origin="replay",
                parent_event_id=event.event_id,
                only_workflow=backfill.workflow_id,
            )
    except DatabaseUnavailable:
        raise
    except CatalogError:
        return "failed"
    return "started" if submission.of("started") else "failed" if submission.of("failed") else "skipped"
