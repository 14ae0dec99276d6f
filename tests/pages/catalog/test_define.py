"""The page that defines an event, and what the event's own page offers to do with it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth.actors import Actor
from lib.catalog import definition_drafts, entries, own_entries
from lib.catalog.definitions import EntryDefinition
from lib.database import Database
from lib.events import ingestion, unknown_events
from lib.events.judging import SentEvent
from lib.ui.components.text import escape, unbroken
from lib.workflows import own_events
from tests.conftest import ActorFactory
from tests.database.workflows.test_own_events import CHANGED, GOOD, TYPE, create, published
from tests.support import pages
from tests.support.pages import label_of, open_page
from tests.support.tenant_catalog import add_entry


def define(*, person: str | None = None, **query: str) -> AppTest:
    return open_page("define.py", person=person, **query)


def key(app: AppTest, name: str) -> str:
    return str(app.session_state["define-start"].key(name))


def fill(app: AppTest, **texts: Any) -> AppTest:
    """Put values into fields by their names; the page is drawn once, after all of them."""
    kinds = {"type": "text_input", "name": "text_input", "schema": "text_area", "example": "text_area"}
    for name, value in texts.items():
        if name in kinds:
            getattr(app, kinds[name])(key=key(app, name)).set_value(value)
        else:  # AppTest chooses only among the options, so others are typed in a browser (tests/e2e)
            app.session_state[key(app, name)] = value
    return app.run()


def said(app: AppTest) -> str:
    drawn = (*app.markdown, *app.caption, *app.error, *app.info, *app.warning, *app.title)
    return "\n".join(one.value for one in drawn)


def save(app: AppTest) -> AppTest:
    app.button(key=key(app, "save")).click().run()
    assert not app.exception
    return app


def stored(actor: Actor, event_type: str = TYPE) -> entries.CatalogEntry | None:
    with database.read(actor) as conn:
        return entries.entry(conn, tenant=actor.tenant, event_type=event_type)


def test_the_catalogs_button_leads_there_and_tells_readers_whom_to_ask(new_actor: ActorFactory) -> None:
    boss = new_actor("admin", name="Acme")
    button = pages.new_session().run().button(key="define-event")
    assert not button.disabled
    reader = new_actor("read", name="Acme", tenant=boss.tenant)
    st.cache_data.clear()
    app = pages.new_session(person=label_of(reader, "Acme")).run()
    refused = app.button(key="define-event")
    assert refused.disabled
    assert refused.help == escape(
        "You have read permission; to simulate events and change workflows you need manage. "
        f"Ask an admin of Acme ({boss.email})."
    )
    page = define(person=label_of(reader, "Acme"))
    assert [one.value for one in page.info] == [refused.help] and not page.text_input
    event = open_page("event.py", eventType="TICKET_CREATED", person=label_of(reader, "Acme"))
    assert event.button(key="define-from-eventType").disabled and event.button(key="define-from-copy").disabled


def test_an_event_is_defined_with_an_inline_schema(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    add_entry(db, actor.tenant, "OTHER", owner="Field team", tags=["hardware"])
    app = define()
    assert not app.error and ":red[" not in said(app), "nothing is wrong before one has begun"
    fill(app, type=TYPE, name="Device offline", category="Assets", owner="Field team", tags=["hardware"])
    app.segmented_control(key=key(app, "source")).set_value("Inline JSON Schema").run()
    fill(app, schema=json.dumps(GOOD.payload_schema), paths=["deviceId"])
    assert "`deviceId` gives" in said(app) and "in the sample" in said(app)
    assert any(one.label.startswith("deviceId") for one in app.text_input), "the form that it makes"
    save(app)
    assert app.title[0].value.endswith("Device offline"), "it ends on the event's page"
    made = stored(actor)
    assert made is not None and made.schema == GOOD.payload_schema and made.payload_schema_ref == f"inline.{TYPE}.v1"
    assert (made.owner, made.tags, made.correlation_paths) == ("Field team", ["hardware"], ["deviceId"])


def test_an_event_is_defined_with_a_schema_of_the_registry(new_actor: ActorFactory) -> None:
    actor = new_actor()
    app = define()
    fill(app, type=TYPE, name="Device offline", category="Assets")
    assert "Give a schema" in said(app)
    app = fill(app, ref="payload.TicketCreated.v1", paths=["ticketId"])
    assert any("ticketId" in one.label for one in app.text_input)
    save(app)
    assert (stored(actor) or 0).payload_schema_ref == "payload.TicketCreated.v1"  # type: ignore[union-attr]


def test_what_is_wrong_is_said_as_one_types_at_its_line(new_actor: ActorFactory) -> None:
    actor = new_actor()
    app = fill(define(), type="device offline", name="x" * 121)
    assert "Did you mean DEVICE\\_OFFLINE?" in said(app) and "The name has 121 characters" in said(app)
    assert "The category must not be empty" not in said(app)
    app.button(key=key(app, "spelled")).click().run()
    assert app.text_input(key=key(app, "type")).value == "DEVICE_OFFLINE"
    app.segmented_control(key=key(app, "source")).set_value("Inline JSON Schema").run()
    fill(app, schema='{"type": "object",\n"properties": {"a": {"type": "nix"}}}', example='{"a":\n}')
    assert f"Line 2: {escape('/properties/a/type: Must be one of')}" in said(app)
    assert "Example is not JSON" in said(app)
    save(app)
    assert "The category must not be empty" in said(app) and "Not saved: 4 problems above." in said(app)
    assert stored(actor) is None


def test_a_correlation_path_is_tried_with_the_example(new_actor: ActorFactory) -> None:
    new_actor()
    app = define()
    app.segmented_control(key=key(app, "source")).set_value("Inline JSON Schema").run()
    fill(app, schema=json.dumps(GOOD.payload_schema), paths=["deviceId", "rack"], example='{"deviceId": "4711"}')
    assert "`deviceId` gives `4711` in the example" in said(app) and "`rack` gives no key" in said(app)
    fill(app, paths=["devicId"])
    assert "no field devicId for a correlation path. Did you mean deviceId?" in said(app)


def test_a_senders_spelling_is_kept_and_the_conventional_one_offered(new_actor: ActorFactory) -> None:
    new_actor()
    app = fill(define(), type="com.example.deviceOffline")
    assert "Keep it if its sender calls it so" in said(app) and ":red[" not in said(app)
    assert "COM_EXAMPLE_DEVICE_OFFLINE" in app.button(key=key(app, "spelled")).label


def test_a_type_of_the_systems_is_explained_as_an_override(new_actor: ActorFactory) -> None:
    actor = new_actor()
    app = fill(define(), type="TICKET_CREATED")
    assert "Yours takes its place for this tenant alone" in said(app)
    app = define(eventType="TICKET_CREATED")
    assert app.title[0].value == "Override Ticket Created" and "Yours takes its place" in said(app)
    save(fill(app, name="Our ticket"))
    now = stored(actor, "TICKET_CREATED")
    assert now is not None and (now.name, now.source) == ("Our ticket", "tenant")
    assert now.payload_schema_ref == "payload.TicketCreated.v1"


def test_an_own_event_is_edited_and_copied(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    app = define(eventType=TYPE)
    assert app.title[0].value == "Edit Device offline" and not [t for t in app.text_input if t.label == "Event type"]
    assert json.loads(app.text_area(key=key(app, "schema")).value) == GOOD.payload_schema
    save(fill(app, name="Device gone"))
    with database.read(actor) as conn:
        now = own_entries.get(conn, tenant=actor.tenant, event_type=TYPE)
    assert now is not None and (now.name, now.version) == ("Device gone", 2)
    assert now.payload_schema_ref == f"inline.{TYPE}.v1", "the schema is what it was"
    copy = define(copy=TYPE)
    assert copy.text_input(key=key(copy, "type")).value == f"{TYPE}_COPY"
    save(copy)
    assert (stored(actor, f"{TYPE}_COPY") or 0).payload_schema_ref == f"inline.{TYPE}_COPY.v1"  # type: ignore[union-attr]


def test_saving_says_first_what_breaks_for_whom(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    published(actor)
    app = fill(define(eventType=TYPE), schema=json.dumps(CHANGED), example="")
    save(app)
    assert "1 attached workflow, :red[**1 of them would break**]" in said(app)
    assert "reads `deviceId`, which would change in type" in said(app) and "would be removed" in said(app)
    assert (stored(actor) or 0).schema == GOOD.payload_schema  # type: ignore[union-attr]
    app.button(key=key(app, "save")).click()  # AppTest runs whole pages, and a page opens its dialog at a click only
    app.button(key=key(app, "confirm")).click().run()
    assert (stored(actor) or 0).schema == CHANGED  # type: ignore[union-attr]


def test_of_two_who_edit_the_second_sees_both_and_chooses(new_actor: ActorFactory) -> None:
    ada = new_actor(name="Acme")
    bob = new_actor(name="Acme", tenant=ada.tenant)
    create(ada)
    app = define(eventType=TYPE)
    theirs = replace(GOOD, name="Bob's", owner="Bob")
    with database.write(bob) as conn:
        own_events.change(conn, bob, event_type=TYPE, definition=theirs, expected_version=1)
    save(fill(app, name="Ada's"))
    assert f"{escape(bob.email)} changed" in said(app)
    assert "**Name**: theirs Bob's, yours Ada's" in said(app)
    assert (stored(ada) or 0).name == "Bob's"  # type: ignore[union-attr]
    app.button(key=key(app, "mine")).click().run()
    assert app.text_input(key=key(app, "name")).value == "Ada's"
    save(app)
    assert (stored(ada) or 0).name == "Ada's"  # type: ignore[union-attr]


def test_theirs_can_be_taken_after_a_conflict(new_actor: ActorFactory) -> None:
    ada = new_actor(name="Acme")
    bob = new_actor(name="Acme", tenant=ada.tenant)
    app = define()
    fill(app, type=TYPE, name="Ada's", category="Assets")
    app = fill(app, ref="payload.TicketCreated.v1")
    create(bob, replace(GOOD, name="Bob's"))
    save(app)
    assert f"There is an event {escape(TYPE)} of your own already" in said(app)
    assert (stored(ada) or 0).name == "Bob's"  # type: ignore[union-attr]
    edited = define(eventType=TYPE)
    with database.write(bob) as conn:
        own_events.change(conn, bob, event_type=TYPE, definition=replace(GOOD, name="Bob's second"), expected_version=1)
    save(fill(edited, name="Mine"))
    edited.button(key=key(edited, "theirs")).click().run()
    assert edited.text_input(key=key(edited, "name")).value == "Bob's second" and not edited.warning


@pytest.mark.parametrize("query", [{"eventType": "NO_SUCH"}, {"copy": "NO_SUCH"}])
def test_what_is_not_there_says_so(query: dict[str, str], new_actor: ActorFactory) -> None:
    new_actor()
    app = define(**query)
    assert "There is no event `NO_SUCH`" in said(app) and not app.text_area


def test_unknown_traffic_gives_type_and_name(new_actor: ActorFactory) -> None:
    new_actor()
    app = define(**{"from": "DEVICE_ONLINE"})
    assert app.text_input(key=key(app, "type")).value == "DEVICE_ONLINE"
    assert app.text_input(key=key(app, "name")).value == "Device Online"


def test_unknown_traffic_gives_a_schema_an_example_and_a_path(new_actor: ActorFactory) -> None:
    actor = new_actor()
    payloads = [{"deviceId": f"d-{n}", "since": f"2026-03-0{n}T10:00:00Z"} for n in (1, 2, 3)]
    unknown_events.count(actor, [SentEvent("DEVICE_OFFLINE", payload, "/rmm") for payload in payloads])
    app = define(**{"from": "DEVICE_OFFLINE"})
    schema = json.loads(app.text_area(key=key(app, "schema")).value)
    assert schema["required"] == ["deviceId", "since"]
    assert schema["properties"]["since"]["format"] == "date-time"
    assert json.loads(app.text_area(key=key(app, "example")).value) in payloads
    assert app.session_state[key(app, "paths")] == ["deviceId"]
    fill(app, category="Assets")
    save(app)
    found = stored(actor, "DEVICE_OFFLINE")
    assert found is not None and found.schema == schema and found.correlation_paths == ["deviceId"]


def test_examples_that_are_pasted_become_the_schema(new_actor: ActorFactory) -> None:
    new_actor()
    app = define()
    app.session_state[key(app, "source")] = "Inline JSON Schema"
    app.run()
    name = key(app, "examples")
    app.text_area(key=f"{name}-payloads").set_value('{"a": 1}\n{"a": 2, "b": null}')
    app.button(key=f"{name}-infer").click().run()
    assert json.loads(app.text_area(key=key(app, "schema")).value)["required"] == ["a"]
    assert "Inferred from 2 payloads" in said(app)


def test_saving_says_first_which_real_events_do_not_fit(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    with database.write(actor) as conn:
        for number in range(3):
            ingestion.submit_event(conn, actor, event_type=TYPE, payload={"deviceId": f"d-{number}"})
    app = fill(define(eventType=TYPE), schema=json.dumps(CHANGED), example="")
    save(app)
    assert f"**0 of the last 3 real events** of `{TYPE}` fit the new schema." in said(app)
    assert (stored(actor) or 0).schema == GOOD.payload_schema  # type: ignore[union-attr]


def test_another_tenants_event_is_not_there(new_actor: ActorFactory) -> None:
    new_actor(name="Ours")
    stranger = new_actor(name="Theirs")
    create(stranger)
    assert f"There is no event `{TYPE}`" in said(define(eventType=TYPE))


def test_an_unused_event_is_deleted_and_comes_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    app = open_page("event.py", eventType=TYPE)
    app.button(key="own-event-delete").click().run()
    assert "You can undo this for 7 days" in said(app) and "No live event of this type came" in said(app)
    app.button(key="own-event-delete").click()
    app.button(key="confirm-delete").click().run()
    assert stored(actor) is None
    assert "**Device offline** was deleted by" in said(app)
    assert "**Device offline** was deleted by" in said(pages.new_session().run())
    gone = open_page("event.py", eventType=TYPE)
    assert "There is no event" not in said(gone)
    with database.read(actor) as conn:
        deleted = own_entries.deleted(
            conn, tenant=actor.tenant, event_type=TYPE, since=datetime.now(UTC) - timedelta(hours=1)
        )
    assert deleted
    until = f"{deleted.deleted_at + timedelta(days=7):%Y-%m-%d %H:%M}"
    assert f"Undo works until {unbroken(until)} UTC" in said(gone), "a date stays in one line"
    gone.button(key=f"restore-{TYPE}").click().run()
    assert gone.title[0].value.endswith("Device offline") and stored(actor) is not None


def test_a_reader_is_told_once_why_a_deletion_is_not_theirs_to_take_back(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    with database.write(actor) as conn:
        own_events.delete(conn, actor, event_type=TYPE, expected_version=1)
    reader = new_actor("read", tenant=actor.tenant)
    app = pages.new_session(person=label_of(reader, "Tenant")).run()
    assert app.button(key=f"restore-{TYPE}").disabled
    assert said(app).count("You have read permission") == 1


def test_an_older_deletion_is_behind_a_button(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    with database.write(actor) as conn:
        own_events.delete(conn, actor, event_type=TYPE, expected_version=1)
    with db.owner.begin() as conn:
        older = text("UPDATE event_catalog SET deleted_at = deleted_at - interval '2 hours' WHERE tenant = :t")
        conn.execute(older, {"t": actor.tenant})
    app = pages.new_session().run()
    assert "was deleted by" in said(app) and "2 hours ago" in said(app)
    app.button(key=f"restore-{TYPE}").click().run()
    assert stored(actor) is not None and "was deleted by" not in said(app)


@pytest.mark.parametrize("event_type", [TYPE, "TICKET_CREATED"])
@pytest.mark.parametrize("hours", [0, 2])
def test_what_is_opened_after_its_deletion_is_offered_once(
    db: Database, new_actor: ActorFactory, event_type: str, hours: int
) -> None:
    actor = new_actor()
    create(actor, replace(GOOD, event_type=event_type))
    with database.write(actor) as conn:
        own_events.delete(conn, actor, event_type=event_type, expected_version=1)
    with db.owner.begin() as conn:
        older = text("UPDATE event_catalog SET deleted_at = deleted_at - make_interval(hours => :h) WHERE tenant = :t")
        conn.execute(older, {"t": actor.tenant, "h": hours})
    app = pages.new_session(eventType=event_type).run()
    assert not app.error, "a key that is drawn twice is an error"
    assert [one.label for one in app.button if one.key == f"restore-{event_type}"] == ["Undo"]


def test_blanks_around_the_type_hide_no_effect(new_actor: ActorFactory) -> None:
    actor = new_actor()
    app = fill(define(), type=" TICKET_CREATED ", name=" Our ticket ", category="Assets")
    assert "Yours takes its place for this tenant alone" in said(app)
    app = fill(app, ref="payload.TicketCreated.v1")
    save(app)
    assert (stored(actor, "TICKET_CREATED") or 0).name == "Our ticket"  # type: ignore[union-attr]


def test_an_event_with_traffic_is_deprecated_and_activated_again(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor)
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=TYPE, payload={"deviceId": "a"}, origin="live")
    app = open_page("event.py", eventType=TYPE)
    app.button(key="own-event-delete").click().run()
    assert "so it will be deprecated instead of deleted" in said(app) and "1 live event came of it" in said(app)
    app.button(key="own-event-delete").click()
    app.button(key="confirm-delete").click().run()
    assert (stored(actor) or 0).status == "deprecated"  # type: ignore[union-attr]
    app.button(key="own-event-activate").click().run()
    assert (stored(actor) or 0).status == "active"  # type: ignore[union-attr]


def test_a_deletion_that_somebody_overtook_has_to_be_confirmed_again(new_actor: ActorFactory) -> None:
    ada = new_actor(name="Acme")
    bob = new_actor(name="Acme", tenant=ada.tenant)
    create(ada)
    app = open_page("event.py", eventType=TYPE)
    app.button(key="own-event-delete").click().run()
    with database.write(bob) as conn:
        own_events.set_status(conn, bob, event_type=TYPE, status="beta", expected_version=1)
    app.button(key="own-event-delete").click()
    app.button(key="confirm-delete").click().run()
    assert stored(ada) is not None


def test_the_drawer_of_an_own_event_offers_the_same(new_actor: ActorFactory) -> None:
    actor = new_actor()
    create(actor, EntryDefinition(TYPE, "Device <b>offline</b>", category="Devices"))
    app = pages.new_session(eventType=TYPE).run()
    assert not app.button(key="define-from-eventType").disabled and not app.button(key="own-event-deprecate").disabled
    app.button(key="own-event-delete").click().run()
    assert "will be deleted. You can undo this for 7 days." in said(app)
    app.button(key="confirm-delete-cancel").click().run()
    assert not [one for one in app.button if one.key == "confirm-delete"] and stored(actor) is not None


def drafts(db: Database, actor: Actor) -> int:
    with db.owner.connect() as conn:
        count = text("SELECT count(*) FROM user_preferences WHERE user_id = :u AND name LIKE 'definition draft %'")
        return int(conn.execute(count, {"u": actor.user_id}).scalar_one())


def draft_of(app: AppTest) -> str:
    found = app.query_params["draft"]
    return found[0] if isinstance(found, list) else str(found)


def held(app: AppTest, name: str) -> Any:
    return app.session_state[key(app, name)]


def test_what_was_typed_is_there_after_a_reload_until_it_is_saved(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    app = define()
    assert "draft" not in app.query_params and drafts(db, actor) == 0, "nothing was typed"
    typed = {"type": TYPE, "name": "Device offline", "category": "Assets", "source": "Inline JSON Schema"}
    fill(app, **typed)
    fill(app, schema='{"type": "object"}', tags=["a", "b"])
    again = define(draft=draft_of(app))
    assert {name: held(again, name) for name in typed} == typed
    assert (held(again, "schema"), held(again, "tags")) == ('{"type": "object"}', ["a", "b"])
    assert draft_of(again) == draft_of(app) and drafts(db, actor) == 1
    again.session_state[key(again, "tags")] = ["a"]
    save(again)
    entry = stored(actor)
    assert entry is not None and entry.tags == ["a"] and drafts(db, actor) == 0


def test_of_two_tabs_with_one_draft_none_overwrites_the_other(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    one = fill(define(), name="One")
    first = draft_of(one)
    other = fill(define(draft=first), name="Other")
    fill(one, name="One more")
    assert draft_of(other) == first != draft_of(one) and drafts(db, actor) == 2
    assert held(define(draft=first), "name") == "Other"
    assert held(define(draft=draft_of(one)), "name") == "One more"


def test_a_draft_is_of_its_person_and_its_event_alone(new_actor: ActorFactory) -> None:
    actor, other = new_actor("manage"), new_actor("manage", name="Other")
    create(actor)
    draft = draft_of(fill(define(eventType=TYPE), name="Renamed"))
    assert held(define(eventType=TYPE, draft=draft), "name") == "Renamed"
    assert held(define(copy=TYPE, draft=draft), "name") == f"Copy of {GOOD.name}"
    assert held(define(draft=draft), "name") == ""
    assert held(define(draft=draft, person=label_of(other, "Other")), "name") == ""
    assert held(define(draft="no-id"), "name") == ""


def test_a_draft_is_saved_over_the_version_it_began_with(new_actor: ActorFactory) -> None:
    actor = new_actor("manage")
    create(actor)
    app = fill(define(eventType=TYPE), name="Mine")
    with database.write(actor) as conn:
        theirs = replace(GOOD, name="Theirs")
        own_events.change(conn, actor, event_type=TYPE, definition=theirs, expected_version=1)
    again = save(define(eventType=TYPE, draft=draft_of(app)))
    entry = stored(actor)
    assert entry is not None and entry.name == "Theirs" and "yours Mine" in said(again)


def test_few_drafts_are_kept_and_none_that_cannot_be_stored(
    db: Database, new_actor: ActorFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = new_actor("manage")
    monkeypatch.setattr(definition_drafts, "MOST_KEPT", 2)
    for name in ("A", "B", "C"):
        last = fill(define(), name=name)
    assert drafts(db, actor) == 2 and held(define(draft=draft_of(last)), "name") == "C"
    fill(last, name="a\0b")
    assert not last.exception and held(define(draft=draft_of(last)), "name") == "C"
