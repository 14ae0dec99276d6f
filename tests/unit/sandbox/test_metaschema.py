"""What is no JSON Schema is told so, every problem at its line, by the draft that the schema names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.catalog import system as system_catalog
from lib.sandbox.metaschema import schema_problems
from lib.serialization import strict_json
from tests.support import schema_suite

DRAFT_3, DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020 = (
    "http://json-schema.org/draft-03/schema#",
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
)

#: Schemas that are none, and a part of what is to be said. Some have several things wrong.
BAD: list[tuple[Any, tuple[str, ...]]] = [
    (None, ("must be an object",)),
    (True, ("must be an object",)),
    (3, ("must be an object",)),
    ([{"type": "object"}], ("must be an object",)),
    ({"type": "strin"}, ("/type: Must be one of",)),
    ({"type": ["object", "objekt"]}, ("/type",)),
    ({"type": "object", "properties": []}, ("/properties: Must be an object, not a list",)),
    ({"properties": {"a": "string"}}, ("/properties/a: Must be an object or true or false",)),
    ({"properties": {"a": {"properties": {"b": 3}}}}, ("/properties/a/properties/b",)),
    ({"required": "a"}, ("/required: Must be a list",)),
    ({"required": ["a", "a"]}, ("/required: Must not hold the same item twice",)),
    ({"required": [1]}, ("/required/0: Must be text",)),
    ({"minimum": "1"}, ("/minimum: Must be a number",)),
    ({"minLength": -1}, ("/minLength: Must be at least 0",)),
    ({"maxItems": 1.5}, ("/maxItems: Must be a whole number",)),
    ({"multipleOf": 0}, ("/multipleOf: Must be more than 0",)),
    ({"uniqueItems": "yes"}, ("/uniqueItems: Must be true or false",)),
    ({"enum": "red"}, ("/enum: Must be a list",)),
    ({"title": 3}, ("/title: Must be text",)),
    ({"description": []}, ("/description: Must be text",)),
    ({"pattern": "("}, ("/pattern: Must be a regular expression",)),
    ({"patternProperties": {"[": {}}}, ('/patternProperties: The key "[" must be a regular expression',)),
    ({"oneOf": []}, ("/oneOf: Must have at least 1 item",)),
    ({"allOf": {"type": "object"}}, ("/allOf: Must be a list",)),
    ({"items": [{}]}, ("/items: Must be an object or true or false",)),
    ({"additionalProperties": 3}, ("/additionalProperties",)),
    ({"$defs": {"a": {"type": "nix"}}}, ("/$defs/a/type",)),
    ({"$id": 3}, ("/$id: Must be text",)),
    ({"$schema": 3}, ("/$schema: Must be text",)),
    ({"$schema": "http://json-schema.org/draft-05/schema#"}, ("none of the drafts",)),
    ({"$schema": "https://example.com/mine"}, ("none of the drafts",)),
    ({"properties": {"a": {"$schema": "https://example.com/mine"}}}, ("/properties/a/$schema", "none of the drafts")),
    ({"$defs": {"a": {"$id": "b", "$schema": "http://json-schema.org/schema#"}}}, ("none of the drafts",)),
    ({"$ref": "https://example.com/far.json"}, ("/$ref: The schema refers to https://example.com/far.json", "fetched")),
    ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, ("/properties/a/$ref", "outside of it")),
    ({"$ref": "#/$defs/none"}, ("/$ref: The schema refers to /$defs/none, which is not in it",)),
    *(
        ({"allOf": [{}, {}], "not": {"$ref": f"#/allOf/{place}"}}, (f"refers to /allOf/{place}, which is not in it",))
        for place in ("-1", "+1", "-", "01", "00", "1_0", "2", "\u0661")
    ),
    ({"$defs": {"a": {"$ref": "http://example.com/a"}}}, ("/$defs/a/$ref", "outside of it")),
    ({"$ref": "#"}, ("/$ref: The schema refers to itself without end",)),
    ({"allOf": [{"$ref": "#"}]}, ("without end",)),
    ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, ("without end",)),
    ({"$ref": 3, "type": "nix"}, ("/$ref: Must be text", "/type: Must be one of")),
    (
        {"$schema": DRAFT_3, "properties": {"a": {"required": "yes"}}},
        ("/properties/a/required: Must be true or false",),
    ),
    ({"$schema": DRAFT_3, "divisibleBy": 0}, ("/divisibleBy",)),
    ({"$schema": DRAFT_4, "exclusiveMinimum": 3, "minimum": 1}, ("/exclusiveMinimum: Must be true or false",)),
    ({"$schema": DRAFT_4, "required": []}, ("/required: Must have at least 1 item",)),
    ({"$schema": DRAFT_4, "properties": {"a": True}}, ("/properties/a: Must be an object",)),
    ({"$schema": DRAFT_6, "exclusiveMinimum": True}, ("/exclusiveMinimum: Must be a number",)),
    ({"$schema": DRAFT_6, "contains": 1}, ("/contains",)),
    ({"$schema": DRAFT_7, "if": 3}, ("/if: Must be an object or true or false",)),
    ({"$schema": DRAFT_7, "definitions": {"a": {"type": "nix"}}}, ("/definitions/a/type",)),
    ({"$schema": DRAFT_2019, "dependentRequired": {"a": "b"}}, ("/dependentRequired/a: Must be a list",)),
    ({"$schema": DRAFT_2019, "$recursiveAnchor": "yes"}, ("/$recursiveAnchor: Must be true or false",)),
    ({"$schema": DRAFT_2020, "prefixItems": {}}, ("/prefixItems: Must be a list",)),
    ({"$schema": DRAFT_2020, "$anchor": "1 2"}, ("/$anchor",)),
    ({"default": {"a": "\0"}}, ("NUL",)),
    ({"x": {"y": "\ud800"}}, ("half a surrogate pair",)),
    ({"description": "x" * 300_000}, ("bytes long; at most",)),
]

#: Texts that are none, with the lines and a part of what is to be said there.
BAD_TEXTS: list[tuple[str, list[tuple[int | None, str]]]] = [
    ("", [(None, "is empty")]),
    ("   \n ", [(None, "is empty")]),
    ("type: object\nproperties:\n  a: {}\n", [(1, "looks like YAML")]),
    ("# a comment\n---\ntype: object\n", [(1, "looks like YAML")]),
    ('{"type": "object",\n}', [(2, "is not JSON")]),
    ("{'type': 'object'}", [(1, "is not JSON")]),
    ('{"type": "object"} {}', [(1, "is not JSON")]),
    ('{"type":\n"object", "maximum": NaN}', [(2, "NaN")]),
    ('{"a": 1,\n"a": 2,\n"b": {"c": 1,\n"c": 2}}', [(2, '"a" stands here again'), (4, '"c" stands here again')]),
    ('{"type": "object",\n"title": "\\ud800"}', [(2, "half a surrogate pair")]),
    ("[" * 100 + "]" * 100, [(None, "nested more than 64 levels")]),
    ('{"title": "' + "x" * 300_000 + '"}', [(None, "bytes long; at most")]),
    ('{"properties": {"a":\n{"type": "nix"},\n"b": 3}}', [(2, "/properties/a/type"), (3, "/properties/b")]),
    ('{"properties":\n{"a": {"$ref":\n"http://example.com/x"}}}', [(3, "outside of it")]),
]


@pytest.mark.parametrize(("schema", "said"), BAD, ids=lambda value: json.dumps(value)[:60])
def test_what_is_no_schema_is_told_with_place_and_cause(schema: Any, said: tuple[str, ...]) -> None:
    found = schema_problems(schema)
    assert found and all(line is None for line, _ in found)
    for part in said:
        assert any(part in sentence for _, sentence in found), found


@pytest.mark.parametrize(("text", "said"), BAD_TEXTS, ids=lambda value: str(value)[:40])
def test_what_is_no_schema_is_told_at_its_line(text: str, said: list[tuple[int | None, str]]) -> None:
    found = schema_problems(text)
    assert [line for line, _ in found] == [line for line, _ in said]
    for (_, sentence), (_, part) in zip(found, said, strict=True):
        assert part in sentence


@pytest.mark.parametrize("draft", [None, DRAFT_4, DRAFT_6])
@pytest.mark.parametrize("written", ["Page<Item>", "Page%3CItem%3E"])
def test_a_reference_into_the_schema_is_taken_as_it_is_followed(draft: str | None, written: str) -> None:
    """Many write it raw, as tools for C# do, and every judge follows it, though it is no URL."""
    named = {"$schema": draft} if draft else {}
    schema = {"definitions": {"Page<Item>": {}}, "properties": {"a": {"$ref": f"#/definitions/{written}"}}}
    assert schema_problems({**schema, **named}) == []
    [(_, problem)] = schema_problems({**schema, **named, "definitions": {}})
    assert problem.startswith("/properties/a/$ref: The schema refers to /definitions/Page")


def test_there_are_enough_of_them() -> None:
    assert len(BAD) + len(BAD_TEXTS) >= 60


def test_schemas_have_no_problems() -> None:
    for event in system_catalog.read():
        assert schema_problems(event.schema) == []
    for draft in (DRAFT_3, DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020):
        tree = {"$schema": draft, "type": "object", "properties": {"next": {"$ref": "#"}, "far": {"$ref": draft}}}
        assert schema_problems(tree) == [], draft
        assert schema_problems(json.dumps(tree, indent=2)) == [], draft
    assert schema_problems({"const": {"$ref": "http://example.com/x"}, "examples": [{"type": 3}]}) == []


@pytest.mark.parametrize("draft", schema_suite.DRAFTS)
def test_the_schemas_of_the_official_suite_are_schemas(draft: str) -> None:
    """But for those that refer to what a server of the suite would have, or hold what cannot be stored."""
    try:
        schemas = {strict_json.dumps(one.schema): one.schema for one in schema_suite.cases(draft)}
    except schema_suite.NoSuite as reason:
        pytest.skip(str(reason))
    told = {text: schema_problems(one) for text, one in schemas.items() if isinstance(one, dict)}
    other = {
        text: found
        for text, found in told.items()
        if not all(any(part in sentence for part in _ELSEWHERE) for _, sentence in found)
    }
    assert len(told) > 100 and other == {}


_ELSEWHERE = ("outside of it", "none of the drafts", "the character NUL")
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=5)  # see BAD for those
    | st.sampled_from(["object", "#", "#/a", "http://x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "$ref", "allOf", "items", "$defs", "a", "not", "pattern", "$id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_nothing_makes_it_raise_and_a_text_is_judged_as_its_value(value: Any) -> None:
    found = schema_problems(value) if not isinstance(value, str) else schema_problems(strict_json.dumps(value))
    written = schema_problems(json.dumps(value, indent=1))
    assert sorted(sentence for _, sentence in found) == sorted(sentence for _, sentence in written)
    lines = json.dumps(value, indent=1).count("\n") + 1
    assert all(line is None or 1 <= line <= lines for line, _ in written)
