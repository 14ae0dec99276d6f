"""Who may do what: every route of the API and every act, for everyone. What is new here needs an expectation.

Pages have theirs in tests/pages/people/test_matrix.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.api.application import routes
from lib.api.gate import TokenRoute
from lib.auth import downloads, members, saved_views, sessions, tokens
from lib.auth.actors import Actor
from lib.catalog import redacted_fields, schema_registry
from lib.database import Database
from lib.errors import NotFound, PermissionDenied
from lib.events import activity
from lib.workflows import imports
from tests.conftest import ActorFactory
from tests.database.auth.test_acts import ON_A_TARGET, RECORDED
from tests.support.api_client import ApiClient, event
from tests.support.tenant_catalog import add_entry
from tests.support.tickets import event_ticket

# The API.

CALLERS = ("nobody", "read", "manage", "admin", "send only", "other tenant's admin")
OPEN = (200,) * len(CALLERS)


@dataclass(frozen=True)
class Expected:
    """The status that each caller gets, and what the request needs beside its path."""

    statuses: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    #: What an id is called that is nobody's, where the path names one of a tenant's.
    missing: str | None = None


def _posted() -> dict[str, Any]:
    return {"json": event(), "headers": {"Content-Type": "application/cloudevents+json"}}


API: dict[tuple[str, str], Expected] = {
    ("POST", "/api/v2/events"): Expected((401, 403, 202, 202, 202, 202), _posted()),
    ("GET", "/api/v2/events/{event_id}"): Expected((401, 200, 200, 200, 403, 404), missing=str(uuid4())),
    ("GET", "/api/v2/catalog"): Expected((401, 200, 200, 200, 403, 200)),
    ("GET", "/api/v2/catalog/{event_type}/schema"): Expected((401, 200, 200, 200, 403, 404), missing="NO_SUCH_TYPE"),
    ("GET", "/api/v2/exports/{ticket}"): Expected(OPEN),  # without sign-in, the ticket stands for whoever was given it
    ("GET", "/api/openapi.json"): Expected(OPEN),
    ("GET", "/healthz"): Expected(OPEN),
    ("GET", "/readyz"): Expected((503,) * len(CALLERS)),  # no engine runs here
    ("GET", "/metrics"): Expected(OPEN),
}


def served() -> set[tuple[str, str]]:
    found = set()
    for route in routes():
        methods = {route.method} if isinstance(route, TokenRoute) else (route.methods or set()) - {"HEAD"}
        found |= {(method, route.path.replace(":path", "")) for method in methods}
    return found


@pytest.fixture
def boss(new_actor: ActorFactory) -> Actor:
    return new_actor("admin")


@pytest.fixture
def callers(db: Database, boss: Actor, new_actor: ActorFactory) -> dict[str, ApiClient]:
    """A client for each caller; they share a process, as a gate's memory must not mix them up."""
    client = ApiClient(None)
    terms: dict[str, tuple[Actor, dict[str, Any]]] = {
        "read": (boss, {"permission": "read"}),
        "manage": (boss, {"permission": "manage"}),
        "admin": (boss, {"permission": "admin"}),
        "send only": (boss, {"permission": "manage", "send_only": True}),
        "other tenant's admin": (new_actor("admin"), {"permission": "admin"}),
    }
    found = {"nobody": client}
    for caller, (actor, options) in terms.items():
        with database.write(actor) as conn:
            found[caller] = client.as_(tokens.create_token(conn, actor, name=caller, **options))
    return found


def test_every_route_has_an_expectation() -> None:
    assert served() == set(API)


@pytest.mark.parametrize(("method", "path"), API, ids=lambda one: one)
def test_each_caller_gets_from_a_route_what_is_expected(
    method: str, path: str, db: Database, boss: Actor, callers: dict[str, ApiClient]
) -> None:
    expected = API[method, path]
    add_entry(db, boss.tenant, "OURS", schema={"type": "object"}, ref="payload.Ours.v1")
    ours = callers["admin"].post(event()).json()["eventId"]
    ids = {"event_id": ours, "event_type": "OURS"}
    found = {
        caller: client.request(method, path.format(ticket=event_ticket(boss), **ids), **expected.options)
        for caller, client in callers.items()
    }
    statuses = {caller: answer.status_code for caller, answer in found.items()}
    assert statuses == dict(zip(CALLERS, expected.statuses, strict=True))
    for answer in found.values():
        if answer.status_code >= 400 and path.startswith("/api/"):
            assert answer.headers["content-type"] == "application/problem+json"
    if expected.missing:
        stranger = callers["other tenant's admin"]
        missing = stranger.request(method, path.format_map(dict.fromkeys(ids, expected.missing)), **expected.options)
        assert found["other tenant's admin"].content == missing.content
        assert found["other tenant's admin"].headers == missing.headers


# Acts.

#: Acts that need admin; all others need manage.
ADMIN = {
    tokens.create_token,
    tokens.change,
    tokens.rotate,
    tokens.revoke,
    tokens.revoke_of_person,
    members.add,
    members.change_permission,
    members.remove,
    sessions.end,
    redacted_fields.change,
    activity.reveal_payload,
    schema_registry.register,
    saved_views.delete,  # somebody else's
}
MANAGE = {
    "changes.create_for_event",
    "changes.attach_existing",
    "changes.duplicate",
    "changes.save_draft",
    "changes.delete_draft",
    "changes.set_paused",
    "changes.set_archived",
    "changes.end_backfill",
    "versions.publish",
    "versions.roll_back",
    "versions.detach",
    "versions.undo_detach",
    "backfill.start",
    "backfill.cancel",
    "records.cancel",
    "repeating.run_again",
    "repeating.run_many_again",
    "starting.start_again",
    "simulation.send",
    "saved_cases.save",
    "saved_cases.delete",
    "own_events.create",
    "own_events.change",
    "own_events.set_status",
    "own_events.delete",
    "own_events.restore",
    "unknown_events.dismiss",
    "unknown_events.bring_back",
    "imports.apply",
    "saved_views.save",  # to share; to keep one for oneself needs read
    "saved_views.change",
}
#: Acts that whoever made their object does, and nobody else.
OF_ITS_OWNER = {tokens.revoke_of_person, saved_views.change}
#: Acts that ask for no permission: a session is its person's, and a ticket stands for whoever was given it.
OPEN_ACTS = {sessions.enter, downloads.begin}
#: Acts on what has a name instead of an id.
BY_NAME = ("own_events.", "unknown_events.")
#: Acts that another tenant's admin does in their own tenant: nothing of ours is named in them.
IN_THEIR_OWN = {
    "changes.create_for_event",
    "tokens.create_token",
    "tokens.revoke_of_person",
    "members.add",
    "redacted_fields.change",
    "simulation.send",
    "saved_cases.save",
    "saved_views.save",
    "own_events.create",
    "schema_registry.register",
    "imports.apply",
}


def name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def test_every_act_has_an_expectation() -> None:
    acts = {function for function, _ in RECORDED} - OPEN_ACTS
    assert {name_of(one) for one in acts - ADMIN} == MANAGE and acts >= ADMIN
    assert IN_THEIR_OWN <= {name_of(one) for one in acts}


@pytest.mark.own_database  # what an act leaves is counted, and some make their target known to the whole database
@pytest.mark.parametrize(
    ("function", "action"),
    [one for one in RECORDED if one[0] not in OPEN_ACTS],
    ids=lambda one: one if isinstance(one, str) else name_of(one),
)
def test_each_person_may_do_what_is_expected(
    function: Any, action: str, db: Database, boss: Actor, new_actor: ActorFactory
) -> None:
    ready = RECORDED[function, action]
    act = ready(boss)
    needs_admin = function in ADMIN
    refused = [new_actor("read", tenant=boss.tenant), _sender(boss)]
    refused += [new_actor("manage", tenant=boss.tenant)] if needs_admin else []
    before = _trail(db)
    for who in refused:
        with pytest.raises(PermissionDenied), database.write(who) as conn:
            act(conn, who)
    stranger = new_actor("admin")
    if name_of(function) in IN_THEIR_OWN:
        with database.write(stranger) as conn:
            act(conn, stranger)
        assert _trail(db).get(boss.tenant) == before.get(boss.tenant), "it did something in our tenant"
    else:
        said = _refusal_of(stranger, act)
        if on_target := ON_A_TARGET.get(ready):
            missing = str(uuid4()) if name_of(function).startswith(BY_NAME) else uuid4()
            assert said == _refusal_of(stranger, lambda conn, who: on_target(conn, who, missing))
        assert _trail(db) == before
    lowest = new_actor("admin" if needs_admin else "manage", tenant=boss.tenant)
    lowest = boss if function in OF_ITS_OWNER else lowest
    with database.write(lowest) as conn:
        act(conn, lowest)
    left = 2 if function is imports.apply else 1  # an import leaves its own act and one of each event
    assert _trail(db)[boss.tenant] == before.get(boss.tenant, 0) + left


def _sender(boss: Actor) -> Actor:
    """A token that only sends, kept out of the way of what counts tokens."""
    return Actor(boss.tenant, uuid4(), "API token", "manage", is_token=True, send_only=True)


def _refusal_of(who: Actor, act: Callable[[Any, Actor], Any]) -> str:
    with pytest.raises(NotFound) as refused, database.write(who) as conn:
        act(conn, who)
    return str(refused.value)


def _trail(db: Database) -> dict[UUID, int]:
    """How many acts each tenant's trail has, without those that were refused."""
    counted = "SELECT tenant, count(*) FROM audit_logs WHERE action <> 'act.refused' GROUP BY tenant"
    with db.owner.connect() as conn:
        rows = conn.execute(text(counted)).all()
    return {tenant: int(acts) for tenant, acts in rows}
