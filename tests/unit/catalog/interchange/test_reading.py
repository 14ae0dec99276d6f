from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lib.catalog.interchange import documents, reading
from lib.catalog.interchange.documents import Document
from lib.sandbox.metaschema import schema_problems
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
ID = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


def read(document: Any, name: str = "given.json") -> Document:
    return reading.read({name: json.dumps(document)})


def asyncapi(version: str = "3.0.0", **parts: Any) -> dict[str, Any]:
    return {"asyncapi": version, "info": {"title": "Orders", "version": "1"}, **parts}


def openapi(webhooks: Any, **parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "webhooks": webhooks, **parts}


def sends(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"post": {"requestBody": {"content": {kind: {"schema": schema}}}}}


def types(document: Document) -> list[str]:
    return [event.event_type for event in document.events]


def problems(document: Document) -> dict[str, str | None]:
    return {event.event_type: event.problem for event in document.events}


def test_messages_of_asyncapi_3() -> None:
    found = read(
        asyncapi(
            channels={
                "orders": {
                    "messages": {"placed": {"$ref": "#/components/messages/orderPlaced"}, "gone": {"payload": ID}}
                },
                "again": {"$ref": "#/components/channels/shared"},
            },
            components={
                "channels": {"shared": {"messages": {"placed": {"$ref": "#/components/messages/orderPlaced"}}}},
                "messages": {
                    "orderPlaced": {
                        "title": "Order placed",
                        "summary": "Somebody bought something.",
                        "tags": [{"name": "sales"}, {"name": "sales"}, {"name": " "}],
                        "correlationId": {"location": "$message.payload#/order/id"},
                        "examples": [{"headers": {}}, {"payload": {"id": "1"}}],
                        "traits": [{"title": "Lost", "deprecated": True}, {"$ref": "#/components/messageTraits/t"}],
                        "payload": {"$ref": "#/components/schemas/Order"},
                    },
                    "unused": {"name": "OrderLost", "payload": True},
                    "formatted": {"payload": {"schemaFormat": "application/schema+json;version=2020-12", "schema": ID}},
                },
                "messageTraits": {"t": {"description": "of the trait"}},
                "schemas": {"Order": ID},
            },
        )
    )
    assert found.title == "Orders" and found.problems == ()
    assert types(found) == ["ORDER_PLACED", "GONE", "ORDER_LOST", "FORMATTED"]
    placed, gone, lost, formatted = found.events
    assert placed.said == {
        "name": "Order placed",
        "description": "of the trait",
        "tags": ["sales"],
        "correlation_paths": ["order.id"],
        "example": {"id": "1"},
    }
    assert placed.place == "given.json#/components/messages/orderPlaced"
    assert placed.schema == gone.schema == {"$schema": DRAFT_7, **ID}
    assert lost.schema is True and formatted.schema == {"$schema": "https://json-schema.org/draft/2020-12/schema", **ID}


def test_messages_of_asyncapi_2() -> None:
    found = read(
        asyncapi(
            "2.6.0",
            channels={
                "order/placed": {"publish": {"operationId": "onOrder", "message": {"payload": ID}}},
                "orders": {
                    "subscribe": {
                        "message": {
                            "oneOf": [
                                {"name": "OrderSent", "payload": ID, "traits": [{"name": "OrderShipped"}]},
                                {
                                    "messageId": "orderLost",
                                    "payload": ID,
                                    "schemaFormat": "application/schema;version=draft-04",
                                },
                                {"$ref": "#/components/messages/orderKept"},
                                {
                                    "name": "avro",
                                    "payload": {},
                                    "schemaFormat": "application/vnd.apache.avro;version=1.9.0",
                                },
                                {"name": "raml", "payload": {}, "schemaFormat": "application/raml+yaml;version=1.0"},
                                {"name": "proto", "payload": "message A {}", "schemaFormat": 7},
                            ]
                        }
                    }
                },
                "nameless": {"publish": {"message": {"payload": ID}}},
            },
            components={
                "messages": {"orderKept": {"payload": {"$ref": "#/components/schemas/o"}}},
                "schemas": {"o": ID},
            },
        )
    )
    assert types(found) == [
        "ON_ORDER",
        "ORDER_SHIPPED",
        "ORDER_LOST",
        "ORDER_KEPT",
        "AVRO",
        "RAML",
        "PROTO",
        "NAMELESS",
    ]
    by_type = {event.event_type: event for event in found.events}
    assert by_type["ORDER_LOST"].schema == {"$schema": "http://json-schema.org/draft-04/schema#", **ID}
    assert by_type["ORDER_KEPT"].schema == by_type["NAMELESS"].schema == {"$schema": DRAFT_7, **ID}
    for name, told in (
        ("AVRO", "application/vnd.apache.avro;version=1.9.0"),
        ("RAML", "application/raml"),
        ("PROTO", "7"),
    ):
        problem = by_type[name].problem
        assert problem is not None and problem.startswith(f"has a payload in {told}") and "not JSON Schema" in problem


def test_a_choice_of_messages_among_the_components_is_its_messages() -> None:
    messages = {
        "All": {
            "oneOf": [{"$ref": "#/components/messages/Placed"}, {"name": "Gone"}, {"$ref": "#/components/messages/All"}]
        },
        "Placed": {"payload": ID},
    }
    channels = {"a": {"publish": {"message": {"$ref": "#/components/messages/All"}}}}
    found = read(asyncapi("2.6.0", channels=channels, components={"messages": messages}))
    assert problems(found) == {"PLACED": None, "GONE": None}


def test_a_trait_names_the_format_of_its_messages() -> None:
    avro = {"schemaFormat": "application/vnd.apache.avro;version=1.9.0"}
    draft_4 = {"schemaFormat": "application/schema+json;version=draft-04"}
    messages = {
        "Avro": {"traits": [avro], "payload": {"type": "record"}},
        "Old": {"traits": [draft_4], "payload": {"minimum": 0, "exclusiveMinimum": True}},
    }
    found = read(asyncapi("2.6.0", components={"messages": messages}))
    avro_event, old = found.events
    assert avro_event.problem == "has a payload in application/vnd.apache.avro;version=1.9.0, which is not JSON Schema"
    assert old.schema["$schema"] == "http://json-schema.org/draft-04/schema#"  # type: ignore[index]


def test_a_schema_that_names_its_format_is_referred_to_by_others() -> None:
    old = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
    schemas = {
        "Money": {"schemaFormat": "application/schema+json;version=draft-04", "schema": old},
        "Row": {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record"}},
    }
    paid, row = ({"type": "object", "properties": {"a": {"$ref": f"#/components/schemas/{name}"}}} for name in schemas)
    found = read(
        asyncapi(components={"messages": {"paid": {"payload": paid}, "row": {"payload": row}}, "schemas": schemas})
    )
    judge = Judge(SchemaDocument(found.events[0].schema))
    assert [judge.is_valid(judge.document.root, {"a": value}) for value in (1, 0, "1")] == [True, False, False]
    assert (
        problems(found)["ROW"] == "has a payload in application/vnd.apache.avro;version=1.9.0, which is not JSON Schema"
    )


def test_a_message_that_two_documents_refer_to_is_one_event() -> None:
    one = asyncapi(channels={"a": {"messages": {"Placed": {"$ref": "shared.json#/components/messages/Placed"}}}})
    shared = asyncapi(components={"messages": {"Placed": {"payload": ID}}})
    found = reading.read({name: json.dumps(one) for name in ("a.json", "b.json")} | {"shared.json": json.dumps(shared)})
    assert problems(found) == {"PLACED": None} and len(found.events) == 1


def test_old_drafts_call_their_id_id() -> None:
    files = {
        f"{name}.json": json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", **schema})
        for name, schema in {
            "first": {"id": "http://example.com/s/order.json", "properties": {"a": {"$ref": "client.json"}}},
            "second": {"id": "http://example.com/s/client.json", "type": "object"},
        }.items()
    }
    found = reading.read(files)
    assert problems(found) == {"ORDER": None, "CLIENT": None}
    judge = Judge(SchemaDocument(found.events[0].schema))
    assert not judge.is_valid(judge.document.root, {"a": 1})


def test_no_correlation_path_leads_to_a_dotted_name() -> None:
    locations = {"plain": "#/a/b", "dotted": "#/a/b.c", "header": "", "slash": "#/a~1b"}
    found = read(
        asyncapi(
            components={
                "messages": {
                    name: {"correlationId": {"location": f"$message.payload{at}"}} for name, at in locations.items()
                }
            }
        )
    )
    assert {event.event_type: event.said.get("correlation_paths") for event in found.events} == {
        "PLAIN": ["a.b"],
        "DOTTED": None,
        "HEADER": None,
        "SLASH": ["a/b"],
    }


def test_webhooks_of_openapi() -> None:
    found = read(
        openapi(
            {
                "orderPlaced": sends({"$ref": "#/components/schemas/Order"}),
                "orderChanged": {**sends(ID), "put": sends(ID, "application/merge-patch+json")["post"]},
                "orderKept": {"$ref": "#/components/pathItems/kept"},
                "orderSent": {"post": {"requestBody": {"$ref": "#/components/requestBodies/sent"}}},
                "orderPaid": sends(ID, "application/xml"),
                "orderLost": {"summary": "nothing"},
                "ping": {"get": {"summary": "Ping", "deprecated": True, "tags": ["health"]}},
            },
            components={
                "pathItems": {"kept": sends(ID, "application/json; charset=utf-8")},
                "requestBodies": {
                    "sent": {"content": {"application/json": {"schema": ID, "examples": {"a": {"value": {"id": "1"}}}}}}
                },
                "schemas": {"Order": ID},
            },
        )
    )
    assert types(found) == [
        *("ORDER_PLACED", "ORDER_CHANGED_PUT", "ORDER_CHANGED_POST", "ORDER_KEPT", "ORDER_SENT", "ORDER_PAID"),
        *("ORDER_LOST", "PING"),
    ]
    assert {name: told for name, told in problems(found).items() if told} == {
        "ORDER_PAID": "sends application/xml, which is not JSON",
        "ORDER_LOST": "has no operation",
    }
    by_type = {event.event_type: event for event in found.events}
    assert by_type["ORDER_SENT"].said == {"example": {"id": "1"}} and by_type["ORDER_SENT"].guessed == {"example"}
    assert by_type["PING"].said == {"name": "Ping", "description": "Ping", "tags": ["health"], "status": "deprecated"}
    assert by_type["PING"].schema is None and by_type["ORDER_PLACED"].schema == ID


def test_json_schemas_name_an_event_or_a_ref() -> None:
    found = reading.read(
        {
            "order-placed.schema.json": json.dumps({**ID, "description": "d", "examples": [{"id": "1"}]}),
            "b.json": json.dumps({**ID, "title": "Order lost"}),
            "c.json": json.dumps({**ID, "$id": "https://example.com/schemas/orderKept.json"}),
            "payload.Order.v2.json": json.dumps(ID),
            "d.json": json.dumps({**ID, "$id": "https://example.com/payload.Client.v1"}),
        }
    )
    assert types(found) == ["ORDER_PLACED", "ORDER_LOST", "ORDER_KEPT"] and found.problems == ()
    assert set(found.schemas) == {"payload.Order.v2", "payload.Client.v1"}
    assert found.events[0].said == {"description": "d", "example": {"id": "1"}}


def test_references_lead_from_file_to_file_and_nowhere_else() -> None:
    found = reading.read(
        {
            "events/placed.json": json.dumps(
                {"type": "object", "properties": {"by": {"$ref": "../types/person.json#/$defs/P"}}}
            ),
            "types/person.json": json.dumps({"$id": "https://example.com/person", "$defs": {"P": {"type": "string"}}}),
            "kept.json": json.dumps(
                {"title": "kept", "properties": {"by": {"$ref": "https://example.com/person#/$defs/P"}}}
            ),
            "lost.json": json.dumps({"title": "lost", "properties": {"by": {"$ref": "https://example.com/nobody"}}}),
        }
    )
    by_type = {event.event_type: event for event in found.events}
    wanted = {"by": {"$ref": "#/$defs/P"}}
    for name in ("PLACED", "KEPT"):
        schema = by_type[name].schema
        assert schema is not None and schema["properties"] == wanted and schema["$defs"] == {"P": {"type": "string"}}
    assert by_type["LOST"].problem == (
        "refers to https://example.com/nobody, which is outside of the document; nothing is fetched"
    )


def test_the_dialect_of_a_document_is_that_of_its_schemas() -> None:
    def schema_of(dialect: Any, **schema: Any) -> Any:
        return read(openapi({"a": sends({"type": "object", **schema})}, jsonSchemaDialect=dialect)).events[0].schema

    draft = "http://json-schema.org/draft-07/schema#"
    assert schema_of(draft)["$schema"] == draft
    own = "https://spec.openapis.org/oas/3.1/dialect/base"
    assert "$schema" not in schema_of(own), "which is what it is without"
    assert not schema_problems(schema_of(None, **{"$schema": own}))
    assert "none of the drafts" in schema_problems(schema_of("https://example.com/mine"))[0][1]


def test_a_schema_comes_with_all_that_it_refers_to() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
    }
    found = read(
        openapi(
            {
                "recursive": sends({"$ref": "#/components/schemas/Tree"}),
                "mutual": sends({"properties": {"tree": {"$ref": "#/components/schemas/A"}}}),
                "deep": sends({"items": {"$ref": "#/components/schemas/Tree/properties/children"}}),
                "odd": sends({"items": {"$ref": "#/components/schemas/a~1b%20%25~0"}}),
                "named": sends({"items": {"$ref": "#/components/schemas/Other"}, "$defs": {"Other": {"const": 1}}}),
                "literal": sends(
                    {"const": {"$ref": "#/nowhere"}, "properties": {"$ref": {"$ref": "#/components/schemas/A"}}}
                ),
                "chained": sends({"$ref": "#/components/schemas/Chain"}),
                "anchored": sends({"items": {"$ref": "#tree"}}),
            },
            components={
                "schemas": {
                    "Tree": tree,
                    "A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}},
                    "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}},
                    "a/b %~": {"type": "integer"},
                    "Other": {"type": "boolean"},
                    "Chain": {"$ref": "#/components/schemas/Link"},
                    "Link": {"$ref": "#/components/schemas/B"},
                    "Anchored": {"$anchor": "tree", "type": "null"},
                }
            },
        )
    )
    schemas = {event.event_type: event.schema for event in found.events}
    assert all(event.problem is None for event in found.events), problems(found)
    assert schemas["RECURSIVE"] == {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
    }
    assert schemas["MUTUAL"] == {
        "properties": {"tree": {"$ref": "#/$defs/A"}},
        "$defs": {
            "A": {"properties": {"b": {"$ref": "#/$defs/B"}}},
            "B": {"properties": {"a": {"$ref": "#/$defs/A"}}},
        },
    }
    assert schemas["NAMED"] == {
        "items": {"$ref": "#/$defs/Other2"},
        "$defs": {"Other": {"const": 1}, "Other2": {"type": "boolean"}},
    }
    assert schemas["LITERAL"] is not None and schemas["LITERAL"]["const"] == {"$ref": "#/nowhere"}
    assert schemas["CHAINED"] is not None and set(schemas["CHAINED"]) == {"properties", "$defs"}
    values: dict[str, Any] = {"RECURSIVE": {"children": 1}, "DEEP": [1], "ODD": ["x"], "NAMED": [1], "ANCHORED": [1]}
    for name, wrong in values.items():
        judge = Judge(SchemaDocument(schemas[name]))
        assert judge.unusable == () and not judge.is_valid(judge.document.root, wrong), name


def test_a_schema_with_an_id_is_read_from_there_or_from_the_document() -> None:
    own = {"$id": "https://example.com/a", "items": {"$ref": "#/definitions/x"}, "definitions": {"x": {"type": "null"}}}
    outer = {"$id": "https://example.com/b", "items": {"$ref": "#/components/schemas/x"}}
    nested = {"properties": {"inner": {**own, "$id": "inner"}, "other": {"$ref": "#/components/schemas/x"}}}
    found = read(
        openapi(
            {"own": sends(own), "outer": sends(outer), "nested": sends(nested)},
            components={"schemas": {"x": {"type": "integer"}}},
        )
    )
    schemas = {event.event_type: event.schema for event in found.events}
    assert schemas["OWN"] == own
    assert schemas["OUTER"] == {**outer, "items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"type": "integer"}}}
    judge = Judge(SchemaDocument(schemas["NESTED"]))
    assert judge.unusable == ()
    assert judge.is_valid(judge.document.root, {"inner": [None], "other": 1})
    assert not judge.is_valid(judge.document.root, {"inner": [1]})
    assert not judge.is_valid(judge.document.root, {"other": None})


def test_what_is_wrong_with_one_event_leaves_the_others() -> None:
    deep: dict[str, Any] = {}
    for _ in range(50):
        deep = {"items": deep}
    found = read(
        openapi(
            {
                "good": sends(ID),
                "remote": sends({"properties": {"a": {"$ref": "https://example.com/a.json#/x"}}}),
                "file": sends({"$ref": "./a.json"}),
                "missing": sends({"$ref": "#/components/schemas/Nobody"}),
                "anchor": sends({"$ref": "#nobody"}),
                "place": sends({"$ref": "#/webhooks/good/post/tags/0"}),
                "loop": sends({"$ref": "#/components/schemas/loop"}),
                "text": sends("string"),
                "list": sends([ID]),
                "webhook": [],
                "body": {"post": {"requestBody": {"$ref": "https://example.com/body"}}},
                "☃": sends(ID),
                "deep": sends(deep),
                "Good": sends(ID),
            },
            components={"schemas": {"loop": {"$ref": "#/components/schemas/loop"}}},
        )
    )
    told = [(event.event_type, event.problem) for event in found.events]
    outside = "which is outside of the document; nothing is fetched"
    assert told == [
        ("GOOD", None),
        ("REMOTE", f"refers to https://example.com/a.json#/x, {outside}"),
        ("FILE", f"refers to ./a.json, {outside}"),
        ("MISSING", "refers to #/components/schemas/Nobody, which is not in the document"),
        ("ANCHOR", "refers to #nobody, which is not in the document"),
        ("PLACE", "refers to #/webhooks/good/post/tags/0, which is not in the document"),
        ("LOOP", "refers to itself at given.json#/components/schemas/loop"),
        ("TEXT", "has a schema that is neither an object nor true nor false"),
        ("LIST", "has a schema that is neither an object nor true nor false"),
        ("WEBHOOK", "is no webhook: it must be an object"),
        ("BODY", f"refers to https://example.com/body, {outside}"),
        ("", "has no name from which an event type could be made"),
        ("DEEP", None),
        ("GOOD", "comes twice: given.json#/webhooks/good/post is GOOD too"),
    ]


YAML_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{'abcdefghij'[n]}: &{'abcdefghij'[n]} [{','.join(['*' + 'abcdefghij'[n - 1]] * 9)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "", "is empty"),
        ("a.yaml", "   \n", "is empty"),
        ("a.json", "{", "is not JSON"),
        ("a.json", '{"type": "object", "type": "object"}', 'has the key "type" more than once'),
        ("a.json", '{"type": NaN}', "has NaN, which is not a JSON number"),
        ("a.json", '{"title": "\\ud800"}', "half a surrogate pair"),
        ("a.json", b"\xff\xfe", "is not UTF-8 at line 1"),
        ("a.json", "[1, 2]", "is none of what is read here"),
        ("a.json", '{"foo": 1}', "is none of what is read here"),
        ("a.yaml", "just text", "is none of what is read here"),
        ("a.yaml", "a: 1\nb: 1\na: 2", "the name 'a' comes twice at line 3, column 1"),
        ("a.yaml", YAML_BOMB, "aliases stand for more than 1,000,000 characters at line 6"),
        ("a.yaml", "a: !!python/object:os.system x", "the tag !!python/object:os.system is not accepted at line 1"),
        ("a.json", '{"a":' * 300 + "1" + "}" * 300, "is nested more than 200 levels deep"),
        ("a.yaml", "[" * 2000, "is not YAML"),
        ("a.json", json.dumps({"asyncapi": "1.2.0"}), "AsyncAPI 1.2.0 is not known here; 2.x and 3.x are."),
        ("a.json", json.dumps({"asyncapi": ["3"]}), "is not known here"),
        (
            "a.json",
            json.dumps({"openapi": "3.0.3", "paths": {}}),
            "OpenAPI 3.0.3 has no webhooks that could be read; 3.1 has.",
        ),
        ("a.json", json.dumps({"openapi": "3.1.0", "paths": {}}), "This OpenAPI document has no webhooks."),
        ("a.json", json.dumps({"swagger": "2.0"}), "is none of what is read here"),
        ("a.json", json.dumps({"event_catalog": 2, "events": []}), "event_catalog must be 1"),
        ("a.json", json.dumps({"event_catalog": 1, "events": {}}), "events must be a list"),
        ("a.json", json.dumps({"event_catalog": 1, "event": []}), "event is not known; events and schemas are."),
        ("a.csv", "event_type,nmae\nA,b", "The column nmae is not known"),
        ("a.csv", "name\nA", "There must be one column event_type"),
        ("a.csv", "event_type,event_type\nA,B", "There must be one column event_type"),
        ("a.csv", 'event_type,name\nA,"b\nC,d\nE,f\n', "a quote that does not fit in the row that begins at line 2"),
        ("a.zip", b"PK\x03\x04 and no archive", "is not an archive that can be read"),
        ("a.json", "[" + "1," * 9_000_000 + "1]", "The files are longer than 16 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(name: str, text: str | bytes, words: str) -> None:
    found = reading.read({name: text, "good.schema.json": json.dumps({**ID, "title": "good"})})
    assert len(found.problems) == 1 and words in found.problems[0], found.problems
    assert "\n" not in found.problems[0] and len(found.problems[0]) < 400
    assert types(found) == (["GOOD"] if "16 MB" not in words else [])


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"correlationId": {"$ref": "#/nobody"}}, "refers to #/nobody, which is not in the document"),
        ({"traits": {"title": "A"}}, "has traits, which must be a list"),
        ({"traits": [{}, "A"]}, "has a trait that is no object, at given.json#/components/messages/bad/traits/1"),
        ({"traits": [{"$ref": "#/asyncapi"}]}, "has a trait that is no object, at given.json#/asyncapi"),
        ({"traits": [{"$ref": "#/nobody"}]}, "refers to #/nobody, which is not in the document"),
        ({"examples": 5}, None),
        ({"examples": [5, {"payload": 1}]}, None),
    ],
)
def test_a_message_of_another_shape_leaves_the_others(message: dict[str, Any], why: str | None) -> None:
    found = read(asyncapi(components={"messages": {"bad": message, "good": {"payload": ID}}}))
    assert problems(found) == {"BAD": why, "GOOD": None}


#: What stands where something else is meant.
ODD: list[Any] = [5, 1.5, None, True, "x", "\0", [], {}, [1], [None], {"$ref": 5}, {"$ref": "#"}, {"$ref": "#/nobody"}]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def with_instead(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    changed = value.copy()
    changed[path[0]] = with_instead(value[path[0]], path[1:], other)
    return changed


TRAIT = {"title": "T", "examples": [{"payload": 1}], "tags": [{"name": "a"}]}
WHOLE: dict[str, dict[str, Any]] = {
    "AsyncAPI 2": asyncapi(
        "2.6.0",
        channels={
            "a": {
                "publish": {"operationId": "b", "message": {"oneOf": [{"name": "c", "traits": [TRAIT], "payload": ID}]}}
            }
        },
    ),
    "AsyncAPI 3": asyncapi(
        channels={"a": {"messages": {"b": {"$ref": "#/components/messages/b"}}}},
        components={
            "messages": {
                "b": {
                    **TRAIT,
                    "correlationId": {"$ref": "#/components/correlationIds/c"},
                    "traits": [{"$ref": "#/components/messageTraits/t"}],
                    "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": ID},
                }
            },
            "correlationIds": {"c": {"location": "$message.payload#/id"}},
            "messageTraits": {"t": TRAIT},
        },
    ),
    "OpenAPI": openapi({"a": {"$ref": "#/components/pathItems/a"}}, components={"pathItems": {"a": sends(ID)}}),
    "our own": {
        "event_catalog": 1,
        "events": [{"event_type": "A", "tags": ["a"], "example": 1, "schema": ID}],
        "schemas": {"a.b.v1": ID},
    },
    "a schema": {**ID, "$id": "a", "examples": [1], "x-event-catalog": {"event_type": "A", "tags": ["a"]}},
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whatever_stands_at_a_place_is_told_and_no_failure(kind: str) -> None:
    for path in places(WHOLE[kind]):
        for odd in ODD:
            read(with_instead(WHOLE[kind], path, odd))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("text", "is no entry: it must be an object"),
        ({"name": "x"}, "has no event_type, which must be text"),
        ({"event_type": 7}, "has no event_type, which must be text"),
        ({"event_type": "A", "nmae": "x"}, "has the field nmae, which no entry has"),
        ({"event_type": "A", "status": "live"}, "has status, which must be one of active, beta, draft, deprecated"),
        ({"event_type": "A", "tags": "x"}, "has tags, which must be a list of texts"),
        ({"event_type": "A", "tags": [1]}, "has tags, which must be a list of texts"),
        ({"event_type": "A", "correlation_paths": {}}, "has correlation_paths, which must be a list of texts"),
        ({"event_type": "A", "name": None}, "has name, which must be text"),
        ({"event_type": "A", "category": 1}, "has category, which must be text"),
        ({"event_type": "A", "schema": "x"}, "has a schema that is neither an object nor true nor false"),
        ({"event_type": "A", "schema": {"$ref": "https://example.com"}}, "which is outside of the document"),
    ],
)
def test_an_entry_of_our_own_format_that_cannot_be_read_is_told(entry: Any, problem: str) -> None:
    document = {"event_catalog": 1, "events": [entry, {"event_type": "GOOD", "schema": ID}]}
    for name, text in (("a.json", json.dumps(document)), ("a.yaml", yaml.safe_dump(document))):
        bad, good = reading.read({name: text}).events
        assert bad.problem is not None and problem in bad.problem
        assert good.problem is None and good.schema == ID


def test_cells_of_a_csv_that_cannot_be_read_are_told() -> None:
    text = 'event_type,tags,schema,status\nA,"x, y",{},draft\nB,,{,\nC,,,live\n,x,,\nD,,,,\nE,"[1]",,\n'
    found = reading.read({"a.csv": text})
    assert found.events[0].said == {"tags": ["x", "y"], "status": "draft"} and found.events[0].schema == {}
    told = [event.problem or "" for event in found.events[1:]]
    assert told[0].startswith("has schema, which is not JSON")
    assert told[1:] == [
        "has status, which must be one of active, beta, draft, deprecated",
        "has no event_type",
        "has more cells than there are columns",
        "has tags, which must be a list of texts",
    ]
    assert found.events[2].place == "a.csv#row=4"


def test_refs_of_our_own_format_share_a_schema() -> None:
    document = {
        "event_catalog": 1,
        "schemas": {"payload.A.v1": ID, "payload.B.v1": {"$ref": "#/nowhere"}},
        "events": [
            {"event_type": "A", "payload_schema_ref": "payload.A.v1"},
            {"event_type": "B", "payload_schema_ref": "payload.A.v1", "schema": {}},
            {"event_type": "C", "payload_schema_ref": "payload.C.v1"},
        ],
    }
    found = read(document)
    assert found.problems == ("given.json: The schema payload.B.v1 refers to #/nowhere, which is not in the document.",)
    a, b, c = found.events
    assert (a.schema, a.schema_ref, a.problem) == (ID, "payload.A.v1", None)
    assert b.problem == "has another schema payload.A.v1 than an event before it"
    assert (c.schema, c.schema_ref, c.problem) == (None, "payload.C.v1", None)


def zipped(files: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_what_an_archive_cannot_give_is_told() -> None:
    of_a_mac = zipped({"order.json": json.dumps(ID), "__MACOSX/._order.json": b"\0\x05"})
    with pytest.warns(UserWarning, match="Duplicate name"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("twice.json", json.dumps(ID))
            archive.writestr("twice.json", json.dumps({"type": "string"}))
    locked = bytearray(zipped({"a.json": "{}"}))
    locked[6] |= 1
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    files = {"mac.zip": of_a_mac, "twice.zip": made.getvalue(), "locked.zip": bytes(locked)}
    found = reading.read({**files, "other.zip": zipped({"inner.zip": of_a_mac})})
    assert found.problems == (
        "twice.json comes twice; the first one is taken.",
        "locked.zip is protected by a password; import it without.",
        "other.zip holds no file that is read here: json, yaml, yml, csv.",
    )
    assert types(found) == ["ORDER", "TWICE"] and found.events[1].schema == ID


def test_an_archive_may_part_its_folders_as_windows_does() -> None:
    order = {"title": "Order", "properties": {"a": {"$ref": "parts/client.json"}}}
    archive = zipped(
        {"s\\order.json": json.dumps(order), "s\\parts\\client.json": json.dumps({"title": "Client", **ID})}
    )
    assert problems(reading.read({"given.zip": archive})) == {"ORDER": None, "CLIENT": None}


@pytest.mark.parametrize("address", ["http://[::1", "//[x", "http://[v9/a"])
def test_an_address_that_is_none_is_told_where_it_stands(address: str) -> None:
    messages = {
        "Bad": {"payload": {"$ref": address}},
        "Named": {"payload": {"$id": "http://[::2", "properties": {"a": {"$ref": "#/x"}}}},
        "Good": {"payload": {"$id": "http://[::3", "type": "object"}},
    }
    bad, named, good = read({"asyncapi": "3.0.0", "components": {"messages": messages}}).events
    assert bad.problem == f"refers to {address}, which is outside of the document; nothing is fetched"
    assert named.problem == "refers to #/x, which is not in the document"
    assert good.problem is None


def test_archives_are_read_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    good = zipped({"a/order.json": json.dumps(ID), "readme.txt": "x", "__MACOSX/._a": b"\xff"})
    assert types(reading.read({"a.zip": good})) == ["ORDER"]
    bomb = zipped({"a.json": b" " * (documents.MAX_BYTES + 1)})
    assert len(bomb) < 100_000
    found = reading.read({"bomb.zip": bomb, "good.zip": good})
    assert found.problems == ("bomb.zip holds more than 10,000 files or 16 MB; import fewer at once.",)
    assert types(found) == ["ORDER"]
    lying = bomb.replace((documents.MAX_BYTES + 1).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert len(reading.read({"lying.zip": lying}).problems) == 1


def test_more_events_than_one_import_takes_are_told() -> None:
    entries = [{"event_type": f"E{n}"} for n in range(documents.MOST_EVENTS + 1)]
    found = read({"event_catalog": 1, "events": entries})
    assert len(found.events) == documents.MOST_EVENTS
    assert found.problems == ("There are 5,001 events; at most 5,000 are taken at once, the first ones.",)


def test_a_small_document_cannot_stand_for_a_large_one() -> None:
    """Each event brings along all that it refers to: what many events share is copied for each."""
    shared = {f"S{n}": {"properties": {f"p{m}": {"type": "string"} for m in range(50)}} for n in range(1000)}
    all_of = {"allOf": [{"$ref": f"#/components/schemas/{name}"} for name in shared]}
    document = openapi(
        {f"hook{n}": sends({"items": {"$ref": "#/components/schemas/All"}}) for n in range(200)},
        components={"schemas": {**shared, "All": all_of}},
    )
    found = read(document)
    told = [event.problem for event in found.events]
    assert len(told) == 200 and told[0] is not None and "refers to more than 50,000 other places" in told[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_told_and_no_failure(method: int) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("a.json", json.dumps({**ID, "description": " ".join(map(str, range(500)))}))
    whole = made.getvalue()
    places = range(len("a.json") + 30, len(whole) - 100, 7)
    told = []
    for place in places:
        damaged = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        told += reading.read({"a.zip": damaged}).problems
    assert len(told) > 0.9 * len(places), "a few bytes mean nothing"
    assert all(one.startswith(("a.zip is not an archive that can be read", "a.json ")) for one in told)
