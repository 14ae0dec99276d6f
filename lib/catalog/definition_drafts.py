"""Drafts of definitions, each of one person and one tab: what was typed is there again after a reload.

A draft that another tab has kept since is not overwritten. What this one holds becomes a draft of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from lib.auth.actors import Actor
from lib.database import Connection, named_queries
from lib.serialization import strict_json

#: How many drafts of a person are kept in a tenant, the latest ones.
MOST_KEPT = 20

_PREFIX = "definition draft "

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class DefinitionDraft:
    """A draft as it was kept: `of` is what it was begun with, `fields` is what the fields held, by name."""

    draft_id: UUID
    version: int
    of: Mapping[str, Any]
    fields: Mapping[str, Any]


def get(conn: Connection, actor: Actor, *, draft_id: UUID) -> DefinitionDraft | None:
    """The person's draft, None if they have none of this id."""
    value = conn.execute(queries["get"], _row(actor, draft_id)).scalar_one_or_none()
    return DefinitionDraft(draft_id, value["version"], value["of"], value["fields"]) if value else None


def keep(
    conn: Connection, actor: Actor, *, before: DefinitionDraft | None, of: Mapping[str, Any], fields: Mapping[str, Any]
) -> DefinitionDraft:
    """Keep what the fields hold, over the draft as it was before or as a new one. Raises InvalidInput."""
    if before is not None:
        kept = DefinitionDraft(before.draft_id, before.version + 1, of, fields)
        row = _row(actor, kept.draft_id) | {"value": _value(kept), "expected": before.version}
        if conn.execute(queries["replace"], row).one_or_none() is not None:
            return kept
    kept = DefinitionDraft(uuid4(), 1, of, fields)
    conn.execute(queries["add"], _row(actor, kept.draft_id) | {"value": _value(kept)})
    conn.execute(queries["drop_oldest"], _row(actor, kept.draft_id) | {"prefix": _PREFIX, "most": MOST_KEPT})
    return kept


def drop(conn: Connection, actor: Actor, *, draft_id: UUID) -> None:
    """Forget a draft that was saved as an entry."""
    conn.execute(queries["drop"], _row(actor, draft_id))


def _row(actor: Actor, draft_id: UUID) -> dict[str, Any]:
    return {"tenant": actor.tenant, "user_id": actor.user_id, "name": f"{_PREFIX}{draft_id}"}


def _value(draft: DefinitionDraft) -> str:
    value = {
        "version": draft.version,
        "kept_at": datetime.now(UTC).isoformat(),
        "of": dict(draft.of),
        "fields": dict(draft.fields),
    }
    strict_json.check(value, field="draft")
    return strict_json.dumps(value)
