"""What is changed by way of one process shows in another within a second, whatever that keeps in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from lib import database
from lib.auth import members, tokens
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.catalog.definitions import EntryDefinition
from lib.database import Database
from lib.events import unknown_events
from lib.events.judging import SentEvent
from lib.ui.catalog import unknown_events as unknown_banner
from lib.ui.components import choices, guard, viewer_time
from lib.ui.people import acting_as
from lib.workflows import changes, own_events
from tests.conftest import ActorFactory
from tests.database.workflows.test_records import EVENT, edit, publish, published
from tests.support.api_client import ApiClient, event, new_token
from tests.support.other_process import OtherProcess, other_process
from tests.support.workflow_runs import log_step

TICKET = {"tenantId": "5a7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2", "ticketId": "1b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2"}
OWN = EntryDefinition("OURS", "Ours", category="Own", payload_schema={"properties": {"a": {"type": "string"}}})

# What the other process is asked. It keeps one client of the API, and what pages keep.


@cache
def client() -> ApiClient:
    return ApiClient(None)


def sent(token: str, event_type: str, data: Any) -> dict[str, Any]:
    """What becomes of an event that comes to this process, without what is new each time."""
    answer = client().as_(token).post(event(type=event_type, data=data))
    body = answer.json()
    if answer.status_code != 202:
        return {"status": answer.status_code, "problem": body["type"]}
    shown = client().as_(token).get(f"/api/v2/events/{body['eventId']}").json()
    return {
        "schema": body["schema"]["status"],
        "started": [one["version"] for one in body["started"]],
        "skipped": [one["reason"] for one in body["skipped"]],
        "data": shown["data"],
    }


def page(what: str, tenant: str, user_id: str) -> Any:
    """What pages of this process show."""
    actor = Actor(UUID(tenant), UUID(user_id), "ada@example.com", "admin")
    shown: dict[str, Callable[[], Any]] = {
        "whom to ask": lambda: guard._whom_to_ask(tenant=actor.tenant),
        "whom to act as": lambda: sorted(
            (one.email, one.permission) for one in acting_as._memberships() if one.tenant == actor.tenant
        ),
        "time zone": lambda: viewer_time._remembered(actor),
        "unknown types": lambda: unknown_banner._most_frequent(actor).total,
        "events to choose from": lambda: choices._lately_found(actor, "", ()).names,
    }
    return shown[what]()


# What this process changes.


def define(actor: Actor) -> None:
    with database.write(actor) as conn:
        own_events.create(conn, actor, definition=OWN)


def change_schema(actor: Actor) -> None:
    with database.write(actor) as conn:
        changed = replace(OWN, payload_schema={"properties": {"a": {"type": "integer"}}})
        own_events.change(conn, actor, event_type=OWN.event_type, definition=changed, expected_version=1)


def redact(actor: Actor) -> None:
    with database.write(actor) as conn:
        redacted_fields.change(conn, actor, event_type=EVENT, pointers=["/ticketId"])


def limit_tokens(actor: Actor) -> None:
    with database.write(actor) as conn:
        for one in tokens.tokens(conn, actor):
            tokens.change(conn, actor, token_id=one.token_id, name="T", permission="manage", event_types=["OTHER"])


def revoke_tokens(actor: Actor) -> None:
    with database.write(actor) as conn:
        for one in tokens.tokens(conn, actor):
            tokens.revoke(conn, actor, token_id=one.token_id)


def add_member(actor: Actor) -> None:
    with database.write(actor) as conn:
        members.add(conn, actor, email=f"new@{actor.tenant.hex}.example", name="Nora New", permission="admin")


def choose_time_zone(actor: Actor) -> None:
    viewer_time.choose(actor, "Europe/Berlin")


def refuse_unknown(actor: Actor) -> None:
    with database.write(actor) as conn:
        unknown_events.add(conn, actor, sent=[SentEvent("NOBODY_KNOWS", {}, "/here")])


Change = Callable[[Actor], Any]
EVENTS: dict[str, tuple[Change | None, Change, str, Any]] = {
    "own event": (None, define, OWN.event_type, {}),
    "schema version": (define, change_schema, OWN.event_type, {"a": 1}),
    "redaction rule": (None, redact, EVENT, TICKET),
    "token's event types": (None, limit_tokens, EVENT, TICKET),
    "token revoked": (None, revoke_tokens, EVENT, TICKET),
}
PAGES: dict[str, Change] = {
    "whom to ask": add_member,
    "whom to act as": add_member,
    "time zone": choose_time_zone,
    "unknown types": refuse_unknown,
    "events to choose from": define,
}


@pytest.fixture(scope="module")
def other(module_database: Database) -> Iterator[OtherProcess]:
    with other_process(module_database) as process:
        yield process


def expect_within_a_second(look: Callable[[], Any], change: Callable[[], Any]) -> tuple[Any, Any]:
    """What was seen before the change and after it. Who asks a second later, or at any time after that, sees it."""
    before = look()
    assert look() == before, "it is the same until something is changed"
    change()
    changed = time.monotonic()
    while True:
        asked = time.monotonic() - changed
        after = look()
        if after != before:
            return before, after
        assert asked < 1.0, "who asked a second after the change did not see it"


@pytest.mark.parametrize("name", EVENTS)
def test_events_that_come_to_another_process_meet_the_change(
    name: str, other: OtherProcess, new_actor: ActorFactory
) -> None:
    actor = new_actor("admin")
    prepare, change, event_type, data = EVENTS[name]
    if prepare:
        prepare(actor)
    token = new_token(actor)
    ask = f"{__name__}.sent", token, event_type, data
    expect_within_a_second(lambda: other.call(*ask), lambda: change(actor))


def test_a_workflow_published_and_paused_in_one_process_is_so_in_the_other(
    other: OtherProcess, new_actor: ActorFactory
) -> None:
    actor = new_actor("admin")
    workflow = published(actor)
    ask = f"{__name__}.sent", new_token(actor), EVENT, TICKET

    def publish_again() -> None:
        edit(actor, workflow, steps=[log_step("other")])
        publish(actor, workflow)

    def pause() -> None:
        with database.write(actor) as conn:
            changes.set_paused(conn, actor, workflow_id=workflow, paused=True)

    before, after = expect_within_a_second(lambda: other.call(*ask), publish_again)
    assert (before["started"], after["started"]) == ([1], [2])
    before, after = expect_within_a_second(lambda: other.call(*ask), pause)
    assert (after["started"], after["skipped"]) == ([], ["paused"])


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_another_process_show_the_change(name: str, other: OtherProcess, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    ask = f"{__name__}.page", name, str(actor.tenant), str(actor.user_id)
    expect_within_a_second(lambda: other.call(*ask), lambda: PAGES[name](actor))
