"""The activity page and the record of an event as AppTest sees them; and that a planted secret is nowhere."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.auth.downloads import FileFormat
from lib.database import Database
from lib.errors import InvalidInput
from lib.events import activity, simulation
from lib.events import export as event_export
from lib.events.activity import EventFilters
from lib.events.simulation import EventDraft
from lib.runs import records as run_records
from tests.conftest import ActorFactory
from tests.database.events.test_activity import START, add, add_run, find
from tests.database.events.test_ingestion import TICKET, publish, submit
from tests.database.events.test_starting import mend
from tests.support import pages, workflow_runs
from tests.support.api_client import ApiClient, event, new_token
from tests.support.tenant_catalog import add_schema

FORMS: tuple[FileFormat, ...] = ("csv", "json")


def open_page(**query: str | list[str]) -> AppTest:
    return pages.open_page("activity.py", **query)


def events(app: AppTest) -> list[str]:
    """Types of the listed events, in order."""
    return list(app.dataframe[0].value["Event"]) if app.dataframe else []


def shown(app: AppTest) -> str:
    """Every text on the page."""
    parts = [
        str(e.value)
        for kind in ("title", "header", "markdown", "caption", "error", "warning", "info", "code")
        for e in app.get(kind)
    ]
    parts += [str(b.label) for b in app.button] + [str(b.help) for b in app.button]
    parts += [d.value.to_csv() for d in app.dataframe]
    return "\n".join(parts)


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    """An admin with five events."""
    actor = new_actor("admin", name="Acme")
    for number, (name, columns) in enumerate(
        [
            ("TICKET_CREATED", {"matched_run_id": uuid4()}),
            ("TICKET_CLOSED", {"error_message": "1 of 1 workflows could not be started: Triage."}),
            ("TAG_APPLIED", {"origin": "simulated"}),
            ("TAG_APPLIED", {"correlation_key": "key-1"}),
            ("OUR_OWN_EVENT", {}),
        ]
    ):
        at = START + timedelta(minutes=number)
        event = add(db, actor.tenant, {"n": number}, event_name=name, created_at=at, **columns)
        if not number:
            workflow = workflow_runs.publish(actor.tenant, [workflow_runs.log_step("one")])
            for status in ("FAILED", "SUCCEEDED", "SUCCEEDED"):
                add_run(db, workflow, event, status)
    return actor


@pytest.mark.usefixtures("actor")
def test_lists_events_latest_first_with_what_came_of_each() -> None:
    app = open_page()
    assert app.title[0].value == "Activity"
    assert events(app) == ["OUR_OWN_EVENT", "TAG_APPLIED", "TAG_APPLIED", "TICKET_CLOSED", "TICKET_CREATED"]
    table = app.dataframe[0].value
    assert [s[0] for s in table["Status"]] == ["No workflow", "No workflow", "No workflow", "Error", "Matched"]
    assert [o[0] for o in table["Origin"]].count("Simulated") == 1
    assert [list(one) for one in table["Result"]] == [[], [], [], [], ["2 succeeded", "1 failed"]]
    assert "5 events ·" in shown(app) and "· Times in UTC ·" in shown(app)


def test_only_an_event_that_was_skipped_is_amber_and_says_why(new_actor: ActorFactory) -> None:
    actor = new_actor()
    submit(actor)
    publish(actor, "Unmapped", ref="payload.NoteCreated.v1")
    submit(actor)
    app = open_page()
    assert [s[0] for s in app.dataframe[0].value["Status"]] == ["Unmatched", "No workflow"]
    assert [list(one) for one in app.dataframe[0].value["Result"]] == [["No mapping"], []]
    config = json.loads(app.dataframe[0].proto.columns)
    colors = {o["value"]: o["color"] for o in config["Status"]["type_config"]["options"]}
    assert colors["Unmatched"] == "orange" and colors["No workflow"] == "gray"


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize("half", [{"field": "n"}, {"value": "3"}])
def test_half_a_search_keeps_the_list_and_says_what_is_missing(half: dict[str, str]) -> None:
    app = open_page(**half)
    assert len(events(app)) == 5 and not app.error
    assert "Until then all events are listed" in shown(app)
    assert find_label(app) == "Find", "half a filter filters nothing"
    app = open_page(field="n", value="3", key="key-1")
    assert len(events(app)) == 1 and "Until then" not in shown(app)
    assert find_label(app) == "Find · 2", "field and value are one filter"


def find_label(app: AppTest) -> str:
    """What the fold with the exact filters says."""
    found, todo = [], [app.main]
    while todo:
        block: Any = todo.pop()
        todo += list(getattr(block, "children", {}).values())
        proto = getattr(block, "proto", None)
        if proto is not None and hasattr(proto, "popover") and proto.HasField("popover"):
            found.append(proto.popover.label)
    [label] = [label for label in found if label.startswith("Find")]
    return str(label)


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"event": "TAG_APPLIED"}, 2),
        ({"event": ["TAG_APPLIED", "OUR_OWN_EVENT"]}, 3),
        ({"status": "Error"}, 1),
        ({"eventStatus": "error"}, 1),
        ({"origin": "simulated"}, 1),
        ({"key": "key-1"}, 1),
        ({"field": "n", "value": "3"}, 1),
        ({"time": "Custom", "since": "2026-03-01T00:02", "until": "2026-03-01T00:04"}, 2),
        ({"since": "2026-03-01T01:02+01:00", "until": "2026-03-01T00:04Z"}, 2),
        ({"from": "2026-03-01T00:02"}, 3),
        ({"range": "Last hour"}, 0),
        ({"eventRuns": "Failed"}, 1),
        ({"runStatus": "SUCCEEDED"}, 1),
        ({"eventRuns": "waiting"}, 0),
        ({"event": "NO_SUCH_EVENT"}, 0),
        ({"status": "nonsense", "origin": "<b>", "range": "eternity", "before": "'; DROP TABLE tenants"}, 5),
    ],
)
def test_the_url_is_the_view(query: dict[str, Any], found: int) -> None:
    app = open_page(**query)
    assert len(events(app)) == found
    if not found:
        assert "No event matches these filters" in shown(app)


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"field": "a..b", "value": "1"}, "Payload field cannot be read"),
    ],
)
def test_what_cannot_be_searched_for_is_said(query: dict[str, str], said: str) -> None:
    assert said in open_page(**query).error[0].value


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(("key", "said"), [("id", "Event id has"), ("eventKey", "Correlation key has")])
def test_text_that_no_event_can_hold_is_said_in_the_address_and_where_it_is_typed(key: str, said: str) -> None:
    app = open_page(**{key: "a\0"})
    assert "has the character NUL" in app.warning[0].value and not app.error
    app.text_input(key=key).set_value("a\0").run()
    assert said in app.error[0].value


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-03-01T00:02", 3),
        ("2026-03-01 00:02", 3),
        ("2026-03-01T00:02Z", 3),
        ("2026-03-01T02:02+02:00", 3),
        ("2026-03-01T02:02 02:00", 3),
        ("2026-02-28T22:02:00-02:00", 3),
        ("2026-03-01", 5),
        ("2026-03-02", 0),
    ],
)
def test_times_in_the_address_are_read_as_people_write_them(written: str, found: int) -> None:
    app = open_page(since=written)
    assert len(events(app)) == found
    assert not app.warning


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(("name", "value"), [("since", "yesterday"), ("until", "2026-13-01"), ("since", "0001-01-01")])
def test_a_time_that_cannot_be_read_is_said(name: str, value: str) -> None:
    app = open_page(**{name: value})
    assert len(events(app)) == 5
    assert app.warning[0].value.startswith(f"“{name}” in the URL must be a date or a time from 2000 to 2100")


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("status", "broken", "`status` in the address is left out: `broken` is not one of All, Matched"),
        ("origin", "`<b>`", "is not one of Live, Simulated, Replay"),
        ("time", "eternity", "is not one of Last hour"),
        ("before", "2026", "`before` in the address is left out: `2026` is no place in the list"),
        ("live", "maybe", "`live` in the address is left out: `maybe` is not one of true, false."),
    ],
)
def test_what_cannot_be_read_in_the_address_is_said(name: str, value: str, said: str) -> None:
    app = open_page(**{name: value})
    assert len(events(app)) == 5
    assert said in app.warning[0].value
    app.text_input(key="eventKey").set_value("key-1").run()
    assert len(events(app)) == 1 and not app.warning


@pytest.mark.usefixtures("actor")
def test_the_url_is_read_whenever_one_comes_to_the_page() -> None:
    app = open_page(status="broken")
    assert len(events(app)) == 5 and app.warning
    app.query_params.clear()
    app.switch_page("catalog.py").run()
    app.query_params["eventStatus"] = "matched"
    app.switch_page("activity.py").run()
    assert events(app) == ["TICKET_CREATED"] and not app.warning


@pytest.mark.usefixtures("actor")
def test_clearing_shows_everything_again() -> None:
    app = open_page(status="error", key="nothing")
    app.button(key="clear-activity").click().run()
    assert len(events(app)) == 5


def test_pages_are_walked_back_and_forth(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("read", name="Acme")
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO workflow_runtime_events (tenant, event_name, payload, redacted_payload, created_at)"
                " SELECT :t, 'E' || n, '{}', '{}', :at + n * interval '1 s' FROM generate_series(0, 119) n"
            ),
            {"t": actor.tenant, "at": START},
        )
    app = open_page()
    assert (events(app)[0], events(app)[-1]) == ("E119", "E70")
    app.button(key="activity-older").click().run()
    assert (events(app)[0], events(app)[-1]) == ("E69", "E20")
    shared = app.query_params["before"]
    app.button(key="activity-older").click().run()
    assert (events(app)[0], events(app)[-1]) == ("E19", "E0")
    assert app.button(key="activity-older").disabled
    last = app.query_params["before"]
    app.button(key="activity-newer").click().run()
    assert (events(app)[0], events(app)[-1]) == ("E69", "E20")
    assert "before" not in app.query_params
    app.button(key="activity-older").click().run()
    assert events(app)[0] == "E19"
    assert events(open_page(before=shared))[0] == "E69"
    visitor = open_page(before=last)  # who was sent a link, and never saw the pages before it
    visitor.button(key="activity-newer").click().run()
    assert (events(visitor)[0], events(visitor)[-1]) == ("E69", "E20")
    assert events(open_page(after=visitor.query_params["after"]))[0] == "E69"
    visitor.button(key="activity-newer").click().run()
    assert events(visitor)[0] == "E119" and visitor.button(key="activity-newer").disabled
    app.text_input(key="eventKey").set_value("none").run()
    assert "No event matches" in shown(app)


def test_a_tenant_without_events_is_told_how_they_come(new_actor: ActorFactory) -> None:
    new_actor("read", name="Acme")
    assert "Nothing has happened yet" in shown(open_page())


# -- the record ---------------------------------------------------------------------------------------


def test_the_record_explains_each_candidate(new_actor: ActorFactory) -> None:
    actor = new_actor("admin", name="Acme")
    publish(actor, "Triage *all*")
    publish(actor, "Unmapped", ref="payload.NoteCreated.v1")
    first = submit(actor, source="psa", submission_id="4711")
    done = submit(actor, {**TICKET, "tenantId": "no uuid"}, schema_ref="payload.Other.v1")
    assert events(open_page(id="4711")) == ["TICKET_CREATED"]
    app = open_page(eventId=str(first.event_id))
    assert app.title[0].value == "Ticket Created", "as everywhere else"
    words = shown(app)
    assert "`TICKET_CREATED`" in app.markdown[0].value
    assert "Started" in words and "Triage \\*all\\*" in words and "A run was started" in words
    assert "Skipped" in words and "no mapping leads from one to the other" in words
    assert "Fits its schema" in words and '"ticketId": "' in words and actor.email in words
    assert ":gray[Sender's id]  `4711`" in words
    app = open_page(eventId=str(done.event_id))
    assert "the catalog says" in app.warning[0].value
    assert "earlier" in app.button(key="previous-occurrence").label
    app.button(key="previous-occurrence").click().run()
    assert str(first.event_id) in shown(app)
    app.button(key="back-to-activity").click().run()
    assert len(events(app)) == 2


def test_a_violation_names_path_and_line(new_actor: ActorFactory) -> None:
    actor = new_actor("admin", name="Acme")
    done = submit(actor, {**TICKET, "tenantId": "no uuid"})
    words = shown(open_page(eventId=str(done.event_id)))
    assert "Violates its schema" in words and "`/tenantId` :gray[line 2]" in words


def test_an_unknown_a_foreign_and_a_senseless_id_look_the_same(db: Database, new_actor: ActorFactory) -> None:
    ours, theirs = new_actor("admin", name="Acme"), new_actor("admin", name="Beta")
    foreign = add(db, theirs.tenant, {"theirs": 1})
    looks = {
        shown(open_page(tenant=str(ours.tenant), eventId=i))
        for i in (str(foreign), str(uuid4()), "42", "<script>", "\0")
    }
    assert len(looks) == 1 and "There is no such event." in looks.pop()


def test_hostile_names_are_inert(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin", name="Acme")
    name = "![x](https://evil.example/x.png)"
    event = add(db, actor.tenant, {"a": name}, event_name=name, source=name, correlation_key=name, error_message=name)
    app = open_page(eventId=str(event))
    for element in (*app.title, *app.error):
        assert "](" not in element.value
    assert "](" not in shown(app).replace(f"`{name}`", "").replace(f'"{name}"', "")


@pytest.mark.parametrize("permission", ["read", "manage", "admin"])
def test_what_one_may_do_with_an_event(permission: str, db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor(permission, name="Acme")
    app = open_page(eventId=str(add(db, actor.tenant)))
    again = app.button(key="simulate-again")
    assert again.disabled == (permission == "read")
    assert ("manage" in (again.help or "")) == (permission == "read")
    assert [b.key for b in app.button if b.key == "reveal"] == (["reveal"] if permission == "admin" else [])


def test_the_raw_payload_takes_a_reason(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin", name="Acme")
    event = add(db, actor.tenant, {"password": "[redacted]"}, payload='{"password": "hunter2"}')
    app = open_page(eventId=str(event))
    app.button(key="reveal").click().run()
    assert "hunter2" not in shown(app)
    _reveal(app, "")
    assert "Reason must have" in shown(app) and "hunter2" not in shown(app)
    _reveal(app, "The customer asked, ticket 42")
    assert '"password": "hunter2"' in shown(app)
    assert [b.label for b in app.button if (b.key or "").startswith("reveal-")] == ["Close"]
    app.button(key="reveal-done").click().run()
    assert "hunter2" not in shown(app)
    app.button(key="reveal").click().run()
    _reveal(app, "And once more")
    with db.owner.connect() as conn:
        told = conn.exec_driver_sql("SELECT detail ->> 'reason' FROM audit_logs ORDER BY audit_id").scalars().all()
    assert told == ["The customer asked, ticket 42", "And once more"]


def _reveal(app: AppTest, reason: str) -> None:
    app.text_input(key="reveal-reason").set_value(reason)
    next(b for b in app.button if b.label == "Reveal").click().run()


# -- a planted secret ---------------------------------------------------------------------------------

SECRET = "Zq7Xv9Kp2Rm4"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{SECRET}In0.{SECRET}"
CARD = "4539578763621486"
PLANTED: dict[str, Any] = {
    "password": f"{SECRET}01",
    "api-key": f"{SECRET}02",
    "nested": {"auth": {"clientSecret": f"{SECRET}03"}},
    "list": [{"access_token": f"{SECRET}04"}, [f"token={SECRET}05"]],
    "email": f"{SECRET}06@example.com",
    "note": f"I set the password: {SECRET}07 for you",
    "header": f"Authorization: Bearer {SECRET}08",
    "bearer": f"sent with Bearer {SECRET}09 today",
    "jwt": JWT,
    "card": f"paid with {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}",
    "inner": json.dumps({"secret": f"{SECRET}11"}),
    "headers": [{"name": "Cookie", "value": f"session={SECRET}12"}],
    "url": f"https://user:{SECRET}13@example.com/x",
}
RAW = {
    "workflow_runtime_events": ["payload"],
    "workflow_runs": ["input_json", "output_json"],
    "workflow_run_results": ["result"],
}


def planted(words: str) -> bool:
    return SECRET in words or CARD in words.replace(" ", "")


def everything_stored(db: Database) -> str:
    """Each row of each table, raw columns left out."""
    rows = []
    with db.owner.connect() as conn:
        tables = conn.exec_driver_sql(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename), tablename FROM pg_tables"
            " WHERE schemaname IN ('public', 'dbos') AND tablename !~ '^workflow_runtime_events_'"
        ).all()  # the partitions are read through their parent, which pg_tables names too
        for table, name in tables:
            raw = RAW.get(name, [])
            statement = text(f"SELECT CAST(to_jsonb(t) - CAST(:raw AS text[]) AS text) FROM {table} t")
            rows += conn.execute(statement, {"raw": raw}).scalars()
    return "\n".join(rows)


@pytest.mark.own_database
def test_a_planted_secret_is_nowhere_but_in_the_raw_columns(
    db: Database, new_actor: ActorFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    actor = new_actor("admin", name="Acme")
    ref = "payload.ContactCreated.v1"
    same = {
        "contactId": {"$expr": "event.payload.contactId"},
        "note": {"$expr": "event.payload.note"},
        "email": {"$expr": "event.payload.email"},
        "copy": {"$expr": "event.payload.bearer"},
    }
    publish(actor, "as it is", event="CONTACT_CREATED", ref=ref)
    publish(actor, "mapped", event="CONTACT_CREATED", ref="payload.NoteCreated.v1", mapping=same)
    publish(
        actor, "broken", event="CONTACT_CREATED", ref=ref, mapping={"x": {"$expr": "$number(event.payload.password)"}}
    )
    done = submit(actor, PLANTED, event="CONTACT_CREATED", source="psa", submission_id="1")
    with pytest.raises(InvalidInput):
        submit(actor, PLANTED, event="CONTACT_CREATED", correlation_key="x" * 600)

    with db.owner.connect() as conn:
        raw = conn.exec_driver_sql("SELECT CAST(payload AS text) FROM workflow_runtime_events").scalar_one()
    assert raw.count(SECRET) >= 12 and planted(raw.split("card")[1]), "the secret did arrive"
    stored = everything_stored(db)
    assert str(done.event_id) in stored and "[redacted]" in stored
    assert not planted(stored)
    assert not planted(shown(open_page())) and not planted(shown(open_page(eventId=str(done.event_id))))
    for form in FORMS:
        content = "".join(event_export.lines(actor, filters=EventFilters(), form=form))
        assert str(done.event_id) in content and not planted(content)
    assert not planted(caplog.text)
    for path, value in _guesses(PLANTED):
        assert find(actor, path=path, value=value) == [], (path, value)
    with database.read(actor) as conn:
        assert not planted(repr(activity.record(conn, tenant=actor.tenant, event_id=str(done.event_id))))


# Beside the payload: derived and explicit correlation keys, subject, source, id and schema ref of the sender.
BESIDE: list[dict[str, Any]] = [
    {"data": {"clientId": JWT}},
    {
        "data": {"clientId": CARD, "password": f"{SECRET}20"},
        "source": f"https://u:{SECRET}21@psa.example/?k={SECRET}20",
    },
    {"data": {"password": f"{SECRET}22"}, "subject": f"{SECRET}22"},
    {"correlationkey": f"Bearer {SECRET}23", "id": f"token={SECRET}24"},
    {"subject": f"card {CARD}", "dataschema": f"https://psa.example/schema?api_key={SECRET}25"},
]


def test_a_planted_secret_beside_the_payload_is_nowhere_either(
    db: Database, new_actor: ActorFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    actor = new_actor("admin", name="Acme")
    same = {"note": {"$expr": "event.correlationKey"}, "copy": {"$expr": "event.payload.clientId"}}
    add_schema(db, actor.tenant, "any.v1", {})
    workflow = publish(actor, "Keyed", event="CLIENT_CREATED", ref="any.v1", mapping=same)
    client = ApiClient(new_token(actor))
    answers = []
    for beside in BESIDE:
        sent = event(type="CLIENT_CREATED", **beside)
        answer = client.post(sent)
        assert answer.status_code == 202 and client.post(sent).json()["duplicate"]
        refused = client.post({**sent, "data": {"other": 1}})
        assert refused.status_code == 409
        answers += [answer.text, refused.text, client.get(answer.json()["links"]["self"]).text]
    with database.write(actor) as conn:
        draft = EventDraft("CLIENT_CREATED", {}, correlation_key=f"password: {SECRET}26")
        done = simulation.send(conn, actor, draft=draft)
        assert simulation.remembered_key(conn, actor, event_type="CLIENT_CREATED") is None
    stored = everything_stored(db)
    assert stored.count("redacted:") > 2 * len(BESIDE) and not planted(stored)
    assert len(answers) == 3 * len(BESIDE) and not planted("\n".join(answers))
    drawn = [shown(open_page()), shown(open_page(eventId=str(done.event_id)))]
    for page, query in (
        ("runs.py", {}),
        ("runs.py", {"runId": str(done.of("started")[0].run_id)}),
        ("metrics.py", {"eventType": "CLIENT_CREATED"}),
        ("metrics.py", {}),
        ("designer.py", {"workflowId": str(workflow)}),
        ("simulate.py", {"eventType": "CLIENT_CREATED"}),
    ):
        drawn.append(shown(pages.open_page(page, **query)))
    assert "redacted:" in drawn[0] and "redacted:" in drawn[3] and not planted("\n".join(drawn))
    for form in FORMS:
        content = "".join(event_export.lines(actor, filters=EventFilters(), form=form))
        assert content.count("redacted:") >= len(BESIDE) and not planted(content)
    assert not planted(client.get("/metrics").text + caplog.text)
    for key in (JWT, CARD, f"{SECRET}22", f"Bearer {SECRET}23", f"card {CARD}", f"password: {SECRET}26"):
        assert find(actor, correlation_key=key) == [], "a guess is not answered"


def _guesses(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Each text that has a secret in it, and the secret alone, at its place; in lists at any."""
    if isinstance(value, dict):
        return [g for name, item in value.items() for g in _guesses(item, f"{path}/{name}")]
    if isinstance(value, list):
        return [g for item in value for g in _guesses(item, path)]
    return [(path, value), (path, SECRET)] if planted(value) else []


def test_the_record_of_an_event_without_a_workflow_offers_to_attach_one(new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    lonely = submit(actor)
    app = open_page(eventId=str(lonely.event_id))
    assert app.button(key="record-attach-TICKET_CREATED").label == "Attach" and "start-event" not in keys(app)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    here = f"&tenant={actor.tenant}"
    assert links["Event in the catalog"] == links["Its metrics"] == f"eventType=TICKET_CREATED{here}"
    assert links["Timeline of its key"] == f"key={TICKET['ticketId']}{here}"
    publish(actor, "Unmapped", ref="payload.NoteCreated.v1")
    skipped = open_page(eventId=str(submit(actor).event_id))
    assert "record-attach-TICKET_CREATED" not in keys(skipped) and ":orange-badge" in skipped.markdown[1].value


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def test_an_event_in_error_is_started_as_itself_from_its_record(new_actor: ActorFactory) -> None:
    actor = new_actor("manage", name="Ours")
    bad = publish(actor, "bad", definition={"trigger": None})
    event = submit(actor).event_id
    reader = new_actor("read", tenant=actor.tenant, name="Ours")
    denied = pages.open_page("activity.py", person=pages.label_of(reader, "Ours"), eventId=str(event))
    assert denied.button(key="start-event").disabled and "you need manage" in denied.button(key="start-event").help
    mend(bad)
    app, late = (
        pages.open_page("activity.py", person=pages.label_of(actor, "Ours"), eventId=str(event)) for _ in range(2)
    )
    app.button(key="start-event").click().run()
    assert not app.exception and not app.error and "start-event" not in keys(app)
    assert [toast.value for toast in app.toast] == ["1 of 1 workflow started."]
    assert "Matched" in shown(app) and "Queued" in shown(app)
    late.button(key="start-event").click().run()
    assert "what it could start has been started" in late.toast[0].value and not late.exception
    with database.read(actor) as conn:
        assert len(run_records.runs_of_event(conn, tenant=actor.tenant, event_id=event)) == 1
