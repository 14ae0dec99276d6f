"""Reading the audit trail. An admin sees all acts of the tenant, everybody else their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.auth import acts
from lib.auth.actors import Actor, ActOrigin
from lib.auth.acts import ACTS
from lib.database import Connection, named_queries, paging
from lib.database.paging import Cursor, KeysetPage
from lib.errors import NotFound
from lib.serialization import strict_json

#: Acts of one page.
PAGE_SIZE = 50
#: Beyond so many, acts are not counted.
MOST_COUNTED = 10_000

_MOST_PEOPLE = 500

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class AuditFilters:
    """What the trail is narrowed to; None or empty means all. `since` is inclusive, `until` is not.

    `object_id` is the whole id of what was acted on. `search` is part of any text that a row has. With `refused`, only
    what was refused.
    """

    person: UUID | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    origin: ActOrigin | None = None
    refused: bool = False
    search: str | None = None


@dataclass(frozen=True)
class AuditEntry:
    """One act: who did what to what, when and from where. Rows from before these were kept have no origin."""

    audit_id: UUID
    at: datetime
    user_id: UUID | None
    who: str
    email: str | None
    action: str
    object_kind: str
    object_id: str
    detail: Mapping[str, Any]
    origin: ActOrigin | None
    address: str | None

    @property
    def sentence(self) -> str:
        """The act in words: Ada paused Escalate."""
        return acts.told(self.action, who=self.who, target_id=self.object_id, detail=self.detail)

    @property
    def was_refused(self) -> bool:
        """Whether it was tried only."""
        return self.action == acts.ActRefused.action

    @property
    def before(self) -> dict[str, Any]:
        """How things were, as far as the act says so."""
        act = ACTS.get(self.action)
        return self._details(act.before_fields) if act else {}

    @property
    def after(self) -> dict[str, Any]:
        """How they are since."""
        act = ACTS.get(self.action)
        return self._details(act.after_fields) if act else {}

    def _details(self, fields: tuple[str, ...]) -> dict[str, Any]:
        names = ACTS[self.action].details()
        return {names[one]: self.detail[names[one]] for one in fields if names[one] in self.detail}


@dataclass(frozen=True)
class Person:
    """Somebody, or a token, with acts in the trail."""

    user_id: UUID
    email: str


def page(
    conn: Connection,
    actor: Actor,
    *,
    filters: AuditFilters,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> KeysetPage[AuditEntry]:
    """One page of acts beside the cursor given, else the latest. Raises InvalidInput naming the filter.

    Where fewer than a page are newer, the latest page is what lies there.
    """
    row = _parameters(actor, filters)
    conn.execute(queries["plan_anew"])
    found = paging.keyset_page(
        lambda side, bounds: map(_entry, conn.execute(queries[f"{side}_acts"], row | bounds).mappings()),
        place=lambda entry: Cursor(entry.at, entry.audit_id),
        since=filters.since,
        until=filters.until,
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )
    if newer_than and not found.newer:
        return page(conn, actor, filters=filters, limit=limit)
    return found


def count(conn: Connection, actor: Actor, *, filters: AuditFilters) -> int:
    """How many acts there are; MOST_COUNTED + 1 when there are more than that."""
    ends = {"since": filters.since or paging.EVER, "until": filters.until or paging.NEVER, "most": MOST_COUNTED + 1}
    conn.execute(queries["plan_anew"])
    found: int = conn.execute(queries["count"], _parameters(actor, filters) | ends).scalar_one()
    return found


def get(conn: Connection, actor: Actor, *, audit_id: str) -> AuditEntry:
    """One act. Raises NotFound, the same for an unknown id, another tenant's, and one that the actor may not see."""
    try:
        keys = {"tenant": actor.tenant, "audit_id": UUID(audit_id.strip()), "own": _own(actor)}
    except ValueError:
        keys = {}
    row = conn.execute(queries["get"], keys).mappings().one_or_none() if keys else None
    if row is None:
        raise NotFound("There is no such act.")
    return _entry(row)


def people(conn: Connection, actor: Actor) -> list[Person]:
    """Everybody whose acts the actor may see, by e-mail address."""
    if not actor.may("admin"):
        return [Person(actor.user_id, actor.email)]
    rows = conn.execute(queries["people"], {"tenant": actor.tenant, "most": _MOST_PEOPLE})
    return sorted((Person(row.user_id, row.email or str(row.user_id)) for row in rows), key=lambda one: one.email)


def _own(actor: Actor) -> UUID | None:
    """Whose acts alone the actor may see; None for everybody's."""
    return None if actor.may("admin") else actor.user_id


def _parameters(actor: Actor, filters: AuditFilters) -> dict[str, Any]:
    for name in ("action", "object_kind", "object_id", "search"):
        if (value := getattr(filters, name)) is not None:
            strict_json.check(value, field=name.replace("_", " "))
    return {
        "tenant": actor.tenant,
        "own": _own(actor),
        "person": filters.person,
        "action": acts.ActRefused.action if filters.refused else filters.action,
        "target_type": filters.object_kind,
        "target_id": filters.object_id and filters.object_id.strip(),
        "origin": filters.origin,
        "search": filters.search or None,
    }


def _entry(row: Mapping[Any, Any]) -> AuditEntry:
    fields = dict(row)
    name = fields.pop("name")
    return AuditEntry(
        who=name or fields["email"] or "Someone",
        object_kind=fields.pop("target_type"),
        object_id=fields.pop("target_id"),
        **fields,
    )
