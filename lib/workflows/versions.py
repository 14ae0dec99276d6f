"""Published versions of a workflow: publish, roll back, detach from an event, and undo that.

A version is never changed. To change what runs is to publish a further version. Every act names the version at which
its author looked, and Conflict refuses it when another one was published meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.auth.acts import Act
from lib.catalog import schema_registry
from lib.database import Connection, named_queries
from lib.errors import Conflict, InvalidInput, NotFound
from lib.serialization import strict_json
from lib.steps import Problem
from lib.workflows import changes as workflow_changes
from lib.workflows import definition_text, gate
from lib.workflows import records as workflow_records
from lib.workflows import validation as workflow_validation
from lib.workflows.gate import Gate
from lib.workflows.records import AttachedWorkflow, Workflow

queries = named_queries.of(__name__)

LONGEST_NOTE = 500
#: A detach says how many events of this span it would have left without a workflow.
LOOKED_BACK = timedelta(days=7)
#: For how long a detach is shown with its event, where it can be undone.
UNDONE_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class Version:
    """One published version; `event_type` is what it reacts to."""

    version: int
    change_note: str
    published_at: datetime
    published_by: str | None
    event_type: str | None


@dataclass(frozen=True)
class DetachPreview:
    """What a detach would do: `started` events of the last 7 days started this workflow, `alone` no other."""

    workflow: Workflow
    event_type: str
    before: dict[str, Any]
    after: dict[str, Any]
    others: list[AttachedWorkflow]
    started: int
    alone: int


@dataclass(frozen=True)
class Detached:
    """A workflow that an event started until its latest version, which took the trigger away."""

    workflow_id: UUID
    name: str
    is_system: bool
    version: int
    detached_at: datetime
    detached_by: str | None


@dataclass(frozen=True)
class _Content:
    """What a version consists of; `draft_trigger` is what a detach took out of a draft with changes of its own."""

    definition: dict[str, Any]
    payload_schema: str | None
    draft_trigger: dict[str, Any] | None = None


def publish(
    conn: Connection,
    actor: Actor,
    *,
    workflow_id: UUID,
    expected_draft_version: int,
    expected_version: int | None,
    change_note: str = "",
    publish_anyway: bool = False,
) -> int:
    """Publish the draft as the next version; its number. `expected_version` is the latest that the author saw.

    `publish_anyway` is whether the author knows that none of the latest real events would start it.

    Raises PermissionDenied, NotFound, Conflict when someone saved or published meanwhile or no real event would start
    it, InvalidInput when the draft has errors, naming the first.
    """
    workflow = _expect(conn, actor, workflow_id, expected_version, to=acts.WorkflowPublished)
    if workflow.draft_version != expected_draft_version:
        raise Conflict("Someone changed the draft meanwhile; look at it again before you publish it.")
    if workflow.published_version and not workflow.draft_differs:
        raise Conflict(f"Version {workflow.published_version} already says what the draft says.")
    version, tried = _publish_checked(conn, actor, workflow, workflow.draft, change_note, publish_anyway)
    made = acts.WorkflowPublished(
        target_id=workflow_id,
        name=workflow.name,
        previous_version=workflow.published_version,
        version=version,
        note=change_note,
        events_checked=tried.checked,
        events_starting=tried.starting,
        published_anyway=tried.none_starts,
    )
    audit.record(conn, actor, made)
    return version


def roll_back(
    conn: Connection,
    actor: Actor,
    *,
    workflow_id: UUID,
    to_version: int,
    expected_version: int | None,
    change_note: str = "",
    publish_anyway: bool = False,
) -> int:
    """Publish an old version once more, as the next one; its number. A draft with changes of its own stays.

    `publish_anyway` is whether the author knows that none of the latest real events would start it.

    Raises PermissionDenied, NotFound, Conflict when someone published meanwhile, the old version no longer fits
    today's events and schemas, or no real event would start it.
    """
    workflow = _expect(conn, actor, workflow_id, expected_version, to=acts.WorkflowRolledBack)
    old = _content(conn, actor.tenant, workflow_id, to_version)
    if errors := _errors(conn, actor, old.definition):
        raise Conflict(f"Version {to_version} of {workflow.name} cannot be published again: {errors[0].message}")
    change_note = change_note or f"Back to version {to_version}"
    version, tried = _publish_checked(conn, actor, workflow, old.definition, change_note, publish_anyway)
    made = acts.WorkflowRolledBack(
        target_id=workflow_id,
        name=workflow.name,
        previous_version=workflow.published_version,
        version=version,
        to_version=to_version,
        events_checked=tried.checked,
        events_starting=tried.starting,
        published_anyway=tried.none_starts,
    )
    audit.record(conn, actor, made)
    return version


def detach(
    conn: Connection,
    actor: Actor,
    *,
    workflow_id: UUID,
    event_type: str,
    expected_version: int,
    expected_changes: bool,
) -> int:
    """Publish the latest version without its trigger as the next one; its number. Runs under way go on.

    `expected_changes` is whether the author was told that the draft has unpublished changes. They stay, but for
    the trigger: publishing them must not attach the workflow again unnoticed. The undo gives it back.

    Raises PermissionDenied (a system workflow needs admin), NotFound, Conflict when someone published or began to
    change the draft meanwhile, or the workflow does not react to this event.
    """
    workflow = _expect(conn, actor, workflow_id, expected_version, to=acts.WorkflowDetached)
    latest = _content(conn, actor.tenant, workflow_id, expected_version)
    _require_trigger(workflow, event_type)
    if workflow.draft_differs and not expected_changes:
        raise Conflict(
            f"{workflow.draft_updated_by or 'Someone else'} changed the draft of {workflow.name} meanwhile. "
            "Nothing was changed; look at it again."
        )
    draft, taken = workflow.draft if workflow.draft_differs else None, None
    if draft and workflow_records.triggered_by(draft.get("trigger")) == event_type:
        draft, taken = {**draft, "trigger": None}, draft["trigger"]
    without = _Content({**latest.definition, "trigger": None}, latest.payload_schema, taken)
    version = _add(conn, actor, workflow, without, f"Detached from {event_type}", draft)
    made = acts.WorkflowDetached(
        target_id=workflow_id,
        name=workflow.name,
        previous_version=workflow.published_version,
        event_type=event_type,
        version=version,
    )
    audit.record(conn, actor, made)
    return version


def undo_detach(conn: Connection, actor: Actor, *, workflow_id: UUID, detached_version: int) -> int:
    """Publish the trigger that `detached_version` removed as a further version; its number.

    It is not tried with real events: it gives back what was published.

    Raises PermissionDenied, NotFound, Conflict when someone published meanwhile, that version removed none, or
    the workflow no longer fits today's events and schemas.
    """
    workflow = _expect(conn, actor, workflow_id, detached_version, to=acts.WorkflowReattached)
    latest = _content(conn, actor.tenant, workflow_id, detached_version)
    earlier = _content(conn, actor.tenant, workflow_id, detached_version - 1)
    trigger = earlier.definition.get("trigger")
    if latest.definition.get("trigger") is not None or trigger is None:
        raise Conflict(f"Version {detached_version} of {workflow.name} did not detach it from an event.")
    event_type: str = trigger["eventName"]
    again = {**latest.definition, "trigger": trigger}
    if errors := _errors(conn, actor, again):
        raise Conflict(
            f"{workflow.name} cannot be attached to {event_type} as it was: {errors[0].message} "
            "Set its trigger in the designer and fix that, then publish it."
        )
    draft = workflow.draft if workflow.draft_differs or latest.draft_trigger else None
    if draft and draft.get("trigger") is None:
        draft = {**draft, "trigger": latest.draft_trigger or trigger}
    content = _Content(again, latest.payload_schema)
    version = _add(conn, actor, workflow, content, f"Attached to {event_type} again", draft)
    made = acts.WorkflowReattached(
        target_id=workflow_id,
        name=workflow.name,
        previous_version=workflow.published_version,
        event_type=event_type,
        version=version,
    )
    audit.record(conn, actor, made)
    return version


def detached(conn: Connection, *, tenant: UUID, event_type: str, now: datetime) -> list[Detached]:
    """The workflows whose detach from this event can be undone with a click, latest first."""
    keys = {"tenant": tenant, "event_type": event_type, "since": now - UNDONE_WITHIN}
    return [Detached(**row) for row in conn.execute(queries["detached"], keys).mappings()]


def preview_detach(
    conn: Connection, *, tenant: UUID, workflow_id: UUID, event_type: str, now: datetime
) -> DetachPreview:
    """What detaching the workflow from the event would mean. Raises NotFound, Conflict if it is not attached."""
    workflow = workflow_records.get(conn, tenant=tenant, workflow_id=workflow_id)
    _require_trigger(workflow, event_type)
    assert workflow.published_version is not None  # only a published one has a trigger
    latest = _content(conn, tenant, workflow_id, workflow.published_version)
    keys = {"tenant": tenant, "workflow_id": workflow_id, "event_type": event_type, "since": now - LOOKED_BACK}
    counts = conn.execute(queries["events_of_workflow"], keys).one()
    attached = workflow_records.attached(conn, tenant=tenant, event_type=event_type)
    return DetachPreview(
        workflow,
        event_type,
        before=latest.definition,
        after={**latest.definition, "version": workflow.published_version + 1, "trigger": None},
        others=[other for other in attached if other.workflow_id != workflow_id],
        started=counts.started,
        alone=counts.alone,
    )


def list_versions(conn: Connection, *, tenant: UUID, workflow_id: UUID) -> list[Version]:
    """What was published, latest first."""
    rows = conn.execute(queries["versions"], {"tenant": tenant, "workflow_id": workflow_id}).mappings()
    return [Version(**row) for row in rows]


def definition(conn: Connection, *, tenant: UUID, workflow_id: UUID, version: int) -> dict[str, Any]:
    """The definition of one published version. Raises NotFound."""
    return _content(conn, tenant, workflow_id, version).definition


def definition_if_known(conn: Connection, *, tenant: UUID, workflow_id: UUID, version: int) -> dict[str, Any] | None:
    """The same, None where there is no such version."""
    keys = {"tenant": tenant, "workflow_id": workflow_id, "version": version}
    row = conn.execute(queries["version"], keys).one_or_none()
    return strict_json.loads(row.definition) if row else None


def _expect(conn: Connection, actor: Actor, workflow_id: UUID, version: int | None, *, to: type[Act]) -> Workflow:
    """The workflow, locked, if its latest version is still the one that was looked at."""
    workflow = workflow_changes.lock_to_change(conn, actor, to=to, workflow_id=workflow_id)
    if workflow.published_version != version:
        seen = f"version {version}" if version else "no published version"
        raise Conflict(
            f"{workflow.published_by or 'Someone else'} published version {workflow.published_version} of "
            f"{workflow.name} meanwhile, and you looked at {seen}. Nothing was changed; look at it again."
        )
    return workflow


def _require_trigger(workflow: Workflow, event_type: str) -> None:
    now = workflow.event_type if workflow.status == "published" else None
    if now != event_type:
        state = f"reacts to {now}" if now else "reacts to no event"
        raise Conflict(f"{workflow.name} {state} now, not to {event_type}, so there is nothing to detach.")


def _publish_checked(
    conn: Connection,
    actor: Actor,
    workflow: Workflow,
    content: dict[str, Any],
    change_note: str,
    publish_anyway: bool,
) -> tuple[int, Gate]:
    """The number of the new version, and how the latest real events did with it."""
    if len(change_note) > LONGEST_NOTE:
        raise InvalidInput("change note", f"must have at most {LONGEST_NOTE} characters")
    strict_json.check(change_note, field="change note")
    if errors := _errors(conn, actor, content):
        more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
        raise InvalidInput(errors[0].path or "definition", f"{errors[0].message}{more}")
    schema = schema_registry.schema(conn, tenant=actor.tenant, ref=content["payloadSchemaRef"])
    tried = gate.check(conn, tenant=actor.tenant, definition=content, schema=schema)
    if tried.none_starts and not publish_anyway:
        raise Conflict(
            f"None of the latest real events of {tried.event_type} would start {workflow.name}: {tried.sentence} "
            "Publish it anyway if that is meant."
        )
    draft = workflow.draft if workflow.draft_differs else None
    version = _add(conn, actor, workflow, _Content(content, strict_json.dumps(schema)), change_note, draft)
    return version, tried


def _errors(conn: Connection, actor: Actor, content: dict[str, Any]) -> list[Problem]:
    """What keeps it from being published, as things are now."""
    return workflow_validation.errors(workflow_validation.validate(conn, tenant=actor.tenant, definition=content))


def _add(
    conn: Connection,
    actor: Actor,
    workflow: Workflow,
    content: _Content,
    change_note: str,
    draft: dict[str, Any] | None,
) -> int:
    """Write the next version. The draft becomes `draft`; None lets it follow what is published."""
    version = (workflow.published_version or 0) + 1
    published = {**content.definition, "id": str(workflow.workflow_id), "version": version}
    if draft is None:
        draft = {key: value for key, value in published.items() if key != "version"}
    row = {
        "tenant": actor.tenant,
        "workflow_id": workflow.workflow_id,
        "user_id": actor.user_id,
        "version": version,
        "definition": strict_json.dumps(published),
        "payload_schema": content.payload_schema,
        "change_note": change_note,
    }
    taken = strict_json.dumps(content.draft_trigger) if content.draft_trigger else None
    conn.execute(queries["add_version"], {**row, "draft_trigger": taken})
    trigger = published.get("trigger")
    listed = {
        "trigger": strict_json.dumps(trigger) if trigger is not None else None,
        "name": published["name"],
        "description": published.get("description", ""),
        "payload_schema_ref": published.get("payloadSchemaRef"),
        "draft": None if definition_text.same(draft, workflow.draft) else strict_json.dumps(draft),
    }
    conn.execute(queries["set_published"], {**row, **listed})
    now = workflow_records.triggered_by(trigger)
    if workflow.event_type and now != workflow.event_type:
        reason = f"the workflow was moved to {now}" if now else f"the workflow was detached from {workflow.event_type}"
        workflow_changes.end_backfill(conn, actor, workflow, reason=reason)
    return version


def _content(conn: Connection, tenant: UUID, workflow_id: UUID, version: int) -> _Content:
    keys = {"tenant": tenant, "workflow_id": workflow_id, "version": version}
    row = conn.execute(queries["version"], keys).one_or_none()
    if row is None:
        raise NotFound(f"There is no version {version} of this workflow.")
    taken = strict_json.loads(row.draft_trigger) if row.draft_trigger else None
    return _Content(strict_json.loads(row.definition), row.payload_schema, taken)
