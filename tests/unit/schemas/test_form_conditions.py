"""Fields that a condition asks for: drawn while it holds, kept while it does not, never lost when loaded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.schemas.conditions import conditions
from lib.schemas.document import SchemaDocument
from lib.schemas.form import Form, Node, dump, load
from lib.schemas.form.violations import Validator
from lib.serialization.json_values import same
from tests.unit.schemas.test_form import DOCUMENTS, NAMES, SCALARS, VALUES, WHOLE, open_all

DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}


def when(kind: str) -> dict[str, Any]:
    return {"properties": {"kind": {"const": kind}}, "required": ["kind"]}


LITRES = {"type": "number", "minimum": 0, "title": "Litres"}
SOURCES = {"enum": ["river", "tap"]}
WATER = {"properties": {"litres": LITRES, "source": {"$ref": "#/$defs/source"}}, "required": ["litres"]}
KIND = {"kind": {"enum": ["water", "gas", "both"]}}
BASE = {"type": "object", "properties": KIND, "$defs": {"source": SOURCES, "is_water": when("water")}}

#: Schemas that ask for "litres" and "source" while kind is "water", each in another spelling.
SPELLINGS: dict[str, dict[str, Any]] = {
    "if/then": {**BASE, "if": when("water"), "then": WATER},
    "if/else": {**BASE, "if": {"not": when("water")}, "else": WATER},
    "if by reference": {**BASE, "if": {"$ref": "#/$defs/is_water"}, "then": WATER},
    "allOf of several": {
        **BASE,
        "allOf": [{"if": when("gas"), "then": {"properties": {"bar": {}}}}, {"if": when("water"), "then": WATER}],
    },
    "then by reference": {
        **BASE,
        "$defs": {**BASE["$defs"], "water": WATER},
        "if": when("water"),
        "then": {"$ref": "#/$defs/water"},
    },
    "if inside then": {
        **BASE,
        "if": {"required": ["kind"]},
        "then": {"if": when("water"), "then": WATER, "else": {"properties": {"bar": {"type": "integer"}}}},
    },
    "dependentSchemas": {**BASE, "dependentSchemas": {"kind": {"if": when("water"), "then": WATER}}},
    "dependencies": {
        **DRAFT_7,
        **BASE,
        "dependencies": {
            "kind": {
                "oneOf": [
                    {
                        **when("water"),
                        **{
                            "properties": {**when("water")["properties"], **WATER["properties"]},
                            "required": ["litres"],
                        },
                    },
                    when("gas"),
                    when("both"),
                ]
            }
        },
    },
    "inside a branch": {
        "$defs": BASE["$defs"],
        "oneOf": [{"type": "string"}, {**BASE, "if": when("water"), "then": WATER}],
    },
}


def field(node: Node, *names: str) -> Node:
    for name in names:
        node = next(child for child in node.opened() if child.name == name and not child.hidden)
    return node


def names(node: Node) -> list[str]:
    return [child.name for child in node.fields()]


def others(node: Node) -> list[str]:
    return [child.name for child in node.extras()]


@pytest.mark.parametrize("schema", SPELLINGS.values(), ids=SPELLINGS)
def test_a_field_is_there_while_its_condition_holds_and_keeps_what_was_typed(schema: Any) -> None:
    form = load(schema, {"kind": "gas"})
    assert "litres" not in names(form.root)
    field(form.root, "kind").write("water")
    if "oneOf" in str(schema.get("dependencies")):
        form.root.choose(next(form.root.choices())[0].source, 0)
    litres, source = field(form.root, "litres"), field(form.root, "source")
    assert (litres.kind, litres.required, litres.spec.title) == ("number", True, "Litres")
    assert (source.kind, source.required) == ("enum", False)
    assert [option.value for option in source.spec.options] == ["river", "tap"]
    assert [one.shown_at for one in form.violations()] == [("litres",)]
    litres.write(5)
    source.write("tap")
    assert dump(form) == {"kind": "water", "litres": 5, "source": "tap"} and form.violations() == []
    if "dependencies" in schema:
        return  # a choice of branches, as any other
    for kind in ("gas", "both"):
        field(form.root, "kind").write(kind)
        assert dump(form) == {"kind": kind} and form.violations() == []
        assert "litres" not in names(form.root) + others(form.root)
    field(form.root, "kind").write("water")
    assert dump(form) == {"kind": "water", "litres": 5, "source": "tap"}
    assert field(form.root, "litres").key == litres.key, "its widget is the same"


def test_a_condition_is_judged_where_it_stands() -> None:
    """In a nested object, in each row of a list, and above where the value is typed."""
    stock = {**BASE, "if": when("water"), "then": WATER}
    schema = {
        "$defs": BASE["$defs"],
        "properties": {
            "nested": {"properties": {"stock": stock}},
            "rows": {"type": "array", "items": stock},
            "urgent": {"type": "boolean"},
        },
        "if": {
            "properties": {"nested": {"properties": {"stock": when("gas")}, "required": ["stock"]}},
            "required": ["nested"],
        },
        "then": {"properties": {"urgent": {"const": True}, "nested": {"properties": {"valve": {"type": "string"}}}}},
    }
    form = load(schema, {"nested": {"stock": {"kind": "water"}}, "rows": [{"kind": "water"}, {"kind": "gas"}]})
    inner, (first, second) = field(form.root, "nested"), field(form.root, "rows").opened()
    stock_node = field(inner, "stock")
    assert names(stock_node) == ["kind", "litres", "source"] == names(first)
    assert names(second) == ["kind"] and names(inner) == ["stock"]
    field(second, "kind").write("water")
    field(second, "litres").write(3)
    second.move(-1)
    field(stock_node, "kind").write("gas")
    assert names(stock_node) == ["kind"] and names(inner) == ["stock", "valve"]
    assert field(form.root, "urgent").kind == "const"
    field(inner, "valve").write("open")
    field(stock_node, "kind").write("both")
    assert dump(form) == {
        "nested": {"stock": {"kind": "both"}},
        "rows": [{"kind": "water", "litres": 3}, {"kind": "water"}],
    }
    field(stock_node, "kind").write("gas")
    assert field(inner, "valve").value == "open"


def test_a_condition_that_holds_for_nothing_holds_at_the_start() -> None:
    schema = {
        "type": "object",
        "if": {"properties": {"kind": {"const": "water"}}},
        "then": WATER,
        "$defs": BASE["$defs"],
    }
    schema["properties"] = {**KIND, "unit": {"type": "string"}}
    schema["then"] = {**WATER, "properties": {**WATER["properties"], "unit": {"const": "l"}}, "required": ["unit"]}
    form = load(schema)
    assert names(form.root) == ["kind", "unit", "litres", "source"]
    assert dump(form) == {"unit": "l"}, "what the condition fixes is filled in"
    field(form.root, "kind").write("gas")
    assert names(form.root) == ["kind", "unit"]


def test_a_name_may_ask_for_names_that_are_declared_nowhere() -> None:
    schema = {
        "type": "object",
        "properties": {"card": {"type": "string"}, "city": {"type": "string"}},
        "dependentRequired": {"card": ["address", "city"], "address": ["zip"]},
        "patternProperties": {"^a": {"enum": ["home", "work"]}},
    }
    form = load(schema, {})
    assert names(form.root) == ["card", "city"] and not field(form.root, "city").required
    field(form.root, "card").write("4242")
    assert names(form.root) == ["card", "city", "address"] and field(form.root, "city").required
    field(form.root, "address").write("home")
    assert [option.value for option in field(form.root, "address").spec.options] == ["home", "work"]
    assert names(form.root) == ["card", "city", "address", "zip"]
    field(form.root, "zip").write(1)
    field(form.root, "card").clear()
    assert dump(form) == {}
    field(form.root, "card").write("1")
    assert dump(form) == {"card": "1", "address": "home", "zip": 1}


def test_a_required_name_that_is_declared_nowhere_has_a_field() -> None:
    closed = {"type": "object", "properties": {"a": {}}, "required": ["b"], "additionalProperties": False}
    assert names(load(closed, {}).root) == ["a"], "no value is allowed there"
    texts = {"type": "object", "required": ["en"], "additionalProperties": {"type": "string"}}
    form = load(texts, {"de": "x"})
    assert (names(form.root), others(form.root)) == (["en"], ["de"])
    assert field(form.root, "en").kind == "string" and form.root.spec.is_map()


def test_a_field_that_a_condition_forbids_goes() -> None:
    schema = {**BASE, "if": when("gas"), "then": {"properties": {"litres": False}}}
    schema["properties"] = {**KIND, "litres": LITRES}
    form = load(schema, {"kind": "water", "litres": 2})
    field(form.root, "kind").write("gas")
    assert dump(form) == {"kind": "gas"} and names(form.root) == ["kind"]
    field(form.root, "kind").write("water")
    assert dump(form) == {"kind": "water", "litres": 2}


@pytest.mark.parametrize(
    ("also", "kept"),
    [
        ({}, True),
        ({"else": {"not": {"required": ["litres"]}}}, False),
        ({"unevaluatedProperties": False}, False),
        ({"additionalProperties": False, "properties": {**KIND, "source": {}}}, False),
    ],
)
def test_what_was_loaded_stays_where_the_schema_allows_it(also: dict[str, Any], kept: bool) -> None:
    schema = {**BASE, "if": when("water"), "then": WATER, **also}
    loaded = {"kind": "water", "litres": 2}
    form = load(schema, loaded)
    open_all(form.root)
    assert dump(form) == loaded
    field(form.root, "kind").write("gas")
    assert dump(form) == ({"kind": "gas", "litres": 2} if kept else {"kind": "gas"})
    assert others(form.root) == (["litres"] if kept else [])
    field(form.root, "kind").write("water")
    assert dump(form) == loaded and set(names(form.root)) == {"kind", "litres", "source"}


def test_what_was_loaded_while_its_condition_does_not_hold_comes_out_again() -> None:
    schema = {**BASE, "if": when("water"), "then": WATER}
    form = load(schema, {"litres": 2, "kind": "gas"})
    assert others(form.root) == ["litres"]
    field(form.root, "kind").write("both")
    assert dump(form) == {"litres": 2, "kind": "both"}
    field(form.root, "kind").write("water")
    assert field(form.root, "litres").required and dump(form) == {"litres": 2, "kind": "water"}


def test_a_hidden_name_may_be_given_to_something_else() -> None:
    form = load({**BASE, "if": when("water"), "then": WATER}, {"kind": "water"})
    field(form.root, "litres").write(2)
    field(form.root, "kind").write("gas")
    form.root.add_entry("litres")
    field(form.root, "litres").write("many")
    assert dump(form) == {"kind": "gas", "litres": "many"}
    field(form.root, "kind").write("water")
    assert dump(form) == {"kind": "water", "litres": "many"} and others(form.root) == []


def test_a_choice_inside_a_condition_keeps_its_branch() -> None:
    paid = {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"iban": {"type": "string"}}}]}
    schema = {**BASE, "if": when("water"), "then": {"properties": {"paid": paid}}}
    form = load(schema, {"kind": "water"})
    node = field(form.root, "paid")
    node.choose(next(node.choices())[0].source, 1)
    field(node, "iban").write("DE1")
    field(form.root, "kind").write("gas")
    field(form.root, "kind").write("water")
    assert dump(form) == {"kind": "water", "paid": {"iban": "DE1"}}
    assert [number for _, number in field(form.root, "paid").choices()] == [1]


def test_narrowed_choices_follow_the_condition() -> None:
    cities = {"DE": ["Bonn", "Ulm"], "FR": ["Lyon"]}
    schema = {
        "type": "object",
        "properties": {"land": {"enum": list(cities)}, "city": {"type": "string"}},
        "allOf": [
            {
                "if": {"properties": {"land": {"const": land}}, "required": ["land"]},
                "then": {"properties": {"city": {"enum": some}}, "required": ["city"]},
            }
            for land, some in cities.items()
        ],
    }
    form = load(schema, {})
    assert field(form.root, "city").kind == "string"
    field(form.root, "land").write("DE")
    field(form.root, "city").write("Ulm")
    assert [option.value for option in field(form.root, "city").spec.options] == ["Bonn", "Ulm"]
    field(form.root, "land").write("FR")
    assert field(form.root, "city").kind == "const" and dump(form) == {"land": "FR", "city": "Ulm"}
    assert [one.path for one in form.violations()] == [("city",)]


def test_conditions_that_undo_each_other_end() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "if": {"required": ["b"]},
        "then": {"properties": {"b": False}},
        "else": {"required": ["b"], "properties": {"b": {"const": 1}}},
    }
    form = load(schema, {})
    field(form.root, "a").write("x")
    assert dump(form)["a"] == "x"


def test_an_object_that_is_not_there_is_judged_as_an_empty_one() -> None:
    schema = {
        "type": "object",
        "properties": {"stock": {**BASE, "if": when("water"), "then": WATER}},
        "$defs": BASE["$defs"],
    }
    form = load(schema, {})
    stock = field(form.root, "stock")
    field(stock, "kind").write("water")
    field(stock, "litres").write(1)
    assert dump(form) == {"stock": {"kind": "water", "litres": 1}}
    field(stock, "litres").clear()
    field(stock, "kind").clear()
    assert dump(form) == {}


TESTS = st.recursive(
    st.booleans()
    | st.builds(lambda name, value: {"properties": {name: {"const": value}}, "required": [name]}, NAMES, SCALARS),
    lambda inner: (
        st.builds(
            lambda keyword, some: {keyword: some},
            st.sampled_from(["allOf", "anyOf", "oneOf"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(lambda one: {"not": one}, inner)
        | st.fixed_dictionaries(
            {"if": inner, "then": inner, "else": inner, "type": st.sampled_from(["object", "array"])}
        )
        | st.builds(lambda least, one: {"minProperties": least, "not": one}, st.integers(0, 2), inner)
    ),
    max_leaves=5,
)


@WHOLE
@given(TESTS, st.dictionaries(NAMES, SCALARS, max_size=4))
def test_a_condition_is_judged_alike_on_what_it_reads_alone(test: Any, value: dict[str, Any]) -> None:
    document = SchemaDocument({"if": test, "then": {"title": "t"}})
    (condition,) = conditions(document.root[0])
    validator = Validator(document)
    assert validator.is_valid(condition.test, condition.relevant(value)) == validator.is_valid(condition.test, value)


def test_a_condition_is_not_given_what_it_does_not_read() -> None:
    document = SchemaDocument({"if": {"not": {"anyOf": [when("gas"), when("both")]}}, "then": WATER})
    (condition,) = conditions(document.root[0])
    assert condition.relevant({"kind": 1, **{f"f{number}": 1 for number in range(50)}}) == {"kind": 1}


def leaves(form: Form) -> list[Node]:
    return [node for node in form.nodes() if node.children is None and node.parent is not None]


@WHOLE
@given(DOCUMENTS, VALUES, st.data())
def test_edits_under_any_conditions_stay_what_they_are(schema: Any, value: Any, data: st.DataObject) -> None:
    """Whatever flips: typed values that are shown are dumped, and what is dumped is shown."""
    form = load(schema, value)
    open_all(form.root, depth=3)
    for _ in range(3):
        nodes = leaves(form)
        if not nodes:
            break
        data.draw(st.sampled_from(nodes)).write(data.draw(VALUES))
        open_all(form.root, depth=3)
        gathered = form.root.dump()
        for node in form.nodes():
            node._dumped = None
        assert same(form.root.dump(), gathered), "no kept value is stale"
        for node in form.nodes():
            if node.children is not None and not node.is_list:
                assert {child.name for child in node.children if child.role == "property"} == set(node.spec.names)
        form.violations()
