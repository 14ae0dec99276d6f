"""One sentence for each kind of violation, the same from the server's check and in the form."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import jsonschema_rs
import pytest
from jsonschema_specifications import REGISTRY as SPECIFICATIONS

from lib.sandbox.validation import violations
from lib.schemas import messages
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
    ({"format": "email"}, "secret", "Must be an e-mail address."),
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
    ({"contains": {"type": "null"}}, [1], "Must hold at least one item that is null."),
    ({"additionalProperties": False}, {"x": 1}, '"x" is not allowed here.'),
    ({"patternProperties": {"^y": {}}, "additionalProperties": False}, {"x": 1, "y": 2}, '"x" is not allowed here.'),
    ({"unevaluatedProperties": False}, {"x": 1}, '"x" is not allowed here.'),
    ({"propertyNames": {"maxLength": 1}}, {"long": 1}, 'The key "long" must have at most 1 character.'),
    ({"propertyNames": {"type": "null"}}, {"a": 1}, 'The key "a" must be null, not text.'),
    ({"propertyNames": {"enum": []}}, {"a": 1}, '"a" is not allowed here.'),
    ({"propertyNames": {"anyOf": [False]}}, {"a": 1}, '"a" is not allowed here.'),
    ({"propertyNames": False}, {"a": 1}, '"a" is not allowed here.'),
    ({"propertyNames": {"not": {"const": "a"}}}, {"a": 1}, 'The key "a" has a value that is not allowed.'),
    ({"propertyNames": {"anyOf": [{"const": "x"}, {"const": "y"}]}}, {"a": 1}, 'The key "a" must be "x" or "y".'),
    ({"propertyNames": {"pattern": "^b"}}, {"\ud800": 1}, 'The key "\\ud800" must match the pattern ^b'),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, 'With "a", "b" must be given as well.'),
    ({**DRAFT_7, "dependencies": {"a": ["b"]}}, {"a": 1}, 'With "a", "b" must be given as well.'),
    ({"not": {}}, 1, "Has a form that is not allowed."),
    ({"oneOf": [{}, {}]}, 1, "Fits more than one of the 2 allowed forms; exactly one is wanted."),
    ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"c": 1}, '"a" or "b" must be given.'),
    ({"oneOf": [{"required": ["a"]}, {"required": ["a", "b"]}, {"required": ["a"]}]}, {"b": 1}, '"a" is missing.'),
    ({"anyOf": [{"minimum": 5}, {"maximum": 1}]}, 3, "Must be at least 5, or must be at most 1."),
    (
        {"anyOf": [{"pattern": "^a."}, {"pattern": "^b."}]},
        "c",
        "Must match the pattern ^a., or must match the pattern ^b.",
    ),
    (
        {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "maxLength": 2}, {"type": "null"}]},
        "long",
        "Must be a UUID, such as 123e4567-e89b-12d3-a456-426614174000, or must have at most 2 characters.",
    ),
    ({"properties": {"a": False}}, {"a": 1}, "Nothing is allowed here."),
    ({**DRAFT_3, "properties": {"a": {"required": True}}}, {}, '"a" is missing.'),
    ({"not": {"type": "string"}}, "secret", "Must not be text."),
    ({"not": {"type": ["string", "null"], "title": "T"}}, None, "Must not be text or null."),
    ({"not": {"required": ["a"]}}, {"a": 1}, '"a" is not allowed here.'),
    ({"not": {"required": ["a", "b"]}}, {"a": 1, "b": 2}, '"a" and "b" must not come together.'),
    ({"not": {"type": "string", "pattern": "^s."}}, "secret", "Must not match the pattern ^s."),
    ({"not": {"enum": ["secret", "x"]}}, "secret", "Has a value that is not allowed."),
    ({"not": {"const": "secret"}}, "secret", "Has a value that is not allowed."),
    ({"not": {"required": ["a"], "minProperties": 1}}, {"a": 1}, "Has a form that is not allowed."),
    ({"if": True, "then": False}, 1, "Has a form that is not allowed."),
    ({**DRAFT_3, "disallow": "string"}, "secret", "Must not be text."),
    ({**DRAFT_3, "disallow": ["string", {"minimum": 2}]}, 3, "Has a form that is not allowed."),
    ({**DRAFT_3, "format": "ip-address"}, "secret", "Must be an IPv4 address."),
    ({"format": "uri-template"}, "{secret", "Must be a URL template, such as https://example.com/{id}."),
    (
        {"contains": {"type": "null"}, "minContains": 2},
        [1, None],
        "Must hold at least 2 items of which each is null.",
    ),
    (
        {"contains": {"type": "null"}, "maxContains": 1},
        [None, None],
        "Must hold at most 1 item that is null.",
    ),
    ({**DRAFT_3, "divisibleBy": 2}, 3, "Must be a multiple of 2."),
    ({"maxItems": 2.0}, [1, 2, 3], "Must have at most 2 items."),
    ({"prefixItems": [{}, {}], "items": False}, [1, 2, 3, 4], "Must have at most 2 items."),
    ({**DRAFT_4, "items": [{}], "additionalItems": False}, [1, 2, 3], "Must have at most 1 item."),
    ({"items": False}, [1], "Must have no items."),
    ({"contains": {"const": 1}, "unevaluatedItems": False}, [1, 2, 3], "Holds 2 items that are not allowed here."),
    ({"dependentSchemas": {"a": False, "b": False}}, {"a": 1}, '"a" is not allowed here.'),
    ({"contains": True}, [], "Must hold at least one item."),
    ({"contains": False}, [1], "Must hold at least one item of the wanted kind."),
    ({"contains": {"enum": ["a", "b"]}}, ["c"], 'Must hold at least one item that is "a" or "b".'),
    (
        {"contains": {"maxLength": 3, "type": "string", "pattern": "^a."}},
        ["b"],
        "Must hold at least one item that is text, has at most 3 characters and matches the pattern ^a.",
    ),
    (
        {"contains": {"type": "object", "properties": {"t": {"const": "x"}}, "required": ["t", "u"]}},
        [{}],
        'Must hold at least one item that is an object, has "u" and has "x" as "t".',
    ),
    (
        {"contains": {"type": "array", "contains": {"const": 1}}},
        [[2]],
        "Must hold at least one item that is a list and fits the rest of its schema.",
    ),
    (
        {"contains": {"$ref": "#/$defs/Line"}, "$defs": {"Line": {"type": "null"}}},
        [1],
        'Must hold at least one item of the kind "Line".',
    ),
    # What is there already is not repeated, as it may be a secret.
    (
        {"contains": {"const": "secret"}, "maxContains": 1},
        ["secret"] * 2,
        "Must hold at most 1 item of the wanted kind.",
    ),
    ({"contains": {"type": "string"}, "minContains": 0, "maxContains": 0}, ["s"], "Must hold no item that is text."),
    ({"not": {"contains": {"type": "null"}}}, [None], "Must hold no item that is null."),
    ({"not": {"minimum": 5}}, 7, "Must not be at least 5."),
    ({"not": {"type": "string", "format": "email"}}, "secret@b.de", "Must not be an e-mail address."),
    ({"not": {"maxLength": 3}}, "s", "Must not have at most 3 characters."),
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


def test_what_is_wrong_with_a_key_is_said_of_the_object_and_shown_at_its_field() -> None:
    schema = {"properties": {"hours": {"propertyNames": {"pattern": "^[A-Z]+$", "minLength": 2}}}}
    value = {"hours": {"MON": 1, "x": 2, "Y": 3}}
    told = [(one.pointer, one.message) for one in violations(schema, value).violations]
    assert told == [
        ("/hours", 'The key "x" must have at least 2 characters.'),
        ("/hours", 'The key "x" must match the pattern ^[A-Z]+$'),
        ("/hours", 'The key "Y" must have at least 2 characters.'),
    ]
    shown = [(one.shown_at, one.message) for one in validate(schema, value)]
    assert shown == [(("hours", name), message) for (_, message), name in zip(told, "xxY", strict=True)]


@pytest.mark.parametrize("value", [{"kind": "other"}, {"kind": 5, "hours": "no"}])
def test_a_kind_that_no_form_has_is_all_that_is_told(value: Any) -> None:
    forms = [
        {"properties": {"kind": {"const": "note"}, "text": {}}, "required": ["kind", "text"]},
        {"properties": {"kind": {"enum": ["work", "trip"]}, "hours": {"type": "number"}}, "required": ["hours"]},
    ]
    for schema in ({"oneOf": forms}, {"anyOf": [*forms, {"type": "null"}]}):
        told = violations(schema, value).violations
        assert [(one.pointer, one.message) for one in told] == [("/kind", 'Must be "note", "work" or "trip".')]
        assert [(one.shown_at, one.message) for one in validate(schema, value)] == [(("kind",), told[0].message)]
        form = load(schema, value)
        form.root.spec  # noqa: B018  # a branch is shown, though nobody picked it
        assert [one.message for one in form.violations()] == [told[0].message]


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


#: For each keyword that a value can fail by itself: the schema that holds it, and the value.
FAILING: dict[str, tuple[Any, Any]] = {
    "type": ({"type": "string"}, 5),
    "enum": ({"enum": ["a"]}, "c"),
    "const": ({"const": 1}, 2),
    "format": ({"format": "uri"}, "a b"),
    "pattern": ({"pattern": "^a"}, "b"),
    "minLength": ({"minLength": 2}, "b"),
    "maxLength": ({"maxLength": 0}, "b"),
    "minimum": ({"minimum": 3}, 1),
    "maximum": ({"maximum": 3}, 5),
    "exclusiveMinimum": ({"exclusiveMinimum": 3}, 3),
    "exclusiveMaximum": ({"exclusiveMaximum": 3}, 3),
    "multipleOf": ({"multipleOf": 2}, 3),
    "divisibleBy": ({"divisibleBy": 2}, 3),
    "minItems": ({"minItems": 1}, []),
    "maxItems": ({"maxItems": 0}, [1]),
    "uniqueItems": ({"uniqueItems": True}, [1, 1]),
    "minProperties": ({"minProperties": 1}, {}),
    "maxProperties": ({"maxProperties": 0}, {"a": 1}),
    "required": ({"required": ["a"]}, {}),
    "properties": ({"properties": {"a": False}}, {"a": 1}),
    "patternProperties": ({"patternProperties": {"^a": False}}, {"a": 1}),
    "additionalProperties": ({"additionalProperties": False}, {"a": 1}),
    "unevaluatedProperties": ({"unevaluatedProperties": False}, {"a": 1}),
    "propertyNames": ({"propertyNames": False}, {"a": 1}),
    "items": ({"items": False}, [1]),
    "prefixItems": ({"prefixItems": [False]}, [1]),
    "additionalItems": ({"items": [{}], "additionalItems": False}, [1, 2]),
    "unevaluatedItems": ({"unevaluatedItems": False}, [1]),
    "contains": ({"contains": {"const": 1}}, [2]),
    "minContains": ({"contains": {"const": 1}, "minContains": 2}, [1]),
    "maxContains": ({"contains": {"const": 1}, "maxContains": 1}, [1, 1]),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    "dependentSchemas": ({"dependentSchemas": {"a": False}}, {"a": 1}),
    "dependencies": ({"dependencies": {"a": ["b"]}}, {"a": 1}),
    "allOf": ({"allOf": [False]}, 1),
    "anyOf": ({"anyOf": [{"properties": {"a": {"type": "string"}}}, {"type": "string"}]}, {"a": 1}),
    "oneOf": ({"oneOf": [True, True]}, 1),
    "not": ({"not": {}}, 1),
    "if": ({"if": {"const": 1}, "then": {"const": 2}}, 1),
    "then": ({"if": True, "then": False}, 1),
    "else": ({"if": False, "else": False}, 1),
    "disallow": ({"disallow": ["integer"]}, 1),
    "extends": ({"extends": {"type": "string"}}, 1),
    "$ref": ({"$ref": "#/x", "x": False}, 1),
    "$recursiveRef": ({"properties": {"a": {"$recursiveRef": "#"}}, "type": "object"}, {"a": 1}),
    "$dynamicRef": ({"properties": {"a": {"$dynamicRef": "#"}}, "type": "object"}, {"a": 1}),
}
#: Where a draft writes a keyword in another way.
FAILING_OTHERWISE: dict[tuple[str, str], tuple[Any, Any]] = {
    **{(draft, "exclusiveMinimum"): ({"minimum": 3, "exclusiveMinimum": True}, 3) for draft in ("03", "04")},
    **{(draft, "exclusiveMaximum"): ({"maximum": 3, "exclusiveMaximum": True}, 3) for draft in ("03", "04")},
    ("03", "required"): ({"properties": {"a": {"required": True}}}, {}),
    ("03", "properties"): ({"properties": {"a": {"disallow": "any"}}}, {"a": 1}),
    ("03", "patternProperties"): ({"patternProperties": {"^a": {"disallow": "any"}}}, {"a": 1}),
    ("03", "items"): ({"items": {"disallow": "any"}}, [1]),
}
#: Keywords that no value can fail.
SAY_NOTHING = set(
    "$id id $schema $anchor $dynamicAnchor $recursiveAnchor $vocabulary $comment $defs definitions title description "
    "default deprecated readOnly writeOnly example examples contentEncoding contentMediaType contentSchema".split()
)


def keywords() -> list[tuple[str, str]]:
    """The identifier of each draft's own schema, with each of its keywords."""
    found = set[tuple[str, str]]()
    for uri in SPECIFICATIONS:
        draft = re.search(r"draft[-/](\d[\d-]*)/", uri)
        if draft is not None:
            root = uri if "draft-0" in uri else f"https://json-schema.org/draft/{draft[1]}/schema"
            found |= {(root, keyword) for keyword in SPECIFICATIONS.contents(uri).get("properties", ())}
    return sorted(found)


def test_every_keyword_of_every_draft_has_a_sentence_in_words_of_ours() -> None:
    told = set[str]()
    for root, keyword in keywords():
        if keyword in SAY_NOTHING:
            continue
        draft = (re.search(r"draft-(\d\d)", root) or ["", ""])[1]
        if (keyword == "dependencies" and not draft) or (keyword == "$recursiveRef" and "2020" in root):
            continue  # of older drafts; kept only so that nobody gives the name another meaning
        schema, value = FAILING_OTHERWISE.get((draft, keyword), FAILING[keyword])
        schema = {"$schema": root, **schema}
        verdict = violations(schema, value)
        assert verdict.status == "invalid", (root, keyword, verdict)
        for one in verdict.violations:
            assert one.keyword in messages._SENTENCES, (root, keyword, one)
            assert re.fullmatch(r"[A-Z\"].*[.a]", one.message), one
            told.add(one.keyword)
        with contextlib.suppress(ValueError):  # draft 3, and what is false in draft 4, are not the engine's own
            theirs = {error.message for error in jsonschema_rs.validator_for(schema).iter_errors(value)}
            assert not theirs & {one.message for one in verdict.violations}
        assert {one.message for one in verdict.violations} == {one.message for one in validate(schema, value)}
    assert len({keyword for _, keyword in keywords()} - SAY_NOTHING) >= 40
    never = {"unfinished", "uniqueItems", "false", "either"}
    assert told >= messages._SENTENCES.keys() - never, messages._SENTENCES.keys() - told
    slow = violations({"pattern": "^(a|aa)+(?=b)$"}, "a" * 40).violations
    assert [one.message for one in slow] == ["Cannot be checked, because matching the pattern takes too long."]
