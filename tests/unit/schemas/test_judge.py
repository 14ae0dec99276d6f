"""The one judge: exact numbers, nullable, parts that cannot be checked, and the branch that a value means."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.sandbox.validation import SchemaVerdict, violations
from lib.schemas.document import SchemaDocument
from lib.schemas.form import load
from lib.schemas.judge import Judge
from lib.schemas.parts import Part

DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}
DRAFT_2019 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}


def both(schema: Any, value: Any) -> list[tuple[str, str]]:
    """What server and form say of a value: the same."""
    verdict = violations(schema, value)
    server = [(one.pointer, one.message) for one in verdict.violations]
    form = load(schema, value).violations()
    whole = [("", verdict.error)] if verdict.error else []
    assert dict.fromkeys(("".join(f"/{step}" for step in one.path), one.message) for one in form) == dict.fromkeys(
        whole + server
    )
    return server


# -- numbers --------------------------------------------------------------------------------------

NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.sampled_from([2**53, 2**53 + 1, 2**64 + 1, 10**400, 10**400 + 1, -(10**400)])
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.decimals(-1000, 1000, places=2)
    | st.sampled_from([Decimal(text) for text in ("1e400", "2e400", "-1e400", "1e-400", "9007199254740992.5")])
    | st.sampled_from(
        [Decimal("0.99999999999999999999999"), Decimal("1.0000000000000000000001"), Decimal("18446744073709551616.5")]
    )
)


@given(NUMBERS, NUMBERS)
def test_bounds_are_exact(bound: Any, number: Any) -> None:
    small = abs(Decimal(bound).adjusted()) < 1000 and abs(Decimal(number).adjusted()) < 1000
    one, other = (Fraction(number), Fraction(bound)) if small else (Decimal(number), Decimal(bound))
    right = {
        "minimum": one >= other,
        "maximum": one <= other,
        "exclusiveMinimum": one > other,
        "exclusiveMaximum": one < other,
    }
    for keyword, valid in right.items():
        assert violations({keyword: bound}, number).valid is valid, keyword
    if small:
        assert violations({"const": bound}, number).valid is (one == other)
        assert violations({"enum": [bound]}, number).valid is (one == other)
        assert violations({"uniqueItems": True}, [bound, number]).valid is (one != other)
        if bound > 0:
            assert violations({"multipleOf": bound}, number).valid is (one % other == 0)


@pytest.mark.parametrize("step", [7, Decimal("1e-300"), 3 * 10**20, Decimal("0.3")])
def test_multiples_of_very_large_numbers_take_no_time(step: Any) -> None:
    for number in (Decimal("1e100000"), Decimal("1e-100000"), Decimal("3e100000")):
        assert violations({"multipleOf": step}, number).status in ("valid", "invalid")
    assert not violations({"multipleOf": 7}, Decimal("1e400")).valid


# -- nullable -------------------------------------------------------------------------------------

OBJECT = {"type": "object", "required": ["a"]}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "nullable": True},
        {"type": "string", "enum": ["a"], "nullable": True},
        {"const": 1, "nullable": True},
        {"allOf": [{"$ref": "#/$defs/o"}], "nullable": True, "$defs": {"o": OBJECT}},
        {"$ref": "#/$defs/o", "nullable": True, "$defs": {"o": OBJECT}},
        {**DRAFT_7, "$ref": "#/definitions/o", "nullable": True, "definitions": {"o": OBJECT}},
        {"$ref": "#/$defs/o", "$defs": {"o": {**OBJECT, "nullable": True}}},
        {"oneOf": [{"type": "string", "nullable": True}, {"type": "integer"}]},
        {"not": {"type": "null"}, "nullable": True},
    ],
    ids=str,
)
def test_nullable_takes_null_wherever_it_stands(schema: Any) -> None:
    assert both(schema, None) == []
    shared = {name: schema[name] for name in ("$schema", "$defs", "definitions") if name in schema}
    assert both({"type": "array", "items": schema, **shared}, [None]) == []


def test_nullable_takes_nothing_but_null_and_only_when_true() -> None:
    assert both({"type": "string", "nullable": True}, 1) == [("", "Must be text.")]
    assert both({"type": "string", "nullable": False}, None) == [("", "Must be text, not null.")]
    inside = {"properties": {"a": {"nullable": True, "properties": {"b": {"type": "string"}}}}}
    assert both({**inside, "allOf": [{"$ref": "#/properties/a/properties/b"}]}, 1) == [("", "Must be text.")]


# -- parts that cannot be checked -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"$ref": "#/$defs/gone"}, "refers to /$defs/gone, which is not in it (at /properties/bad/$ref)"),
        (
            {"$ref": "other.json"},
            "refers to other.json, which is outside of it; nothing is fetched (at /properties/bad/$ref)",
        ),
        ({"pattern": "("}, "is not a JSON Schema at /properties/bad/pattern: Must be a regular expression"),
        ({"type": "strin"}, "is not a JSON Schema at /properties/bad/type: Must be one or more of"),
        ({"required": True}, "is not a JSON Schema at /properties/bad/required: Must be a list of names"),
        ({"minimum": "3"}, "is not a JSON Schema at /properties/bad/minimum: Must be a number"),
        ({"maxLength": -1}, "is not a JSON Schema at /properties/bad/maxLength: Must be a whole number from 0"),
        ({"items": 3}, "is not a JSON Schema at /properties/bad/items: Must be an object, true or false"),
        ({"anyOf": []}, "is not a JSON Schema at /properties/bad/anyOf: Must hold at least one schema"),
        (
            {"patternProperties": {"[": {}}},
            "is not a JSON Schema at /properties/bad/patternProperties/[: Must be a regular",
        ),
        ({"exclusiveMinimum": True}, "is not a JSON Schema at /properties/bad/exclusiveMinimum: Must be a number"),
        ({"properties": {"a/b": 1}}, "is not a JSON Schema at /properties/bad/properties/a~1b: Must be an object"),
    ],
    ids=str,
)
def test_a_broken_part_is_told_once_and_the_rest_is_checked(broken: Any, told: str) -> None:
    schema = {"properties": {"bad": broken, "good": {"type": "string"}}}
    for value in ({"bad": 1, "good": "x"}, {"bad": {"a/b": 1}}, {"bad": [1, 1]}):
        verdict = violations(schema, value)
        assert (verdict.status, verdict.violations) == ("schema_error", ())
        assert (verdict.error or "").startswith(f"The schema {told}") and (verdict.error or "").count("The schema") == 1
    verdict = violations(schema, {"bad": 1, "good": 1})
    assert verdict.status == "invalid" and told in (verdict.error or "")
    assert both(schema, {"bad": 1, "good": 1}) == [("/good", "Must be text.")]


def test_a_draft_that_is_not_known_is_told() -> None:
    schema = {"$schema": "https://example.com/mine", "properties": {"a": {"type": "string"}}}
    verdict = violations(schema, {"a": "x"})
    assert verdict.status == "schema_error" and 'names "https://example.com/mine"' in (verdict.error or "")
    assert violations(schema, {"a": 1}).status == "invalid"


@pytest.mark.parametrize(
    ("named", "draft"),
    [
        ("https://spec.openapis.org/oas/3.1/dialect/base", "2020"),
        ("https://spec.openapis.org/oas/3.1/dialect/2024-11-10", "2020"),
        ("https://json-schema.org/draft-07/schema#", "7"),
        ("http://json-schema.org/draft/2020-12/schema#", "2020"),
    ],
)
def test_a_draft_is_known_by_other_addresses_too(named: str, draft: str) -> None:
    schema = {"$schema": named, "prefixItems": [{"type": "null"}], "items": [{"type": "string"}]}
    assert violations(schema, ["x"]).status == {"7": "valid", "2020": "invalid"}[draft]
    assert violations(schema, [None]).status == {"7": "invalid", "2020": "schema_error"}[draft]


BROKEN = {"$ref": "#/$defs/gone"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"not": BROKEN}, 1),
        ({"not": {"properties": {"a": BROKEN}}}, {"a": 1}),
        ({"oneOf": [BROKEN, {"type": "integer"}]}, 1),
        ({"oneOf": [BROKEN, {"type": "integer"}], "anyOf": [True]}, 1),
        ({"if": BROKEN, "then": False}, 1),
        ({"contains": BROKEN, "maxContains": 1}, [1, 2]),
        ({"unevaluatedProperties": False, "allOf": [BROKEN]}, {"a": 1}),
        ({"unevaluatedItems": False, "$ref": "#/$defs/gone"}, [1]),
        ({"patternProperties": {"[": {}}, "additionalProperties": False}, {"a": 1}),
        ({"properties": {"r": {"$ref": "#/oneOf/0"}}, "oneOf": [{"allOf": [BROKEN]}, {"type": "object"}]}, {"r": 1}),
    ],
    ids=str,
)
def test_nothing_is_refused_for_what_cannot_be_known(schema: Any, value: Any) -> None:
    assert violations(schema, value).status == "schema_error"
    assert both(schema, value) == []


@pytest.mark.parametrize("choice", ["oneOf", "anyOf", "allOf"])
@pytest.mark.parametrize(
    "inner",
    [
        {"patternProperties": {"(": {}}, "additionalProperties": False},
        {"not": {"patternProperties": {"(": {}}}},
        {"if": {"$ref": "other.json"}, "then": False},
        {"oneOf": [{"if": {"$ref": "other.json"}, "then": False}, {"$ref": "other.json"}]},
    ],
)
def test_nothing_inside_a_choice_is_refused_for_what_cannot_be_known(choice: str, inner: Any) -> None:
    """The choice itself gets another name in the compiled schema, and so does what is inside."""
    schema = {choice: [inner]}
    assert violations(schema, {"a": 1}).status == "schema_error"
    document = SchemaDocument(schema)
    judge, resolver = Judge(document), document.root[0].resolver
    assert judge.errors(document.root, {"a": 1}) == []
    waiting: list[Any] = [inner]
    while waiting:  # each part can still be asked by itself, as a form asks a condition
        part = waiting.pop()
        if isinstance(part, dict):
            assert judge.is_valid((Part(part, resolver),), "text") in (True, False)
        waiting.extend(part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"required": ["a", "a"]}, {"a": 1}),
        ({"type": ["string", "string"]}, "x"),
        ({"allOf": []}, 1),
        ({"enum": [1, 1]}, 1),
        ({**DRAFT_4, "required": []}, {}),
        ({"minLength": Decimal("2.0")}, "ab"),
        ({**DRAFT_7, "$ref": "#/definitions/Page<Item>", "definitions": {"Page<Item>": {"type": "string"}}}, "x"),
        ({"$ref": "#/$defs/a b|c^%22", "$defs": {'a b|c^"': {"type": "string"}}}, "x"),
        ({"title": 3, "description": [], "$comment": 1, "default": {}, "examples": 5, "x-y": {"type": 1}}, "x"),
    ],
    ids=str,
)
def test_harmless_oddities_of_generators_are_no_fault(schema: Any, value: Any) -> None:
    assert violations(schema, value) == SchemaVerdict("valid")
    assert both(schema, value) == []


@pytest.mark.parametrize("number", [1, Decimal("1.0"), Decimal("1.5")])
def test_draft_3_means_the_same_integer_wherever_it_names_a_type(number: Any) -> None:
    draft = {"$schema": "http://json-schema.org/draft-03/schema#"}
    is_integer = number == 1 and isinstance(number, int)
    for allowing in ("integer", ["integer", "null"], ["integer", {"type": "object"}], [{"type": "integer"}]):
        assert violations({**draft, "type": allowing}, number).valid == is_integer, allowing
        assert violations({**draft, "disallow": allowing}, number).valid != is_integer, allowing


def test_a_reference_that_is_not_encoded_leads_somewhere() -> None:
    schema = {**DRAFT_7, "$ref": "#/definitions/Page<Item>", "definitions": {"Page<Item>": {"type": "string"}}}
    assert both(schema, 1) == [("", "Must be text.")]


def test_many_broken_parts_are_counted() -> None:
    schema = {"properties": {f"p{n}": {"type": "strin"} for n in range(9)}}
    error = violations(schema, {}).error or ""
    assert error.count("The schema") == 3 and error.endswith("6 more of its parts cannot be checked.")


# -- the place of an error ------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["01", "+1", "-1", "1", "", "a/b~c", "ü", "%25", "\ud800", "٣", "a\x00b"])
def test_the_place_of_an_error_is_the_key_as_it_is(key: str) -> None:
    for schema in ({"additionalProperties": {"const": 1}}, {"properties": {key: {"const": 1}}}):
        (told,) = load(schema, {key: 3}).violations() if key.isprintable() else load(schema, {key: 3}).violations()[1:]
        assert (told.path, told.message) == ((key,), "Must be 1.")
    nested = {"additionalProperties": {"additionalProperties": {"items": {"const": 1}}}}
    found = [one for one in load(nested, {key: {"x": [1], key: [1, 3]}}).violations() if one.keyword == "const"]
    assert [one.path for one in found] == [(key, key, 1)]


def test_two_keys_that_look_alike_are_told_apart() -> None:
    schema = {"additionalProperties": {"const": 1}}
    assert [place for place, _ in both(schema, {"1": 1, "+1": 2, "01": 1})] == ["/+1"]
    assert [place for place, _ in both({"items": schema}, [{"": 2}])] == ["/0/"]


# -- the branch that a value means ----------------------------------------------------------------


def kind(name: str, needed: str, **fixed: Any) -> dict[str, Any]:
    return {"properties": {"t": fixed or {"const": name}, needed: {}}, "required": ["t", needed]}


MEANT: list[tuple[Any, Any, list[tuple[str, str]]]] = [
    ({"oneOf": [kind("A", "a"), kind("B", "b")]}, {"t": "B"}, [("", '"b" is missing.')]),
    ({"oneOf": [kind("B", "b"), kind("A", "a")]}, {"t": "B", "a": 1}, [("", '"b" is missing.')]),
    (
        {"anyOf": [kind("A", "a", enum=["A", "X"]), kind("B", "b", enum=["B", "Y"])]},
        {"t": "Y"},
        [("", '"b" is missing.')],
    ),
    ({"allOf": [{"anyOf": [kind("A", "a"), kind("B", "b")]}]}, {"t": "B"}, [("", '"b" is missing.')]),
    (
        {"oneOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}], "$defs": {"a": kind("A", "a"), "b": kind("B", "b")}},
        {"t": "B"},
        [("", '"b" is missing.')],
    ),
    (
        {"oneOf": [{"allOf": [kind("A", "a"), {"required": ["z"]}]}, {"allOf": [kind("B", "b"), {"required": ["z"]}]}]},
        {"t": "B", "z": 1},
        [("", '"b" is missing.')],
    ),
    (
        {
            "oneOf": [
                {"properties": {"meta": {"properties": {"t": {"const": "A"}}}, "n": {"type": "string"}}},
                {"properties": {"meta": {"properties": {"t": {"const": "B"}}}, "n": {"type": "integer", "minimum": 5}}},
            ]
        },
        {"meta": {"t": "B"}, "n": 3},
        [("", "Fits none of the 2 allowed forms."), ("/n", "Must be at least 5.")],
    ),
    (
        {
            "oneOf": [
                {"anyOf": [kind("A", "a"), kind("B", "a")]},
                {"anyOf": [kind("C", "c"), kind("D", "c")]},
            ]
        },
        {"t": "D", "a": 1},
        [("", '"c" is missing.')],
    ),
    (
        {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {
                        "action": {"enum": ["a"]},
                        "x": {"const": 1},
                        "p": {"type": "string"},
                        "q": {"type": "string"},
                    },
                },
                {"type": "object", "properties": {"action": {"enum": ["b"]}}},
            ]
        },
        {"action": "a", "x": 2, "p": 1, "q": 1},
        [
            ("", "Fits none of the 2 allowed forms."),
            ("/p", "Must be text."),
            ("/q", "Must be text."),
            ("/x", "Must be 1."),
        ],
    ),
    ({"oneOf": [{"type": "array"}, kind("A", "a"), kind("B", "b")]}, {"t": "B"}, [("", '"b" is missing.')]),
    ({"anyOf": [{"type": "null"}, kind("A", "a"), kind("B", "b")]}, {"t": "B"}, [("", '"b" is missing.')]),
    ({"oneOf": [{"const": 0}, {"const": 1}, {"const": 2}]}, 5, [("", "Must be 0, 1 or 2.")]),
    ({"oneOf": [{"const": "a"}, {"enum": ["b", "a"]}, {"type": "null"}]}, 5, [("", 'Must be "a", "b" or null.')]),
    (
        {"anyOf": [{"type": "string"}, {"type": ["null", "integer"]}]},
        [],
        [("", "Must be text, null or a whole number, not a list.")],
    ),
    (
        {"oneOf": [{"required": ["a"], "properties": {"a": {"type": "string"}}}, {"required": ["b"]}]},
        {"a": 1},
        [("", "Fits none of the 2 allowed forms."), ("/a", "Must be text.")],
    ),
]


@pytest.mark.parametrize(("schema", "value", "told"), MEANT, ids=[str(schema)[:70] for schema, _, _ in MEANT])
def test_a_failed_choice_speaks_through_the_branch_that_the_value_means(
    schema: Any, value: Any, told: list[tuple[str, str]]
) -> None:
    assert both(schema, value) == told
    inside = {"properties": {"in": schema}, "$defs": schema.get("$defs", {})}
    assert both(inside, {"in": value}) == [(f"/in{place}", message) for place, message in told]


def test_what_is_evaluated_by_contains_depends_on_the_draft() -> None:
    schema = {"contains": {"const": 1}, "unevaluatedItems": False}
    assert both(schema, [1]) == []
    assert both({**DRAFT_2019, **schema}, [1]) == [("", "Holds 1 item that is not allowed here.")]
    assert ("", "Must hold at least one item that is 1.") in both({**DRAFT_2019, **schema}, [2])
