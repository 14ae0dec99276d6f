"""Saved test cases of an event, shared in the tenant: a payload, and which workflows it must start."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import Conflict, NotFound
from lib.events import simulation
from lib.events.simulation import EventDraft
from lib.events.submission import Submission
from lib.serialization import naming, strict_json
from lib.serialization.strict_json import JsonValue

_LONGEST_NAME = 80

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class SavedCase:
    """One test case. It passes when the payload starts exactly the expected workflows."""

    case_id: UUID
    event_type: str
    name: str
    payload: JsonValue
    correlation_key: str | None
    #: The schema ref that the payload claims; None for the catalog's.
    schema_ref: str | None
    expected_workflows: frozenset[UUID]
    created_by: str | None
    updated_at: datetime


@dataclass(frozen=True)
class CaseResult:
    """How a case went in a dry run: workflows that started unexpectedly, and those that did not start."""

    case: SavedCase
    submission: Submission
    unexpected: frozenset[UUID]
    missing: frozenset[UUID]

    @property
    def passed(self) -> bool:
        return not self.unexpected and not self.missing


def of_event(conn: Connection, *, tenant: UUID, event_type: str) -> list[SavedCase]:
    """The test cases of an event, by name."""
    rows = conn.execute(queries["of_event"], {"tenant": tenant, "event_type": event_type}).mappings()
    return [
        SavedCase(
            row["case_id"],
            row["event_type"],
            row["name"],
            strict_json.loads(row["payload"]),
            row["correlation_key"],
            row["schema_ref"],
            frozenset(row["expected_workflows"]),
            row["created_by"],
            row["updated_at"],
        )
        for row in rows
    ]


def save(
    conn: Connection,
    actor: Actor,
    *,
    name: str,
    draft: EventDraft,
    expected_workflows: Collection[UUID],
    replaces: SavedCase | None = None,
) -> UUID:
    """Keep the draft under a name, in place of the case of that name as it was looked at; needs manage.

    Raises InvalidInput, Conflict for a case of that name that is no such one, or is not as it was.
    """
    actor.require("manage", acts.CaseSaved, on=draft.event_type, kind="event_type")
    name = naming.checked(as_kept(name), longest=_LONGEST_NAME)
    strict_json.check(draft.payload)
    row = {
        "tenant": actor.tenant,
        "event_type": draft.event_type,
        "name": name,
        "payload": strict_json.dumps(draft.payload),
        "correlation_key": draft.correlation_key,
        "schema_ref": draft.schema_ref,
        "expected_workflows": list(expected_workflows),
        "user_id": actor.user_id,
        "replaces": replaces and replaces.case_id,
        "last_saved": replaces and replaces.updated_at,
    }
    case_id: UUID | None = conn.execute(queries["save"], row).scalar_one_or_none()
    if case_id is None:
        raise Conflict(f"There is a test case {name} by now, and nothing was saved over it. Look at it first.")
    audit.record(conn, actor, acts.CaseSaved(target_id=case_id, event_type=draft.event_type, name=name))
    return case_id


def as_kept(name: str) -> str:
    """How the name of a case is written."""
    return " ".join(name.split())


def delete(conn: Connection, actor: Actor, *, case_id: UUID) -> None:
    """Forget a test case; needs manage. Raises NotFound."""
    actor.require("manage", acts.CaseDeleted, on=case_id)
    row = conn.execute(queries["delete"], {"tenant": actor.tenant, "case_id": case_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such test case; it may have been deleted meanwhile.")
    audit.record(conn, actor, acts.CaseDeleted(target_id=case_id, event_type=row.event_type, name=row.name))


def run(conn: Connection, actor: Actor, *, case: SavedCase) -> CaseResult:
    """Try a case without writing anything; a read-only connection is enough."""
    draft = EventDraft(case.event_type, case.payload, case.correlation_key, schema_ref=case.schema_ref)
    submission = simulation.preview(conn, actor, draft=draft)
    started = frozenset(match.workflow_id for match in submission.of("started") if match.workflow_id)
    return CaseResult(case, submission, started - case.expected_workflows, case.expected_workflows - started)
