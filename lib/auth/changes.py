"""What was done that may have changed how events went, from the audit trail, for the charts to mark.

Everybody of the tenant learns what was done to events and workflows, and when. Who did it, and the line of the trail,
are for those who may read that line. Acts on tokens and members are for admins alone. No detail but a name is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.auth import acts, audit_trail
from lib.auth.act import Act
from lib.auth.actors import Actor
from lib.database import Connection, driver, named_queries

#: The latest changes of a range that are found.
MOST = 200

#: Of redacted fields: those of every event.
_EVERY = "*"

queries = named_queries.of(__name__)

_EVERYBODYS: dict[type[Act], str] = {
    acts.WorkflowPublished: "Workflow {name} published",
    acts.WorkflowRolledBack: "Workflow {name} rolled back",
    acts.WorkflowDetached: "Workflow {name} detached",
    acts.WorkflowReattached: "Workflow {name} attached again",
    acts.WorkflowPaused: "Workflow {name} paused",
    acts.WorkflowResumed: "Workflow {name} resumed",
    acts.WorkflowArchived: "Workflow {name} archived",
    acts.WorkflowRestored: "Workflow {name} restored",
    acts.BackfillStarted: "Replay of events to {name} started",
    acts.EntryDefined: "Event {name} defined",
    acts.EntryChanged: "Event {name} changed",
    acts.EntryStatusChanged: "Status of the event {name} changed",
    acts.EntryDeleted: "Event {name} deleted",
    acts.EntryRestored: "Event {name} restored",
    acts.RedactedFieldsChanged: "Redacted fields of {name} changed",
    acts.SchemaRegistered: "Schema {name} registered",
    acts.CatalogImported: "Catalog document imported",
}
_ADMINS: dict[type[Act], str] = {
    acts.TokenCreated: "API token {name} created",
    acts.TokenChanged: "API token {name} changed",
    acts.TokenRotated: "API token {name} replaced",
    acts.TokenRevoked: "API token {name} revoked",
    acts.MemberAdded: "Member {name} added",
    acts.MemberChanged: "Permission of the member {name} changed",
    acts.MemberRemoved: "Member {name} removed",
}
_WORDS = {act.action: words for act, words in (_EVERYBODYS | _ADMINS).items()}


@dataclass(frozen=True)
class Change:
    """One act: what was done, when, and, for those who may read its line in the trail, by whom and which line."""

    at: datetime
    words: str
    who: str | None
    audit_id: UUID | None


@dataclass(frozen=True)
class Subjects:
    """What changes may be about: an event type, the refs of its schemas, and the workflows that it ever started."""

    event_type: str
    schema_refs: Sequence[str] = ()
    workflow_ids: Sequence[UUID] = ()


def changes(
    conn: Connection, actor: Actor, *, since: datetime, until: datetime, subjects: Subjects | None = None
) -> list[Change]:
    """The latest MOST changes in [since, until), latest first: the tenant's, or those about these subjects."""
    everybodys, admins = list(_EVERYBODYS), list(_ADMINS) if actor.may("admin") else []
    row: dict[str, Any] = {
        "tenant": actor.tenant,
        "own": audit_trail.readable_of(actor),
        "since": since,
        "until": until,
        "most": MOST,
    }
    of_tenant = admins if subjects else [*everybodys, *admins]
    found: list[Any] = []
    if of_tenant:
        found += _planned(conn, "of_tenant", row | {"actions": [act.action for act in of_tenant]})
    if subjects:
        objects = [
            *((subjects.event_type, "event_type"), (_EVERY, "event_type")),
            *((ref, "schema") for ref in subjects.schema_refs),
            *((str(workflow_id), "workflow") for workflow_id in subjects.workflow_ids),
        ]
        row |= {
            "actions": [act.action for act in everybodys],
            "kinds": [act.target_type for act in everybodys],
            "targets": [target for target, _ in objects],
            "target_kinds": [kind for _, kind in objects],
        }
        found += _planned(conn, "of_objects", row)
    return sorted(map(_change, found), key=lambda one: one.at, reverse=True)[:MOST]


def _planned(conn: Connection, name: str, row: dict[str, Any]) -> Sequence[Any]:
    """The rows of a statement that is planned for these acts and objects, not for any."""
    with driver.planned_anew(conn):
        return conn.execute(queries[name], row).all()


def _change(row: Any) -> Change:
    every = row.target_id == _EVERY
    name = "every event" if every else row.name or row.email or row.target_id
    return Change(row.at, _WORDS[row.action].format(name=name), row.who, row.audit_id)
