"""Changes of a workflow: made, attached, edited, paused, archived.

A workflow has a draft, which anyone with manage may edit, and published versions, which nobody can
(lib.workflows.versions). Every change locks the workflow first, so two people never overwrite each other. Who comes
second is told so by Conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.auth.acts import Act
from lib.catalog import entries
from lib.database import Connection, named_queries
from lib.errors import Conflict, InvalidInput, NotFound
from lib.serialization import naming, strict_json
from lib.workflows import records as workflow_records
from lib.workflows.records import LONGEST_NAME, Workflow

queries = named_queries.of(__name__)


def create_for_event(conn: Connection, actor: Actor, *, event_type: str, name: str | None = None) -> UUID:
    """A new draft that this event is to trigger, with the event's schema as its own; its id.

    Raises PermissionDenied, NotFound for an unknown event, InvalidInput for a name that is too long.
    """
    actor.require("manage", acts.WorkflowCreated, on=event_type, kind="event_type")
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
    name = _add(conn, actor, workflow_id, definition)
    audit.record(conn, actor, acts.WorkflowCreated(target_id=workflow_id, event_type=event_type, name=name))
    return workflow_id


def duplicate(conn: Connection, actor: Actor, *, workflow_id: UUID, name: str | None = None) -> UUID:
    """A new draft that says what the workflow's draft says, under another name; its id. The workflow stays as it is.

    Raises PermissionDenied, NotFound, InvalidInput for a name that is missing or too long.
    """
    actor.require("manage", acts.WorkflowDuplicated, on=workflow_id)
    original = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow_id)
    copy = uuid4()
    name = name_of_copy(original.name) if name is None else name
    name = _add(conn, actor, copy, {**original.draft, "id": str(copy), "name": name})
    act = acts.WorkflowDuplicated(target_id=copy, name=name, original=str(workflow_id), original_name=original.name)
    audit.record(conn, actor, act)
    return copy


def name_of_copy(name: str) -> str:
    """What a copy of a workflow of this name is called unless its author says otherwise."""
    return f"Copy of {name}"[:LONGEST_NAME]


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
    workflow = lock_to_change(conn, actor, to=acts.AttachDrafted, workflow_id=workflow_id)
    if workflow.draft_version != expected_draft_version:
        who = workflow.draft_updated_by or "Someone else"
        raise Conflict(f"{who} changed the draft of {workflow.name} meanwhile; look at it again before you attach it.")
    trigger, _, _ = _trigger_for(conn, actor, event_type)
    if trigger["sourcePayloadSchemaRef"] != workflow.draft.get("payloadSchemaRef"):
        trigger["payloadMapping"] = {}
    known = (workflow.draft.get("trigger"), workflow.trigger)
    trigger = next((one for one in known if one and workflow_records.triggered_by(one) == event_type), trigger)
    saved = _save(conn, actor, workflow, {**workflow.draft, "trigger": trigger})
    act = acts.AttachDrafted(
        target_id=workflow_id,
        name=workflow.name,
        previous_event_type=workflow_records.triggered_by(workflow.draft.get("trigger")),
        event_type=event_type,
        draft_version=saved,
    )
    audit.record(conn, actor, act)
    return saved


def save_draft(
    conn: Connection, actor: Actor, *, workflow_id: UUID, definition: Mapping[str, Any], expected_draft_version: int
) -> int:
    """Replace the draft that the editor saw as `expected_draft_version`; its new version.

    A draft may be unfinished. Raises PermissionDenied, NotFound, Conflict when someone else saved meanwhile
    (nothing is written then), InvalidInput when it is too large or its name is missing.
    """
    workflow = lock_to_change(conn, actor, to=acts.DraftSaved, workflow_id=workflow_id)
    if workflow.draft_version != expected_draft_version:
        who = workflow.draft_updated_by or "Someone else"
        raise Conflict(f"{who} changed this draft meanwhile; yours was not saved.")
    saved = _save(conn, actor, workflow, definition)
    audit.record(conn, actor, acts.DraftSaved(target_id=workflow_id, name=workflow.name, draft_version=saved))
    return saved


def delete_draft(conn: Connection, actor: Actor, *, workflow_id: UUID, expected_draft_version: int) -> int:
    """Give up the draft that was seen as `expected_draft_version`: it says again what is published; its new version.

    Raises PermissionDenied, NotFound, Conflict when someone changed the draft meanwhile or there is nothing to go back
    to: a workflow that was never published is its draft, and can be archived.
    """
    workflow = lock_to_change(conn, actor, to=acts.DraftDeleted, workflow_id=workflow_id)
    if workflow.draft_version != expected_draft_version:
        who = workflow.draft_updated_by or "Someone else"
        raise Conflict(f"{who} changed the draft of {workflow.name} meanwhile; look at it again before you delete it.")
    if workflow.published_version is None:
        raise Conflict(f"{workflow.name} was never published, so its draft is all there is. Archive it instead.")
    row = {"tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id}
    saved: int = conn.execute(queries["delete_draft"], row).scalar_one()
    act = acts.DraftDeleted(
        target_id=workflow_id,
        name=workflow.name,
        draft_version=expected_draft_version,
        version=workflow.published_version,
    )
    audit.record(conn, actor, act)
    return saved


def set_paused(conn: Connection, actor: Actor, *, workflow_id: UUID, paused: bool) -> None:
    """Stop the workflow from starting runs, or let it again; runs under way go on, a backfill is held.

    Raises PermissionDenied, NotFound, Conflict when it is archived.
    """
    act = acts.WorkflowPaused if paused else acts.WorkflowResumed
    workflow = lock_to_change(conn, actor, to=act, workflow_id=workflow_id)
    if workflow.is_paused != paused:
        row = {"tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id, "is_paused": paused}
        conn.execute(queries["set_paused"], row)
        audit.record(conn, actor, act(target_id=workflow_id, name=workflow.name))


def set_archived(conn: Connection, actor: Actor, *, workflow_id: UUID, archived: bool) -> None:
    """Take the workflow out of use, or bring it back as it was. An archived one starts no runs, its backfill ends.

    Raises PermissionDenied, NotFound.
    """
    act = acts.WorkflowArchived if archived else acts.WorkflowRestored
    workflow = lock_to_change(conn, actor, to=act, workflow_id=workflow_id, even_archived=True)
    if (workflow.status == "archived") == archived:
        return
    status = "archived" if archived else "published" if workflow.published_version else "draft"
    row = {"tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id, "status": status}
    conn.execute(queries["set_status"], row)
    audit.record(conn, actor, act(target_id=workflow_id, name=workflow.name))
    if archived:
        end_backfill(conn, actor, workflow, reason="the workflow was archived")


def end_backfill(conn: Connection, actor: Actor, workflow: Workflow, *, reason: str) -> bool:
    """End the replay of earlier events to a locked workflow; audited, needs manage. Whether there was one."""
    actor.require("manage", acts.BackfillCanceled, on=workflow.workflow_id)
    row = {"tenant": actor.tenant, "workflow_id": workflow.workflow_id, "reason": reason}
    ended = bool(conn.execute(queries["end_backfill"], row).all())
    if ended:
        audit.record(
            conn, actor, acts.BackfillCanceled(target_id=workflow.workflow_id, name=workflow.name, reason=reason)
        )
    return ended


def lock_to_change(
    conn: Connection, actor: Actor, *, to: type[Act], workflow_id: UUID, even_archived: bool = False
) -> Workflow:
    """The workflow, for this act, which until the transaction ends nobody else can change.

    Raises PermissionDenied, also for a system workflow without admin, NotFound, Conflict when it is archived.
    """
    actor.require("manage", to, on=workflow_id)
    conn.execute(queries["lock"], {"tenant": actor.tenant, "workflow_id": workflow_id})
    # Read after the lock is there, in a statement of its own: it then sees what the one before us committed.
    workflow = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow_id)
    if sentence := workflow_records.refusal(actor, workflow):
        raise actor.denied("admin", sentence, to, on=workflow_id)
    if workflow.status == "archived" and not even_archived:
        raise Conflict(f"{workflow.name} is archived; restore it before you change it.")
    return workflow


def _trigger_for(
    conn: Connection, actor: Actor, event_type: str
) -> tuple[dict[str, Any], str | None, entries.CatalogEntry]:
    """A trigger on this event, the event's schema ref (None if it names none), and its entry."""
    event = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
    if event is None:
        raise NotFound(f"There is no event {event_type} in this catalog.")
    ref = event.payload_schema_ref
    return {"type": "event", "eventName": event.event_type, "sourcePayloadSchemaRef": ref}, ref, event


def _add(conn: Connection, actor: Actor, workflow_id: UUID, definition: dict[str, Any]) -> str:
    """Write a draft that was never published; the name that lists show."""
    listed = _listed(definition)
    strict_json.check(definition, field="definition")
    row = {**listed, "tenant": actor.tenant, "workflow_id": workflow_id, "user_id": actor.user_id}
    conn.execute(queries["add"], {**row, "draft": strict_json.dumps(definition)})
    name: str = listed["name"]
    return name


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
    ref = definition.get("payloadSchemaRef")
    return {
        "name": naming.checked(name if isinstance(name, str) else "", longest=LONGEST_NAME),
        "description": description if isinstance(description, str) else "",
        "payload_schema_ref": ref if isinstance(ref, str) else None,
    }
