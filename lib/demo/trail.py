"""What the demo's people did during the month, in the audit trail at the time when they did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from lib.auth import actors, acts, audit, tokens
from lib.auth.actors import Actor, Membership
from lib.auth.acts import ACTS, Act
from lib.catalog import redacted_fields
from lib.database import Connection, named_queries
from lib.demo.definitions import DemoWorkflow, WorkflowChange, schema_refs

_FILE = Path(__file__).with_name("acts.yaml")
#: Where the people sit: addresses that are for documentation (RFC 5737).
_ADDRESS = "192.0.2.{}"

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Deed:
    at: datetime
    actor: Actor
    do: Callable[[Connection, Actor], object]


def set_time(conn: Connection, at: datetime | None) -> None:
    """For the rest of the transaction it is this time; None ends that."""
    conn.execute(queries["set_time"], {"at": at.isoformat() if at else ""})


def write(
    conn: Connection, *, tenant: UUID, time_zone: str, workflows: list[DemoWorkflow], since: datetime, now: datetime
) -> None:
    """Do what these people did, or write it down, in order of time; from then on it is now again."""
    members = [one for one in actors.memberships(conn) if one.tenant == tenant]
    people = {one.email: one.actor(address=_ADDRESS.format(n)) for n, one in enumerate(members, start=10)}
    deeds = [*_beginning(tenant, members, people, workflows, since, time_zone)]
    deeds += [_Deed(one.at, people[one.by], _line(_change(flow, one))) for flow in workflows for one in flow.changes]
    said: dict[str, list[dict[str, Any]]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    deeds += [
        _Deed(now - timedelta(days=one["days_ago"]), people[one["by"]], _deed(one))
        for one in said[members[0].tenant_name]
    ]
    for deed in sorted(deeds, key=lambda one: one.at):
        set_time(conn, deed.at)
        deed.do(conn, deed.actor)
    set_time(conn, None)


def _beginning(
    tenant: UUID,
    members: list[Membership],
    people: Mapping[str, Actor],
    workflows: list[DemoWorkflow],
    since: datetime,
    time_zone: str,
) -> Iterator[_Deed]:
    """What was there when the month began."""
    admin, manager = people[members[0].email], people[members[1].email]
    operator = actors.operator(tenant)
    named = acts.TenantAdded(target_id=tenant, name=members[0].tenant_name, time_zone=time_zone)
    yield _Deed(since, operator, _line(named))
    for one in members:
        added = acts.MemberAdded(target_id=one.user_id, email=one.email, permission=one.permission)
        yield _Deed(since, operator if one is members[0] else admin, _line(added))
    for ref in schema_refs():
        yield _Deed(since, admin, _line(acts.SchemaRegistered(target_id=ref, inline_of=None)))
    for flow in workflows:
        yield _Deed(since, manager, _line(_published(flow, None, 1, "First version")))


def _published(flow: DemoWorkflow, previous: int | None, version: int, note: str) -> Act:
    return acts.WorkflowPublished(
        target_id=flow.workflow_id,
        name=flow.name,
        previous_version=previous,
        version=version,
        note=note,
        events_checked=0,
        events_starting=0,
        published_anyway=False,
    )


def _change(flow: DemoWorkflow, change: WorkflowChange) -> Act:
    named: dict[str, Any] = {"target_id": flow.workflow_id, "name": flow.name}
    moved = {**named, "event_type": flow.event_type, "previous_version": change.version - 1, "version": change.version}
    match change.did:
        case "published":
            return _published(flow, change.version - 1, change.version, change.note)
        case "detached":
            return acts.WorkflowDetached(**moved)
        case "reattached":
            return acts.WorkflowReattached(**moved)
        case "paused":
            return acts.WorkflowPaused(**named)
        case "resumed":
            return acts.WorkflowResumed(**named)


def _deed(said: Mapping[str, Any]) -> Callable[[Connection, Actor], object]:
    """What an entry of acts.yaml says."""
    if name := said.get("token"):
        return partial(tokens.create_token, name=name, permission="manage", send_only=True)
    if name := said.get("revoke"):
        return lambda conn, actor: tokens.revoke(conn, actor, token_id=tokens.id_of_name(conn, actor, name=name))
    if event_type := said.get("redact"):
        return partial(redacted_fields.change, event_type=event_type, pointers=said["pointers"])
    return _line(ACTS[said["act"]](target_id=said["target"], **said["fields"]))


def _line(act: Act) -> Callable[[Connection, Actor], object]:
    return partial(audit.record, act=act)
