"""What is wrong with a definition of an own event is said all at once, each with its field and cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lib import database
from lib.auth.actors import Actor
from lib.catalog import definitions
from lib.catalog.definitions import DefinitionProblem, EntryDefinition
from lib.database import Database
from lib.workflows import own_events
from tests.conftest import ActorFactory
from tests.support.tenant_catalog import add_schema

SCHEMA = {
    "type": "object",
    "required": ["deviceId"],
    "properties": {
        "deviceId": {"type": "string"},
        "site": {"type": "object", "properties": {"code": {"type": "integer"}}},
        "alarms": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        "quiet": {"type": "boolean"},
    },
}
GOOD = EntryDefinition(
    event_type="DEVICE_OFFLINE",
    name="Device offline",
    description="A device has not been heard of.",
    category="Devices",
    status="beta",
    owner="Field team",
    tags=("hardware", "urgent"),
    correlation_paths=("deviceId", "site.code"),
    example={"deviceId": "4711"},
    payload_schema=SCHEMA,
)
NOT_TEXT: Any = 3

#: What is changed of the good one, the field that is to blame, and a part of what is to be said.
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"event_type": ""}, "event type", "must not be empty"),
    ({"event_type": "   "}, "event type", "must not be empty"),
    ({"event_type": NOT_TEXT}, "event type", "must be text"),
    ({"event_type": "device offline"}, "event type", "Did you mean DEVICE_OFFLINE?"),
    ({"event_type": "Device  Offline!"}, "event type", "Did you mean DEVICE_OFFLINE?"),
    ({"event_type": "DEVICE_OFFLINE_🔥"}, "event type", "Did you mean DEVICE_OFFLINE?"),
    ({"event_type": "🔥"}, "event type", "begins with a letter, as in DEVICE_OFFLINE."),
    ({"event_type": "GERÄT_WEG"}, "event type", "Did you mean GERAT_WEG?"),
    ({"event_type": "4_DEVICES"}, "event type", "Did you mean DEVICES?"),
    ({"event_type": "_DEVICE"}, "event type", "Did you mean DEVICE?"),
    ({"event_type": "DEVICE__OFFLINE"}, "event type", "Did you mean DEVICE_OFFLINE?"),
    ({"event_type": "DEVICE_OFFLINE_"}, "event type", "single _ . - : /"),
    ({"event_type": "A" * 300}, "event type", "has 300 characters; at most 200"),
    ({"event_type": "DEVICE\0OFFLINE"}, "event type", "NUL"),
    ({"event_type": "DEVICE\ud800"}, "event type", "half a surrogate pair"),
    ({"event_type": "DEVICE\nOFFLINE"}, "event type", "Did you mean DEVICE_OFFLINE?"),
    ({"event_type": "'; DROP TABLE tenants"}, "event type", "Did you mean DROP_TABLE_TENANTS?"),
    ({"name": ""}, "name", "The name must not be empty"),
    ({"name": " \t "}, "name", "must not be empty"),
    ({"name": "\N{ZERO WIDTH SPACE}"}, "name", "must not be empty"),
    ({"name": "\u0301\ufe0f"}, "name", "The name must have a character that can be seen"),
    ({"category": "\u200d"}, "category", "The category must have a character that can be seen"),
    ({"owner": "\u2800"}, "owner", "The owner must have a character that can be seen"),
    ({"owner": "a\u202eb"}, "owner", "The owner must not have characters that turn the order in which it is read"),
    ({"tags": ("ok", "\u0301")}, "tags", "must have a character that can be seen"),
    ({"name": "x" * 121}, "name", "has 121 characters; at most 120"),
    ({"name": "two\nlines"}, "name", "on one line"),
    ({"name": "a\0b"}, "name", "NUL"),
    ({"name": NOT_TEXT}, "name", "must be text"),
    ({"description": "x" * 2001}, "description", "has 2001 characters; at most 2000"),
    ({"description": "\ud800"}, "description", "half a surrogate pair"),
    ({"description": NOT_TEXT}, "description", "must be text"),
    ({"category": ""}, "category", "The category must not be empty"),
    ({"category": "    "}, "category", "must not be empty"),
    ({"category": "x" * 61}, "category", "has 61 characters; at most 60"),
    ({"category": "a\u2028b"}, "category", "on one line"),
    ({"category": "\0"}, "category", "NUL"),
    ({"status": "live"}, "status", "must be one of active, beta, draft, deprecated"),
    ({"status": None}, "status", "must be one of"),
    ({"owner": "x" * 121}, "owner", "has 121 characters"),
    ({"owner": "a\x07b"}, "owner", "control characters"),
    ({"owner": NOT_TEXT}, "owner", "must be text"),
    ({"tags": ("ok", " ")}, "tags", "must not be empty"),
    ({"tags": ("x" * 41,)}, "tags", "has 41 characters; at most 40"),
    ({"tags": tuple(map(str, range(21)))}, "tags", "There are 21 tags; at most 20"),
    ({"tags": ("\ud800",)}, "tags", "half a surrogate pair"),
    ({"tags": "hardware"}, "tags", "must be a list"),
    ({"tags": (1,)}, "tags", "The tag must be text"),
    ({"correlation_paths": ("deviceID2",)}, "correlation paths", "no field deviceID2 for a correlation path. Did you"),
    ({"correlation_paths": ("site.kode",)}, "correlation paths", "Did you mean site.code?"),
    ({"correlation_paths": ("site",)}, "correlation paths", "leads to no text and no number"),
    ({"correlation_paths": ("quiet",)}, "correlation paths", "leads to no text and no number"),
    ({"correlation_paths": ("alarms.id",)}, "correlation paths", "no field alarms.id"),
    ({"correlation_paths": ("a..b",)}, "correlation paths", "must name fields with dots between them"),
    ({"correlation_paths": ("",)}, "correlation paths", "must name fields"),
    ({"correlation_paths": ("x" * 201,)}, "correlation paths", "has 201 characters"),
    ({"correlation_paths": ("a\0",)}, "correlation paths", "NUL"),
    ({"correlation_paths": tuple(f"a{n}" for n in range(11))}, "correlation paths", "There are 11 correlation paths"),
    ({"correlation_paths": "deviceId"}, "correlation paths", "must be a list"),
    ({"example": {"site": {}}}, "example", 'does not fit the schema: "deviceId" is missing'),
    ({"example": {"deviceId": 3}}, "example", "does not fit the schema at /deviceId: Must be text"),
    ({"example": {"deviceId": "\0"}}, "example", "NUL"),
    ({"example": {"deviceId": "x" * 300_000}}, "example", "bytes long"),
    ({"payload_schema": {"type": "objekt"}}, "schema", "/type: Must be one of"),
    ({"payload_schema": True}, "schema", "must be an object"),
    ({"payload_schema": "type: object"}, "schema", "looks like YAML"),
    ({"payload_schema": ""}, "schema", "is empty"),
    ({"payload_schema": {"$ref": "http://example.com/x"}}, "schema", "outside of it"),
    ({"payload_schema_ref": "made.v1"}, "schema", "not both"),
    ({"payload_schema": None, "payload_schema_ref": "maid.v1"}, "schema", "no schema maid.v1. Did you mean made.v1"),
    ({"payload_schema": None, "payload_schema_ref": ""}, "schema", "The registry has no schema"),
    ({"payload_schema": None, "payload_schema_ref": "\0"}, "schema", "NUL"),
    ({"payload_schema": None, "payload_schema_ref": NOT_TEXT}, "schema", "must be text"),
    ({"payload_schema": None, "payload_schema_ref": "inline.OTHER.v1"}, "schema", "belongs to OTHER alone"),
]


@pytest.fixture
def actor(db: Database, new_actor: ActorFactory) -> Actor:
    actor = new_actor()
    add_schema(db, actor.tenant, "made.v1", SCHEMA)
    with database.write(actor) as conn:
        own_events.create(conn, actor, definition=replace(GOOD, event_type="OTHER"))
    return actor


def problems(actor: Actor, definition: EntryDefinition, **more: Any) -> list[DefinitionProblem]:
    with database.read(actor) as conn:
        return definitions.problems(conn, tenant=actor.tenant, definition=definition, **more)


@pytest.mark.parametrize(("changed", "field", "said"), BAD, ids=lambda value: repr(value)[:50])
def test_what_is_wrong_is_said_with_field_and_cause(changed: Any, field: str, said: str, actor: Actor) -> None:
    found = problems(actor, replace(GOOD, **changed))
    assert any(one.field == field and said in one.message for one in found), found
    assert {one.field for one in found} <= {field, "correlation paths" if field == "schema" else field}


def test_a_good_one_has_no_problem(actor: Actor) -> None:
    assert len(BAD) >= 50
    assert problems(actor, GOOD) == []
    shared = replace(GOOD, payload_schema=None, payload_schema_ref="made.v1")
    assert problems(actor, shared) == []
    bare = EntryDefinition("com.example.device/offline-v2:x", "Device", category="Devices")
    assert problems(actor, bare) == []
    override = replace(GOOD, event_type="TICKET_CREATED")
    assert problems(actor, override) == [], "one of a type that the system has takes its place"


def test_everything_is_said_at_once_in_the_order_of_the_fields(actor: Actor) -> None:
    bad = EntryDefinition(
        "a b",
        "",
        "x" * 3000,
        " ",
        "live",
        "x" * 200,
        ("",),
        ("",),
        "\0",
        None,
        '{"type":\n"nix"}',  # type: ignore[arg-type]
    )
    found = problems(actor, bad)
    assert [one.field for one in found] == [
        "event type",
        "name",
        "category",
        "owner",
        "description",
        "status",
        "tags",
        "correlation paths",
        "schema",
        "example",
    ]
    assert next(one.line for one in found if one.field == "schema") == 2


def test_a_clash_with_an_own_event_is_told_and_a_type_stays(actor: Actor) -> None:
    (clash,) = problems(actor, replace(GOOD, event_type="OTHER"))
    assert clash.field == "event type" and "There is an event OTHER of your own already" in clash.message
    assert problems(actor, replace(GOOD, event_type="OTHER"), changes="OTHER") == []
    (moved,) = problems(actor, GOOD, changes="OTHER")
    assert "cannot be changed" in moved.message


def test_texts_are_cleaned_and_tags_and_paths_come_once(actor: Actor) -> None:
    given = replace(
        GOOD, name="  Device ", owner=" ", tags=("A", " a", "b "), correlation_paths=("deviceId", "deviceId")
    )
    assert problems(actor, given) == []
    clean = definitions.cleaned(given)
    assert (clean.name, clean.owner, clean.tags) == ("Device", None, ("A", "b"))
    assert clean.correlation_paths == ("deviceId",)


def test_paths_are_offered_from_the_schema() -> None:
    assert definitions.path_suggestions(SCHEMA) == ["deviceId", "site.code"]
    text = {"type": "string"}
    dotted = {
        "properties": {"a.b": text, "c": {"properties": {"d.e": text, "f": text}}, "g.h": {"properties": {"i": text}}}
    }
    assert definitions.path_suggestions(dotted) == ["c.f"]  # a path parts names at dots, so it leads to no others
