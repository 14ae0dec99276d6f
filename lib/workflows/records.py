"""Workflows as people find and read them: which react to which event, how the latest runs went, and one in full.

What changes them is in lib.workflows.changes and lib.workflows.versions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol, get_args
from uuid import UUID

from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.errors import NotFound
from lib.serialization import strict_json

queries = named_queries.of(__name__)

WorkflowStatus = Literal["published", "draft", "archived"]
WORKFLOW_STATUSES: tuple[WorkflowStatus, ...] = get_args(WorkflowStatus)

#: How many of a workflow's latest runs its success rate is about.
LATEST_RUNS = 200
LONGEST_NAME = 120
#: Of an event's workflows, present and former, so many are found.
MOST_EVER_ATTACHED = 50
PAGE_SIZE = 50


@dataclass(frozen=True)
class AttachedWorkflow:
    """A published workflow as its event's page lists it."""

    workflow_id: UUID
    name: str
    description: str
    version: int
    status: WorkflowStatus
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
    status: WorkflowStatus
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
        return triggered_by(self.trigger)


@dataclass(frozen=True)
class WorkflowSummary:
    """A workflow in a list; the counts are about its LATEST_RUNS latest runs."""

    workflow_id: UUID
    name: str
    description: str
    status: WorkflowStatus
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
    status: WorkflowStatus | None = None
    event_type: str | None = None
    is_system: bool | None = None
    is_paused: bool | None = None
    page: int = 1


@dataclass(frozen=True)
class WorkflowChoice:
    """A workflow in a selection."""

    workflow_id: UUID
    name: str
    status: WorkflowStatus
    is_system: bool
    draft_version: int
    event_type: str | None


def attached(conn: Connection, *, tenant: UUID, event_type: str) -> list[AttachedWorkflow]:
    """The published workflows that this event triggers, paused ones included."""
    rows = conn.execute(queries["attached"], {"tenant": tenant, "event_type": event_type}).mappings()
    return [AttachedWorkflow(**row) for row in rows]


def ever_attached(conn: Connection, *, tenant: UUID, event_type: str) -> list[UUID]:
    """Workflows that this event triggers or once did, published or not; at most MOST_EVER_ATTACHED."""
    row = {"tenant": tenant, "event_type": event_type, "most": MOST_EVER_ATTACHED}
    return list(conn.execute(queries["ever_attached"], row).scalars())


def list_workflows(conn: Connection, *, tenant: UUID, filters: WorkflowFilters) -> WorkflowPage:
    """One page of the tenant's workflows by name; a page past the end gives the first one."""
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
        return list_workflows(conn, tenant=tenant, filters=replace(filters, page=1))
    total = rows[0]["total"] if rows else 0
    found = [WorkflowSummary(**{k: v for k, v in row.items() if k != "total"}) for row in rows]
    return WorkflowPage(found, total, page)


def choices(conn: Connection, *, tenant: UUID) -> list[WorkflowChoice]:
    """The tenant's workflows that are not archived, by name."""
    return [WorkflowChoice(**row) for row in conn.execute(queries["choices"], {"tenant": tenant}).mappings()]


def changed_lately(conn: Connection, *, tenant: UUID, most: int) -> list[WorkflowChoice]:
    """So many of the tenant's workflows that are not archived, those that were changed last first."""
    rows = conn.execute(queries["changed_lately"], {"tenant": tenant, "most": most}).mappings()
    return [WorkflowChoice(**row) for row in rows]


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
        return actor.with_advice(
            f"{workflow.name} is a system workflow: changing it needs admin permission, "
            f"and you have {actor.permission}."
        )
    return None


def triggered_by(trigger: Any) -> str | None:
    """The event that a trigger names, None when there is no such thing."""
    name = trigger.get("eventName") if isinstance(trigger, dict) else None
    return name if isinstance(name, str) else None
