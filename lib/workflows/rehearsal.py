"""How the runs would go that an event would start: their published versions, dry, with the event's payload."""

from __future__ import annotations

from uuid import UUID

from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.database import Connection
from lib.events.simulation import EventDraft
from lib.events.submission import Submission
from lib.workflows import dry_run, versions
from lib.workflows.dry_run import DryRun

#: Of the workflows that an event would start, so many are tried.
MOST_REHEARSED = 10


def rehearse(conn: Connection, actor: Actor, *, draft: EventDraft, would: Submission) -> dict[UUID, DryRun]:
    """The dry run of each workflow that `would` says would start, by its id. Writes nothing."""
    found: dict[UUID, DryRun] = {}
    for match in would.of("started")[:MOST_REHEARSED]:
        if match.workflow_id is None or match.workflow_version is None:
            continue
        definition = versions.definition_if_known(
            conn, tenant=actor.tenant, workflow_id=match.workflow_id, version=match.workflow_version
        )
        if definition is None:
            continue
        ref = definition.get("payloadSchemaRef")
        schema = schema_registry.schema(conn, tenant=actor.tenant, ref=ref) if isinstance(ref, str) else None
        found[match.workflow_id] = dry_run.dry_run(
            definition,
            payload=draft.payload,
            schema=schema,
            correlation_key=would.correlation_key,
            event_schema_ref=would.schema_ref,
        )
    return found
