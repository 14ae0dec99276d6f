"""The form without its fields: values survive it whole, samples are valid, errors stand where they belong."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from lib.errors import InvalidInput
from lib.schemas.form import ABSENT, Node, dump, json_text, load, sample, validate
from lib.schemas.form.pattern_text import pattern_text
from lib.serialization import strict_json
from lib.serialization.json_values import equal, same
from tests.support import work

# -- any value under any schema -----------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "kind", "+1", "_links", "a/b", "m~n", "", "ü", "\ud800"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, 1.0, -0.0, 2**53 + 1, 10**30, 1e-7, 0.1, Decimal("0.10"), Decimal("1E+400")])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "1", "true", "2026-03-02", "two\nlines", "\ud800"])
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
TYPES = ["object", "array", "string", "integer", "number", "boolean", "null"]


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = {
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), max_size=3) | st.just("odd"),
        "properties": st.dictionaries(NAMES, inner, max_size=4),
        "required": st.lists(NAMES, max_size=2) | st.just(True),
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "[", "b$"]), inner, max_size=2),
        "items": inner | st.lists(inner, max_size=2),
        "prefixItems": st.lists(inner, max_size=2),
        "enum": st.lists(VALUES, max_size=3),
        "const": VALUES,
        "oneOf": st.lists(inner, max_size=3),
        "anyOf": st.lists(inner, max_size=3),
        "allOf": st.lists(inner, max_size=2),
        "$ref": st.sampled_from(["#", "#/$defs/x", "#/$defs/none", "other.json#/a", "#/properties/a~1b"]),
        "default": VALUES,
        "examples": st.lists(VALUES, max_size=2),
        "nullable": st.booleans(),
        "if": inner,
        "then": inner,
        "else": inner,
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=2),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=2),
        "dependencies": st.dictionaries(NAMES, inner | st.lists(NAMES, max_size=2) | NAMES, max_size=2),
        "format": st.sampled_from(["date", "date-time", "uuid"]),
        "uniqueItems": st.booleans(),
        "minItems": st.integers(0, 3),
        "minimum": st.integers(-5, 5),
        "pattern": st.sampled_from(["^a", "("]),
        "title": st.text(max_size=3) | st.just(7),
    }
    return st.fixed_dictionaries({}, optional=keywords)


SCHEMAS = st.recursive(st.booleans() | st.just({}), _schemas, max_leaves=8)
DOCUMENTS = st.builds(lambda schema, x: {**schema, "$defs": {"x": x}}, _schemas(SCHEMAS), SCHEMAS) | SCHEMAS
WHOLE = settings(suppress_health_check=list(HealthCheck))


def open_all(node: Node, depth: int = 6) -> None:
    """Look at every node the way drawing does."""
    list(node.choices())
    if node.kind in ("object", "array") and not node.is_null and depth:
        for child in list(node.opened()):
            open_all(child, depth - 1)


@WHOLE
@given(DOCUMENTS, VALUES)
def test_a_value_comes_out_as_it_went_in(schema: Any, value: Any) -> None:
    form = load(schema, value)
    assert same(dump(form), value)
    open_all(form.root)
    assert same(dump(form), value)


@WHOLE
@given(DOCUMENTS, VALUES)
def test_a_value_survives_a_look_at_its_json(schema: Any, value: Any) -> None:
    form = load(schema, value)
    open_all(form.root)
    for node in list(form.nodes()):
        node.show_as_json()
        node.show_as_json(False)
    assert same(dump(form), value)


@WHOLE
@example({"properties": {"\ud800": {"type": "string", "format": "uuid"}}, "required": ["\ud800"]}, None)
@given(DOCUMENTS, VALUES)
def test_any_schema_can_be_checked_and_sampled(schema: Any, value: Any) -> None:
    load(schema, value).violations()
    dump(load(schema))
    sample(schema)


@WHOLE
@given(VALUES)
def test_json_text_reads_back_the_same(value: Any) -> None:
    assume("E+400" not in json_text(value))  # no JSON text may hold that
    for indent in (None, 2):
        read = strict_json.loads(json_text(value, indent))
        assert equal(read, value)
        assert same(strict_json.loads(json_text(read, indent)), read)


def test_true_and_one_are_never_confused() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [True, 1, "1", 1.5]}}}
    for value in (True, 1, 1.0, "1", 1.5):
        assert same(dump(load(schema, {"a": value})), {"a": value})
    assert not same({"a": True}, {"a": 1})
    assert not equal([True], [1]) and equal([1], [1.0]) and equal(Decimal("0.10"), 0.1)
    assert not same({"a": 1}, {"a": 1.0})


@pytest.mark.parametrize("text", ["NaN", "[1,]", '{"a":1,"a":2}', "Infinity", "", "{", "01", "'a'", "1 2"])
def test_text_that_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        strict_json.parse(text)


def test_numbers_keep_every_digit() -> None:
    assert strict_json.number("9007199254740993") == 9007199254740993
    assert same(strict_json.number("0.1"), Decimal("0.1"))
    assert same(strict_json.number("0.12345678901234567890123"), Decimal("0.12345678901234567890123"))
    assert json_text(strict_json.parse("[1.0, 1, 3.14159265358979323846, 1.10]"), None) == (
        "[1.0, 1, 3.14159265358979323846, 1.10]"
    )
    for text in ("abc", "1_000", "nan", "inf", "1,5", "0x10", "--1"):
        with pytest.raises(ValueError):
            strict_json.number(text)


#: What is typed, and how it is read: a number that keeps its digits, or words that say why not.
TYPED = {
    "1.10": Decimal("1.10"),
    "+5": 5,
    "007": 7,
    ".5": Decimal("0.5"),
    "5.": 5,
    "−2e3": Decimal("-2e3"),
    "1e400": "has a number out of range (1e400)",
    "1e-400": "has a number out of range",
    "9" * 140_000: "too many digits",
}


@pytest.mark.parametrize(("text", "read"), TYPED.items(), ids=lambda one: str(one)[:12])
def test_a_typed_number_is_read_as_in_json_text(text: str, read: Any) -> None:
    if isinstance(read, str):
        for reader in (strict_json.number, strict_json.parse):
            with pytest.raises(InvalidInput, match=re.escape(read)):
                reader(text)
    else:
        assert same(strict_json.number(text), read)
        assert same(strict_json.parse(json_text(read)), read)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", float("inf"), Decimal("1e400")])
def test_what_json_text_could_not_bring_in_is_wrong_in_the_form_too(value: Any) -> None:
    form = load({}, {"a": value})
    assert [one.keyword for one in form.violations()] == ["json"] and form.violations()[0].message.startswith(
        "This has"
    )
    assert same(dump(form), {"a": value})


# -- opening stays small ------------------------------------------------------------------------------


def wide(fields: int, depth: int) -> dict[str, Any]:
    leaf: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        leaf = {"type": "object", "properties": {f"f{number}": leaf for number in range(fields)}}
    return leaf


@pytest.mark.parametrize(
    "schema",
    [
        wide(46, 3),  # 97,336 leaves
        {
            "$ref": "#/$defs/n",
            "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}},
        },
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}], "type": "object"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"type": "object", "required": ["me"], "properties": {"me": {"$ref": "#"}}},
        {"anyOf": [{"type": "array", "items": {"$ref": "#"}}, {"type": "string"}]},
        {"oneOf": [{"$ref": f"other.json#/{number}"} for number in range(800)]},  # none can be followed
    ],
)
def test_huge_and_recursive_schemas_open_at_once(schema: Any) -> None:
    def open_it() -> None:
        form = load(schema, {})
        open_all(form.root, depth=1)
        assert dump(form) == {}

    assert work.calls(open_it) < 2_500_000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^((([a-f]{99},){99};){99}:){99}$"},
        {"type": "string", "pattern": "^(?=!)(?=.*[a-z])[!a-z]{200,}(?<!b)a$"},  # found by luck at best
        {
            "$schema": "https://json-schema.org/draft/2019-09/schema",
            "$recursiveAnchor": True,
            "type": "array",
            "items": [{"type": "string"}, {"$recursiveRef": "#", "unevaluatedItems": False}],
        },
    ],
)
def test_samples_come_at_once(schema: Any) -> None:
    assert work.calls(lambda: sample(schema)) < 6_000_000


def test_recursion_can_be_followed_by_hand() -> None:
    schema = {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}},
    }
    form = load(schema, {})
    node = form.root
    for _ in range(5):
        node = node.fields()[0]
    node.replace({})
    assert dump(form) == {"next": {"next": {"next": {"next": {"next": {}}}}}}


def test_references_are_resolved_inside_the_document_only() -> None:
    schema = {
        "type": "object",
        "properties": {
            "pointer": {"$ref": "#/$defs/a~1b%25c"},
            "anchor": {"$ref": "#here"},
            "by_id": {"$ref": "https://example.com/inner"},
            "outside": {"$ref": "https://example.com/nowhere#/x"},
        },
        "$defs": {
            "a/b%c": {"type": "integer"},
            "x": {"$anchor": "here", "type": "boolean"},
            "y": {"$id": "https://example.com/inner", "$ref": "#/$defs/z", "$defs": {"z": {"type": "array"}}},
        },
    }
    kinds = {node.name: node.kind for node in load(schema, {}).root.fields()}
    assert kinds == {"pointer": "integer", "anchor": "boolean", "by_id": "array", "outside": "json"}
    assert validate(schema, {"outside": object.__name__}) == []


@pytest.mark.parametrize(
    "uri",
    [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
    ],
)
def test_a_drafts_own_schema_can_be_referred_to(uri: str) -> None:
    schema = {"$schema": uri, "type": "object", "properties": {"held": {"$ref": uri}}}
    assert [one.path for one in validate(schema, {"held": {"maxLength": -1}})] == [("held", "maxLength")]
    form = load(schema, {"held": {"properties": {"a": {"type": "string"}}, "nullable": True}})
    assert form.root.fields()[0].kind == "object"


def test_a_part_that_names_a_draft_keeps_the_manners_of_the_form() -> None:
    draft = {"$schema": "http://json-schema.org/draft-07/schema#"}
    unreadable = {**draft, "type": "string", "pattern": "(", "nullable": True}
    schema = {"properties": {"a": unreadable, "b": {**draft, "allOf": [{"$ref": "elsewhere.json"}]}}}
    assert validate(schema, {"a": "x", "b": 1}) == []
    assert validate(schema, {"a": None}) == []


# -- what a schema says -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "kind", "nullable"),
    [
        ({"type": ["string", "null"]}, "string", True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string", True),
        (
            {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/s"}], "$defs": {"s": {"type": "string"}}},
            "string",
            True,
        ),
        ({"enum": ["a", "b", None]}, "enum", True),
        ({"type": "string", "nullable": True}, "string", True),
        ({"type": ["string", "null"], "enum": ["a", "b"]}, "enum", False),
        ({"type": "string"}, "string", False),
        ({"type": "null"}, "null", True),
        ({}, "json", False),
        (True, "json", False),
        (False, "json", False),
        ({"const": 3}, "const", False),
        ({"enum": [3]}, "const", False),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}, "enum", False),
        ({"properties": {"a": {}}}, "object", False),
        ({"items": {}}, "array", False),
        ({"uniqueItems": True}, "array", False),
        ({"dependentRequired": {"a": ["b"]}}, "object", False),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, "integer", False),
        ({"type": ["integer", "number"]}, "number", False),
        ({"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, "object", False),
        (
            {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]},
            "string",
            False,
        ),
    ],
)
def test_kinds(schema: Any, kind: str, nullable: bool) -> None:
    spec = load(schema, None).root.spec
    assert (spec.kind, spec.nullable) == (kind, nullable)


def test_all_of_is_read_as_one() -> None:
    schema = {
        "allOf": [
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"a": {"minimum": 3}, "b": {"type": "string"}}},
        ]
    }
    root = load(schema, {}).root
    assert [(node.name, node.kind, node.required) for node in root.fields()] == [
        ("a", "integer", True),
        ("b", "string", False),
    ]
    assert root.fields()[0].spec.number_keyword("minimum") == [3]


def test_a_new_form_starts_from_defaults_and_fixed_values() -> None:
    schema = {
        "type": "object",
        "required": ["kind", "inner", "free"],
        "properties": {
            "kind": {"const": "x"},
            "optional_kind": {"const": "y"},
            "count": {"type": "integer", "default": 3},
            "wrong": {"type": "integer", "default": "three"},
            "maybe": {"type": ["string", "null"], "default": None},
            "free": {"type": "string"},
            "inner": {"type": "object", "properties": {"on": {"type": "boolean", "default": False}}},
            "other": {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}},
        },
    }
    assert dump(load(schema)) == {"kind": "x", "count": 3, "inner": {"on": False}}
    assert dump(load(schema, {})) == {}


# -- editing ------------------------------------------------------------------------------------------

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "address": {
            "type": "object",
            "required": ["kind", "street"],
            "properties": {
                "kind": {"const": "home"},
                "street": {"type": "string"},
                "city": {"type": "string"},
            },
        },
    },
}


def field(node: Node, *names: str) -> Node:
    for name in names:
        node = next(child for child in node.opened() if child.name == name)
    return node


def test_absent_null_empty_and_zero_are_all_reachable() -> None:
    form = load(PERSON, {})
    name = field(form.root, "name")
    for value in ("", None, 0, False, [], {}, "x"):
        name.replace(value)
        assert same(dump(form), {"name": value})
    name.clear()
    assert dump(form) == {}


def test_an_optional_object_appears_and_goes_with_what_is_typed_inside() -> None:
    form = load(PERSON, {})
    street = field(form.root, "address", "street")
    assert dump(form) == {}
    street.write("1 High St")
    assert dump(form) == {"address": {"kind": "home", "street": "1 High St"}}
    street.clear()
    assert dump(form) == {}


def test_an_object_that_was_loaded_stays_when_it_is_emptied() -> None:
    form = load(PERSON, {"address": {"city": "Bonn"}})
    field(form.root, "address", "city").clear()
    assert dump(form) == {"address": {}}
    field(form.root, "address").remove()
    assert dump(form) == {}


def test_a_new_key_takes_its_place_in_the_schemas_order() -> None:
    form = load(wide(4, 1), {"f3": "3", "extra": 1, "f1": "1"})
    field(form.root, "f2").write("2")
    field(form.root, "f0").write("0")
    assert list(dump(form)) == ["f0", "f3", "extra", "f1", "f2"]


def test_rows_are_added_copied_moved_and_removed() -> None:
    form = load({"type": "array", "items": {"type": "object", "properties": {"a": {}}}}, [{"a": 1}, {"a": 2}])
    first, second = form.root.opened()
    keys = {first.key, second.key}
    second.move(-1)
    assert dump(form) == [{"a": 2}, {"a": 1}]
    assert {first.key, second.key} == keys
    second.move(-5)
    twin = second.duplicate()
    field(twin, "a").write(3)
    form.root.add_item()
    assert dump(form) == [{"a": 2}, {"a": 3}, {"a": 1}, {}]
    first.remove()
    assert dump(form) == [{"a": 2}, {"a": 3}, {}]


def test_an_optional_list_goes_with_its_only_new_row() -> None:
    form = load({"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}}}}, {})
    row = field(form.root, "tags").add_item()
    assert dump(form) == {"tags": [""]}
    row.remove()
    assert dump(form) == {}
    loaded = load(form.document.schema, {"tags": ["a"]})
    field(loaded.root, "tags").opened()[0].remove()
    assert dump(loaded) == {"tags": []}


def test_rows_of_a_tuple_take_the_schema_of_their_new_place() -> None:
    schema = {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": {"type": "boolean"},
    }
    form = load(schema, [1, "a", True])
    assert [row.spec.kind for row in form.root.opened()] == ["integer", "string", "boolean"]
    form.root.opened()[0].move(2)
    assert [row.spec.kind for row in form.root.opened()] == ["integer", "string", "boolean"]
    assert dump(form) == ["a", True, 1]


def test_keys_of_a_map_are_added_renamed_and_removed() -> None:
    schema = {
        "type": "object",
        "patternProperties": {"^n_": {"type": "integer"}},
        "additionalProperties": {"type": "string"},
    }
    form = load(schema, {"b": "1", "a": "2"})
    entry = form.root.add_entry()
    assert dump(form) == {"b": "1", "a": "2", "key": ""}
    entry.rename("a")
    assert entry.problems and [one.keyword for one in form.violations()] == ["draft"]
    entry.rename("n_1")
    assert not entry.problems and entry.spec.kind == "integer"
    field(form.root, "b").rename("c")
    assert list(dump(form)) == ["c", "a", "n_1"]
    entry.remove()
    assert dump(form) == {"c": "1", "a": "2"}


CHOICE = {
    "oneOf": [
        {
            "title": "Card",
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"const": "card"},
                "last4": {"type": "string"},
                "note": {"type": "string"},
            },
        },
        {
            "title": "Bank",
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"const": "bank"},
                "note": {"type": "string"},
                "via": {
                    "oneOf": [
                        {"type": "object", "properties": {"iban": {"type": "string"}}, "required": ["iban"]},
                        {"type": "object", "properties": {"bic": {"type": "string"}}, "required": ["bic"]},
                    ]
                },
            },
        },
        {"title": "Code", "type": "string"},
    ]
}


def picked(node: Node) -> list[int | str | None]:
    return [number for _, number in node.choices()]


@pytest.mark.parametrize(
    ("value", "branch"),
    [
        ({"kind": "card"}, 0),
        ({"kind": "bank"}, 1),
        ("x", 2),
        ({"kind": "bank", "note": 5}, 1),
        ({"last4": 1}, 0),
    ],
)
def test_the_branch_is_picked_from_the_value(value: Any, branch: int) -> None:
    assert picked(load(CHOICE, value).root) == [branch]


def test_a_choice_whose_branches_are_choices_is_picked_step_by_step() -> None:
    def branch(name: str) -> dict[str, Any]:
        return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}

    near = {"oneOf": [branch("a"), branch("b")]}
    far = {"oneOf": [branch("c"), branch("d")]}
    schema = {"anyOf": [{"oneOf": [near, {"$ref": "#/$defs/far"}]}, {"type": "null"}], "$defs": {"far": far}}
    form = load(schema, {"d": "y"})
    assert form.root.kind == "object"
    assert picked(form.root) == [1, 1]
    assert [node.name for node in form.root.fields()] == ["d"]
    assert validate(near, sample(near)) == []


def test_switching_branches_and_back_keeps_what_was_entered() -> None:
    form = load(CHOICE, {"kind": "card", "last4": "4242", "note": "gift"})
    source = next(form.root.choices())[0].source
    form.root.choose(source, 1)
    assert dump(form) == {"kind": "bank", "note": "gift"}
    via = field(form.root, "via")
    via.choose(next(via.choices())[0].source, 1)
    field(via, "bic").write("DEUTDEFF")
    form.root.choose(source, 2)
    assert dump(form) is ABSENT
    form.root.choose(source, 0)
    assert dump(form) == {"kind": "card", "last4": "4242", "note": "gift"}
    form.root.choose(source, 1)
    assert dump(form) == {"kind": "bank", "note": "gift", "via": {"bic": "DEUTDEFF"}}


def test_a_union_of_types_is_picked_by_the_values_type() -> None:
    schema = {"type": ["string", "integer", "object", "null"]}
    for value, kind in (("a", "string"), (1, "integer"), ({}, "object")):
        node = load(schema, value).root
        assert (node.kind, node.spec.nullable, picked(node)) == (kind, True, [kind])


# -- errors -------------------------------------------------------------------------------------------


def test_errors_are_sentences_at_their_fields() -> None:
    schema = {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string"},
            "n": {"type": "integer", "minimum": 3},
            "when": {"type": "string", "format": "date-time"},
            "rows": {"type": "array", "maxItems": 1},
            "pay": CHOICE,
        },
    }
    value = {"n": 1, "when": "yesterday", "rows": [1, 2], "x": 0, "pay": {"kind": "bank", "note": 5}}
    found = {(one.path, one.shown_at): one.message for one in validate(schema, value)}
    assert found == {
        ((), ("id",)): '"id" is missing.',
        ((), ("x",)): '"x" is not allowed here.',
        (("n",), ("n",)): "Must be at least 3.",
        (("when",), ("when",)): "Must be a date and time with offset, such as 2026-05-17T09:30:00Z.",
        (("rows",), ("rows",)): "Must have at most 1 item.",
        (("pay",), ("pay",)): "Fits none of the 3 allowed forms.",
        (("pay", "note"), ("pay", "note")): "Must be text.",
    }


def test_a_value_is_checked_again_only_after_an_edit() -> None:
    schema = {"items": {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}]}}
    form = load(schema, ["x"] * 20_000)
    found: list[Any] = []
    rows = form.root.opened()
    again = max(work.calls(lambda: found.append(form.violations())) for _ in range(2))
    assert found == [[], []]
    assert again < 15 * len(rows)
    rows[3].write("long")
    told, told_again = form.violations(), form.violations()
    assert [one.path for one in told] == [(3,)] and told[0] is told_again[0]
    rows[3].write("x")
    assert form.violations() == []


def test_only_the_branch_the_user_picked_speaks() -> None:
    form = load({"type": "object", "properties": {"pay": CHOICE}}, {"pay": {"kind": "card", "last4": "1"}})
    pay = field(form.root, "pay")
    pay.choose(next(pay.choices())[0].source, 1)
    field(pay, "note").write(7)
    assert [one.path for one in form.violations()] == [("pay",), ("pay", "note")]


def test_a_number_with_cents_is_a_multiple_of_a_cent() -> None:
    assert validate({"multipleOf": 0.01}, 19.99) == []
    assert validate({"multipleOf": 0.01}, Decimal("19.99")) == []
    assert [one.keyword for one in validate({"multipleOf": 0.01}, 19.999)] == ["multipleOf"]


def test_many_iris_are_checked_at_once() -> None:
    schema = {"type": "array", "items": {"type": "string", "format": "iri-reference"}}
    fine = [f"https://example.com/{place}?q=a%20b#c" for place in range(200)] + ["../ü", "http://例え.jp/"]
    assert validate(schema, fine) == []
    assert work.calls(lambda: validate(schema, fine)) < 200 * len(fine)
    wrong, found = ["a b", "ü b", "a%zz", "http://[x]/"], list[Any]()
    assert work.calls(lambda: found.extend(validate(schema, wrong))) < 90_000, "two of them are parsed as IRIs"
    assert [one.path for one in found] == [(0,), (1,), (2,), (3,)]
    plain = [f"a b{number}" for number in range(200)]
    assert work.calls(lambda: validate(schema, wrong + plain)) < 200 * len(plain), "none of them is parsed again"


def test_the_largest_numbers_are_multiples_of_the_smallest_steps() -> None:
    assert validate({"multipleOf": 0.5}, 1e308) == []
    assert [one.keyword for one in validate({"multipleOf": 0.3}, 1e308)] == ["multipleOf"]


def test_draft_3_is_checked_and_sampled() -> None:
    draft: dict[str, Any] = {"$schema": "http://json-schema.org/draft-03/schema#"}
    schema = {**draft, "type": ["string", {"type": "object", "properties": {"a": {"type": "integer"}}}]}
    assert [(one.path, one.message) for one in validate(schema, 1)] == [((), "Must be text or of another kind.")]
    needed = {"b": {"type": "integer", "required": True}}
    extended = {**draft, "type": "object", "extends": {"properties": needed}}
    assert sample(extended) == {}
    assert [(one.path, one.message) for one in validate(extended, {})] == [(("b",), '"b" is missing.')]


def test_the_draft_that_a_schema_names_decides() -> None:
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True}
    assert validate(old, 3) and not validate(old, 4)
    tuple_of_07 = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]}
    assert validate(tuple_of_07, ["a"])


@WHOLE
@given(DOCUMENTS, VALUES)
def test_errors_stand_where_jsonschema_finds_them(schema: Any, value: Any) -> None:
    """Every error of jsonschema has a violation at its path, where every part of the schema can be checked."""
    if load(schema).validator.unusable:  # jsonschema breaks off there, or recurses until its stack ends
        return
    try:
        validator = jsonschema.Draft202012Validator(schema, registry=jsonschema.validators.SPECIFICATIONS)
        # It misplaces a plain false, and takes a choice without branches or types, which no schema may have.
        odd = [(None, None), ("anyOf", []), ("oneOf", []), ("type", [])]
        told = validator.iter_errors(value)
        errors = [error for error in told if (error.validator, error.validator_value) not in odd and error.validator]
        paths = {tuple(error.absolute_path) for error in errors}
    except Exception:  # a schema that jsonschema itself cannot use
        return
    if "nullable" in json_text(schema):
        return
    assert {one.path for one in validate(schema, value)} >= paths


# -- samples ------------------------------------------------------------------------------------------

N = {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}, "v": {"type": "integer"}}}
SAMPLED: list[Any] = (
    [
        {"type": "string", "format": name}
        for name in (
            "uuid date-time date time email uri hostname ipv4 ipv6 duration regex json-pointer uri-reference".split()
        )
    ]
    + [
        {"type": "string", "pattern": pattern}
        for pattern in (
            r"^[A-Z]{3}$",
            r"^[0-9]{4}-[0-9]{2}$",
            r"^(a|b)c+$",
            r"^\d+\.\d+\.\d+$",
            r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
            r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
            r"^#[0-9a-fA-F]{6}$",
            r"^https?://",
            r"\S",
            r"^.{5,10}$",
            r"^\+?[1-9]\d{6,14}$",
            r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
            r"^[\w.-]+$",
            r"^(?=.*x)x+$",
            r"^$",
            r"^[\u0041-\u0043]{2}$",
        )
    ]
    + [
        {"type": "string", "minLength": 40},
        {"type": "string", "maxLength": 3},
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 12, "maxLength": 14},
        {"type": "integer", "minimum": 7},
        {"type": "integer", "exclusiveMinimum": 7, "maximum": 8},
        {"type": "integer", "maximum": -3},
        {"type": "integer", "minimum": 10, "multipleOf": 7},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "number", "minimum": 0.25, "multipleOf": 0.1},
        {"type": "number", "minimum": -1, "maximum": -0.5},
        {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"type": "integer", "minimum": 2}, "minItems": 4, "uniqueItems": True},
        {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "string"}}},
            "minItems": 2,
            "uniqueItems": True,
        },
        {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"const": "x"}],
            "items": False,
            "minItems": 2,
        },
        {"type": "array", "contains": {"const": 5}, "items": {"type": "integer"}},
        {"type": "array", "maxItems": 0, "items": {"type": "integer"}},
        {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
        {
            "type": "object",
            "patternProperties": {"^x-[a-z]+$": {"type": "integer"}},
            "additionalProperties": False,
            "minProperties": 1,
        },
        {"type": "object", "propertyNames": {"pattern": "^[A-Z]{2}$"}, "minProperties": 2},
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 2},
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {
            "type": "object",
            "properties": {"a": {}, "b": {}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {"type": "object", "properties": {"a": {"const": 1}}, "dependentRequired": {"a": ["b", "c"]}},
        {
            "type": "object",
            "properties": {"k": {"enum": ["x", "y"]}},
            "if": {"properties": {"k": {"const": "x"}}},
            "then": {"required": ["extra"], "properties": {"extra": {"type": "integer", "minimum": 4}}},
        },
        {
            "type": "object",
            "properties": {"k": {"enum": ["x", "y"]}},
            "if": {"properties": {"k": {"const": "y"}}},
            "else": {"properties": {"k": {"const": "x"}, "n": {"type": "integer"}}, "required": ["n"]},
        },
        {
            "allOf": [
                {"type": "object", "required": ["a"], "properties": {"a": {"minimum": 5}}},
                {"properties": {"a": {"type": "integer"}}},
            ]
        },
        {"$ref": "#/$defs/n", "$defs": {"n": N}},
        {
            "$ref": "#/$defs/n",
            "$defs": {
                "n": {
                    **N,
                    "properties": {"next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}},
                    "required": ["next"],
                }
            },
        },
        {"type": "array", "items": {"$ref": "#"}, "minItems": 0},
        {"anyOf": [{"type": "array", "items": {"$ref": "#"}, "minItems": 1}, {"type": "string"}]},
        CHOICE,
        {"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "minimum": 5}]},
        {"type": "string", "examples": [5, "fits"], "default": "no"},
        {"type": "string", "example": "one", "maxLength": 3},
        {"type": "integer", "default": 9},
        {"enum": [None]},
        {"type": ["null", "string"]},
        {"not": {"type": "object"}},
        {"type": "object", "properties": {"a": {}, "b": {}}, "not": {"required": ["a", "b"]}},
        {"type": "string", "format": "date", "minLength": 10},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "dependencies": {"a": ["b"]},
            "properties": {"a": {}},
        },
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "integer",
            "minimum": 3,
            "exclusiveMinimum": True,
        },
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "unevaluatedProperties": False,
            "allOf": [{"properties": {"b": {}}}],
        },
        {
            "type": "object",
            "dependentSchemas": {"a": {"required": ["b"]}},
            "properties": {"a": {"type": "integer"}},
        },
        {"type": "integer", "multipleOf": 4, "allOf": [{"multipleOf": 6}, {"minimum": 13}]},
        {"prefixItems": [{"type": "string"}, False]},
        {"contains": {"const": 7}, "minContains": 3},
        {
            "type": "object",
            "not": {"required": ["never"]},
            "properties": {"never": {"type": "string"}},
            "required": ["on"],
            "if": {"required": ["on"]},
            "then": {"required": ["also"]},
        },
        True,
        {},
    ]
)


@pytest.mark.parametrize("schema", SAMPLED, ids=lambda schema: json_text(schema, None)[:70])
def test_samples_are_valid(schema: Any) -> None:
    value = sample(schema)
    assert validate(schema, value) == []
    assert same(sample(schema), value)
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    assert list(cls(schema, format_checker=cls.FORMAT_CHECKER).iter_errors(value)) == []


def test_a_sample_fills_optional_fields_but_stops_at_recursion() -> None:
    schema = {"$ref": "#/$defs/n", "$defs": {"n": N}}
    assert sample(schema) == {"v": 1}
    assert len(json_text(sample(wide(46, 3)))) < 20_000


def test_a_pattern_gives_different_texts_by_turn() -> None:
    texts = {pattern_text("^[A-Z]{3}$", 0, turn) for turn in range(5)}
    assert len(texts) == 5
