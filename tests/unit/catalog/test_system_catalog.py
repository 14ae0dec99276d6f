"""The system catalog holds every system event, and each is fit to learn from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib.catalog import system as system_catalog
from lib.catalog.system import SystemEvent
from lib.schemas.outline import SchemaField, outline

WANTED = {
    row["event_type"]: row
    for row in csv.DictReader(Path(__file__).with_name("system_events.csv").open(encoding="utf-8"))
}
EVENTS = system_catalog.read()


def by_type(event: SystemEvent) -> str:
    return event.event_type


def wanted_fields(spec: str) -> Iterator[tuple[str, bool, str]]:
    """(name, optional, rest) of each field in a line such as "a, b?, c(x|y), d[{e}], f/g"."""
    for part in re.findall(r"[^,\[\]{}()]+(?:\([^)]*\))?(?:\[[^\]]*\])?(?:\{[^}]*\})?\??", spec):
        if match := re.match(r"\s*([A-Za-z/]+)(.*?)(\?)?$", part.strip()):
            for name in match[1].split("/"):
                yield name, bool(match[3]) or "/" in match[1], match[2]


def test_all_155_events_in_16_categories() -> None:
    assert len(EVENTS) == 155
    assert {e.event_type: (e.category, e.name) for e in EVENTS} == {
        t: (row["category"], row["name"]) for t, row in WANTED.items()
    }
    assert len({e.category for e in EVENTS}) == 16


@pytest.mark.parametrize("event", EVENTS, ids=by_type)
def test_fields_are_those_of_the_list(event: SystemEvent) -> None:
    listed = wanted_fields(WANTED[event.event_type]["payload_fields"])
    wanted = {name: (optional, rest) for name, optional, rest in listed}
    properties = event.schema["properties"]
    assert set(properties) == set(wanted)
    assert set(event.schema["required"]) == {name for name, (optional, _) in wanted.items() if not optional}
    for name, (_, rest) in wanted.items():
        if rest.startswith("("):
            assert properties[name]["enum"] == rest[1:].split(")")[0].split("|")


@pytest.mark.parametrize("event", EVENTS, ids=by_type)
def test_schema_is_sound_stands_alone_and_its_example_validates(event: SystemEvent) -> None:
    Draft202012Validator.check_schema(event.schema)
    validator = Draft202012Validator(event.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(event.example)] == []
    with pytest.raises(Exception, match=r"required|anyOf|valid under"):
        validator.validate({})


def every(fields: list[SchemaField]) -> Iterator[SchemaField]:
    for field in fields:
        yield field
        yield from every(field.children)


@pytest.mark.parametrize("event", EVENTS, ids=by_type)
def test_texts_explain(event: SystemEvent) -> None:
    assert 80 <= len(event.description) <= 600
    assert event.correlation_paths and set(event.correlation_paths) <= set(event.schema["properties"])
    assert not [f.path for f in every(outline(event.schema)) if not f.description]


def test_types_follow_the_names() -> None:
    formats: dict[str, Any] = {}
    for event in EVENTS:
        for field in outline(event.schema):
            if field.name.endswith("At"):
                assert field.type == "date-time", (event.event_type, field.name)
            if field.name.endswith("UserId") or field.name == "tenantId":
                assert field.type == "uuid", (event.event_type, field.name)
            formats[field.name] = field
    assert formats["signerEmail"].sensitive and formats["phoneNumber"].sensitive and formats["fullName"].sensitive


def test_schema_refs_are_pascal_case_with_a_version() -> None:
    assert system_catalog.schema_ref("TICKET_CREATED") == "payload.TicketCreated.v1"
    refs = [event.schema_ref for event in EVENTS]
    assert len(set(refs)) == len(refs)
