"""Finds anything by what one has of it: a name, an id, a correlation key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lib.auth import members
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog.entries import CatalogFilters
from lib.database import Connection
from lib.errors import InvalidInput, NotFound
from lib.events import activity
from lib.events.activity import EventFilters
from lib.runs import records as run_records
from lib.serialization import strict_json
from lib.workflows import records as workflow_records
from lib.workflows.records import WorkflowFilters

Kind = Literal["event type", "workflow", "event", "run", "correlation key", "person"]

#: So many of each kind are found; the list of that kind has the others.
MOST = 5
LONGEST = 200


@dataclass(frozen=True)
class FoundThing:
    """One thing: `target` is what its page asks for, `about` says which it is among others of that name."""

    kind: Kind
    target: str
    name: str
    about: str


@dataclass(frozen=True)
class FoundMore:
    """That there are more of a kind than those before it: so many, or None where nobody counted them."""

    kind: Kind
    number: int | None


def find(conn: Connection, actor: Actor, *, text: str, now: datetime) -> list[FoundThing | FoundMore]:
    """What the text may mean in the actor's tenant, ids first; nothing for blanks. People are for admins.

    Of each kind at most MOST, and after them that there are more. An id or a correlation key must be whole.
    Raises InvalidInput for a text that nothing can be named.
    """
    text = text.strip()
    if not text:
        return []
    if len(text) > LONGEST:
        raise InvalidInput("search", f"must have at most {LONGEST} characters")
    strict_json.check_text(text, field="search")
    found = [*_ids(conn, actor, text), *_names(conn, actor, text, now), *_keys(conn, actor, text)]
    return [*found, *_people(conn, actor, text)]


def _ids(conn: Connection, actor: Actor, text: str) -> Iterator[FoundThing | FoundMore]:
    try:
        run = run_records.get_run(conn, tenant=actor.tenant, run_id=run_records.run_id_of(text)).summary
    except NotFound:
        pass
    else:
        yield FoundThing("run", str(run.run_id), run.workflow_name, f"run {run.run_id}")
    with_id = activity.page(conn, tenant=actor.tenant, filters=EventFilters(event_id=text), limit=MOST)
    for event in with_id.events:
        yield FoundThing("event", str(event.event_id), event.event_type, f"event {event.event_id}")
    if with_id.older:
        yield FoundMore("event", None)


def _names(conn: Connection, actor: Actor, text: str, now: datetime) -> Iterator[FoundThing | FoundMore]:
    types = entries.page(conn, tenant=actor.tenant, filters=CatalogFilters(search=text, page_size=MOST), now=now)
    for entry in types.entries:
        yield FoundThing("event type", entry.event_type, entry.name, entry.event_type)
    yield from _more("event type", types.total)
    named = workflow_records.list_workflows(conn, tenant=actor.tenant, filters=WorkflowFilters(search=text))
    for workflow in named.workflows[:MOST]:
        about = f"on {workflow.event_type}" if workflow.event_type else workflow.status
        yield FoundThing("workflow", str(workflow.workflow_id), workflow.name, about)
    yield from _more("workflow", named.total)


def _keys(conn: Connection, actor: Actor, text: str) -> Iterator[FoundThing]:
    with_key = activity.page(conn, tenant=actor.tenant, filters=EventFilters(correlation_key=text), limit=1)
    if with_key.events:
        yield FoundThing("correlation key", text, text, "what happened to one thing")


def _people(conn: Connection, actor: Actor, text: str) -> Iterator[FoundThing | FoundMore]:
    if not actor.may("admin"):
        return
    sought = text.casefold()
    people = [one for one in members.members(conn, actor) if sought in f"{one.name}\n{one.email}".casefold()]
    for person in people[:MOST]:
        yield FoundThing("person", str(person.user_id), person.name, person.email)
    yield from _more("person", len(people))


def _more(kind: Kind, total: int) -> Iterator[FoundMore]:
    if total > MOST:
        yield FoundMore(kind, total - MOST)
