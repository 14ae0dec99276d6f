"""Samples: valid wherever a valid value exists, whatever the schema is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.schemas.form import sample, validate
from lib.serialization.json_values import json_text, json_type, same

D4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
D6 = {"$schema": "http://json-schema.org/draft-06/schema#"}
D7 = {"$schema": "http://json-schema.org/draft-07/schema#"}
D19 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}
D20 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def has(**fixed: Any) -> dict[str, Any]:
    """A test for properties with these values."""
    return {"properties": {name: {"const": value} for name, value in fixed.items()}, "required": list(fixed)}


def tree(**keywords: Any) -> dict[str, Any]:
    return {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", **keywords}}}


N = {"$ref": "#/$defs/n"}
LEAF_OR_NODE = {"kind": {"enum": ["node", "leaf"]}, "child": N}
WORDS = ["a", "b", "c", "d"]

CONTAINS: list[Any] = [
    {"contains": {"const": 1}, "minContains": 0, "maxContains": 0},
    {**D19, "type": "array", "contains": {"type": "integer"}, "maxContains": 1, "minItems": 3},
    {**D20, "contains": {"const": 1}, "minContains": 2, "maxContains": 2, "minItems": 4},
    {**D20, "prefixItems": [{"const": "head"}, {"type": "string"}], "contains": {"type": "integer"}, "minItems": 3},
    {**D20, "prefixItems": [{"const": 1}], "contains": {"const": 1}, "maxContains": 1, "minItems": 2},
    {**D20, "type": "array", "items": {"type": "integer"}, "contains": {"minimum": 5}, "minContains": 2, "maxItems": 3},
    {**D20, "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "contains": {"const": 7}},
    {**D6, "items": {"enum": [1, 2, 3]}, "contains": {"const": 3}, "uniqueItems": True, "minItems": 3},
    {**D20, "contains": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}},
    {**D20, "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}]},
    {**D20, "items": {"type": "integer"}, "contains": {"multipleOf": 2}, "maxContains": 1, "minItems": 3},
    {**D7, "items": [{"type": "integer"}, {"const": "x"}], "additionalItems": False, "minItems": 2},
    {**D7, "items": [{"type": "integer"}], "additionalItems": {"enum": ["p", "q"]}, "minItems": 3, "uniqueItems": True},
]
RECURSION: list[Any] = [
    tree(properties=LEAF_OR_NODE, required=["kind"], **{"if": has(kind="node"), "then": {"required": ["child"]}}),
    tree(properties=LEAF_OR_NODE, required=["kind"], allOf=[{"if": has(kind="node"), "then": {"required": ["child"]}}]),
    tree(properties=LEAF_OR_NODE, required=["kind"], **{"if": has(kind="leaf"), "else": {"required": ["child"]}}),
    tree(
        properties={"kind": {"enum": ["node", "pair", "leaf"]}, "child": N, "other": N},
        required=["kind"],
        allOf=[
            {"if": has(kind="node"), "then": {"required": ["child"]}},
            {"if": has(kind="pair"), "then": {"required": ["child", "other"]}},
        ],
    ),
    tree(
        properties={"end": {"type": "boolean"}, "next": N},
        required=["end"],
        **{"if": has(end=True), "then": {"not": {"required": ["next"]}}, "else": {"required": ["next"]}},
    ),
    {
        "$ref": "#/$defs/n",
        "$defs": {
            "n": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["left", "right"],
                        "properties": {"left": N, "right": N},
                        "additionalProperties": False,
                    },
                    {
                        "type": "object",
                        "required": ["value"],
                        "properties": {"value": {"type": "number"}},
                        "additionalProperties": False,
                    },
                ]
            }
        },
    },
    {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/$defs/b"}}},
            "b": {
                "anyOf": [
                    {"$ref": "#/$defs/a"},
                    {"type": "object", "required": ["n"], "properties": {"n": {"const": 1}}},
                ]
            },
        },
    },
    {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"type": "array", "minItems": 1, "items": {"anyOf": [N, {"type": "integer"}]}}},
    },
    {
        "$ref": "#/$defs/n",
        "$defs": {
            "n": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["and"],
                        "properties": {"and": {"type": "array", "minItems": 2, "items": N}},
                    },
                    {
                        "type": "object",
                        "required": ["or"],
                        "properties": {"or": {"type": "array", "minItems": 2, "items": N}},
                    },
                    {
                        "type": "object",
                        "required": ["field", "is"],
                        "properties": {"field": {"type": "string"}, "is": {}},
                    },
                ]
            }
        },
    },
    tree(properties={"next": {"anyOf": [N, {"const": "end"}]}}, required=["next"], additionalProperties=False),
    tree(properties={"children": {"type": "array", "items": N}}, required=["children"]),
    {
        **D7,
        "definitions": {
            "n": {
                "type": "object",
                "required": ["t"],
                "properties": {"t": {"enum": ["list", "text"]}, "of": {"$ref": "#/definitions/n"}},
                "dependencies": {"of": ["t"]},
                "if": has(t="list"),
                "then": {"required": ["of"]},
                "else": {"properties": {"of": False}},
            }
        },
        "$ref": "#/definitions/n",
    },
    {
        "$ref": "#/$defs/n",
        "$defs": {
            "n": {
                "type": "object",
                "required": ["op"],
                "properties": {"op": {"enum": ["not", "true"]}},
                "dependentSchemas": {
                    "op": {"if": has(op="not"), "then": {"properties": {"arg": N}, "required": ["arg"]}}
                },
            }
        },
    },
    {
        **D19,
        "$recursiveAnchor": True,
        "type": "object",
        "properties": {"v": {"type": "integer"}, "n": {"$recursiveRef": "#"}},
        "required": ["v"],
    },
    {
        **D20,
        "$dynamicAnchor": "n",
        "type": "object",
        "properties": {"v": {"enum": ["x"]}, "n": {"$dynamicRef": "#n"}},
        "required": ["v"],
    },
]
CONDITIONS: list[Any] = [
    {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": has(kind="a"),
        "then": {"required": ["n"], "properties": {"n": {"type": "integer", "minimum": 9}}},
    },
    {
        **D7,
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": has(kind="b"),
        "then": {"required": ["x"]},
        "else": {"required": ["y"], "properties": {"y": {"format": "date", "type": "string"}}},
    },
    {"type": "object", "if": {"required": ["a"]}, "else": {"required": ["b"]}},
    {"type": "object", "required": ["a"], "dependentRequired": {"a": ["b"], "b": ["c"], "c": ["d"]}},
    {
        **D7,
        "type": "object",
        "required": ["a"],
        "dependencies": {"a": ["b"], "b": {"required": ["c"], "properties": {"c": {"const": 3}}}},
    },
    {
        **D4,
        "type": "object",
        "required": ["a"],
        "dependencies": {"a": {"properties": {"b": {"type": "integer", "minimum": 2}}, "required": ["b"]}},
    },
    {
        "type": "object",
        "required": ["a"],
        "dependentSchemas": {"a": {"properties": {"b": {"enum": [7]}}, "required": ["b"]}},
    },
    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"], "dependentSchemas": {"a": False}},
    {
        "type": "object",
        "properties": {"land": {"enum": ["DE", "US"]}, "zip": {"type": "string"}},
        "required": ["land", "zip"],
        "allOf": [
            {"if": has(land="DE"), "then": {"properties": {"zip": {"pattern": "^[0-9]{5}$"}}}},
            {"if": has(land="US"), "then": {"properties": {"zip": {"pattern": "^[0-9]{5}-[0-9]{4}$"}}}},
        ],
    },
    {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "if": {"properties": {"n": {"minimum": 1}}},
        "then": {"properties": {"n": {"multipleOf": 7}}},
    },
    {"if": {"type": "string"}, "then": {"minLength": 3, "pattern": "^z"}, "else": {"const": 5}},
    {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}},
        "required": ["kind"],
        "if": has(kind="x"),
        "then": False,
    },
    {
        "type": "object",
        "properties": {"on": {"type": "boolean"}},
        "required": ["on"],
        "if": has(on=True),
        "then": {"properties": {"on": False}},
    },
    {
        "type": "object",
        "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
        "required": ["a", "b"],
        "if": has(a=1),
        "then": {"properties": {"b": {"const": 2}}},
        "else": {"properties": {"b": {"const": 1}}},
    },
    {
        "type": "object",
        "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
        "required": ["a", "b"],
        "if": has(a=1),
        "then": {"if": has(b=1), "then": {"required": ["c"]}, "else": {"required": ["d"]}},
    },
    {
        "type": "object",
        "properties": {"a": {"type": "object", "properties": {"k": {"enum": [1, 2]}}, "required": ["k"]}},
        "required": ["a"],
        "if": {"properties": {"a": has(k=1)}},
        "then": {"required": ["b"], "properties": {"b": {"type": "boolean"}}},
    },
]
NEGATIONS: list[Any] = [
    {"not": {"const": {}}},
    {"type": "string", "not": {"const": "Sample"}},
    {"enum": ["a", "b", "c"], "not": {"enum": ["a", "b"]}},
    {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "not": {"const": 1}}}},
    {"type": "integer", "minimum": 1, "maximum": 3, "not": {"enum": [1, 3]}},
    {"type": ["string", "integer"], "not": {"type": "string"}},
    {"not": {"not": {"type": "integer"}}},
    {"type": "object", "required": ["k"], "properties": {"k": {"enum": ["a", "b"]}}, "not": has(k="a")},
    {"type": "boolean", "not": {"const": True}},
    {"not": {"anyOf": [{"type": "object"}, {"type": "string"}, {"type": "null"}]}},
    {"type": "array", "items": {"enum": [1, 2]}, "not": {"contains": {"const": 1}}, "minItems": 2},
    {"type": "array", "not": {"maxItems": 0}},
    {"type": "string", "not": {"maxLength": 20}},
    {"type": "number", "not": {"minimum": 0}},
    {"allOf": [{"not": {"type": "object"}}, {"not": {"type": "array"}}, {"not": {"type": "string"}}]},
]
OBJECTS: list[Any] = [
    {"type": "object", "minProperties": 3, "propertyNames": {"enum": ["x", "y", "z"]}},
    {"type": "object", "minProperties": 2, "maxProperties": 2, "propertyNames": {"pattern": "^k[0-9]$"}},
    {"type": "object", "minProperties": 2, "propertyNames": {"maxLength": 2}},
    {"type": "object", "minProperties": 2, "propertyNames": {"minLength": 5}, "additionalProperties": {"const": 0}},
    {**D6, "type": "object", "minProperties": 1, "propertyNames": {"const": "only"}},
    {**D6, "type": "object", "additionalProperties": {"type": "string"}, "propertyNames": {"type": "object"}},
    {**D6, "type": "object", "additionalProperties": {"type": "string"}, "propertyNames": {"const": ["a"]}},
    {"type": "object", "properties": {"a": {}, "b": {}, "c": {}, "d": {}}, "required": ["d"], "maxProperties": 2},
    {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {"^[a-z]{3}$": {"type": "integer"}},
        "additionalProperties": False,
    },
    {
        "type": "object",
        "required": ["abc"],
        "patternProperties": {"^a": {"type": "integer"}, "c$": {"minimum": 40}},
        "additionalProperties": False,
    },
    {"type": "object", "required": ["x"], "additionalProperties": {"enum": ["only"]}},
    {"type": "object", "required": ["x"], "unevaluatedProperties": {"type": "integer", "maximum": -1}},
    {"type": "object", "maxProperties": 0, "properties": {"a": {"type": "string"}}},
    {
        "allOf": [
            {"properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "null"}}, "required": ["b"]},
        ],
        "unevaluatedProperties": False,
    },
    {
        "minProperties": 3,
        "type": "object",
        "properties": {"a": {"const": 1}},
        "additionalProperties": {"type": "boolean"},
    },
]
CHOICES: list[Any] = [
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 4}]},
    {"oneOf": [{"multipleOf": 3, "type": "integer"}, {"multipleOf": 5, "type": "integer"}], "minimum": 15},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object", "properties": {"a": {}, "b": {}}},
    {
        "oneOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": "integer"}}}],
        "type": "object",
    },
    {"oneOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}, {"enum": [1, 3]}]},
    {"oneOf": [True, {"type": "object"}]},
    {
        "oneOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}],
        "$defs": {
            "a": {"type": "object", "properties": {"x": {"type": "integer"}}},
            "b": {"type": "object", "required": ["y"]},
        },
    },
    {"anyOf": [{"type": "string", "minLength": 5}, {"type": "integer"}], "allOf": [{"maxLength": 3}]},
    {"anyOf": [False, {"type": "string", "const": "x"}]},
    {"type": "object", "anyOf": [{"required": ["a", "b"]}, {"required": ["c"]}], "maxProperties": 1},
    {
        "oneOf": [
            {"properties": {"k": {"const": "a"}, "v": {"type": "integer"}}, "required": ["k", "v"]},
            {"properties": {"k": {"const": "b"}}, "required": ["k"]},
        ],
        "type": "object",
        "properties": {"k": {"enum": ["b"]}},
    },
    {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
    {"allOf": [{"oneOf": [{"const": 1}, {"const": 2}]}, {"oneOf": [{"const": 2}, {"const": 3}]}]},
    {"allOf": [{"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"not": {"required": ["a"]}}], "type": "object"},
]
LISTS: list[Any] = [
    {"type": "array", "items": {"enum": WORDS}, "minItems": 4, "uniqueItems": True},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": ["boolean", "null"]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 3}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"oneOf": [{"const": "x"}, {"const": "y"}]}, "minItems": 2, "uniqueItems": True},
    {
        "type": "array",
        "items": {"type": "object", "properties": {"k": {"enum": WORDS}}, "required": ["k"]},
        "minItems": 4,
        "uniqueItems": True,
    },
    {"type": "array", "items": {"type": "string", "pattern": "^[ab]$"}, "minItems": 2, "uniqueItems": True},
    {**D20, "prefixItems": [{"enum": [1, 2]}, {"enum": [1, 2]}], "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"enum": [1, 2], "examples": [1]}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"anyOf": [{"type": "boolean"}, {"enum": [1, 2]}]}, "minItems": 4, "uniqueItems": True},
]
SCALARS: list[Any] = [
    {"type": "number", "minimum": 0.3, "maximum": 0.8, "multipleOf": 0.25},
    {"type": "integer", "exclusiveMinimum": 10, "exclusiveMaximum": 12},
    {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1.0001},
    {"type": "integer", "minimum": 100, "maximum": 110, "multipleOf": 9},
    {"type": "number", "multipleOf": 0.01, "minimum": 19.985, "maximum": 19.995},
    {"type": "integer", "minimum": -7, "maximum": -5},
    {**D4, "type": "integer", "minimum": 5, "maximum": 6, "exclusiveMaximum": True},
    {"type": "number", "minimum": 1e20},
    {"type": "integer", "minimum": 1.5, "maximum": 2.5},
    {"type": "string", "pattern": "^[a-z]+$", "minLength": 30, "maxLength": 31},
    {"type": "string", "pattern": "^(ab)+$", "minLength": 7},
    {"type": "string", "pattern": "^A", "minLength": 6, "maxLength": 6},
    {"type": "string", "pattern": "z$", "minLength": 4},
    {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
    {"type": "string", "format": "email", "minLength": 30},
    {"type": "string", "format": "date", "pattern": "^2030"},
    {"type": "string", "format": "uri", "pattern": "^https://shop"},
    {"type": "string", "format": "uuid", "pattern": "^a"},
    {"type": "string", "pattern": "^[0-9]{3}$", "maxLength": 3, "minLength": 3},
    {"type": "string", "minLength": 3, "maxLength": 3},
    {"type": ["integer", "string"], "minLength": 3, "minimum": 4},
    {"type": "string", "format": "date-time", "pattern": "Z$"},
]
#: What they say of one type allows no value of it, or only what nobody would think of; they name none.
OTHERWISE: list[Any] = [
    {"minProperties": 2, "maxProperties": 0},
    {**D20, "required": ["a"], "additionalProperties": False},
    {**D19, "contains": False, "exclusiveMinimum": 2},
    {**D20, "contains": {"minimum": 10}, "minContains": 2, "unevaluatedItems": {"const": True}},
    {"not": {"maximum": 1.5}, "uniqueItems": True},
    {**D4, "not": {"items": {"minLength": 1}}, "additionalProperties": False},
    {**D7, "not": {"uniqueItems": True}},
    {"not": {"properties": {"a": {"type": "string"}}}},
    {"type": "object", "properties": {"part": {"minItems": 1, "contains": False}}, "required": ["part"]},
    {**D6, "propertyNames": {"enum": [[], {"a": 1}]}, "minProperties": 2},
]
TABLE = [*CONTAINS, *RECURSION, *CONDITIONS, *NEGATIONS, *OBJECTS, *CHOICES, *LISTS, *SCALARS, *OTHERWISE]


@pytest.mark.parametrize("schema", TABLE, ids=lambda schema: json_text(schema, None)[:90])
def test_a_valid_value_is_found(schema: Any) -> None:
    value = sample(schema)
    assert validate(schema, value) == [], value
    assert same(sample(schema), value), "the same every time"


# -- schemas made around a value that they allow ------------------------------------------------------

SMALL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-50, 50)
    | st.sampled_from([0.5, -1.25, 3.75])
    | st.sampled_from(["", "a", "b1", "Sample", "2026-03-02", "long enough to matter"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "kind", "n"]), inner, max_size=3)
    ),
    max_leaves=6,
)
OTHER = st.sampled_from(["other", 99, 0.125, ["other"], {"other": 1}])


@st.composite
def around(draw: st.DrawFn, value: Any, depth: int = 2) -> dict[str, Any]:
    """A schema that allows the value, and as a rule not many others."""
    named = json_type(value)
    schema: dict[str, Any] = {}
    if draw(st.booleans()):
        schema["type"] = named if draw(st.booleans()) else sorted({named, draw(st.sampled_from(["string", "array"]))})
    if draw(st.integers(0, 5)) == 0:
        schema["enum"] = [draw(OTHER), value] if draw(st.booleans()) else [value]
    schema |= draw(_bounds_around(value))
    if isinstance(value, dict):
        schema["type"] = "object"
        schema["properties"] = {name: draw(around(item, depth)) for name, item in value.items()}
        schema["required"] = [name for name in value if draw(st.booleans())]
        if draw(st.booleans()):
            schema["additionalProperties"] = False
    if isinstance(value, list) and value:
        schema["type"] = "array"
        schema["prefixItems"] = [draw(around(item, depth)) for item in value]
        schema["items"] = draw(st.booleans())
    if depth:
        schema |= draw(_combined_around(value, depth - 1))
    return schema


def _bounds_around(value: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Bounds that hold the value, and not much else."""
    bounds: dict[str, st.SearchStrategy[Any]] = {}
    if json_type(value) in ("integer", "number"):
        bounds = {"minimum": st.sampled_from([value, value - 3]), "maximum": st.sampled_from([value, value + 2])}
    elif isinstance(value, str):
        bounds = {"minLength": st.integers(0, len(value)), "maxLength": st.integers(len(value), len(value) + 4)}
    elif isinstance(value, list):
        bounds = {"minItems": st.integers(0, len(value)), "maxItems": st.integers(len(value), len(value) + 1)}
    elif isinstance(value, dict):
        bounds = {"minProperties": st.integers(0, len(value)), "maxProperties": st.integers(len(value), len(value) + 1)}
    return st.fixed_dictionaries({}, optional=bounds)


@st.composite
def _combined_around(draw: st.DrawFn, value: Any, depth: int) -> dict[str, Any]:
    inner = around(value, depth)
    kind = draw(st.sampled_from(["", "allOf", "anyOf", "oneOf", "not", "if", "else", "dependent", "$ref"]))
    if kind == "allOf":
        return {"allOf": [draw(inner)]}
    if kind == "anyOf":
        return {"anyOf": [{"type": "string", "minLength": 900, "maxLength": 1}, draw(inner)]}
    if kind == "oneOf":
        return {"oneOf": [{"const": value}, {"const": draw(OTHER)}]}
    if kind == "not":
        return {"not": {"const": draw(OTHER)}}
    if kind == "if":
        return {"if": {"const": draw(OTHER)}, "then": False, "else": draw(inner)}
    if kind == "else":
        return {"if": {"type": json_type(value)}, "then": draw(inner), "else": {"not": {}}}
    if kind == "dependent" and isinstance(value, dict) and value:
        return {"dependentRequired": {next(iter(value)): list(value)}}
    return {}


@settings(suppress_health_check=list(HealthCheck))
@given(SMALL.flatmap(lambda value: st.tuples(st.just(value), around(value))))
def test_a_valid_value_is_found_for_a_schema_made_around_one(made: tuple[Any, dict[str, Any]]) -> None:
    value, schema = made
    assert validate(schema, value) == [], "the schema is made so"
    found = sample(schema)
    assert validate(schema, found) == [], found
