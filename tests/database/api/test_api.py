"""The API on a real database: who is let in, what is taken in, and that every error is a described problem."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lib import api, database
from lib.auth import tokens
from lib.auth.actors import Actor
from lib.database import Database
from lib.errors import NotFound, PermissionDenied
from lib.events import simulation, starting, unknown_events
from lib.events.activity import EventFilters
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import REF, TICKET, publish
from tests.support import work
from tests.support.api_client import (
    BATCH,
    STRUCTURED,
    ApiClient,
    at,
    described_path,
    event,
    new_token,
    routes,
    validator,
)
from tests.support.statements import counted_statements
from tests.support.tenant_catalog import add_entry
from tests.support.tickets import event_ticket


@pytest.fixture
def actor(new_actor: ActorFactory) -> Actor:
    return new_actor("manage", name="Acme Secretive Ltd")


@pytest.fixture
def client(actor: Actor) -> ApiClient:
    return ApiClient(new_token(actor))


def scalar(db: Database, statement: str, **parameters: Any) -> Any:
    with db.owner.begin() as conn:
        result = conn.execute(text(statement), parameters)
        return result.scalar_one() if result.returns_rows else None


def events_stored(db: Database) -> int:
    return int(scalar(db, "SELECT count(*) FROM workflow_runtime_events"))


# Events in.


def test_an_event_starts_its_workflows_and_can_be_looked_up(db: Database, actor: Actor, client: ApiClient) -> None:
    workflow = publish(actor, "Triage")
    publish(actor, "Triage", paused=True)
    given = TICKET | {"password": "hunter2", "amount": 1}
    response = client.post(event(subject="T-1", data=given, id="4711"))
    assert response.status_code == 202
    answer = response.json()
    assert (answer["status"], answer["duplicate"], answer["correlationKey"]) == ("matched", False, "T-1")
    assert [run["workflowId"] for run in answer["started"]] == [str(workflow)]
    assert [skip["reason"] for skip in answer["skipped"]] == ["paused"]
    found = client.get(response.headers["location"]).json()
    assert {name: found[name] for name in answer} == answer
    assert found["data"] == given | {"password": "[redacted]"}
    assert (found["id"], found["source"]) == ("4711", "/test")
    assert [(run["runId"], run["status"]) for run in found["runs"]] == [(answer["started"][0]["runId"], "QUEUED")]
    assert scalar(db, "SELECT origin FROM workflow_runtime_events") == "live"


@pytest.mark.own_database
def test_the_same_event_in_any_mode_is_taken_once(db: Database, actor: Actor, client: ApiClient) -> None:
    publish(actor, "Triage")
    sent = event(id="ünï 1", correlationkey="k€y", data=TICKET)
    first = client.post(sent).json()
    headers = {f"ce-{name}": quote(value, safe="/") for name, value in sent.items() if name != "data"}
    binary = client.post(json.dumps(TICKET, indent=1).encode(), "application/json", headers=headers)
    batch = client.post([sent, sent], BATCH)
    assert binary.status_code == batch.status_code == 202
    for again in (binary.json(), *(item["event"] for item in batch.json()["items"])):
        assert again == first | {"duplicate": True}
    assert events_stored(db) == scalar(db, "SELECT count(*) FROM workflow_runs") == 1


@pytest.mark.own_database
def test_other_content_under_the_same_id_is_a_conflict(db: Database, client: ApiClient) -> None:
    sent = event(data=TICKET)
    assert client.post(sent).status_code == 202
    for changes in ({"data": {}}, {"type": "TICKET_CLOSED"}, {"subject": "other"}):
        refused = client.post(sent | changes)
        assert refused.status_code == 409 and refused.json()["field"] == "id"
    assert client.post(sent | {"source": "/other", "data": {}}).status_code == 202
    assert events_stored(db) == 2


def test_a_repeated_event_is_told_what_was_started_later(db: Database, actor: Actor, client: ApiClient) -> None:
    publish(actor, "Triage")
    sent = event(data=TICKET)
    keys = {"e": client.post(sent).json()["eventId"]}
    with db.owner.begin() as conn:  # as when its workflow could not be started
        conn.execute(text("DELETE FROM workflow_runs WHERE trigger_event_id = :e"), keys)
        conn.execute(
            text(
                "UPDATE workflow_event_matches SET outcome = 'failed', reason = 'start_failed', run_id = NULL"
                " WHERE event_id = :e"
            ),
            keys,
        )
        conn.execute(
            text("UPDATE workflow_runtime_events SET matched_run_id = NULL, error_message = 'x' WHERE event_id = :e"),
            keys,
        )
    failed = client.post(sent).json()
    assert (failed["status"], len(failed["failed"]), failed["started"]) == ("error", 1, [])
    with database.write(actor) as conn:
        starting.start_again(conn, actor, event_id=UUID(keys["e"]))
    later = client.post(sent).json()
    assert (later["status"], later["failed"], len(later["started"])) == ("matched", [], 1)


def test_an_event_that_is_just_being_dropped_is_to_be_sent_again(db: Database, client: ApiClient) -> None:
    """Its month went, and the ids of that month are forgotten some at a time."""
    sent = event(data=TICKET)
    keys = {"e": client.post(sent).json()["eventId"]}
    with db.owner.begin() as conn:
        conn.execute(text("DELETE FROM workflow_event_matches WHERE event_id = :e"), keys)
        conn.execute(text("DELETE FROM workflow_runtime_events WHERE event_id = :e"), keys)
    refused = client.post(sent)
    assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
    assert "dropped" in refused.json()["detail"]


def test_another_schema_ref_and_a_bad_payload_are_recorded(client: ApiClient) -> None:
    schema = client.post(event(dataschema="payload.Other.v1", data=TICKET)).json()["schema"]
    assert schema["status"] == "unknown"
    assert schema["refConflict"] == {"catalog": REF, "submitted": "payload.Other.v1"}
    schema = client.post(event(data={"ticketId": 7})).json()["schema"]
    assert schema["status"] == "invalid" and "/ticketId" in {error["path"] for error in schema["errors"]}


def test_an_event_without_data_is_judged_and_kept_as_one(actor: Actor, client: ApiClient) -> None:
    publish(actor, "Triage")
    headers = {f"ce-{name}": value for name, value in event(data=...).items()}
    binary = client.request("POST", "/api/v2/events", headers=headers)
    again = client.request("POST", "/api/v2/events", headers=headers | {"Content-Type": "application/json"})
    structured = client.post(event(data=...))
    batch = client.post([event(data=...)], BATCH)
    assert (binary.status_code, structured.status_code, batch.status_code) == (202, 202, 202)
    assert again.json() == binary.json() | {"duplicate": True}
    for answer in (binary.json(), structured.json(), batch.json()["items"][0]["event"]):
        (error,) = answer["schema"]["errors"]
        assert (answer["schema"]["status"], error["path"]) == ("invalid", "")
        assert error["message"] == "The event has no data. Must be an object, not null."
        (skip,) = answer["skipped"]
        assert (skip["reason"], skip["detail"]["cause"]) == ("payload_invalid", error["message"])
        assert client.get(answer["links"]["self"]).json()["data"] is None


@pytest.mark.own_database
def test_one_bad_item_of_a_batch_costs_the_others_nothing(db: Database, client: ApiClient) -> None:
    items = [json.dumps(event(id=str(n), data=TICKET)) for n in range(100)]
    items[37] = items[37].replace(TICKET["ticketId"], "\\u0000")
    body = f"[{','.join(items)}]".encode()
    response = client.post(body, BATCH)
    assert response.status_code == 207
    results = response.json()["items"]
    assert [n for n, result in enumerate(results) if result["status"] != 202] == [37]
    assert results[37]["status"] == 400 and "NUL" in results[37]["problem"]["detail"]
    assert events_stored(db) == 99
    again = client.post(body, BATCH).json()["items"]
    assert all(result["event"]["duplicate"] for n, result in enumerate(again) if n != 37)
    assert events_stored(db) == 99


@pytest.mark.own_database
def test_a_batch_that_takes_too_long_is_not_tried_again_in_halves(db: Database, client: ApiClient) -> None:
    hurried = replace(db, statement_timeout_ms=300)
    database.use(hurried)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("LOCK TABLE workflow_runtime_events IN ACCESS EXCLUSIVE MODE")
        with counted_statements() as seen:
            results = client.post([event(data=TICKET) for _ in range(8)], BATCH).json()["items"]
    assert [result["status"] for result in results] == [503] * 8
    assert len([one for one in seen if "statement_timeout" in one]) < 5  # a transaction of its own each
    database.use(db)


@pytest.mark.own_database
def test_an_item_that_the_database_refuses_costs_the_others_nothing(db: Database, client: ApiClient) -> None:
    with db.owner.begin() as conn:
        conn.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.source = '/broken'"
            " THEN RAISE EXCEPTION 'secret value'; END IF; RETURN NEW; END $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON workflow_runtime_events FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    items = [event(id=str(n), source="/broken" if n in (3, 11, 12) else "/fine", data=TICKET) for n in range(20)]
    results = client.post(items, BATCH).json()["items"]
    assert [n for n, result in enumerate(results) if result["status"] != 202] == [3, 11, 12]
    assert {results[n]["status"] for n in (3, 11, 12)} == {500} and "secret" not in json.dumps(results)
    assert [results[n]["event"]["eventType"] for n in (0, 19)] == ["TICKET_CREATED"] * 2
    assert events_stored(db) == 17


@pytest.mark.own_database
def test_a_batch_of_a_token_that_was_revoked_is_refused_as_a_whole(db: Database, client: ApiClient) -> None:
    assert client.post([event(), event()], BATCH).status_code == 202
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE api_tokens SET revoked_at = now()")
    for body, media_type in (([event(), event()], BATCH), (event(), "application/cloudevents+json")):
        response = client.post(body, media_type)
        assert response.status_code == 401 and "invalid_token" in response.headers["www-authenticate"]
    assert events_stored(db) == 2


@pytest.mark.own_database
def test_a_batch_that_is_none_is_refused_as_a_whole(db: Database, client: ApiClient) -> None:
    assert client.post([], BATCH).json() == {"items": []}
    for bad in ([event()] * 501, {"a": 1}):
        assert client.post(bad, BATCH).status_code == 400
    mixed = client.post([event(), 1, event(type="NOPE"), event(source=...)], BATCH)
    assert [item["status"] for item in mixed.json()["items"]] == [202, 400, 422, 400]
    assert events_stored(db) == 1


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_no_cloud_event_is_told_how_to_be_one(client: ApiClient, content_type: str) -> None:
    response = client.post(event(), content_type)
    assert response.status_code == 415 and "application/cloudevents+json" in response.json()["detail"]


@pytest.mark.own_database
def test_a_bad_attribute_is_named(db: Database, client: ApiClient) -> None:
    for field, bad in (("specversion", "0.3"), ("id", ""), ("source", 1), ("type", "a\tb"), ("time", "now")):
        response = client.post(event(**{field: bad}))
        assert (response.status_code, response.json()["field"]) == (400, field)
    assert client.post(event(id="x" * 257)).json()["field"] == "id"
    assert events_stored(db) == 0


@pytest.mark.own_database
def test_an_unknown_type_gets_the_nearest_known_ones(db: Database, client: ApiClient) -> None:
    response = client.post(event(type="TICKET_CREATE"))
    assert response.status_code == 422 and response.json()["nearest"][0] == "TICKET_CREATED"
    assert client.post(event(type="\u2603" * 250)).status_code == 422
    assert 'no event "Größe".' in client.post(event(type="Größe")).json()["detail"]
    assert events_stored(db) == 0


@pytest.mark.own_database
def test_events_of_unknown_types_are_counted_whichever_way_they_come(
    db: Database, actor: Actor, client: ApiClient, new_actor: ActorFactory
) -> None:
    def counted(asking: Actor) -> dict[str, tuple[int, tuple[tuple[str, int], ...]]]:
        with database.read(asking) as conn:
            found = unknown_events.list_types(conn, tenant=asking.tenant).types
        return {one.event_type: (one.events, one.sources) for one in found}

    publish(actor, "Triage")
    unknown = {"type": "DEVICE_OFFLINE", "source": "/rmm", "data": {"deviceId": "d-1"}}
    assert client.post(event(**unknown)).status_code == 422
    headers = {f"ce-{name}": value for name, value in event(**unknown).items() if name != "data"}
    binary = client.post(b'{"deviceId": "d-2"}', "application/json", headers=headers)
    assert binary.status_code == 422
    known = event(data=TICKET)
    batch = [event(**unknown), known, event(type="☃ 😀", source="/snow"), 1, event(**unknown), event(data={"a": 1})]
    statuses = [item["status"] for item in client.post(batch, BATCH).json()["items"]]
    assert statuses == [422, 202, 422, 400, 422, 202]
    assert counted(actor) == {"DEVICE_OFFLINE": (4, (("/rmm", 4),)), "☃ 😀": (1, (("/snow", 1),))}
    # What is refused for another reason, or is a copy, counts nothing.
    for bad in ({"type": "a\0b"}, {"type": "x" * 10_000}, {"type": ""}, {"type": ...}, {"source": "x" * 257}):
        assert client.post(event(**{**unknown, **bad})).status_code == 400
    assert client.post(known).status_code == 202
    stranger = new_actor("read", tenant=actor.tenant)
    assert client.as_(new_token(stranger, "read")).post(event(**unknown)).status_code == 403
    assert client.as_("nonsense").post(event(**unknown)).status_code == 401
    assert counted(actor)["DEVICE_OFFLINE"][0] == 4 and len(counted(actor)) == 2
    assert counted(new_actor()) == {}
    assert events_stored(db) == 2


def test_what_a_token_sends_in_vain_counts_though_it_may_do_nothing_else(actor: Actor, client: ApiClient) -> None:
    sender = client.as_(new_token(actor, send_only=True))
    assert sender.post(event(type="DEVICE_OFFLINE")).status_code == 422
    batch = [event(type="DEVICE_OFFLINE"), event(data=TICKET)]
    assert [item["status"] for item in sender.post(batch, BATCH).json()["items"]] == [422, 202]
    with database.read(actor) as conn:
        [found] = unknown_events.list_types(conn, tenant=actor.tenant).types
    assert (found.event_type, found.events) == ("DEVICE_OFFLINE", 2)


@pytest.mark.own_database
def test_a_batch_that_is_tried_again_in_halves_counts_what_is_unknown_once(
    db: Database, actor: Actor, client: ApiClient
) -> None:
    with db.owner.begin() as conn:  # an event that the database refuses, whatever the reason
        conn.exec_driver_sql(
            "ALTER TABLE workflow_runtime_events ADD CONSTRAINT planted CHECK (source <> '/refused') NOT VALID"
        )
    batch = [event(type="NOPE"), event(data=TICKET), event(data=TICKET, source="/refused"), event(type="NOPE")]
    statuses = [item["status"] for item in client.post(batch, BATCH).json()["items"]]
    assert statuses == [422, 202, 500, 422]
    with database.read(actor) as conn:
        [found] = unknown_events.list_types(conn, tenant=actor.tenant).types
    assert found.events == 2


@pytest.mark.own_database
def test_counting_unknown_events_fails_no_answer(
    db: Database, actor: Actor, client: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    with db.owner.begin() as conn:
        conn.exec_driver_sql("DROP TABLE unknown_event_types CASCADE")
    assert client.post(event(type="TICKET_CREATE")).json()["nearest"][0] == "TICKET_CREATED"
    items = client.post([event(type="NOPE"), event(data=TICKET)], BATCH).json()["items"]
    assert [item["status"] for item in items] == [422, 202]
    assert "could not be counted" in caplog.text


def test_known_events_pay_nothing_for_counting_unknown_ones(client: ApiClient) -> None:
    client.post(event())  # a new connection asks the server who it is
    with counted_statements() as seen:
        client.post([event(), event(data=TICKET)], BATCH)
    assert len(seen) == 4 and not any("unknown" in statement for statement in seen)


def test_an_event_takes_few_calls_of_the_event_loop(client: ApiClient) -> None:
    # Each with an id of its own: a repeat takes another way.
    bodies, answers = [json.dumps(event()).encode() for _ in range(6)], list[Any]()
    headers = {"authorization": f"Bearer {client.token}", "content-type": STRUCTURED, "host": "localhost"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v2/events",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    async def ask() -> None:
        await client.app(dict(scope), receive, send)

    with asyncio.Runner() as runner:
        runner.run(ask())
        idle = work.calls(lambda: runner.run(asyncio.sleep(0)))
        # In the least of some rounds: the loop turns once more where the other thread keeps it waiting.
        taken = min(work.calls(lambda: runner.run(ask())) for _ in range(5)) - idle
    assert [answer["status"] for answer in answers if "status" in answer] == [202] * 6
    assert taken <= 290  # the way past the routes, and two chained futures, took 120 more


def test_many_unknown_types_of_a_request_are_looked_up_in_one_go(client: ApiClient) -> None:
    client.post(event(type="NOPE"))
    with counted_statements() as few:
        client.post([event(type=f"TICKET_CREATE_{n}") for n in range(20)], BATCH)
    with counted_statements() as many:
        found = client.post([event(type=f"TICKET_CREATE_{n % 100}") for n in range(500)], BATCH).json()["items"]
    assert len(many) == len(few)
    assert found[0]["problem"]["nearest"][0] == "TICKET_CREATED" == found[100]["problem"]["nearest"][0]
    assert {item["status"] for item in found} == {422}


# Who is let in.


@pytest.mark.own_database
def test_only_a_good_token_opens(db: Database, actor: Actor, client: ApiClient, new_actor: ActorFactory) -> None:
    token = client.token or ""
    prefix, secret = token[:37], token[37:]
    revoked = new_token(actor)
    admin = new_actor("admin", tenant=actor.tenant)
    token_id = scalar(db, "SELECT token_id FROM api_tokens WHERE token_hash = :h", h=tokens.hash_of(revoked))
    with database.write(admin) as conn:
        tokens.revoke(conn, admin, token_id=token_id)
    wrong = [
        revoked,
        token + "x",
        f"wec_{uuid4().hex}_{secret}",
        f"wec_{new_actor().tenant.hex}_{secret}",
        prefix + "A" * 43,
        "x",
        "wec_",
        token.upper(),
        f"{token} {token}",
    ]
    refusals = {
        (r.status_code, r.content, r.headers["www-authenticate"])
        for r in (client.as_(bad).get("/api/v2/catalog") for bad in wrong)
    }
    assert len(refusals) == 1 and next(iter(refusals))[0] == 401
    assert client.get("/api/v2/catalog").status_code == 200
    for bad in wrong:
        assert client.as_(bad).post(event()).status_code == 401
    assert events_stored(db) == 0


def test_neither_cookie_nor_another_scheme_opens(client: ApiClient) -> None:
    nobody = client.as_(None)
    for headers in (
        {},
        {"Cookie": f"_streamlit_user={client.token}"},
        {"Authorization": f"Basic {client.token}"},
        {"Authorization": str(client.token)},
        {"X-Api-Key": str(client.token)},
    ):
        response = nobody.get("/api/v2/catalog", headers=headers)
        assert response.status_code == 401 and response.headers["www-authenticate"].startswith("Bearer")
    assert nobody.get("/api/v2/catalog", headers={"Authorization": f"bearer  {client.token}"}).status_code == 200


@pytest.mark.own_database
def test_a_reading_token_reads_and_no_more(db: Database, actor: Actor, client: ApiClient) -> None:
    reader = client.as_(new_token(actor, "read"))
    assert reader.get("/api/v2/catalog").status_code == 200
    response = reader.post(event())
    assert response.status_code == 403 and "you need manage" in response.json()["detail"]
    assert events_stored(db) == 0


def test_foreign_missing_and_malformed_ids_read_the_same(client: ApiClient, new_actor: ActorFactory) -> None:
    foreign = client.as_(new_token(new_actor()))
    foreign_id = foreign.post(event(data=TICKET)).json()["eventId"]
    assert foreign.get(f"/api/v2/events/{foreign_id}").status_code == 200
    ids = [foreign_id, str(uuid4()), "x", "%00", "..%2f", "a%5Cb", foreign_id.upper(), f"%7B{foreign_id}%7D", "%ff", ""]
    bodies = {client.get(f"/api/v2/events/{event_id}").content for event_id in ids}
    types = ["NOPE", "TICKET_CREATED%00", "ticket_created", "..", "%ff", ""]
    bodies |= {client.get(f"/api/v2/catalog/{event_type}/schema").content for event_type in types}
    assert len(bodies) == 1 and b'"status": 404' in bodies.pop()


@pytest.mark.own_database
def test_only_the_hash_of_a_token_is_kept(db: Database, client: ApiClient) -> None:
    row = scalar(db, "SELECT CAST(api_tokens AS text) FROM api_tokens")
    secret = (client.token or "")[37:]
    assert secret not in row and secret.encode().hex() not in row


@pytest.mark.own_database
def test_use_of_a_token_is_noted_once_a_minute(db: Database, client: ApiClient) -> None:
    def used_after(seconds: int | None) -> Any:
        before = f"now() - interval '{seconds} seconds'" if seconds is not None else "NULL"
        scalar(db, f"UPDATE api_tokens SET last_used_at = {before}")
        assert client.get("/api/v2/catalog").status_code == 200
        return scalar(db, "SELECT extract(epoch FROM now() - last_used_at)::int FROM api_tokens")

    assert used_after(None) < 20
    assert 30 <= used_after(30) < 50
    assert used_after(61) < 20


def test_only_an_admin_makes_and_ends_tokens(new_actor: ActorFactory) -> None:
    admin, manager = new_actor("admin"), new_actor("manage")
    for call in (
        lambda conn: tokens.create_token(conn, manager, name="x", permission="read"),
        lambda conn: tokens.revoke(conn, manager, token_id=uuid4()),
        lambda conn: tokens.tokens(conn, manager),
        lambda conn: tokens.id_of_token(conn, manager, token="wec_"),
        lambda conn: tokens.id_of_name(conn, manager, name="x"),
    ):
        with pytest.raises(PermissionDenied), database.write(manager) as conn:
            call(conn)
    with pytest.raises(NotFound), database.write(admin) as conn:
        tokens.revoke(conn, admin, token_id=uuid4())


@pytest.fixture
def command(db: Database, repository: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python -m lib.auth` on the test's database, as another process than the API's."""
    urls = {
        name: engine.url.render_as_string(hide_password=False)
        for name, engine in (("DATABASE_URL", db.owner), ("APP_DATABASE_URL", db.app))
    }
    return lambda *arguments: subprocess.run(
        [sys.executable, "-m", "lib.auth", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        env={**urls, "AUTH": "off", "PATH": ""},
    )


Command = Callable[..., "subprocess.CompletedProcess[str]"]
ACME = ("--tenant", "Acme Secretive Ltd")


@pytest.mark.own_database
def test_the_command_line_prints_a_token_alone(actor: Actor, command: Command) -> None:
    made = command("token", *ACME, "--permission", "manage")
    assert made.returncode == 0, made.stderr
    found = tokens.actor_for_token(made.stdout.removesuffix("\n"))
    assert found and (found.tenant, found.permission) == (actor.tenant, "manage")
    unknown = command("token", "--tenant", "Nobody", "--permission", "read")
    assert (unknown.returncode, unknown.stdout) == (1, "") and "There is no tenant Nobody" in unknown.stderr


@pytest.mark.own_database
def test_the_command_line_limits_and_rotates_tokens(actor: Actor, command: Command) -> None:
    limits = ("--send-only", "--event-type", "NOTE_CREATED", "--event-type", "TICKET_CLOSED", "--expires", "90d")
    made = command("token", *ACME, "--name", "Desk", *limits)
    assert made.returncode == 0, made.stderr
    old = made.stdout.strip()
    found = tokens.actor_for_token(old)
    assert found and found.send_only
    with database.read(actor) as conn:
        [token] = tokens.tokens(conn, replace(actor, permission="admin"))
    assert token.terms.event_types == ("NOTE_CREATED", "TICKET_CLOSED")
    assert token.terms.expires_at and 89 <= (token.terms.expires_at - datetime.now(UTC)).days <= 90
    rotated = command("rotate", *ACME, "--name", "Desk", "--overlap", "0h", "--expires", "2099-01-02")
    assert (rotated.returncode, rotated.stderr) == (0, "")
    assert tokens.actor_for_token(old) is None and tokens.actor_for_token(rotated.stdout.strip())
    listed = command("tokens", *ACME).stdout
    assert "send only" in listed and "2099-01-02 00:00" in listed and "NOTE_CREATED, TICKET_CLOSED" in listed
    for arguments, sentence in [
        (("token", *ACME, "--send-only", "--expires", "soon"), "expires: must be a span such as 90d"),
        (("token", *ACME, "--send-only", "--expires", "2001-01-01"), "expires: must be in the future"),
        (("token", *ACME, "--send-only", "--expires", "2099-W01-1"), "expires: must be a span such as 90d"),
        (("token", *ACME, "--send-only", "--expires", "9999-12-31T23:59-23:59"), "expires: must be a span such as 90d"),
        (("token", *ACME, "--send-only", "--name", "a\nb"), "name: must be on one line, without control characters"),
        (("token", *ACME, "--send-only", "--name", "\u200b"), "name: must have a character that can be seen"),
        (
            ("token", *ACME, "--send-only", "--event-type", "NOTE_CREATE"),
            "event types: the catalog has no event NOTE_CREATE. Did you mean NOTE_CREATED?",
        ),
        (("token", "--tenant", "a\x1b[2Jb", "--send-only"), "There is no tenant a?[2Jb."),
        (("token", *ACME, "--permission", "read", "--event-type", "A"), "event types: mean nothing for a token"),
        (("rotate", *ACME, "--name", "Desk", "--overlap", "1 week"), "overlap: must be a number of minutes, hours"),
        (("rotate", *ACME, "--name", "Desk", "--overlap", "31d"), "overlap: must be from 0 to 30 days"),
    ]:
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith(sentence)


def named_token(actor: Actor, name: str) -> str:
    admin = Actor(actor.tenant, actor.user_id, actor.email, "admin")
    with database.write(admin) as conn:
        return tokens.create_token(conn, admin, name=name, permission="manage")


@pytest.mark.own_database
@pytest.mark.parametrize("way", ["itself", "itself with its tenant", "id", "name"])
def test_a_revoked_token_is_refused_at_once_whoever_revoked_it(
    way: str, db: Database, actor: Actor, client: ApiClient, command: Command
) -> None:
    token = named_token(actor, "Ticket desk")
    desk = client.as_(token)
    assert desk.get("/api/v2/catalog").status_code == 200
    token_id = str(scalar(db, "SELECT token_id FROM api_tokens WHERE name = 'Ticket desk'"))
    arguments = {
        "itself": (token,),
        "itself with its tenant": (*ACME, token),
        "id": (*ACME, "--id", token_id),
        "name": (*ACME, "--name", "Ticket desk"),
    }[way]
    done = command("revoke", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Revoked the token Ticket desk (manage), {token_id}.\n"
    assert desk.get("/api/v2/catalog").status_code == 401
    assert desk.post(event()).status_code == 401
    assert client.get("/api/v2/catalog").status_code == 200, "the tenant's other token goes on"
    assert scalar(
        db,
        """SELECT array_agg((email, target_id, detail)::text) FROM audit_logs
                         WHERE action = 'api_token.revoked' AND tenant = :t""",
        t=actor.tenant,
    ) == [f'(operator,{token_id},"{{""name"": ""Ticket desk"", ""permission"": ""manage""}}")']
    again = command("revoke", *arguments)
    assert (again.returncode, again.stdout) == (1, "")
    assert re.fullmatch(r"This token was revoked before, at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.\n", again.stderr)
    assert scalar(db, "SELECT count(*) FROM audit_logs WHERE action = 'api_token.revoked'") == 1


NO_TOKEN = f"wec_{'0' * 32}_{'A' * 43}"


@pytest.mark.own_database
def test_what_cannot_be_revoked_gets_a_sentence(
    db: Database, actor: Actor, client: ApiClient, command: Command
) -> None:
    for arguments, sentence in [
        ((NO_TOKEN,), "There is no tenant 00000000-0000-0000-0000-000000000000."),
        ((*ACME, NO_TOKEN), "There is no such token."),
        (("hunter2",), "token: is not a token, which begins with wec_"),
        ((*ACME, "--id", str(uuid4())), "There is no such token."),
        ((*ACME, "--name", "Nothing"), "There is no token named Nothing."),
        (("--name", "Test"), "--tenant: is needed with --id and --name"),
        (("--tenant", "", "--name", "Test"), "--tenant: is needed with --id and --name"),
        ((*ACME, "--name", "\udcff"), "name: has half a surrogate pair, which cannot be stored"),
    ]:
        done = command("revoke", *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{sentence}\n")
    assert client.get("/api/v2/catalog").status_code == 200
    assert scalar(db, "SELECT count(*) FROM audit_logs WHERE action = 'api_token.revoked'") == 0


@pytest.mark.own_database
def test_a_name_that_several_tokens_have_revokes_none_of_them(
    actor: Actor, client: ApiClient, command: Command, new_actor: ActorFactory
) -> None:
    first, second = named_token(actor, "Desk"), named_token(actor, "Desk")
    foreign = named_token(new_actor("admin", name="Other"), "Desk")
    done = command("revoke", *ACME, "--name", "Desk")
    assert done.returncode == 1 and done.stderr.startswith("2 tokens are named Desk; give an id: ")
    assert command("revoke", first).returncode == 0
    assert command("revoke", *ACME, "--name", "Desk").returncode == 0, "the other is the only valid one now"
    states = [client.as_(token).get("/api/v2/catalog").status_code for token in (first, second, foreign)]
    assert states == [401, 401, 200]


@pytest.mark.own_database
def test_the_command_line_lists_the_tokens_of_a_tenant(
    db: Database, actor: Actor, client: ApiClient, command: Command, new_actor: ActorFactory
) -> None:
    shown = named_token(actor, "Red \u2063[31m\u200bfake  line")
    named_token(new_actor("admin", name="Other"), "Elsewhere")
    assert client.get("/api/v2/catalog").status_code == 200
    assert command("revoke", shown).returncode == 0
    listed = command("tokens", *ACME)
    assert (listed.returncode, listed.stderr) == (0, "")
    head, red, used = listed.stdout.splitlines()
    columns = ["ID", "NAME", "PERMISSION", "CREATED (UTC)", "BY", "LAST USED", "EXPIRES", "REVOKED", "EVENT TYPES"]
    assert re.split(r"  +", head) == columns
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    by = re.escape(actor.email)
    assert re.fullmatch(rf"\S{{36}}  Red \?\[31m\?fake  line  manage +{time} +{by}  - +- +{time}  any", red)
    assert re.fullmatch(rf"\S{{36}}  Test +manage +{time} +{by}  {time} +- +- +any", used)
    ids = {
        str(row) for row in scalar(db, "SELECT array_agg(token_id) FROM api_tokens WHERE tenant = :t", t=actor.tenant)
    }
    assert {red[:36], used[:36]} == ids
    assert shown[37:] not in listed.stdout and "Elsewhere" not in listed.stdout
    nobody = command("tokens", "--tenant", "Nobody")
    assert (nobody.returncode, nobody.stdout, nobody.stderr) == (1, "", "There is no tenant Nobody.\n")


def test_a_token_is_limited_by_itself(actor: Actor) -> None:
    client = ApiClient(new_token(actor), per_second=0.1, burst=3)
    other = client.as_(new_token(actor))
    assert [client.get("/api/v2/catalog").status_code for _ in range(3)] == [200] * 3
    refused = client.get("/api/v2/catalog")
    assert refused.status_code == 429 and 1 <= int(refused.headers["retry-after"]) <= 10
    assert client.post(event()).status_code == 429
    assert other.post([event(), event(), event()], BATCH).status_code == 202
    assert other.get("/api/v2/catalog").status_code == 429, "each item of a batch counts"


@pytest.mark.parametrize("events", [19, 20, 21, 500])
def test_a_batch_of_any_size_may_be_sent_after_a_pause(actor: Actor, events: int) -> None:
    client = ApiClient(new_token(actor), per_second=0.1, burst=20)
    assert client.post([event() for _ in range(events)], BATCH).status_code == 202


# Bodies and errors.


def test_a_body_is_read_no_further_than_the_cap(client: ApiClient) -> None:
    def read_of(*headers: tuple[bytes, bytes]) -> tuple[int, int]:
        """Status, and how many bytes of an endless body were asked for."""
        given = [
            (b"authorization", f"Bearer {client.token}".encode()),
            (b"content-type", b"application/cloudevents+json"),
            *headers,
        ]
        scope = {"type": "http", "method": "POST", "path": "/api/v2/events", "headers": given, "query_string": b""}
        asked, statuses = 0, []

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 65_536
            return {"type": "http.request", "body": bytes(65_536), "more_body": True}

        async def send(message: dict[str, Any]) -> None:
            statuses.append(message.get("status"))

        asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
        return statuses[0], asked

    assert read_of((b"content-length", str(300 * 2**20).encode())) == (413, 0)
    assert read_of((b"content-length", b"9" * 100)) == (413, 0)
    assert read_of((b"transfer-encoding", b"chunked")) == (413, 5 * 65_536)
    assert client.post(b" " * 262_145).status_code == 413
    assert client.post(json.dumps(event()).encode().ljust(262_144)).status_code == 202


def test_a_compressed_body_is_refused(client: ApiClient) -> None:
    assert client.post(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}).status_code == 415


def test_of_two_content_types_neither_is_taken(client: ApiClient) -> None:
    headers = [
        ("Authorization", f"Bearer {client.token}"),
        ("Content-Type", STRUCTURED),
        ("Content-Type", "text/plain"),
    ]
    response = client.http.post("/api/v2/events", content=json.dumps(event()).encode(), headers=headers)
    assert response.status_code == 415 and "more than once" in response.json()["detail"]


def test_unknown_paths_and_methods_are_problems_too(client: ApiClient) -> None:
    for path in ("/api", "/api/", "/api/v2", "/api/v2/events/", "/api/v1/events", "/api/v2/catalog/A/B/schema"):
        response = client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json"), path
    response = client.request("DELETE", "/api/v2/events")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.own_database
def test_our_mistakes_are_logged_by_reference_without_the_payload(
    db: Database, client: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    scalar(db, "REVOKE INSERT ON workflow_runtime_events FROM event_catalog_app")  # has the payload with it
    with caplog.at_level(logging.ERROR):
        responses = [client.post(event(data={"password": "hunter2"})), client.get("/api/v2/catalog")]
        scalar(db, "DROP VIEW catalog_entries")
        responses.append(client.get("/api/v2/catalog"))
    assert [response.status_code for response in responses] == [500, 200, 500]
    for response in (responses[0], responses[2]):
        assert caplog.text.count(response.json()["reference"]) == 1
        assert "workflow_runtime" not in response.text and "Traceback" not in response.text
    assert "hunter2" not in caplog.text


def test_without_the_database_callers_are_told_to_come_back(db: Database, client: ApiClient) -> None:
    database.use(None)
    for response in (client.get("/api/v2/catalog"), client.post(event()), client.as_(None).get("/readyz")):
        assert response.status_code == 503 and int(response.headers["retry-after"]) > 0
    assert client.as_(None).get("/healthz").status_code == 200
    assert client.as_(None).get("/metrics").status_code == 200


# Catalog, description, operation.


def test_the_catalog_is_listed_in_pages(db: Database, actor: Actor, client: ApiClient) -> None:
    publish(actor, "Triage")
    add_entry(db, actor.tenant, "OWN/TYPE é", status="draft")
    first = client.get("/api/v2/catalog?pageSize=50").json()
    assert (first["total"], first["pages"], len(first["entries"])) == (156, 4, 50)
    by_source = [client.get(f"/api/v2/catalog?source={source}").json()["total"] for source in ("system", "tenant")]
    assert sum(by_source) == 156, "deprecated ones are there however one asks"
    pages = [client.get(f"/api/v2/catalog?pageSize=50&page={page}").json()["entries"] for page in (1, 2, 3, 4, 5)]
    assert len({entry["eventType"] for page in pages for entry in page}) == 156 and pages[4] == []
    [own] = client.get("/api/v2/catalog?source=tenant&status=draft").json()["entries"]
    assert own["links"]["schema"] == "/api/v2/catalog/OWN%2FTYPE%20%C3%A9/schema" and own["schemaState"] == "missing"
    assert "no schema" in client.get(own["links"]["schema"]).json()["detail"], "or the link would lead nowhere"
    found = client.get("/api/v2/catalog?search=created ticket").json()["entries"][0]
    assert (found["eventType"], found["attachedWorkflows"]) == ("TICKET_CREATED", 1)


def test_a_category_that_no_event_has_lists_none(client: ApiClient) -> None:
    billing = client.get("/api/v2/catalog?category=Billing").json()
    assert billing["total"] > 0 and {entry["category"] for entry in billing["entries"]} == {"Billing"}
    for category in ("Biling", "billing", ""):
        none = client.get(f"/api/v2/catalog?category={category}").json()
        assert (none["entries"], none["total"], none["pages"]) == ([], 0, 1)
        assert "Billing" in none["categories"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("page=1&page=2", "page: is given more than once"),
        ("status=active&search=x&status=draft", "status: is given more than once"),
        ("%1B%5B2J=1", "?[2J: is not a parameter; known are"),
        ("=1", "a parameter without a name: is not a parameter; known are"),
    ],
)
def test_a_parameter_that_says_nothing_clear_is_refused(client: ApiClient, query: str, detail: str) -> None:
    refused = client.get(f"/api/v2/catalog?{query}")
    assert refused.status_code == 400 and refused.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    "query",
    [
        "status=x",
        "source=x",
        "page=0",
        "page=-1",
        "page=٣",
        "pageSize=501",
        "pgae=2",
        "search=" + "x" * 201,
        "search=" + "x " * 13,
    ],
)
def test_a_bad_parameter_is_named(client: ApiClient, query: str) -> None:
    response = client.get(f"/api/v2/catalog?{query}")
    assert response.status_code == 400 and response.json()["field"] == query.partition("=")[0]


def test_a_schema_is_served_as_one(db: Database, actor: Actor, client: ApiClient) -> None:
    response = client.get("/api/v2/catalog/TICKET_CREATED/schema")
    assert response.headers["content-type"] == "application/schema+json"
    assert "ticketId" in response.json()["properties"]
    add_entry(db, actor.tenant, "BARE")
    assert "no schema" in client.get("/api/v2/catalog/BARE/schema").json()["detail"]


@pytest.mark.own_database
def test_a_ticket_fetches_its_events_as_a_file(actor: Actor, client: ApiClient, new_actor: ActorFactory) -> None:
    nobody = client.as_(None)
    stored = [client.post(event(data=TICKET | {"password": "hunter2"})).json()["eventId"] for _ in range(3)]
    other = ApiClient(new_token(new_actor("manage")))
    other.post(event())
    for form in ("csv", "json"):
        ticket = event_ticket(actor, EventFilters(event_types=("TICKET_CREATED",)), form)
        answer = nobody.get(f"/api/v2/exports/{ticket}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith('attachment; filename="activity-2')
        assert answer.headers["content-disposition"].endswith(f'.{form}"')
        assert "hunter2" not in answer.text and "[redacted]" in answer.text
        assert answer.content.startswith(b"\xef\xbb\xbf") == (form == "csv"), "Excel needs the mark, JSON forbids it"
        text_ = answer.content.decode("utf-8-sig")
        rows = list(csv.DictReader(text_.splitlines())) if form == "csv" else answer.json()
        assert [row["event_id"] for row in rows] == stored[::-1]
    wrong = event_ticket(actor, EventFilters(path="a..b", value="1"))
    assert nobody.get(f"/api/v2/exports/{wrong}").status_code == 400


def test_the_description_has_every_route_and_no_other(client: ApiClient) -> None:
    served = client.as_(None).get("/api/openapi.json").json()
    described = {(path, method.upper()) for path, item in served["paths"].items() for method in item}
    assert described == {
        (described_path(r), method) for r in routes(client.app) for method in (r.methods or set()) - {"HEAD"}
    }
    open_ones = {path for path, item in served["paths"].items() for op in item.values() if op.get("security") == []}
    for path, method in described:
        status = client.as_(None).request(method, path).status_code
        assert (status == 401) == (path not in open_ones), path


def test_the_examples_of_the_description_are_valid() -> None:
    checked = 0
    for name in at("/components/schemas"):
        validator(f"/components/schemas/{name}").check_schema(at(f"/components/schemas/{name}"))
    for name, example in at("/components/examples").items():
        validator(f"/components/schemas/{name}").validate(example["value"])
        checked += 1
    for content in _contents(api.document()):
        if content.get("example") and "problem" in str(content["example"]):
            validator("/components/schemas/Problem").validate(content["example"])
            checked += 1
    assert checked > 8


def test_the_events_of_the_description_fit_their_schema(client: ApiClient) -> None:
    bodies = api.document()["paths"]["/api/v2/events"]["post"]["requestBody"]["content"]
    sent = [at("/components/examples/CloudEvent")["value"], *bodies["application/cloudevents-batch+json"]["example"]]
    sent.append(event(data=bodies["application/json"]["example"]))
    for one in sent:
        answer = client.post(one | {"source": f"/{uuid4()}"}).json()
        assert answer["schema"]["status"] == "valid", answer


def _contents(value: Any) -> Any:
    if isinstance(value, dict):
        yield from value.get("content", {}).values() if isinstance(value.get("content"), dict) else ()
        for item in value.values():
            yield from _contents(item)
    elif isinstance(value, list):
        for item in value:
            yield from _contents(item)


@pytest.mark.own_database
def test_metrics_count_and_tell_nothing_of_a_tenant(actor: Actor, client: ApiClient) -> None:
    def metrics() -> dict[str, float]:
        page = client.as_(None).get("/metrics")
        assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
        for secret in (str(actor.tenant), actor.tenant.hex, "Acme", "Triage", "TICKET_CREATED", "hunter2"):
            assert secret not in page.text
        lines = (line.rpartition(" ") for line in page.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    publish(actor, "Triage")
    before = metrics()
    sent = event(data=TICKET)
    client.post([sent, sent, event(type="TICKET_CLOSED", data={"x": "hunter2"}), event(type="NOPE"), 1], BATCH)
    after = metrics()
    ingested = 'event_catalog_events_ingested_total{{origin="live",outcome="{}"}}'
    counted = [ingested.format(outcome) for outcome in ("matched", "duplicate", "unmatched")]
    refused = ("unknown-event-type", "invalid-request")
    counted += [f'event_catalog_events_refused_total{{problem="{problem}"}}' for problem in refused]
    for name in counted:
        assert after[name] - before.get(name, 0) == 1, name
    timed = "event_catalog_ingestion_seconds_count"
    assert after[timed] - before[timed] == 3
    assert {"event_catalog_queue_depth", "event_catalog_unfolded_changes"} < after.keys()
    assert after["event_catalog_repaired_counts"] == 0
    assert after["event_catalog_database_up"] == 1


@pytest.mark.own_database
def test_metrics_count_simulated_events_once_they_are_committed(db: Database, actor: Actor, client: ApiClient) -> None:
    draft = simulation.EventDraft("TICKET_CREATED", TICKET)
    name = 'event_catalog_events_ingested_total{origin="simulated",outcome="unmatched"} '

    def counted() -> float:
        lines = client.as_(None).get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = counted()
    with database.write(actor) as conn:
        simulation.preview(conn, actor, draft=draft)
    with contextlib.suppress(LookupError), database.write(actor) as conn:
        simulation.send(conn, actor, draft=draft)
        raise LookupError("rolled back")
    assert counted() == before
    with database.write(actor) as conn:
        simulation.send(conn, actor, draft=draft)
        assert counted() == before
    assert counted() == before + 1


def test_ready_means_that_database_and_engine_are(db: Database, client: ApiClient) -> None:
    refused = client.as_(None).get("/readyz")
    assert refused.status_code == 503 and "engine" in refused.json()["detail"], "no engine runs in this test"
    assert client.as_(None).get("/healthz").json() == {"status": "ok"}


def test_the_middleware_passes_on_what_is_not_for_the_api(client: ApiClient) -> None:
    from starlette.responses import PlainTextResponse
    from starlette.testclient import TestClient

    app = TestClient(api.ApiMiddleware(PlainTextResponse("page")))
    assert {app.get(path).text for path in ("/", "/apis", "/catalog", "/healthz/x", "/_stcore/health")} == {"page"}
    for path in ("/api", "/api/x", "/api/v2/catalog"):
        assert app.get(path).headers["content-type"] == "application/problem+json"
    assert app.get("/healthz").json() == {"status": "ok"}
