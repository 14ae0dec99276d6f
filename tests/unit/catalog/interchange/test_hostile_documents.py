"""Small documents that ask for much: reading them takes about as long as they are, or it is told why it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from lib.catalog.interchange import allowance, reading
from lib.catalog.interchange.documents import Document

TOO_MUCH = "comes after more than one import may hold; import fewer files at once"
WORDS = [f"w{n}" for n in range(20_000)]
WIDE = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(5_000)}}
FORMATTED = {"schemaFormat": "application/schema+json;version=2020-12", "schema": WIDE}


def read(document: Mapping[str, Any]) -> Document:
    return reading.read({"given.json": json.dumps(document)})


def read_soon(document: Mapping[str, Any]) -> Document:
    began = time.process_time()
    found = read(document)
    assert time.process_time() - began < 3
    return found


def asyncapi(version: str = "3.0.0", **parts: Any) -> dict[str, Any]:
    return {"asyncapi": version, **parts}


def messages(count: int, message: Any, **components: Any) -> dict[str, Any]:
    return asyncapi(components={"messages": {f"m{n}": message for n in range(count)}, **components})


def webhooks(count: int, webhook: Any, **components: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "webhooks": {f"w{n}": webhook for n in range(count)}, "components": components}


def entries(count: int, schema: Any, **schemas: Any) -> dict[str, Any]:
    events = [{"event_type": f"E{n}", "schema": schema} for n in range(count)]
    return {"event_catalog": 1, "events": events, "schemas": schemas}


def sends(schema: Any) -> dict[str, Any]:
    return {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}


@pytest.mark.parametrize("outside", [{}, {"not": {"$ref": "#/schemas/other"}}], ids=["alone", "with another"])
def test_references_by_name_are_found_at_once(outside: dict[str, Any]) -> None:
    refers = {f"p{n}": {"$ref": "#z"} for n in range(2_000)}
    schema = {"$defs": {"z": {"$anchor": "z"}}, "properties": refers, **outside}
    found = read_soon(entries(1, schema, other={"type": "string"}))
    assert found.events[0].problem is None and found.events[0].schema["properties"] == refers | (  # type: ignore[index]
        {f"p{n}": {"$ref": "#/$defs/z"} for n in range(2_000)} if outside else {}
    )


def test_definitions_of_one_name_are_numbered_at_once() -> None:
    refers = {f"p{n}": {"$ref": f"#/schemas/x/{n}/a"} for n in range(16_000)}
    found = read_soon(entries(1, {"properties": refers}, x={str(n): {"a": n % 2 == 0} for n in range(16_000)}))
    definitions = found.events[0].schema["$defs"]  # type: ignore[index]
    assert list(definitions)[:3] == ["a", "a2", "a3"] and definitions["a16000"] is False


def test_a_schema_that_many_events_give_under_one_ref_is_written_once() -> None:
    document = entries(3_000, {}, **{"payload.A.v1": WIDE})
    for entry in document["events"]:
        entry["payload_schema_ref"] = "payload.A.v1"
    told = {event.problem for event in read_soon(document).events}
    assert told == {"has another schema payload.A.v1 than an event before it"}


def test_a_channel_that_many_share_is_listed_once() -> None:
    shared = {"messages": {f"m{n}": {} for n in range(3_000)}}
    channels = {f"c{n}": {"$ref": "#/components/channels/shared"} for n in range(3_000)}
    found = read_soon(asyncapi(channels=channels, components={"channels": {"shared": shared}}))
    assert len(found.events) == 3_000 and all(event.problem is None for event in found.events)


def test_a_choice_that_many_channels_share_is_listed_once() -> None:
    shared = {"oneOf": [{"name": f"m{n}"} for n in range(1_000)]}
    channels = {f"c{n}": {"publish": {"message": {"$ref": "#/components/messages/shared"}}} for n in range(1_000)}
    found = read_soon(asyncapi("2.6.0", channels=channels, components={"messages": {"shared": shared}}))
    assert len(found.events) == 1_000 and all(event.problem is None for event in found.events)


def test_a_long_address_is_no_start_of_others() -> None:
    refers = {f"p{n}": {"$ref": "other"} for n in range(300)}
    long = f"http://example.com/{'x/' * 200_000}"
    found = read_soon(entries(1, {"$id": long, "properties": refers, "$defs": {"a": {"$id": "other"}}}))
    assert found.events[0].problem is None


def test_a_place_below_a_long_name_is_told_shortened() -> None:
    channel = {"messages": {f"m{n}": {} for n in range(200)}}
    found = read(asyncapi(channels={"x" * 50_000: channel}))
    assert len({event.place for event in found.events}) == 200
    assert all(len(event.place) < 600 for event in found.events)


TRAITS = {"traits": [{"$ref": "#/components/shared"}]}
BODY = {"post": {"requestBody": {"$ref": "#/components/shared"}}}
ITEM = {"$ref": "#/components/shared"}
SCHEMA = {"$ref": "#/schemas/shared"}


@pytest.mark.parametrize(
    "document",
    [
        webhooks(200, BODY, shared=sends(WIDE)["post"]["requestBody"]),
        webhooks(200, ITEM, shared=sends(WIDE)),
        webhooks(200, ITEM, shared={"post": {"tags": WORDS}}),
        messages(200, TRAITS, shared={"tags": [{"name": word} for word in WORDS]}),
        messages(200, TRAITS, shared={"examples": [{"payload": word} for word in WORDS]}),
        messages(1_000, {"correlationId": ITEM}, shared={"location": f"$message.payload#{'/x' * 200_000}"}),
        entries(200, SCHEMA, shared={"required": WORDS}),
        entries(200, SCHEMA, shared={"const": WORDS}),
        entries(1_000, SCHEMA, shared={"description": "x" * 400_000}),
        entries(1_000, SCHEMA, shared={"properties": {"x" * 400_000: True}}),
    ],
    ids=[
        *("request body", "path item", "tags of a path item", "tags of a trait"),
        *("examples of a trait", "correlation id", "list", "literal", "long text", "long name"),
    ],
)
def test_what_many_events_share_counts_for_each(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "_MOST_PLACES", 200_000)
    first, *_, last = read(document).events
    assert (first.problem, last.problem) == (None, TOO_MUCH)


def test_a_formatted_schema_counts_for_each_event_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "_MOST_PLACES", 400_000)
    found = read(messages(200, {"payload": {"$ref": "#/components/schemas/S"}}, schemas={"S": FORMATTED}))
    told = [event.problem for event in found.events]
    assert told[:20] == [None] * 20 and told[-1] == TOO_MUCH
