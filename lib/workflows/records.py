"""Workflows: which react to which event, and everything about one except its published versions.

A workflow has a draft, which anyone with manage may edit, and published versions, which nobody can
(lib.workflows.versions). Every change locks the workflow first, so two people never overwrite each other: who
comes second is told so by Conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

from lib.auth import audit
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database import Connection, named_queries
from lib.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from lib.serialization import strict_json

queries = named_queries.of(__name__)

Status = Literal["draft", "published", "archived"]
STATUSES: tuple[Status, ...] = ("published", "draft", "archived")

#: How many of a workflow's latest runs its success rate is about.
LATEST_RUNS = 200
LONGEST_NAME = 120
PAGE_SIZE = 50


@dataclass(frozen=True)
class AttachedWorkflow:
    """A published workflow as its event's page lists it."""

    workflow_id: UUID
    name: str
    description: str
    version: int
    status: Status
    is_system: bool
    is_paused: bool


@dataclass(frozen=True)
class Workflow:
    """One workflow. `trigger` is the published one; `draft_differs` from the latest published version.

    `published_by` published that version. `updated_by` did the latest of everything, pausing and archiving too.
    It was last found valid at `validated_at`, which is when it was published, and its draft may have changed since.
    """

    workflow_id: UUID
    name: str
    description: str
    status: Status
    trigger: dict[str, Any] | None
    payload_schema_ref: str | None
    draft: dict[str, Any]
    draft_version: int
    published_version: int | None
    is_system: bool
    is_paused: bool
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    draft_updated_by: str | None
    published_by: str | None
    validated_at: datetime | None
    changed_since_validated: bool
    draft_differs: bool

    @property
    def event_type(self) -> str | None:
        """The event that the published version reacts to."""
        return event_name(self.trigger)


@dataclass(frozen=True)
class WorkflowSummary:
    """A workflow in a list; the counts are about its LATEST_RUNS latest runs."""

    workflow_id: UUID
    name: str
    description: str
    status: Status
    version: int | None
    is_system: bool
    is_paused: bool
    updated_at: datetime
    event_type: str | None
    draft_differs: bool
    last_run_at: datetime | None
    runs: int
    succeeded: int
    failed: int
    open: int

    @property
    def success_rate(self) -> float | None:
        """Share of the latest runs that succeeded, 0 to 1; None when there are none."""
        return self.succeeded / self.runs if self.runs else None


@dataclass(frozen=True)
class WorkflowPage:
    """One page of workflows by name, which it is, and how many workflows there are in all."""

    workflows: list[WorkflowSummary]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least 1."""
        return max(1, -(-self.total // PAGE_SIZE))


@dataclass(frozen=True)
class WorkflowFilters:
    """What the list is narrowed to; None means all, for the status all but archived. `page` counts from 1."""

    search: str = ""
    status: Status | None = None
    event_type: str | None = None
    is_system: bool | None = None
    is_paused: bool | None = None
    page: int = 1


@dataclass(frozen=True)
class WorkflowChoice:
    """A workflow in a selection."""

    workflow_id: UUID
    name: str
    status: Status
    is_system: bool
    draft_version: int
    event_type: str | None


def attached(conn: Connection, *, tenant: UUID, event_type: str) -> list[AttachedWorkflow]:
    """The published workflows that this event triggers, paused ones included."""
    rows = conn.execute(queries["attached"], {"tenant": tenant, "event_type": event_type}).mappings()
    return [AttachedWorkflow(**row) for row in rows]


def list_workflows(conn: Connection, *, tenant: UUID, filters: WorkflowFilters) -> WorkflowPage:
    """One page of the tenant's workflows by name; the last one if it is asked for one behind it."""
    page = max(filters.page, 1)
    parameters = {
        "tenant": tenant,
        "search": filters.search.strip()[:200],
        "status": filters.status,
        "event_type": filters.event_type,
        "is_system": filters.is_system,
        "is_paused": filters.is_paused,
        "offset": min(page - 1, 10**6) * PAGE_SIZE,
        "size": PAGE_SIZE,
        "latest_runs": LATEST_RUNS,
    }
    rows = [dict(row) for row in conn.execute(queries["list"], parameters).mappings()]
    if not rows and page > 1:
        first = list_workflows(conn, tenant=tenant, filters=replace(filters, page=1))
        if first.pages == 1:
            return first
        return list_workflows(conn, tenant=tenant, filters=replace(filters, page=first.pages))
    total = rows[0]["total"] if rows else 0
    found = [WorkflowSummary(**{k: v for k, v in row.items() if k != "total"}) for row in rows]
    return WorkflowPage(found, total, page)


def choices(conn: Connection, *, tenant: UUID) -> list[WorkflowChoice]:
    """The tenant's workflows that are not archived, by name."""
    return [WorkflowChoice(**row) for row in conn.execute(queries["choices"], {"tenant": tenant}).mappings()]


def get(conn: Connection, *, tenant: UUID, workflow_id: UUID) -> Workflow:
    """One workflow with its draft. Raises NotFound."""
    keys = {"tenant": tenant, "workflow_id": workflow_id}
    row = conn.execute(queries["get"], keys).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such workflow.")
    fields = dict(row)
    trigger, draft = fields.pop("trigger"), strict_json.loads(fields.pop("draft"))
    draft.pop("version", None)  # a draft has none yet
    return Workflow(**fields, trigger=strict_json.loads(trigger) if trigger else None, draft=draft)


def create_for_event(conn: Connection, actor: Actor, *, event_type: str, name: str | None = None) -> UUID:
    """A new draft that this event is to trigger, with the event's schema as its own; its id.

    Raises PermissionDenied, NotFound for an unknown event, InvalidInput for a name that is too long.
    """
    actor.require("manage")
    trigger, payload_schema_ref, event = _trigger_for(conn, actor, event_type)
    workflow_id = uuid4()
    definition: dict[str, Any] = {
        "id": str(workflow_id),
        "name": default_name(event.name) if name is None else name,
        "description": f"Runs when {event.name} happens.",
        "payloadSchemaRef": payload_schema_ref,
        "trigger": trigger,
        "steps": [],
    }
    listed = _listed(definition)
    row = {**listed, "tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id}
    conn.execute(queries["add"], {**row, "draft": strict_json.dumps(definition)})
    note(conn, actor, workflow_id, "created", eventType=event_type, name=listed["name"])
    return workflow_id


def default_name(event: str) -> str:
    """What a workflow made for an event of this name is called unless its author says otherwise."""
    return f"Workflow: {event}"[:LONGEST_NAME]


def attach_existing(
    conn: Connection, actor: Actor, *, workflow_id: UUID, event_type: str, expected_draft_version: int
) -> int:
    """Make this event the trigger of the draft that was seen as `expected_draft_version`; its new version.

    Nothing reacts to the event before the draft is published. Draft or published version keep the mapping that
    they have for this event already; else, where the schemas differ, it is empty and has to be completed first.
    Raises PermissionDenied, NotFound, Conflict when it is archived or someone changed the draft meanwhile.
    """
    workflow = lock_to_change(conn, actor, workflow_id=workflow_id)
    if workflow.draft_version != expected_draft_version:
        who = workflow.draft_updated_by or "Someone else"
        raise Conflict(f"{who} changed the draft of {workflow.name} meanwhile; look at it again before you attach it.")
    trigger, _, _ = _trigger_for(conn, actor, event_type)
    if trigger["sourcePayloadSchemaRef"] != workflow.draft.get("payloadSchemaRef"):
        trigger["payloadMapping"] = {}
    known = (workflow.draft.get("trigger"), workflow.trigger)
    trigger = next((one for one in known if one and event_name(one) == event_type), trigger)
    saved = _save(conn, actor, workflow, {**workflow.draft, "trigger": trigger})
    note(conn, actor, workflow_id, "attach_drafted", eventType=event_type, draftVersion=saved)
    return saved


def save_draft(
    conn: Connection, actor: Actor, *, workflow_id: UUID, definition: Mapping[str, Any], expected_draft_version: int
) -> int:
    """Replace the draft that the editor saw as `expected_draft_version`; its new version.

    A draft may be unfinished. Raises PermissionDenied, NotFound, Conflict when someone else saved meanwhile
    (nothing is written then), InvalidInput when it is too large or its name is missing.
    """
    workflow = lock_to_change(conn, actor, workflow_id=workflow_id)
    if workflow.draft_version != expected_draft_version:
        who = workflow.draft_updated_by or "Someone else"
        raise Conflict(f"{who} changed this draft meanwhile; yours was not saved.")
    saved = _save(conn, actor, workflow, definition)
    note(conn, actor, workflow_id, "draft_saved", draftVersion=saved)
    return saved


def set_paused(conn: Connection, actor: Actor, *, workflow_id: UUID, paused: bool) -> None:
    """Stop the workflow from starting runs, or let it again; runs under way go on, a backfill is held.

    Raises PermissionDenied, NotFound, Conflict when it is archived.
    """
    workflow = lock_to_change(conn, actor, workflow_id=workflow_id)
    if workflow.is_paused != paused:
        row = {"tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id, "is_paused": paused}
        conn.execute(queries["set_paused"], row)
        note(conn, actor, workflow_id, "paused" if paused else "resumed", name=workflow.name)


def set_archived(conn: Connection, actor: Actor, *, workflow_id: UUID, archived: bool) -> None:
    """Take the workflow out of use, or bring it back as it was. An archived one starts no runs, its backfill ends.

    Raises PermissionDenied, NotFound.
    """
    workflow = lock_to_change(conn, actor, workflow_id=workflow_id, even_archived=True)
    if (workflow.status == "archived") == archived:
        return
    status = "archived" if archived else "published" if workflow.published_version else "draft"
    row = {"tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id, "status": status}
    conn.execute(queries["set_status"], row)
    note(conn, actor, workflow_id, "archived" if archived else "restored", name=workflow.name)
    if archived:
        end_backfill(conn, actor, workflow_id=workflow_id, reason="the workflow was archived")


def end_backfill(conn: Connection, actor: Actor, *, workflow_id: UUID, reason: str) -> bool:
    """End the replay of earlier events to a locked workflow, audited; whether there was one."""
    row = {"tenant": actor.tenant, "workflow_id": workflow_id, "reason": reason}
    ended = bool(conn.execute(queries["end_backfill"], row).all())
    if ended:
        note(conn, actor, workflow_id, "backfill_canceled", reason=reason)
    return ended


class Named(Protocol):
    """What a refusal is about: a workflow in any of its forms."""

    @property
    def name(self) -> str: ...
    @property
    def is_system(self) -> bool: ...


def refusal(actor: Actor, workflow: Named) -> str | None:
    """Why this person may not change the workflow, in a sentence; None if they may."""
    if not actor.may("manage"):
        return actor.refusal("manage")
    if workflow.is_system and not actor.may("admin"):
        return (
            f"{workflow.name} is a system workflow: changing it needs admin permission, "
            f"and you have {actor.permission}."
        )
    return None


def lock_to_change(conn: Connection, actor: Actor, *, workflow_id: UUID, even_archived: bool = False) -> Workflow:
    """The workflow, which until the transaction ends nobody else can change.

    Raises PermissionDenied, also for a system workflow without admin, NotFound, Conflict when it is archived.
    """
    actor.require("manage")
    conn.execute(queries["lock"], {"tenant": actor.tenant, "workflow_id": workflow_id})
    # Read after the lock is there, in a statement of its own: it then sees what the one before us committed.
    workflow = get(conn, tenant=actor.tenant, workflow_id=workflow_id)
    if sentence := refusal(actor, workflow):
        raise PermissionDenied(sentence)
    if workflow.status == "archived" and not even_archived:
        raise Conflict(f"{workflow.name} is archived; restore it before you change it.")
    return workflow


def event_name(trigger: Any) -> str | None:
    """The event that a trigger names, None when there is no such thing."""
    name = trigger.get("eventName") if isinstance(trigger, dict) else None
    return name if isinstance(name, str) else None


def note(conn: Connection, actor: Actor, workflow_id: UUID, verb: str, **detail: Any) -> None:
    """Write `workflow.<verb>` to the audit trail."""
    audit.record(
        conn,
        actor,
        action=f"workflow.{verb}",
        target_type="workflow",
        target_id=str(workflow_id),
        detail=detail,
    )


def _trigger_for(
    conn: Connection, actor: Actor, event_type: str
) -> tuple[dict[str, Any], str | None, entries.CatalogEntry]:
    """A trigger on this event, the event's schema ref (None if it names none), and its entry."""
    event = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
    if event is None:
        raise NotFound(f"There is no event {event_type} in this catalog.")
    ref = event.payload_schema_ref
    return {"type": "event", "eventName": event.event_type, "sourcePayloadSchemaRef": ref}, ref, event


def _save(conn: Connection, actor: Actor, workflow: Workflow, definition: Mapping[str, Any]) -> int:
    if not isinstance(definition, Mapping):
        raise InvalidInput("definition", "must be an object")
    draft = {"id": str(workflow.workflow_id), **{k: v for k, v in definition.items() if k not in ("id", "version")}}
    strict_json.check(draft, field="definition")
    row = {**_listed(draft), "tenant": actor.tenant, "workflow_id": workflow.workflow_id, "user_id": actor.user_id}
    saved: int = conn.execute(queries["save_draft"], {**row, "draft": strict_json.dumps(draft)}).scalar_one()
    return saved


def _listed(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What of a definition lists show. Raises InvalidInput when it lacks a name."""
    name, description = definition.get("name"), definition.get("description", "")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise InvalidInput("name", f"must have 1 to {LONGEST_NAME} characters")
    ref = definition.get("payloadSchemaRef")
    return {
        "name": name.strip(),
        "description": description if isinstance(description, str) else "",
        "payload_schema_ref": ref if isinstance(ref, str) else None,
    }
