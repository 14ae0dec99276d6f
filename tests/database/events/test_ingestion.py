"""What becomes of an event: stored, checked, matched, with a reason for each candidate; or nothing at all."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.catalog import system as system_catalog
from lib.database import Database
from lib.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from lib.events import correlation, ingestion
from lib.events.submission import Submission, get_submission
from lib.redaction import REDACTED
from tests.conftest import ActorFactory
from tests.support import workflow_runs
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import step

TICKET = {"tenantId": str(uuid4()), "ticketId": "1b7a6c0e-52f4-4c39-8b1c-0d6a52d5f3a2"}
REF = "payload.TicketCreated.v1"


def publish(actor: Actor, name: str, **options: Any) -> UUID:
    """A published workflow on TICKET_CREATED; options override parts of its definition."""
    trigger: dict[str, Any] = {"type": "event", "eventName": options.get("event", "TICKET_CREATED")}
    if "mapping" in options:
        trigger["payloadMapping"] = options["mapping"]
    changes = {"payloadSchemaRef": options.get("ref", REF), **options.get("definition", {})}
    end = step("end", "control.return", output={"ok": True})
    return workflow_runs.publish(
        actor.tenant, [end], name=name, trigger=trigger, paused=options.get("paused", False), changes=changes
    )


def submit(actor: Actor, payload: Any = None, **options: Any) -> Submission:
    payload = TICKET if payload is None else payload
    with database.write(actor) as conn:
        return ingestion.submit_event(
            conn, actor, event_type=options.pop("event", "TICKET_CREATED"), payload=payload, **options
        )


def reasons(submission: Submission) -> dict[str | None, tuple[str, str]]:
    return {m.workflow_name: (m.outcome, m.reason) for m in submission.matches}


def count(db: Database, table: str) -> int:
    with db.owner.connect() as conn:
        return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def shown_rows(db: Database, table: str, raw: str = "") -> str:
    """The table's rows without the raw column."""
    with db.owner.connect() as conn:
        return "\n".join(conn.exec_driver_sql(f"SELECT CAST(to_jsonb(t) - '{raw}' AS text) FROM {table} t").scalars())


def test_a_run_exists_with_its_event_and_not_without(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow = publish(actor, "Triage")
    done = submit(actor)
    assert done.status == "matched" and reasons(done) == {"Triage": ("started", "started")}
    assert done.correlation_key == TICKET["ticketId"] and done.schema_status == "valid"
    with db.owner.connect() as conn:
        run = conn.execute(text("SELECT * FROM workflow_runs")).mappings().one()
        event = conn.execute(text("SELECT * FROM workflow_runtime_events")).mappings().one()
        queued = conn.execute(text("SELECT count(*) FROM dbos.workflow_status")).scalar_one()
    assert run["workflow_id"] == workflow and run["trigger_event_id"] == done.event_id == event["event_id"]
    assert run["triggered_at"] == event["created_at"] and run["input_json"] == TICKET
    assert event["matched_run_id"] == run["run_id"] and event["processed_at"] >= event["created_at"]
    assert queued == 1
    with pytest.raises(LookupError), database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type="TICKET_CREATED", payload=TICKET)
        raise LookupError
    assert count(db, "workflow_runs") == count(db, "workflow_runtime_events") == 1
    assert count(db, "dbos.workflow_status") == 1


def test_every_candidate_gets_its_reason(new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "a fine")
    publish(actor, "b paused", paused=True)
    publish(actor, "c unmapped", ref="payload.NoteCreated.v1")
    publish(actor, "d broken mapping", ref="payload.NoteCreated.v1", mapping={"noteId": {"$expr": "1 +"}})
    publish(actor, "e wrong payload", ref="payload.NoteCreated.v1", mapping={"noteId": "not a uuid"})
    publish(actor, "f lost schema", ref="payload.Lost.v1", mapping={"x": 1})
    publish(
        actor,
        "g mapped",
        ref="payload.TagApplied.v1",
        mapping={
            "tenantId": {"$expr": "event.payload.tenantId"},
            "tagId": {"$expr": "event.payload.ticketId"},
            "entityType": "ticket",
            "entityId": {"$expr": "event.correlationKey"},
            "appliedAt": "2026-01-01T00:00:00Z",
            "appliedByUserId": "5f0b7c52-8d5e-4e19-a1c1-6a8f7c0d2b41",
        },
    )
    publish(actor, "h nonsense", definition={"trigger": None})
    publish(actor, "z other event", event="TICKET_CLOSED")
    done = submit(actor)
    assert reasons(done) == {
        "a fine": ("started", "started"),
        "b paused": ("skipped", "paused"),
        "c unmapped": ("skipped", "no_mapping"),
        "d broken mapping": ("skipped", "mapping_failed"),
        "e wrong payload": ("skipped", "payload_invalid"),
        "f lost schema": ("skipped", "schema_unknown"),
        "g mapped": ("started", "started"),
        "h nonsense": ("failed", "start_failed"),
    }
    messages = {m.workflow_name: m.message for m in done.matches}
    assert "noteId" in messages["d broken mapping"]
    assert "payload.Lost.v1" in messages["f lost schema"]
    assert "payload.NoteCreated.v1" in messages["c unmapped"] and REF in messages["c unmapped"]
    assert "could not be started: an unexpected " in messages["h nonsense"]
    assert "“Start now” in the event's record tries again" in messages["h nonsense"]
    assert done.status == "error" and "h nonsense" in str(done.error_message)
    with database.read(actor) as conn:
        kept = get_submission(conn, tenant=actor.tenant, event_id=done.event_id)
    assert reasons(kept) == reasons(done) and kept.status == "error"


def test_an_event_that_starts_nothing_says_why(new_actor: ActorFactory) -> None:
    done = submit(new_actor())
    assert done.status == "unmatched"
    assert [m.message for m in done.matches] == [
        "No published workflow is attached to this event, and none waits for it."
    ]


@pytest.mark.own_database
def test_a_dry_run_decides_the_same_and_writes_nothing(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "fine")
    publish(actor, "paused", paused=True)
    with database.read(actor) as conn:  # a read-only transaction: writing would fail
        dry = ingestion.decide(conn, actor, event_type="TICKET_CREATED", payload=TICKET)
    assert count(db, "workflow_runtime_events") == count(db, "workflow_runs") == count(db, "event_submissions") == 0
    assert reasons(submit(actor)) == reasons(dry)
    assert list(dry.inputs.values()) == [TICKET]


@pytest.mark.own_database
def test_a_bad_payload_is_recorded_not_dropped(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "fine")
    done = submit(actor, {"ticketId": 7, "extra": 1.5})
    assert done.schema_status == "invalid"
    assert {e["path"] for e in done.schema_errors} >= {"/ticketId"}
    assert reasons(done) == {"fine": ("skipped", "payload_invalid")}
    assert count(db, "workflow_runtime_events") == 1


@pytest.mark.own_database
def test_the_same_submission_is_one_event_and_another_under_its_id_is_refused(
    db: Database, new_actor: ActorFactory
) -> None:
    actor, other = new_actor(), new_actor()
    publish(actor, "fine")
    first = submit(actor, source="desk", submission_id="42")
    again = submit(actor, dict(reversed(TICKET.items())), source="desk", submission_id="42")
    assert again.duplicate and again.event_id == first.event_id and reasons(again) == reasons(first)
    with pytest.raises(Conflict, match="42"):
        submit(actor, {**TICKET, "x": 1}, source="desk", submission_id="42")
    assert not submit(actor, source="phone", submission_id="42").duplicate
    assert not submit(other, source="desk", submission_id="42").duplicate
    assert count(db, "workflow_runtime_events") == 3 and count(db, "workflow_runs") == 2


NAMED = {
    "id": {"source": "desk", "submission_id": "ORD-12345678"},
    "source": {"source": "/orders/ORD-12345678", "submission_id": "1"},
    "no source": {"submission_id": "ORD-12345678"},
    "both": {"source": "/orders/ORD-12345678", "submission_id": "ORD-12345678"},
}


@pytest.mark.own_database
@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("hidden_first", [False, True])
@pytest.mark.parametrize("name", NAMED.values(), ids=NAMED)
def test_the_same_submission_is_one_event_whatever_is_redacted_meanwhile(
    name: dict[str, str], hidden_first: bool, attached: bool, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor("admin")
    if attached:
        publish(actor, "fine")
    payload = {**TICKET, "orderId": "ORD-12345678"}

    def redact(*pointers: str) -> None:
        with database.write(actor) as conn:
            redacted_fields.change(conn, actor, event_type="TICKET_CREATED", pointers=pointers)

    redact(*["/orderId"] * hidden_first)
    first = submit(actor, payload, **name)
    redact(*["/orderId"] * (not hidden_first))
    kept = shown_rows(db, "event_submissions")
    again = submit(actor, payload, **name)
    assert again.duplicate and again.event_id == first.event_id and reasons(again) == reasons(first)
    with pytest.raises(Conflict, match=str(first.event_id)) as refused:
        submit(actor, {**payload, "more": 1}, **name)
    assert hidden_first or "ORD-12345678" not in str(refused.value)
    assert shown_rows(db, "event_submissions") == kept, "and nothing is kept in plain text that is a secret now"
    assert count(db, "workflow_runtime_events") == 1 and count(db, "workflow_runs") == attached
    assert not submit(actor, payload, source="another", submission_id="ORD-12345678").duplicate


@pytest.mark.own_database
def test_the_same_submission_is_one_event_when_its_schema_marks_it_meanwhile(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "OWN", schema={"properties": {"orderId": {}}})
    name = {"source": "desk", "submission_id": "ORD-12345678"}
    first = submit(actor, {"orderId": "ORD-12345678"}, event="OWN", **name)
    with db.owner.begin() as conn:
        marked = json.dumps({"properties": {"orderId": {"x-sensitive": True}}})
        conn.execute(text("UPDATE event_catalog SET payload_schema = :s WHERE event_type = 'OWN'"), {"s": marked})
    again = submit(actor, {"orderId": "ORD-12345678"}, event="OWN", **name)
    assert again.duplicate and again.event_id == first.event_id


@pytest.mark.own_database
def test_one_name_that_was_taken_twice_before_tells_each_content_its_own_event(
    db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor()
    hiding = {**TICKET, "password": SECRET}
    hidden = submit(actor, hiding, source="desk", submission_id=SECRET)
    plain = submit(actor, source="phone", submission_id=SECRET)
    with db.owner.begin() as conn:
        conn.exec_driver_sql("UPDATE event_submissions SET source = 'desk'")
    for payload, first in ((hiding, hidden), (TICKET, plain)):
        again = submit(actor, payload, source="desk", submission_id=SECRET)
        assert again.duplicate and again.event_id == first.event_id


@pytest.mark.own_database
@pytest.mark.parametrize("submission_id", ["1", "token=Zq7Xv9Kp2Rm4"])
def test_fifty_at_once_are_one_event_and_one_run(submission_id: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    publish(actor, "fine")
    done: list[Submission] = []
    threads = [
        threading.Thread(target=lambda: done.append(submit(actor, source="s", submission_id=submission_id)))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 50 and len({d.event_id for d in done}) == 1
    assert sum(not d.duplicate for d in done) == 1
    assert count(db, "workflow_runtime_events") == count(db, "workflow_runs") == 1


@pytest.mark.own_database
def test_two_hundred_workflows_and_one_of_them_broken(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for number in range(199):
        publish(actor, f"w{number}")
    publish(actor, "broken", definition={"trigger": "nonsense"})
    done = submit(actor)
    assert len(done.of("started")) == 199 == count(db, "workflow_runs") == count(db, "dbos.workflow_status")
    assert [m.workflow_name for m in done.of("failed")] == ["broken"]


@pytest.mark.own_database
def test_what_one_candidate_breaks_in_the_database_is_undone_alone(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    bad = publish(actor, "bad")
    publish(actor, "good")
    with db.owner.begin() as conn:
        conn.exec_driver_sql(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.workflow_id = '{bad}'"
            " THEN RAISE EXCEPTION 'secret value'; END IF; RETURN NEW; END $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON workflow_runs FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    done = submit(actor)
    assert reasons(done) == {"bad": ("failed", "start_failed"), "good": ("started", "started")}
    (told,) = (match.message for match in done.of("failed"))
    assert "RaiseException" in told and "secret" not in told and "INSERT" not in told
    assert count(db, "workflow_runs") == 1 == count(db, "dbos.workflow_status")


def test_another_schema_than_the_catalogs_is_noted(new_actor: ActorFactory) -> None:
    done = submit(new_actor(), schema_ref="payload.TicketClosed.v1")
    assert done.schema_ref_conflict == {"catalog": REF, "submitted": "payload.TicketClosed.v1"}
    assert done.schema_status == "valid"
    assert submit(new_actor(), schema_ref="payload.Nowhere.v9").schema_status == "unknown"


def test_the_ref_of_a_known_schema_is_no_secret(new_actor: ActorFactory) -> None:
    actor = new_actor()
    for ref in (REF, "payload.TicketClosed.v1"):
        done = submit(actor, {**TICKET, "password": ref[8:-3]}, schema_ref=ref)
        assert done.schema_ref == ref and (done.schema_ref_conflict or {"submitted": ref})["submitted"] == ref
    assert (
        submit(actor, {**TICKET, "password": "Zq7Xv9Kp2Rm4"}, schema_ref="x.Zq7Xv9Kp2Rm4").schema_ref == "x.[redacted]"
    )


@pytest.mark.own_database
def test_secrets_are_hidden_in_everything_but_the_raw_column(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    event = next(e for e in system_catalog.read() if e.event_type == "CONTACT_CREATED")
    publish(
        actor,
        "copies",
        event="CONTACT_CREATED",
        ref="payload.TagApplied.v1",
        mapping={"note": {"$expr": "'Hello ' & event.payload.fullName"}},
    )
    publish(actor, "same", event="CONTACT_CREATED", ref="payload.ContactCreated.v1")
    payload = {**event.example, "fullName": "Zebulon Quux", "apiKey": "k-9f8e7d6c5b"}
    done = submit(actor, payload, event="CONTACT_CREATED")
    with db.owner.connect() as conn:
        rows = conn.execute(
            text(
                "SELECT to_jsonb(e) - 'payload', (SELECT jsonb_agg(to_jsonb(r) - 'input_json') FROM workflow_runs r),"
                " (SELECT jsonb_agg(to_jsonb(m)) FROM workflow_event_matches m) FROM workflow_runtime_events e"
            )
        ).one()
    assert done.schema_status == "valid"
    for secret in ("Zebulon", "Quux", "k-9f8e7d6c5b", payload["email"]):
        assert secret not in json.dumps([list(rows)], default=str)


SECRET = "Zq7Xv9Kp2Rm4"
CARD = "4539578763621486"
# Where a correlation key is a secret: by its look, by its name, by its schema, as part of a text, as a number.
SECRET_KEYS: dict[str, dict[str, Any]] = {
    "look": {"payload": {"ref": CARD}},
    "number": {"payload": {"ref": int(CARD)}},
    "text": {"payload": {"ref": f"Bearer {SECRET}"}},
    "name": {"payload": {"auth": {"apiKey": SECRET}}},
    "schema": {"payload": {"marked": SECRET}},
    "short": {"payload": {"marked": "17"}},
    "explicit": {"payload": {}, "correlation_key": f"token={SECRET}"},
    "explicit and hidden": {"payload": {"password": SECRET}, "correlation_key": SECRET},
    "explicit and hidden in part": {"payload": {"password": SECRET}, "correlation_key": f"user {SECRET}"},
}


@pytest.mark.parametrize("where", SECRET_KEYS)
def test_a_correlation_key_that_is_a_secret_is_kept_as_a_digest(
    where: str, db: Database, new_actor: ActorFactory
) -> None:
    actor, other = new_actor(), new_actor()
    for person in (actor, other):
        add_entry(
            db,
            person.tenant,
            "OWN",
            schema={"properties": {"marked": {"x-sensitive": True}}},
            paths=["ref", "auth.apiKey", "marked"],
        )
        add_schema(db, person.tenant, "own.v1", {})
        publish(person, "keyed", event="OWN", ref="own.v1", mapping={"note": {"$expr": "event.correlationKey"}})
    first, second = (submit(actor, event="OWN", **SECRET_KEYS[where]) for _ in range(2))
    assert re.fullmatch("redacted:[a-p]{16}", first.correlation_key or "")
    assert first.correlation_key == second.correlation_key, "so that what belongs together is found together"
    assert submit(other, event="OWN", **SECRET_KEYS[where]).correlation_key != first.correlation_key
    with database.read(actor) as conn:
        tried = ingestion.decide(conn, actor, event_type="OWN", **SECRET_KEYS[where])
    assert tried.correlation_key == "[redacted]", "nobody can try values unseen"
    stored = shown_rows(db, "workflow_runtime_events", "payload") + shown_rows(db, "workflow_runs", "input_json")
    assert SECRET not in stored and CARD not in stored
    assert stored.count(first.correlation_key) == 6, "two events, and their runs' keys and inputs"


def test_a_digest_cannot_be_made_by_whoever_reads(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    for statement in ("SELECT * FROM tenant_digest_keys", f"SELECT app_key_digest('{actor.tenant}', 'x')"):
        with pytest.raises(DBAPIError, match="permission denied"), database.write(actor) as conn:
            conn.exec_driver_sql(statement)


@pytest.mark.own_database
def test_what_a_sender_writes_beside_the_payload_is_redacted_too(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    payload = {**TICKET, "password": SECRET, f"Bearer {SECRET}": 1, "token=" + "x" * 300 + SECRET: 2}
    beside: dict[str, Any] = {
        "source": f"https://psa:{SECRET}@host/?u={SECRET}",
        "submission_id": f"token={SECRET}",
        "schema_ref": f"https://host/?api_key={SECRET}",
    }
    add_schema(db, actor.tenant, beside["schema_ref"], {"additionalProperties": False, "properties": {"a": {}}})
    done = submit(actor, payload, **beside)
    assert done.schema_status == "invalid"
    assert submit(actor, payload, **beside) == replace(done, duplicate=True, inputs={})
    with pytest.raises(Conflict) as error:
        submit(actor, {**payload, "more": 1}, **beside)
    stored = shown_rows(db, "workflow_runtime_events", "payload") + shown_rows(db, "event_submissions")
    with db.owner.connect() as conn:
        source = conn.exec_driver_sql("SELECT source FROM workflow_runtime_events").scalar_one()
    assert source == "https://psa:[redacted]@host/?u=[redacted]"
    assert SECRET not in f"{stored} {error.value} {done}"


MAPPING_ERRORS = [
    "$error('map ' & event.payload.password)",
    "$assert(false, event.payload.password)",
    "$error($string(event.payload))",
    "$error($pad('', 192, 'x') & event.payload.password)",
]


@pytest.mark.own_database
@pytest.mark.parametrize("expression", MAPPING_ERRORS)
def test_an_error_of_a_mapping_does_not_say_what_is_hidden(
    db: Database, new_actor: ActorFactory, caplog: pytest.LogCaptureFixture, expression: str
) -> None:
    actor = new_actor()
    publish(actor, "Broken", mapping={"ticketId": {"$expr": expression}})
    payload = {**TICKET, "password": SECRET}
    with database.read(actor) as conn:
        dry = ingestion.decide(conn, actor, event_type="TICKET_CREATED", payload=payload)
    done = submit(actor, payload)
    stored = shown_rows(db, "workflow_runtime_events", "payload") + shown_rows(db, "workflow_event_matches")
    assert [match.reason for match in done.matches] == [match.reason for match in dry.matches] == ["mapping_failed"]
    assert REDACTED in done.matches[0].message and SECRET[:5] not in f"{dry} {done} {stored} {caplog.text}"


def test_a_waiting_run_is_resumed_by_its_key_and_no_other(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    workflow, run = publish(actor, "waiter", event="TICKET_CREATED"), uuid4()
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runs (tenant, run_id, workflow_id, workflow_version, status)"
                " VALUES (:t, :r, :w, 1, 'WAITING')"
            ),
            {"t": actor.tenant, "r": run, "w": workflow},
        )
        conn.execute(
            text(
                "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type, event_name, key)"
                " VALUES (:t, :r, 'answer', 'event', 'TICKET_CLOSED', :k)"
            ),
            {"t": actor.tenant, "r": run, "k": TICKET["ticketId"]},
        )
    other = {**TICKET, "ticketId": str(uuid4())}
    assert submit(actor, other, event="TICKET_CLOSED").status == "unmatched"
    done = submit(actor, event="TICKET_CLOSED")
    assert [(m.outcome, m.run_id) for m in done.matches] == [("resumed", run)]
    assert submit(actor, event="TICKET_CLOSED").status == "unmatched", "a wait ends once"


@pytest.mark.own_database
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"correlation_key": "x" * 600}, "correlationKey"),
        ({"correlation_key": ""}, "correlationKey"),
        ({"source": "a\0b", "submission_id": "1"}, "source"),
        ({"source": "s", "submission_id": "x" * 300}, "id"),
        ({"source": "backfill", "submission_id": f"{uuid4()}:{uuid4()}"}, "source"),
        ({"schema_ref": "\ud800"}, "schemaRef"),
        ({"payload": {"a": "\0"}}, "payload"),
        ({"payload": {"a": float("nan")}}, "payload"),
    ],
)
def test_bad_input_names_its_field_and_nothing_is_saved(
    options: dict[str, Any], field: str, db: Database, new_actor: ActorFactory
) -> None:
    with pytest.raises(InvalidInput) as error:
        submit(new_actor(), **options)
    assert error.value.field == field
    assert count(db, "workflow_runtime_events") == 0


def test_only_known_events_and_only_with_manage(new_actor: ActorFactory) -> None:
    with pytest.raises(NotFound, match="NOPE"):
        submit(new_actor(), event="NOPE")
    with pytest.raises(PermissionDenied):
        submit(new_actor("read"))


@pytest.mark.parametrize(
    ("payload", "paths", "key"),
    [
        ({"a": 1}, ["a"], "1"),
        ({"a": {"b": "x"}}, ["z", "a.b"], "x"),
        ({"a": ""}, ["a"], None),
        ({"a": True}, ["a"], None),
        ({"a": [1]}, ["a"], None),
        ({"a": "x" * 600, "b": "y"}, ["a", "b"], "y"),
        ("text", ["a"], None),
        ({}, [], None),
    ],
)
def test_the_derived_key_is_the_first_usable_value(payload: Any, paths: list[str], key: str | None) -> None:
    assert correlation.derived_key(payload, paths) == key


IBAN, SSN = "DE89370400440532013000", "078-05-1120"
_SECRETS = st.one_of(
    st.sampled_from([CARD, " ".join(CARD[at : at + 4] for at in range(0, 16, 4)), IBAN, SSN]),
    st.from_regex("[A-Za-z0-9]{12,30}", fullmatch=True).map("Bearer {}".format),
    st.from_regex("eyJ[A-Za-z0-9]{10,20}[.]eyJ[A-Za-z0-9]{10,20}[.][A-Za-z0-9_-]{10,30}", fullmatch=True),
)
_WORDS = st.from_regex("[a-z ]{0,12}", fullmatch=True)


@st.composite
def _planted(draw: st.DrawFn) -> tuple[str, Any, dict[str, Any]]:
    """A secret, a payload that has it in one place or more, and what is sent beside."""
    secret: str = draw(_SECRETS)
    in_text = st.builds("{} {} {}".format, _WORDS, st.just(secret), _WORDS)
    hidden = st.one_of(
        st.just(secret),
        in_text,
        in_text.map(lambda text: json.dumps({"a": [text]})),
        st.just({secret: 1}),
        st.just({"password": secret.split()[-1]}),
        in_text.map(lambda text: {text: text}),
    )
    value = st.recursive(
        hidden,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=2)
            | st.dictionaries(st.sampled_from(["ref", "a", "b", "note"]), inner, min_size=1, max_size=3)
        ),
        max_leaves=6,
    )
    payload = {"ref": draw(st.one_of(hidden, st.just("T-1"))), draw(_WORDS): draw(value)}
    beside = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "correlation_key": in_text,
                "source": in_text.map("/psa/{}".format),
                "schema_ref": in_text,
            },
        )
    )
    return secret, payload, beside


@pytest.mark.hypothesis
@pytest.mark.own_database
def test_no_secret_planted_anywhere_leaves_the_raw_column(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "OWN", ref="own.v1", paths=["ref", "note"])
    add_schema(db, actor.tenant, "own.v1", {"additionalProperties": False, "properties": {"ref": {"type": "string"}}})
    add_schema(db, actor.tenant, "any.v1", {})
    publish(actor, "same", event="OWN", ref="own.v1")
    publish(actor, "mapped", event="OWN", ref="any.v1", mapping={"x": {"$expr": "event"}})

    @settings(suppress_health_check=list(HealthCheck), database=None)
    @given(_planted(), st.integers(0, 10**9))
    def check(planted: tuple[str, Any, dict[str, Any]], number: int) -> None:
        secret, payload, beside = planted
        core = secret.split()[-1] if secret.startswith("Bearer") else secret
        done = submit(actor, payload, event="OWN", submission_id=f"{number} {secret}", **beside)
        with db.owner.begin() as conn:
            rows = [
                row
                for table, raw in (
                    ("workflow_runtime_events", "payload"),
                    ("workflow_runs", "input_json"),
                    ("workflow_event_matches", ""),
                    ("event_submissions", ""),
                )
                for row in conn.exec_driver_sql(f"SELECT CAST(to_jsonb(t) - '{raw}' AS text) FROM {table} t").scalars()
            ]
            for table in ("event_submissions", "workflow_event_matches", "workflow_runs", "workflow_runtime_events"):
                conn.exec_driver_sql(f"DELETE FROM {table}")
        assert rows and core not in f"{rows} {done}"

    check()
