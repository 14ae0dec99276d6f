"""What a token may, for how long, and that a change of it holds for the very next event, in whichever process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import database
from lib.auth import audit, tokens
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.database import Connection, Database
from lib.errors import CatalogError, ChangedMeanwhile, Conflict, InvalidInput, NotFound, PermissionDenied, TokenEnded
from lib.events import ingestion, simulation
from lib.events.judging import SentEvent
from lib.events.simulation import EventDraft
from lib.serialization.strict_json import JsonValue
from tests.conftest import ActorFactory
from tests.support.api_client import BATCH, ApiClient, event
from tests.support.locks import await_waiting
from tests.support.waiting import PATIENCE

SENDERS = 4
TYPE = "TICKET_CREATED"


@pytest.fixture
def boss(new_actor: ActorFactory) -> Actor:
    return new_actor("admin")


def make(boss: Actor, **options: Any) -> tuple[str, UUID]:
    """A token that may send events, and its id; options change its terms."""
    with database.write(boss) as conn:
        token = tokens.create_token(conn, boss, **{"name": "Desk", "permission": "manage", **options})
        return token, tokens.id_of_token(conn, boss, token=token)


def listed(boss: Actor) -> dict[UUID, tokens.Token]:
    with database.read(boss) as conn:
        return {one.token_id: one for one in tokens.tokens(conn, boss)}


def lines(db: Database, action: str) -> list[Any]:
    with db.owner.connect() as conn:
        query = text("SELECT target_id, detail FROM audit_logs WHERE action = :action ORDER BY audit_id")
        return [tuple(row) for row in conn.execute(query, {"action": action})]


def expire(db: Database, token_id: UUID) -> None:
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE api_tokens SET expires_at = now() WHERE token_id = :t"), {"t": token_id})


def taken_in(db: Database, boss: Actor) -> int:
    with db.owner.connect() as conn:
        query = text("SELECT count(*) FROM workflow_runtime_events WHERE tenant = :t")
        return int(conn.execute(query, {"t": boss.tenant}).scalar_one())


# What it may.


def test_a_send_only_token_sends_events_and_does_nothing_else(db: Database, boss: Actor) -> None:
    token, _ = make(boss, send_only=True)
    client = ApiClient(token)
    sent = client.post(event())
    assert sent.status_code == 202
    assert client.post([event(), event()], BATCH).status_code == 202
    for path in (sent.json()["links"]["self"], "/api/v2/catalog", "/api/v2/catalog/TICKET_CREATED/schema"):
        refused = client.get(path)
        assert refused.status_code == 403
        assert refused.json()["detail"] == "This token may send events and do nothing else."
    actor = tokens.actor_for_token(token)
    assert actor and [right for right in ("send", "read", "manage", "admin") if actor.may(right)] == ["send"]  # type: ignore[arg-type]
    with pytest.raises(PermissionDenied), database.write(actor) as conn:
        simulation.send(conn, actor, draft=EventDraft("TICKET_CREATED", {}))


def test_a_token_sends_the_types_that_it_is_limited_to(db: Database, boss: Actor) -> None:
    token, _ = make(boss, event_types=["TICKET_CLOSED", "NOTE_CREATED"])
    client = ApiClient(token)
    assert client.post(event(type="NOTE_CREATED")).status_code == 202
    refused = client.post(event(type="TICKET_CREATED"))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:event-catalog:problem:permission-denied")
    assert "TICKET_CREATED" in refused.json()["detail"] and refused.json()["field"] == "type"
    unknown = client.post(event(type="NOPE"))
    assert unknown.status_code == 403, "what the catalog has is not told to whoever may not send it"
    batch = client.post([event(type=t) for t in ("TICKET_CLOSED", "TICKET_CREATED", "NOTE_CREATED")], BATCH)
    assert [item["status"] for item in batch.json()["items"]] == [202, 403, 202]
    assert taken_in(db, boss) == 3
    assert client.get("/api/v2/catalog").status_code == 200


@pytest.mark.own_database
def test_each_type_that_a_token_may_not_send_leaves_a_line(db: Database, boss: Actor) -> None:
    token, _ = make(boss, event_types=["NOTE_CREATED"])
    client = ApiClient(token)
    client.post(event(type="TICKET_CREATED"))
    client.post([event(type=t) for t in ("ASSET_CREATED", "NOTE_CREATED", "ASSET_CREATED", "TAG_APPLIED")], BATCH)
    kept = [(target, detail["tried"], detail["objectKind"]) for target, detail in lines(db, "act.refused")]
    assert kept == [(t, "sending an event", "event_type") for t in ("TICKET_CREATED", "ASSET_CREATED", "TAG_APPLIED")]
    client.post([event(type=f"TYPE_{n}") for n in range(40)], BATCH)
    assert len(lines(db, "act.refused")) == audit.MOST_REFUSED, "in a minute"


def test_what_a_token_is_given_holds_for_its_next_event(boss: Actor) -> None:
    token, token_id = make(boss, permission="read")
    client = ApiClient(token)
    assert client.post(event()).status_code == 403
    with database.write(boss) as conn:
        tokens.change(conn, boss, token_id=token_id, name="Desk", permission="manage")
    assert client.post(event()).status_code == 202


def test_an_expired_token_opens_nothing_and_says_so_like_a_revoked_one(db: Database, boss: Actor) -> None:
    token, token_id = make(boss, expires_at=datetime.now(UTC) + timedelta(hours=1))
    client = ApiClient(token)
    assert client.post(event()).status_code == client.get("/api/v2/catalog").status_code + 2 == 202
    expire(db, token_id)
    assert client.post(event()).status_code == 401, "though the gate has known it for less than a minute"
    assert client.get("/api/v2/catalog").status_code == 401
    assert (listed(boss)[token_id].status, taken_in(db, boss)) == ("expired", 1)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"send_only": True, "permission": "read"}, "permission"),
        ({"send_only": True, "permission": "admin"}, "permission"),
        ({"event_types": []}, "event types"),
        ({"event_types": [""]}, "event types"),
        ({"event_types": ["A\0"]}, "event types"),
        ({"event_types": [f"T{n}" for n in range(201)]}, "event types"),
        ({"event_types": ["A"], "permission": "read"}, "event types"),
        ({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, "expires"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_their_name(options: dict[str, Any], field: str, boss: Actor) -> None:
    with pytest.raises(InvalidInput) as made:
        make(boss, **options)
    _, token_id = make(boss)
    with pytest.raises(InvalidInput) as changed, database.write(boss) as conn:
        tokens.change(conn, boss, token_id=token_id, **{"name": "x", "permission": "manage", **options})
    assert made.value.field == changed.value.field == field


# Changing, rotating, ending.


def test_terms_that_are_others_than_were_looked_at_stay(boss: Actor) -> None:
    """Whoever only renames it would else lift the limit that another admin has just set."""
    _, token_id = make(boss)
    looked_at = listed(boss)[token_id].terms
    with database.write(boss) as conn:
        tokens.change(conn, boss, token_id=token_id, name="Desk", permission="manage", event_types=["A"])
    limited = listed(boss)[token_id].terms
    renamed = {"name": "New desk", "permission": "manage", "expected": looked_at}
    with pytest.raises(ChangedMeanwhile, match=r"^The token Desk was changed since"), database.write(boss) as conn:
        tokens.change(conn, boss, token_id=token_id, **renamed)
    assert listed(boss)[token_id].terms == limited
    with database.write(boss) as conn:
        tokens.change(conn, boss, token_id=token_id, **{**renamed, "expected": limited})
    assert listed(boss)[token_id].terms.name == "New desk"


@pytest.mark.own_database
def test_a_change_is_audited_as_it_was_and_as_it_is(db: Database, boss: Actor) -> None:
    _, token_id = make(boss)
    until = datetime(2031, 1, 2, 3, 4, tzinfo=UTC)
    with database.write(boss) as conn:
        terms = {"name": "Desk", "permission": "manage", "send_only": True, "event_types": ["A"], "expires_at": until}
        tokens.change(conn, boss, token_id=token_id, **terms)
        tokens.change(conn, boss, token_id=token_id, **terms)  # changes nothing, and leaves no line
    [(target, detail)] = lines(db, "api_token.changed")
    assert (target, detail["name"]) == (str(token_id), "Desk")
    was = {"name": "Desk", "permission": "manage", "sendOnly": False, "eventTypes": None, "expiresAt": None}
    assert detail["before"] == was
    now = {"sendOnly": True, "eventTypes": ["A"], "expiresAt": "2031-01-02T03:04:00+00:00"}
    assert detail["after"] == was | now


@pytest.mark.own_database
def test_a_rotated_token_goes_on_for_the_overlap_and_no_longer(db: Database, boss: Actor) -> None:
    old, old_id = make(boss, send_only=True, event_types=["NOTE_CREATED"])
    with database.write(boss) as conn:
        new = tokens.rotate(conn, boss, token_id=old_id, overlap=timedelta(hours=2))
        new_id = tokens.id_of_token(conn, boss, token=new)
    found = listed(boss)
    assert found[new_id].terms == tokens.TokenTerms("Desk", "manage", True, ("NOTE_CREATED",))
    assert found[new_id].replaces == old_id
    ends_at = found[old_id].terms.expires_at
    assert ends_at and timedelta(minutes=119) < ends_at - datetime.now(UTC) <= timedelta(hours=2)
    clients = ApiClient(old), ApiClient(new)
    assert [client.post(event(type="NOTE_CREATED")).status_code for client in clients] == [202, 202]
    expire(db, old_id)
    assert [client.post(event(type="NOTE_CREATED")).status_code for client in clients] == [401, 202]
    [(target, detail)] = lines(db, "api_token.rotated")
    assert (target, detail["newToken"], detail["previousExpiresAt"]) == (str(old_id), str(new_id), None)
    assert detail["expiresAt"] == ends_at.astimezone(UTC).isoformat(timespec="seconds")


def test_rotating_never_prolongs_and_an_ended_token_stays_ended(db: Database, boss: Actor) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    _, token_id = make(boss, expires_at=soon)
    with database.write(boss) as conn:
        tokens.rotate(conn, boss, token_id=token_id, overlap=timedelta(days=30))
    assert listed(boss)[token_id].terms.expires_at == soon
    expire(db, token_id)
    for act in (_rotate, _limit):
        with pytest.raises(Conflict, match="has expired"), database.write(boss) as conn:
            act(conn, boss, token_id)
    with database.write(boss) as conn:
        tokens.revoke(conn, boss, token_id=token_id)
    for act in (_rotate, _limit, _revoke):
        with pytest.raises(Conflict, match="was revoked before"), database.write(boss) as conn:
            act(conn, boss, token_id)
    for overlap in (timedelta(seconds=-1), timedelta(days=31)):
        with pytest.raises(InvalidInput), database.write(boss) as conn:
            tokens.rotate(conn, boss, token_id=token_id, overlap=overlap)


def test_another_tenants_token_is_no_token(boss: Actor, new_actor: ActorFactory) -> None:
    _, token_id = make(boss)
    stranger = new_actor("admin")
    for act in (_rotate, _limit, _revoke):
        said = []
        for wanted in (token_id, uuid4()):
            with pytest.raises(NotFound) as refused, database.write(stranger) as conn:
                act(conn, stranger, wanted)
            said.append(str(refused.value))
        assert said[0] == said[1]
    assert listed(boss)[token_id].status == "valid" and not listed(stranger)


def test_the_tokens_of_a_person_end_together_and_no_others(boss: Actor, new_actor: ActorFactory) -> None:
    other = new_actor("admin", tenant=boss.tenant)
    (_, own), (_, ended), (_, foreign) = make(boss), make(boss), make(other)
    with database.write(other) as conn:
        tokens.revoke(conn, other, token_id=ended)
        assert [one.token_id for one in tokens.revoke_of_person(conn, other, user_id=boss.user_id)] == [own]
    assert {one: token.status for one, token in listed(other).items()} == {
        own: "revoked",
        ended: "revoked",
        foreign: "valid",
    }
    with database.read(boss) as conn:
        assert {one.token_id for one in tokens.own_tokens(conn, boss)} == {own, ended}


# At once, everywhere.


def _revoke(conn: Connection, boss: Actor, token_id: UUID) -> None:
    tokens.revoke(conn, boss, token_id=token_id)


def _rotate(conn: Connection, boss: Actor, token_id: UUID) -> None:
    tokens.rotate(conn, boss, token_id=token_id, overlap=timedelta())


def _limit(conn: Connection, boss: Actor, token_id: UUID) -> None:
    tokens.change(conn, boss, token_id=token_id, name="Desk", permission="manage", event_types=["NOTE_CREATED"])


def _let_read(conn: Connection, boss: Actor, token_id: UUID) -> None:
    tokens.change(conn, boss, token_id=token_id, name="Desk", permission="read")


Act = Callable[[Connection, Actor, UUID], None]
ENDING: dict[str, tuple[Act, int]] = {
    "revoked": (_revoke, 401),
    "expired": (_rotate, 401),
    "limited": (_limit, 403),
    "let read": (_let_read, 403),
}
EACH = pytest.mark.parametrize(("act", "refusal"), ENDING.values(), ids=ENDING)


@EACH
def test_no_event_comes_in_after_that_was_committed_while_four_clients_send(
    act: Act, refusal: int, db: Database, boss: Actor
) -> None:
    token, token_id = make(boss)
    warm, over = threading.Semaphore(0), time.monotonic() + 2 * PATIENCE

    def send() -> list[int]:
        client, statuses = ApiClient(token), []  # each remembers the token for itself, as another process would
        while time.monotonic() < over and (not statuses or statuses[-1] == 202):
            statuses.append(client.post(event()).status_code)
            if len(statuses) == 3:
                warm.release()
        return statuses

    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(send) for _ in range(SENDERS)]
        for _ in range(SENDERS):
            assert warm.acquire(timeout=PATIENCE)
        with database.write(boss) as conn:
            act(conn, boss, token_id)
        committed = taken_in(db, boss)
        statuses = [sender.result() for sender in senders]
    assert [one[-1] for one in statuses] == [refusal] * SENDERS
    assert taken_in(db, boss) == committed == sum(one.count(202) for one in statuses) >= 3 * SENDERS


@EACH
def test_it_waits_for_an_event_under_way_and_the_next_event_waits_for_it(
    act: Act, refusal: int, db: Database, boss: Actor
) -> None:
    token, token_id = make(boss)
    sender = tokens.actor_for_token(token)
    assert sender
    with ThreadPoolExecutor(2) as pool:
        with database.write(sender) as conn:
            [first] = ingestion.submit_events(conn, sender, [SentEvent("TICKET_CREATED", {})])
            assert not isinstance(first, CatalogError)
            ending = pool.submit(_in_transaction, boss, act, token_id)
            await_waiting(db, unless_done=ending)
        ending.result(PATIENCE)

        _, other_id = token, token_id = make(boss)
        sender = tokens.actor_for_token(token)
        assert sender
        with database.write(boss) as conn:
            act(conn, boss, other_id)
            late = pool.submit(_send, sender)
            await_waiting(db, unless_done=late)
        assert isinstance(late.result(PATIENCE), PermissionDenied if refusal == 403 and act is _limit else TokenEnded)
    assert taken_in(db, boss) == 1


@EACH
def test_a_transaction_that_began_before_it_takes_no_event_after_it(act: Act, refusal: int, boss: Actor) -> None:
    token, token_id = make(boss)
    sender = tokens.actor_for_token(token)
    assert sender
    with pytest.raises(TokenEnded if act is not _limit else PermissionDenied), database.write(sender) as conn:
        conn.execute(text("SELECT now()"))
        _in_transaction(boss, act, token_id)
        [refused] = ingestion.submit_events(conn, sender, [SentEvent("TICKET_CREATED", {})])
        assert isinstance(refused, PermissionDenied)
        raise refused


def test_two_who_rotate_a_token_at_once_make_one_successor(boss: Actor) -> None:
    _, token_id = make(boss)
    with pytest.raises(Conflict, match="has expired"), database.write(boss) as conn:
        conn.execute(text("SELECT now()"))
        _in_transaction(boss, _rotate, token_id)
        _rotate(conn, boss, token_id)
    assert [one.replaces for one in listed(boss).values() if one.replaces] == [token_id]


def test_what_was_confirmed_while_an_event_waited_holds_for_it(db: Database, boss: Actor) -> None:
    token, token_id = make(boss)
    sender = tokens.actor_for_token(token)
    assert sender
    with ThreadPoolExecutor(1) as pool:
        with database.write(boss) as conn:
            tokens.change(conn, boss, token_id=token_id, name="Desk", permission="manage", event_types=[TYPE])
            late = pool.submit(_send, sender, {"title": "for nobody"})
            await_waiting(db, unless_done=late)
            with database.write(boss) as other:
                redacted_fields.change(other, boss, event_type=TYPE, pointers=["/title"])
        assert late.result(PATIENCE).status == "unmatched"
    with db.owner.connect() as conn:
        query = text("SELECT redacted_payload ->> 'title' FROM workflow_runtime_events WHERE tenant = :t")
        assert conn.execute(query, {"t": boss.tenant}).scalar_one() == "[redacted]"


def test_tokens_do_not_wait_for_each_other(boss: Actor) -> None:
    (_, one), (token, _) = make(boss), make(boss)
    sender = tokens.actor_for_token(token)
    assert sender
    with database.write(boss) as conn:
        tokens.revoke(conn, boss, token_id=one)
        assert not isinstance(_send(sender), CatalogError)


def _in_transaction(boss: Actor, act: Act, token_id: UUID) -> None:
    with database.write(boss) as conn:
        act(conn, boss, token_id)


def _send(sender: Actor, payload: JsonValue = None) -> Any:
    try:
        with database.write(sender) as conn:
            return ingestion.submit_events(conn, sender, [SentEvent(TYPE, payload or {})])[0]
    except TokenEnded as error:
        return error
