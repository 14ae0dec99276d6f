"""Workflow definitions: which react to which event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from lib import sql
from lib.database import Connection

queries = sql.load("workflows")


@dataclass(frozen=True)
class AttachedWorkflow:
    """A published workflow as its event's page lists it."""

    workflow_id: UUID
    name: str
    description: str
    version: int
    status: Literal["draft", "published", "archived"]
    is_system: bool
    is_paused: bool


def attached(conn: Connection, *, tenant: UUID, event_type: str) -> list[AttachedWorkflow]:
    """The published workflows that this event triggers, paused ones included."""
    rows = conn.execute(queries["attached"], {"tenant": tenant, "event_type": event_type}).mappings()
    return [AttachedWorkflow(**row) for row in rows]
