"""The fields that a tenant has redacted: from when on, for whom, and who may change them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.catalog.redacted_fields import RedactedFields
from lib.database import Database
from lib.errors import ChangedMeanwhile, InvalidInput, NotFound, PermissionDenied
from tests.conftest import ActorFactory
from tests.database.events.test_ingestion import TICKET, publish, shown_rows, submit
from tests.support.locks import await_waiting
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.waiting import PATIENCE


def change(actor: Actor, *pointers: str, event_type: str | None = "TICKET_CREATED", **more: Any) -> None:
    with database.write(actor) as conn:
        redacted_fields.change(conn, actor, event_type=event_type, pointers=pointers, **more)


def stored(db: Database) -> list[Any]:
    """Redacted payloads, first first."""
    with db.owner.connect() as conn:
        return list(
            conn.exec_driver_sql("SELECT redacted_payload FROM workflow_runtime_events ORDER BY event_id").scalars()
        )


def test_fields_are_redacted_from_now_on_in_that_event_or_in_all(db: Database, new_actor: ActorFactory) -> None:
    actor, other = new_actor("admin"), new_actor("admin")
    payload = {**TICKET, "age": 42, "list": [{"serial": "S-1", "n": 1}], "site": "here"}
    submit(actor, payload)
    change(actor, "/age", "/list/*/serial")
    change(actor, "/site", event_type=None)
    submit(actor, payload)
    submit(actor, payload, event="TICKET_CLOSED")
    submit(other, payload)
    hidden = {**TICKET, "age": "[redacted]", "list": [{"serial": "[redacted]", "n": 1}], "site": "[redacted]"}
    assert stored(db) == [payload, hidden, {**payload, "site": "[redacted]"}, payload]
    change(actor)
    submit(actor, payload)
    assert stored(db)[-1] == {**payload, "site": "[redacted]"}


def test_a_redacted_field_is_so_as_key_in_the_run_and_in_the_search(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    add_entry(db, actor.tenant, "OWN", ref="own.v1", paths=["site"])
    add_schema(db, actor.tenant, "own.v1", {})
    publish(actor, "same", event="OWN", ref="own.v1")
    publish(actor, "mapped", event="OWN", ref="own.v1", mapping={"where": {"$expr": "'at ' & event.payload.site"}})
    change(actor, "/site", "/age", event_type="OWN")
    done = submit(actor, {"site": "Zq7Xv9", "age": 42, "n": 42}, event="OWN")
    assert done.correlation_key and done.correlation_key.startswith("redacted:")
    with db.owner.connect() as conn:
        shown = conn.exec_driver_sql("SELECT redacted_input_json FROM workflow_runs").scalars().all()
    assert sorted(shown, key=len) == [{"where": "at [redacted]"}, {"site": "[redacted]", "age": "[redacted]", "n": 42}]
    assert "Zq7Xv9" not in shown_rows(db, "workflow_runtime_events", "payload") + shown_rows(db, "event_payload_values")


def test_changing_needs_admin_and_is_audited(db: Database, new_actor: ActorFactory) -> None:
    manager, admin = new_actor("manage"), new_actor("admin")
    with pytest.raises(PermissionDenied):
        change(manager, "/a")
    with pytest.raises(NotFound):
        change(admin, "/a", event_type="NOPE")
    change(admin, " /a ", "/a", "", "/b/*")
    change(admin, "/a", "/b/*")  # nothing new, so no line
    change(admin, "/c", event_type=None)
    with database.read(admin) as conn:
        found = redacted_fields.of_event(conn, admin, event_type="TICKET_CREATED")
        lines = conn.execute(text("SELECT target_id, detail FROM audit_logs ORDER BY audit_id")).all()
    assert found == RedactedFields(("/a", "/b/*"), ("/c",))
    assert [tuple(line) for line in lines] == [
        ("TICKET_CREATED", {"before": [], "after": ["/a", "/b/*"]}),
        ("*", {"before": [], "after": ["/c"]}),
    ]
    with database.read(manager) as conn:
        assert redacted_fields.of_event(conn, manager, event_type="TICKET_CREATED") == RedactedFields((), ())


@pytest.mark.parametrize(("event_type", "what"), [("TICKET_CREATED", "TICKET_CREATED"), (None, "every event")])
def test_fields_that_are_others_than_were_looked_at_stay(
    event_type: str | None, what: str, new_actor: ActorFactory
) -> None:
    """Whoever adds one would else uncover what another admin has just had redacted."""
    admin = new_actor("admin")

    def now() -> tuple[str, ...]:
        with database.read(admin) as conn:
            found = redacted_fields.of_event(conn, admin, event_type="TICKET_CREATED")
        return found.own if event_type else found.everywhere

    change(admin, "/a", event_type=event_type)
    with pytest.raises(ChangedMeanwhile, match=rf"^What is redacted in {what} was changed since"):
        change(admin, "/b", event_type=event_type, expected=())
    assert now() == ("/a",)
    change(admin, "/a", "/b", event_type=event_type, expected=("/a",))
    assert now() == ("/a", "/b")


def test_of_two_that_add_the_first_field_at_once_the_second_is_told(db: Database, new_actor: ActorFactory) -> None:
    """There is no row to lock yet."""
    admin = new_actor("admin")
    with ThreadPoolExecutor(1) as pool:
        with database.write(admin) as conn:
            redacted_fields.change(conn, admin, event_type=None, pointers=["/a"], expected=())
            second = pool.submit(change, admin, "/b", event_type=None, expected=())
            await_waiting(db, unless_done=second)
        with pytest.raises(ChangedMeanwhile):
            second.result(PATIENCE)
    with database.read(admin) as conn:
        assert redacted_fields.of_event(conn, admin, event_type="TICKET_CREATED").everywhere == ("/a",)


def test_each_bad_pointer_gets_its_sentence(new_actor: ActorFactory) -> None:
    with pytest.raises(InvalidInput) as error:
        change(new_actor("admin"), "a/b", "/ok", "/a~2", "/", "/" + "x" * 600, "/a\0")
    sentences = str(error.value).removeprefix("redacted fields: ").split("; ")
    assert [sentence[:24] for sentence in sentences[:3]] == [
        "a/b must begin with / an",
        "/a~2 has a ~ that is nei",
        "/ must begin with / and ",
    ]
    assert len(sentences) == 5 and "too long" in sentences[3]
    with pytest.raises(InvalidInput, match="at most 100"):
        change(new_actor("admin"), *(f"/f{number}" for number in range(101)))


def test_suggestions_lead_where_the_schema_says() -> None:
    schema = {"properties": {"a/b": {"properties": {"c": {}}}, "list": {"items": {"properties": {"d": {}}}}}}
    assert redacted_fields.suggestions(schema) == ["/a~1b", "/a~1b/c", "/list", "/list/*/d"]
    assert redacted_fields.suggestions(None) == []
