"""Reading the audit trail. An admin sees all acts of the tenant, everybody else their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.auth import acts, members
from lib.auth.actors import Actor, ActOrigin
from lib.auth.acts import ACTS
from lib.database import Connection, driver, named_queries, paging
from lib.database.paging import Cursor, KeysetPage
from lib.errors import NotFound
from lib.serialization import strict_json

#: Acts of one page.
PAGE_SIZE = 50
#: Beyond so many, acts are not counted.
MOST_COUNTED = 10_000

#: Acts that one search looks at; what is left of the trail is searched from there on.
MOST_SEARCHED = 50_000

_MOST_PEOPLE = 500
_ABOUT_THE_SEARCH = frozenset({"matches", "number", "total", "is_at_reach"})

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class AuditFilters:
    """What the trail is narrowed to; None or empty means all. `since` is inclusive, `until` is not.

    `object_id` is the whole id of what was acted on. `search` is part of any text that a row has. With `refused`, only
    what was refused: the act is then the one that was tried, and the object is what it was tried on.
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
        return acts.sentence(self.action, who=self.who, target_id=self.object_id, detail=self.detail)

    @property
    def was_refused(self) -> bool:
        """Whether it was tried only."""
        return self.action == acts.ActRefused.action

    @property
    def acted_on(self) -> str | None:
        """The kind of what it was done to, or refused on; None where the object is none."""
        return self.detail.get("objectKind") if self.was_refused else self.object_kind

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
class AuditPage(KeysetPage[AuditEntry]):
    """One page of acts, and the moment where its search ended, if the trail goes on behind it."""

    searched_to: datetime | None


@dataclass(frozen=True)
class ActCount:
    """How many acts there are: at most MOST_COUNTED + 1, and perhaps more where the search ended before the trail."""

    number: int
    is_complete: bool


@dataclass(frozen=True)
class Person:
    """Somebody, or a token, whose acts can be asked for."""

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
) -> AuditPage:
    """One page of acts beside the cursor given, else the latest. Raises InvalidInput naming the filter.

    Where fewer than a page are newer, the latest page is what lies there. A search looks at MOST_SEARCHED acts. The
    page beside this one goes on from there, so a page may have no rows and others beside it.
    """
    row = _parameters(actor, filters)
    last_read: list[Cursor] = []

    def find(side: paging.Side, bounds: dict[str, Any]) -> list[AuditEntry]:
        found = _find(conn, row | bounds | {"side": side, "shown": bounds["limit"]})
        last_read.extend(_place(one) for one in found if filters.search and one["number"] == MOST_SEARCHED)
        return [_entry(one) for one in found if one["matches"]]

    found = paging.keyset_page(
        find,
        place=lambda entry: Cursor(entry.at, entry.audit_id),
        since=filters.since,
        until=filters.until,
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )
    is_full = found.newer if newer_than else found.older
    if last_read and not is_full:
        return _up_to(last_read[0], found, older_than=older_than, newer_than=newer_than)
    if newer_than and not found.newer:
        return page(conn, actor, filters=filters, limit=limit)
    return AuditPage(found.rows, newer=found.newer, older=found.older, searched_to=None)


def count(conn: Connection, actor: Actor, *, filters: AuditFilters) -> ActCount:
    """How many acts there are. A search looks at the latest MOST_SEARCHED alone."""
    edge = paging.older_edge(None, filters.until)
    bounds = {"since": filters.since or paging.EVER, "until": paging.NEVER, "edge": edge.at, "edge_id": edge.id}
    asked = _parameters(actor, filters) | bounds | {"side": "older", "limit": MOST_COUNTED + 1, "shown": 1}
    found = _find(conn, asked)
    if not found:
        return ActCount(0, is_complete=True)
    return ActCount(found[0]["total"], is_complete=not (filters.search and found[0]["is_at_reach"]))


def get(conn: Connection, actor: Actor, *, audit_id: str) -> AuditEntry:
    """One act. Raises NotFound, the same for an unknown id, another tenant's, and one that the actor may not see."""
    try:
        keys = {"tenant": actor.tenant, "audit_id": UUID(audit_id.strip()), "own": readable_of(actor)}
    except ValueError:
        keys = {}
    row = conn.execute(queries["get"], keys).mappings().one_or_none() if keys else None
    if row is None:
        raise NotFound("There is no such act.")
    return _entry(row)


def people(conn: Connection, actor: Actor) -> list[Person]:
    """Everybody whose acts the actor may ask for, by e-mail address: whoever has some, and members without any."""
    if not actor.may("admin"):
        return [Person(actor.user_id, actor.email)]
    rows = conn.execute(queries["people"], {"tenant": actor.tenant, "most": _MOST_PEOPLE})
    emails: dict[UUID, str] = {row.user_id: row.email or str(row.user_id) for row in rows}
    emails |= {one.user_id: one.email for one in members.members(conn, actor)}
    return sorted((Person(user_id, email) for user_id, email in emails.items()), key=lambda one: one.email)


def _find(conn: Connection, asked: dict[str, Any]) -> Sequence[Mapping[Any, Any]]:
    reach = {"reach": MOST_SEARCHED if asked["search"] else asked["limit"]}
    with driver.planned_anew(conn):  # each filter has its index
        return conn.execute(queries["acts"], asked | reach).mappings().all()


def _up_to(
    last_read: Cursor, found: KeysetPage[AuditEntry], *, older_than: Cursor | None, newer_than: Cursor | None
) -> AuditPage:
    """The page of a search that ended before the trail did."""
    is_latest = older_than is None and newer_than is None
    newer = last_read if newer_than else found.newer or (None if is_latest else last_read)
    older = found.older or last_read if newer_than else last_read
    return AuditPage(found.rows, newer=newer, older=older, searched_to=last_read.at)


def _place(row: Mapping[Any, Any]) -> Cursor:
    return Cursor(row["at"], row["audit_id"])


def readable_of(actor: Actor) -> UUID | None:
    """Whose acts alone the actor may read; None for everybody's."""
    return None if actor.may("admin") else actor.user_id


def _parameters(actor: Actor, filters: AuditFilters) -> dict[str, Any]:
    for name in ("action", "object_kind", "object_id", "search"):
        if (value := getattr(filters, name)) is not None:
            strict_json.check(value, field=name.replace("_", " "))
    asked, refused = (filters.action, filters.object_kind), filters.refused
    action, target_type = (acts.ActRefused.action, None) if refused else asked
    tried, tried_on = asked if refused else (None, None)
    return {
        "tenant": actor.tenant,
        "own": readable_of(actor),
        "person": filters.person,
        "action": action,
        "target_type": target_type,
        "tried": tried,
        "tried_on": tried_on,
        "target_id": filters.object_id and filters.object_id.strip(),
        "origin": filters.origin,
        "search": filters.search or None,
    }


def _entry(row: Mapping[Any, Any]) -> AuditEntry:
    fields = {name: value for name, value in row.items() if name not in _ABOUT_THE_SEARCH}
    name = fields.pop("name")
    return AuditEntry(
        who=name or fields["email"] or "Someone",
        object_kind=fields.pop("target_type"),
        object_id=fields.pop("target_id"),
        **fields,
    )
