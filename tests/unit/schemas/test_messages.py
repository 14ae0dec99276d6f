"""One sentence for each kind of violation, the same from the server's check and in the form."""

from __future__ import annotations

from typing import Any

import pytest

from lib.sandbox.validation import violations
from lib.schemas.form import SchemaViolation, load, validate
from lib.schemas.messages import Fault, sentence

DRAFT_3 = {"$schema": "http://json-schema.org/draft-03/schema#"}
DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}

#: A schema, a value that breaks it, and the sentence.
BROKEN: list[tuple[Any, Any, str]] = [
    ({"required": ["a", "b"]}, {"b": 1}, '"a" is missing.'),
    ({"type": "string"}, 5, "Must be text."),
    ({"type": ["string", "null"]}, True, "Must be text or null, not true."),
    ({"enum": ["a", "b"]}, "c", 'Must be "a" or "b".'),
    ({"enum": []}, "c", "Nothing is allowed here."),
    ({"const": {"a": 1}}, 5, 'Must be {"a":1}.'),
    ({"format": "email"}, "secret", "Must be an email address."),
    ({"format": "iri"}, "se cret", "Must be a URL with its scheme, such as https://example.com/."),
    ({"pattern": "^a"}, "secret", "Must match the pattern ^a"),
    ({"minLength": 8}, "secret", "Must have at least 8 characters."),
    ({"maxItems": 1}, [1, 2], "Must have at most 1 item."),
    ({"minProperties": 2}, {"a": 1}, "Must have at least 2 entries."),
    ({"minimum": 3}, 1, "Must be at least 3."),
    ({**DRAFT_4, "minimum": 3, "exclusiveMinimum": True}, 3, "Must be more than 3."),
    ({"exclusiveMaximum": 3}, 3, "Must be less than 3."),
    ({"multipleOf": 2}, 3, "Must be a multiple of 2."),
    ({"uniqueItems": True}, [1, 1], "Must not hold the same item twice."),
    ({"contains": {"type": "null"}}, [1], "Must hold at least one item of the wanted kind."),
    ({"additionalProperties": False}, {"x": 1}, '"x" is not allowed here.'),
    ({"patternProperties": {"^y": {}}, "additionalProperties": False}, {"x": 1, "y": 2}, '"x" is not allowed here.'),
    ({"unevaluatedProperties": False}, {"x": 1}, '"x" is not allowed here.'),
    ({"propertyNames": {"maxLength": 1}}, {"long": 1}, "Must have at most 1 character."),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, 'With "a", "b" must be given as well.'),
    ({**DRAFT_7, "dependencies": {"a": ["b"]}}, {"a": 1}, 'With "a", "b" must be given as well.'),
    ({"not": {}}, 1, "Has a form that is not allowed."),
    ({"oneOf": [{}, {}]}, 1, "Fits more than one of the 2 allowed forms; exactly one is wanted."),
    ({"properties": {"a": False}}, {"a": 1}, "Nothing is allowed here."),
    ({**DRAFT_3, "properties": {"a": {"required": True}}}, {}, '"a" is missing.'),
    ({**DRAFT_3, "disallow": "string"}, "secret", "Has a form that is not allowed."),
    ({**DRAFT_3, "divisibleBy": 2}, 3, "Must be a multiple of 2."),
]


@pytest.mark.parametrize(("schema", "value", "words"), BROKEN, ids=[str(schema)[:60] for schema, _, _ in BROKEN])
def test_server_and_form_say_the_same(schema: Any, value: Any, words: str) -> None:
    verdict = violations(schema, value)
    assert [one.message for one in verdict.violations] == [words], verdict
    assert {one.message for one in validate(schema, value)} == {words}


def test_what_is_wrong_inside_a_form_is_said_at_its_place() -> None:
    schema = {
        "properties": {"p": {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"const": 1}]}}
    }
    told = [(("p",), "Fits none of the 2 allowed forms."), (("p", "a"), "Must be text.")]
    assert [(one.path, one.message) for one in violations(schema, {"p": {"a": 5}}).violations] == told
    assert [(one.path, one.message) for one in validate(schema, {"p": {"a": 5}})] == told


def test_each_missing_field_is_told_at_its_own_place() -> None:
    found = validate({"required": ["a", "b"]}, {})
    assert [(one.shown_at, one.message) for one in found] == [
        (("a",), '"a" is missing.'),
        (("b",), '"b" is missing.'),
    ]
    assert load({"type": "string"}).violations() == [SchemaViolation((), "Something must be given here.", "required")]


@pytest.mark.parametrize("wanted", [None, True, [], {}, "x", 1.5, "\ud800", float("inf"), ["a", {}], "x" * 5000])
def test_whatever_a_keyword_holds_there_is_a_sentence(wanted: Any) -> None:
    for keyword in (
        "type",
        "enum",
        "const",
        "format",
        "minimum",
        "pattern",
        "required",
        "additionalProperties",
        "else",
    ):
        if keyword == "enum" and not isinstance(wanted, list):
            continue
        words = sentence(Fault(keyword, wanted))
        assert words and len(words) < 500
        words.encode()
