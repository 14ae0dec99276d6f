"""Two schemas compared: each rule with its name and its verdict in both readings, and bounded work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lib.schemas import compatibility
from lib.schemas.compatibility import UNDECIDED, compare, inclusion
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge

S, INT, N, B = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}
OBJ = {"type": "object"}
D4 = "http://json-schema.org/draft-04/schema#"
D7 = "http://json-schema.org/draft-07/schema#"


def obj(required: list[str] | None = None, closed: Any = None, **properties: Any) -> dict[str, Any]:
    made: dict[str, Any] = {**OBJ, "properties": properties}
    if required:
        made["required"] = required
    return made if closed is None else {**made, "additionalProperties": closed}


def arr(**keywords: Any) -> dict[str, Any]:
    return {"type": "array", **keywords}


def kinds(*names: str, **more: Any) -> dict[str, Any]:
    return {"oneOf": [obj(["kind"], kind={"const": name}, **more) for name in names]}


#: Rule or case, old schema, new schema, verdict, verdict in the strict reading, how that one stands to the verdict of
#: Confluent's registry (stricter: it does not compare this, or takes defaults for values; finer: it calls a schema that
#: says the same in other words another type), and the findings.
PAIRS: list[tuple[str, Any, Any, str, str, str, list[str]]] = [
    # types
    (
        "a reference to true",
        {"const": None},
        {"$ref": "#/$defs/p", "$defs": {"p": True}},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  TYPE_CHANGED"],
    ),
    (
        "a further field, with a field of its own now",
        obj(closed=OBJ),
        obj(closed=OBJ, a=obj(b=S)),
        "FULL",
        "FORWARD",
        "as Confluent",
        ["backward /a PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL strict"],
    ),
    ("TYPE_EXTENDED", INT, N, "BACKWARD", "BACKWARD", "as Confluent", ["forward  TYPE_EXTENDED"]),
    ("TYPE_NARROWED", N, INT, "FORWARD", "FORWARD", "as Confluent", ["backward  TYPE_NARROWED"]),
    (
        "TYPE_CHANGED",
        S,
        INT,
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward  TYPE_CHANGED", "forward  TYPE_CHANGED"],
    ),
    (
        "TYPE_EXTENDED",
        S,
        {"type": ["string", "null"]},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  TYPE_EXTENDED"],
    ),
    (
        "TYPE_NARROWED",
        {"type": ["string", "null"]},
        S,
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  TYPE_NARROWED"],
    ),
    (
        "TYPE_NARROWED",
        {"type": "string", "nullable": True},
        S,
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  TYPE_NARROWED"],
    ),
    (
        "nullable spelled anew",
        {"type": "string", "nullable": True},
        {"anyOf": [S, {"type": "null"}]},
        "FULL",
        "FULL",
        "finer",
        [],
    ),
    ("SCHEMA_REMOVED to anything", S, {}, "BACKWARD", "BACKWARD", "as Confluent", ["forward  TYPE_EXTENDED"]),
    ("TYPE_NARROWED", {}, S, "FORWARD", "FORWARD", "as Confluent", ["backward  TYPE_NARROWED"]),
    ("false", S, False, "FORWARD", "FORWARD", "as Confluent", ["backward  TYPE_CHANGED"]),
    (
        "title only",
        {"type": "string", "title": "A"},
        {"type": "string", "title": "B", "description": "b", "default": "x"},
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "draft",
        {"$schema": D4, "type": "number", "minimum": 1, "exclusiveMinimum": True},
        {"type": "number", "exclusiveMinimum": 1},
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "draft 4 whole",
        {"type": "integer"},
        {"$schema": D4, "type": "integer"},
        "FORWARD",
        "FORWARD",
        "stricter",
        ["backward  TYPE_NARROWED"],
    ),
    # strings
    (
        "MAX_LENGTH_ADDED",
        S,
        {**S, "maxLength": 5},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAX_LENGTH_ADDED"],
    ),
    (
        "MAX_LENGTH_REMOVED",
        {**S, "maxLength": 5},
        S,
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  MAX_LENGTH_REMOVED"],
    ),
    (
        "MAX_LENGTH_DECREASED",
        {**S, "maxLength": 5},
        {**S, "maxLength": 4},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAX_LENGTH_DECREASED"],
    ),
    (
        "MIN_LENGTH_INCREASED",
        {**S, "minLength": 1},
        {**S, "minLength": 2},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MIN_LENGTH_INCREASED"],
    ),
    (
        "MIN_LENGTH_ADDED",
        S,
        {**S, "minLength": 1},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MIN_LENGTH_ADDED"],
    ),
    ("PATTERN_ADDED", S, {**S, "pattern": "^a"}, "FORWARD", "FORWARD", "as Confluent", ["backward  PATTERN_ADDED"]),
    (
        "PATTERN_REMOVED",
        {**S, "pattern": "^a"},
        S,
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  PATTERN_REMOVED"],
    ),
    (
        "PATTERN_CHANGED",
        {**S, "pattern": "^a"},
        {**S, "pattern": "^(a|b)"},
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward  PATTERN_CHANGED", "forward  PATTERN_CHANGED"],
    ),
    ("FORMAT_ADDED", S, {**S, "format": "date"}, "FORWARD", "FORWARD", "stricter", ["backward  FORMAT_ADDED"]),
    ("FORMAT_REMOVED", {**S, "format": "date"}, S, "BACKWARD", "BACKWARD", "stricter", ["forward  FORMAT_REMOVED"]),
    (
        "FORMAT_CHANGED",
        {**S, "format": "date"},
        {**S, "format": "date-time"},
        "BREAKING",
        "BREAKING",
        "stricter",
        ["backward  FORMAT_CHANGED", "forward  FORMAT_CHANGED"],
    ),
    ("keyword of another type", S, {**S, "minimum": 3}, "FULL", "FULL", "finer", []),
    # numbers
    (
        "MAXIMUM_DECREASED",
        {**N, "maximum": 10},
        {**N, "maximum": 9},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAXIMUM_DECREASED"],
    ),
    ("MAXIMUM_ADDED", N, {**N, "maximum": 9}, "FORWARD", "FORWARD", "as Confluent", ["backward  MAXIMUM_ADDED"]),
    (
        "MINIMUM_INCREASED",
        {**N, "minimum": 0},
        {**N, "minimum": 1},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MINIMUM_INCREASED"],
    ),
    ("MINIMUM_REMOVED", {**N, "minimum": 0}, N, "BACKWARD", "BACKWARD", "as Confluent", ["forward  MINIMUM_REMOVED"]),
    (
        "EXCLUSIVE_MINIMUM_ADDED",
        {**N, "minimum": 0},
        {**N, "exclusiveMinimum": 0},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  EXCLUSIVE_MINIMUM_ADDED"],
    ),
    (
        "EXCLUSIVE_MAXIMUM_DECREASED",
        {**N, "exclusiveMaximum": 9},
        {**N, "exclusiveMaximum": 8},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  EXCLUSIVE_MAXIMUM_DECREASED"],
    ),
    (
        "MULTIPLE_OF_ADDED",
        N,
        {**N, "multipleOf": 2},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MULTIPLE_OF_ADDED"],
    ),
    (
        "MULTIPLE_OF_EXPANDED",
        {**N, "multipleOf": 2},
        {**N, "multipleOf": 4},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MULTIPLE_OF_EXPANDED"],
    ),
    (
        "MULTIPLE_OF_REDUCED",
        {**N, "multipleOf": 4},
        {**N, "multipleOf": 2},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  MULTIPLE_OF_REDUCED"],
    ),
    (
        "MULTIPLE_OF_CHANGED",
        {**N, "multipleOf": 4},
        {**N, "multipleOf": 3},
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward  MULTIPLE_OF_CHANGED", "forward  MULTIPLE_OF_CHANGED"],
    ),
    (
        "big",
        {**INT, "maximum": 9007199254740993},
        {**INT, "maximum": 9007199254740992},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAXIMUM_DECREASED"],
    ),
    # enum const
    (
        "ENUM_ARRAY_EXTENDED",
        {"enum": ["a"]},
        {"enum": ["a", "b"]},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  ENUM_ARRAY_EXTENDED"],
    ),
    (
        "ENUM_ARRAY_NARROWED",
        {"enum": ["a", "b"]},
        {"enum": ["a"]},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  ENUM_ARRAY_NARROWED"],
    ),
    (
        "ENUM_ARRAY_CHANGED",
        {"enum": ["a", "b"]},
        {"enum": ["a", "c"]},
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward  ENUM_ARRAY_CHANGED", "forward  ENUM_ARRAY_CHANGED"],
    ),
    (
        "enum added to string TYPE_CHANGED",
        S,
        {**S, "enum": ["a"]},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  TYPE_CHANGED"],
    ),
    (
        "const changed",
        {"const": 1},
        {"const": 2},
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward  ENUM_ARRAY_CHANGED", "forward  ENUM_ARRAY_CHANGED"],
    ),
    (
        "const 1 and true",
        {"const": 1},
        {"const": True},
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward  ENUM_ARRAY_CHANGED", "forward  ENUM_ARRAY_CHANGED"],
    ),
    ("boolean in full", B, {"enum": [True, False]}, "FULL", "FULL", "finer", []),
    # objects
    (
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        obj(a=S),
        obj(a=S, b=S),
        "FULL",
        "FORWARD",
        "as Confluent",
        ["backward /b OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL strict"],
    ),
    (
        "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        obj(a=S),
        obj(a=S, b={}),
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
        obj(a=S, b=S),
        obj(a=S),
        "FULL",
        "BACKWARD",
        "as Confluent",
        ["forward /b PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL strict"],
    ),
    (
        "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        obj(a=S),
        obj(["b"], a=S, b=S),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        [
            "backward /b REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        ],
    ),
    (
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
        obj(a=S),
        obj(["b"], a=S, b={**S, "default": "x"}),
        "FORWARD",
        "FORWARD",
        "stricter",
        [
            "backward /b REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
        ],
    ),
    (
        "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        obj(a=S, closed=False),
        obj(a=S, b=S, closed=False),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward /b OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"],
    ),
    (
        "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        obj(a=S, closed=False),
        obj(["b"], a=S, b=S, closed=False),
        "BREAKING",
        "BREAKING",
        "as Confluent",
        [
            "backward /b REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
            "forward /b REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        ],
    ),
    (
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
        obj(a=S, closed=False),
        obj(["b"], a=S, b={**S, "default": "x"}, closed=False),
        "BREAKING",
        "BREAKING",
        "stricter",
        [
            "backward /b REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
            "forward /b REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        ],
    ),
    (
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        obj(a=S, b=S, closed=False),
        obj(a=S, closed=False),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /b PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"],
    ),
    (
        "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        obj(a=S, b=False, closed=False),
        obj(a=S, closed=False),
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        obj(a=S, closed=S),
        obj(a=S, b=S, closed=S),
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        obj(a=S, closed=S),
        obj(a=S, b=INT, closed=S),
        "BREAKING",
        "BREAKING",
        "as Confluent",
        [
            "backward /b PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
            "forward /b PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        ],
    ),
    (
        "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        obj(a=S, b=S, closed=S),
        obj(a=S, closed=S),
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        obj(a=S, b=INT, closed=S),
        obj(a=S, closed=S),
        "BREAKING",
        "BREAKING",
        "as Confluent",
        [
            "backward /b PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
            "forward /b PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        ],
    ),
    (
        "covered by pattern",
        {**obj(a=S), "patternProperties": {"^x": INT}, "additionalProperties": False},
        {**obj(a=S, x1=S), "patternProperties": {"^x": INT}, "additionalProperties": False},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /x1 PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"],
    ),
    (
        "ADDITIONAL_PROPERTIES_REMOVED",
        obj(a=S),
        obj(a=S, closed=False),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  ADDITIONAL_PROPERTIES_REMOVED"],
    ),
    (
        "ADDITIONAL_PROPERTIES_ADDED",
        obj(a=S, closed=False),
        obj(a=S),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  ADDITIONAL_PROPERTIES_ADDED"],
    ),
    (
        "ADDITIONAL_PROPERTIES_NARROWED",
        obj(a=S),
        obj(a=S, closed=S),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  ADDITIONAL_PROPERTIES_NARROWED"],
    ),
    (
        "ADDITIONAL_PROPERTIES_EXTENDED",
        obj(a=S, closed=S),
        obj(a=S),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  ADDITIONAL_PROPERTIES_EXTENDED"],
    ),
    (
        "additional schema changed",
        obj(closed=S),
        obj(closed={**S, "maxLength": 2}),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /* MAX_LENGTH_ADDED"],
    ),
    (
        "REQUIRED_ATTRIBUTE_ADDED",
        obj(a=S),
        obj(["a"], a=S),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /a REQUIRED_ATTRIBUTE_ADDED"],
    ),
    (
        "REQUIRED_ATTRIBUTE_REMOVED",
        obj(["a"], a=S),
        obj(a=S),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward /a REQUIRED_ATTRIBUTE_REMOVED"],
    ),
    (
        "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED",
        obj(a=S),
        obj(["a"], a={**S, "default": "x"}),
        "FORWARD",
        "FORWARD",
        "stricter",
        ["backward /a REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED"],
    ),
    (
        "required undeclared removed",
        {**OBJ, "required": ["a"]},
        OBJ,
        "BACKWARD",
        "BACKWARD",
        "stricter",
        ["forward /a REQUIRED_ATTRIBUTE_REMOVED"],
    ),
    (
        "nested",
        obj(a=obj(b=S)),
        obj(a=obj(b=INT)),
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward /a/b TYPE_CHANGED", "forward /a/b TYPE_CHANGED"],
    ),
    (
        "nested optional",
        obj(a=obj(b=S)),
        obj(a=obj(b=S, c=INT)),
        "FULL",
        "FORWARD",
        "as Confluent",
        ["backward /a/c OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL strict"],
    ),
    (
        "MAX_PROPERTIES_ADDED",
        OBJ,
        {**OBJ, "maxProperties": 3},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAX_PROPERTIES_ADDED"],
    ),
    (
        "MIN_PROPERTIES_INCREASED",
        {**OBJ, "minProperties": 1},
        {**OBJ, "minProperties": 2},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MIN_PROPERTIES_INCREASED"],
    ),
    (
        "minProperties by required",
        obj(["a"], a=S),
        {**obj(["a"], a=S), "minProperties": 1},
        "FULL",
        "FULL",
        "finer",
        [],
    ),
    (
        "DEPENDENCY_ARRAY_ADDED",
        obj(a=S, b=S),
        {**obj(a=S, b=S), "dependentRequired": {"a": ["b"]}},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /a DEPENDENCY_ARRAY_ADDED"],
    ),
    (
        "DEPENDENCY_ARRAY_EXTENDED",
        {**obj(a=S, b=S, c=S), "dependentRequired": {"a": ["b"]}},
        {**obj(a=S, b=S, c=S), "dependentRequired": {"a": ["b", "c"]}},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /a DEPENDENCY_ARRAY_EXTENDED"],
    ),
    (
        "DEPENDENCY_ARRAY_CHANGED",
        {**obj(a=S, b=S, c=S), "dependentRequired": {"a": ["b"]}},
        {**obj(a=S, b=S, c=S), "dependentRequired": {"a": ["c"]}},
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward /a DEPENDENCY_ARRAY_CHANGED", "forward /a DEPENDENCY_ARRAY_CHANGED"],
    ),
    (
        "DEPENDENCY_SCHEMA_ADDED",
        obj(a=S, b=S),
        {**obj(a=S, b=S), "dependentSchemas": {"a": {"required": ["b"]}}},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /a DEPENDENCY_SCHEMA_ADDED"],
    ),
    (
        "dependencies of draft 7",
        {"$schema": D7, **obj(a=S, b=S), "dependencies": {"a": ["b"]}},
        {**obj(a=S, b=S), "dependentRequired": {"a": ["b"]}},
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "PROPERTY_NAMES_NARROWED",
        OBJ,
        {**OBJ, "propertyNames": {"pattern": "^a"}},
        "FORWARD",
        "FORWARD",
        "stricter",
        ["backward  PROPERTY_NAMES_NARROWED"],
    ),
    (
        "PATTERN_PROPERTIES_NARROWED",
        {**OBJ, "patternProperties": {"^a": S}},
        {**OBJ, "patternProperties": {"^a": INT}},
        "BREAKING",
        "BREAKING",
        "stricter",
        ["backward  PATTERN_PROPERTIES_NARROWED", "forward  PATTERN_PROPERTIES_EXTENDED"],
    ),
    (
        "UNEVALUATED_PROPERTIES_REMOVED",
        obj(a=S),
        {**obj(a=S), "unevaluatedProperties": False},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  UNEVALUATED_PROPERTIES_REMOVED"],
    ),
    (
        "closed in another way",
        {"allOf": [obj(a=S)], "unevaluatedProperties": False},
        obj(a=S, closed=False),
        "FULL",
        "FULL",
        "finer",
        [],
    ),
    (
        "closed by unevaluated, field added",
        {"allOf": [obj(a=S)], "unevaluatedProperties": False},
        {"allOf": [obj(a=S)], "properties": {"b": S}, "unevaluatedProperties": False},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  UNEVALUATED_PROPERTIES_ADDED"],
    ),
    # arrays
    (
        "items changed",
        arr(items=S),
        arr(items=INT),
        "BREAKING",
        "BREAKING",
        "as Confluent",
        ["backward /* TYPE_CHANGED", "forward /* TYPE_CHANGED"],
    ),
    ("SCHEMA_ADDED", arr(), arr(items=S), "FORWARD", "FORWARD", "as Confluent", ["backward  SCHEMA_ADDED"]),
    ("SCHEMA_REMOVED", arr(items=S), arr(), "BACKWARD", "BACKWARD", "as Confluent", ["forward  SCHEMA_REMOVED"]),
    ("MIN_ITEMS_ADDED", arr(), arr(minItems=1), "FORWARD", "FORWARD", "as Confluent", ["backward  MIN_ITEMS_ADDED"]),
    (
        "MAX_ITEMS_DECREASED",
        arr(maxItems=3),
        arr(maxItems=2),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAX_ITEMS_DECREASED"],
    ),
    (
        "UNIQUE_ITEMS_ADDED",
        arr(),
        arr(uniqueItems=True),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  UNIQUE_ITEMS_ADDED"],
    ),
    (
        "UNIQUE_ITEMS_REMOVED",
        arr(uniqueItems=True),
        arr(),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  UNIQUE_ITEMS_REMOVED"],
    ),
    (
        "ITEM_ADDED_TO_OPEN_CONTENT_MODEL",
        arr(prefixItems=[S]),
        arr(prefixItems=[S, INT]),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /1 ITEM_ADDED_TO_OPEN_CONTENT_MODEL"],
    ),
    (
        "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL",
        arr(prefixItems=[S, INT]),
        arr(prefixItems=[S]),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward /1 ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL"],
    ),
    (
        "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL",
        arr(prefixItems=[S], items=False),
        arr(prefixItems=[S, INT], items=False),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward /1 ITEM_ADDED_TO_CLOSED_CONTENT_MODEL"],
    ),
    (
        "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        arr(prefixItems=[S, INT], items=False),
        arr(prefixItems=[S], items=False),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /1 ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL"],
    ),
    (
        "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        arr(prefixItems=[S], items=S),
        arr(prefixItems=[S, INT], items=S),
        "BREAKING",
        "BREAKING",
        "as Confluent",
        [
            "backward /1 ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
            "forward /1 ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        ],
    ),
    (
        "ADDITIONAL_ITEMS_REMOVED",
        arr(prefixItems=[S]),
        arr(prefixItems=[S], items=False),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  ADDITIONAL_ITEMS_REMOVED"],
    ),
    (
        "ADDITIONAL_ITEMS_NARROWED",
        arr(prefixItems=[S]),
        arr(prefixItems=[S], items=S),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  ADDITIONAL_ITEMS_NARROWED"],
    ),
    (
        "a tuple of draft 7",
        {"$schema": D7, **arr(items=[S], additionalItems=False)},
        arr(prefixItems=[S], items=False),
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    ("CONTAINS_ADDED", arr(), arr(contains=S), "FORWARD", "FORWARD", "stricter", ["backward  CONTAINS_ADDED"]),
    (
        "MIN_CONTAINS_INCREASED",
        arr(contains=S, minContains=1),
        arr(contains=S, minContains=2),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MIN_CONTAINS_INCREASED"],
    ),
    (
        "MAX_CONTAINS_DECREASED",
        arr(contains=S, maxContains=3),
        arr(contains=S, maxContains=2),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAX_CONTAINS_DECREASED"],
    ),
    # combined
    (
        "SUM_TYPE_EXTENDED",
        {"anyOf": [S, INT]},
        {"anyOf": [S, INT, B]},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  TYPE_EXTENDED"],
    ),
    (
        "SUM_TYPE_EXTENDED",
        kinds("a", "b"),
        kinds("a", "b", "c"),
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  SUM_TYPE_EXTENDED"],
    ),
    (
        "SUM_TYPE_NARROWED",
        kinds("a", "b"),
        kinds("a"),
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  SUM_TYPE_NARROWED"],
    ),
    ("single to union", S, {"oneOf": [S, INT]}, "BACKWARD", "BACKWARD", "as Confluent", ["forward  TYPE_EXTENDED"]),
    ("order", {"oneOf": [S, INT]}, {"oneOf": [INT, S]}, "FULL", "FULL", "as Confluent", []),
    ("COMBINED_TYPE_EXTENDED", {"oneOf": [S, INT]}, {"anyOf": [S, INT]}, "FULL", "FULL", "as Confluent", []),
    (
        "COMBINED_TYPE_SUBSCHEMAS_CHANGED",
        {"anyOf": [{**S, "minLength": 1}, {**S, "maxLength": 5}]},
        {"oneOf": [{**S, "minLength": 1}, {**S, "maxLength": 5}]},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  COMBINED_TYPE_SUBSCHEMAS_CHANGED"],
    ),
    (
        "optional in a branch",
        kinds("a", "b"),
        kinds("a", "b", extra=S),
        "FULL",
        "FORWARD",
        "as Confluent",
        ["backward /extra OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL strict"],
    ),
    (
        "PRODUCT_TYPE_EXTENDED",
        {"allOf": [S]},
        {"allOf": [S, {"maxLength": 3}]},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  MAX_LENGTH_ADDED"],
    ),
    (
        "PRODUCT_TYPE_NARROWED",
        {"allOf": [S, {"maxLength": 3}]},
        {"allOf": [S]},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  MAX_LENGTH_REMOVED"],
    ),
    ("allOf merged", {"allOf": [obj(a=S), obj(b=INT)]}, obj(a=S, b=INT), "FULL", "FULL", "finer", []),
    (
        "enum to oneOf of consts",
        {"enum": ["a", "b"]},
        {"oneOf": [{"const": "a"}, {"const": "b"}]},
        "FULL",
        "FULL",
        "finer",
        [],
    ),
    (
        "NOT_TYPE_EXTENDED",
        {"not": {"const": 1}},
        {"not": {"enum": [1, 2]}},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward  NOT_TYPE_EXTENDED"],
    ),
    (
        "NOT_TYPE_NARROWED",
        {"not": {"enum": [1, 2]}},
        {"not": {"const": 1}},
        "BACKWARD",
        "BACKWARD",
        "as Confluent",
        ["forward  NOT_TYPE_NARROWED"],
    ),
    ("NOT_TYPE_EXTENDED", {}, {"not": S}, "FORWARD", "FORWARD", "as Confluent", ["backward  NOT_TYPE_EXTENDED"]),
    # refs
    ("ref inlined", {"$ref": "#/$defs/a", "$defs": {"a": S}}, S, "FULL", "FULL", "as Confluent", []),
    (
        "recursive",
        {"$ref": "#/$defs/n", "$defs": {"n": obj(v=S, next={"$ref": "#/$defs/n"})}},
        {"$ref": "#/$defs/m", "$defs": {"m": obj(v=S, next={"$ref": "#/$defs/m"})}},
        "FULL",
        "FULL",
        "as Confluent",
        [],
    ),
    (
        "recursive changed",
        {"$ref": "#/$defs/n", "$defs": {"n": obj(v=S, next={"$ref": "#/$defs/n"})}},
        {"$ref": "#/$defs/n", "$defs": {"n": obj(v={**S, "maxLength": 2}, next={"$ref": "#/$defs/n"})}},
        "FORWARD",
        "FORWARD",
        "as Confluent",
        ["backward /v MAX_LENGTH_ADDED", "backward /next/v MAX_LENGTH_ADDED"],
    ),
    (
        "outside",
        {"$ref": "https://a.example/x"},
        {"$ref": "https://a.example/y"},
        "BREAKING",
        "BREAKING",
        "stricter",
        ["backward  UNDECIDED", "forward  UNDECIDED"],
    ),
    (
        "outside same",
        {**obj(a=S), "allOf": [{"$ref": "https://a.example/x"}]},
        {**obj(a=S, b=S), "allOf": [{"$ref": "https://a.example/x"}]},
        "FULL",
        "FORWARD",
        "stricter",
        ["backward /b OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL strict"],
    ),
    (
        "dynamic",
        {"$dynamicRef": "#n", "$defs": {"n": {"$dynamicAnchor": "n", "type": "object"}}},
        {"$dynamicRef": "#n", "$defs": {"n": {"$dynamicAnchor": "n", "type": ["object", "null"]}}},
        "BREAKING",
        "BREAKING",
        "stricter",
        ["backward  UNDECIDED", "forward  UNDECIDED"],
    ),
    # if
    (
        "then narrowed",
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"if": {"required": ["a"]}, "then": {"required": ["b", "c"]}},
        "FORWARD",
        "FORWARD",
        "stricter",
        ["backward /c REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"],
    ),
    (
        "if added",
        obj(a=S, b=S),
        {**obj(a=S, b=S), "if": {"required": ["a"]}, "then": {"required": ["b"]}},
        "FORWARD",
        "FORWARD",
        "stricter",
        ["backward /b REQUIRED_ATTRIBUTE_ADDED"],
    ),
    (
        "unevaluatedItems",
        arr(prefixItems=[S]),
        arr(prefixItems=[S], unevaluatedItems=False),
        "FORWARD",
        "FORWARD",
        "stricter",
        ["backward  UNDECIDED"],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "verdict", "strict", "findings"),
    [
        pytest.param(*pair, findings, id=f"{number}-{rule}, {how}")
        for number, (rule, *pair, how, findings) in enumerate(PAIRS)
    ],
)
def test_a_pair_has_its_verdict_by_its_rule(old: Any, new: Any, verdict: str, strict: str, findings: list[str]) -> None:
    found = compare(old, new)
    told = [f"{one.breaks} {one.place} {one.name}{' strict' if one.only_strict else ''}" for one in found.findings]
    assert (found.verdict(), found.verdict("strict"), told) == (verdict, strict, findings)


@pytest.mark.parametrize(("old", "new"), [pytest.param(pair[1], pair[2], id=f"{n}") for n, pair in enumerate(PAIRS)])
def test_the_other_way_round_is_the_mirror_image(old: Any, new: Any) -> None:
    turned = {"FULL": "FULL", "BREAKING": "BREAKING", "BACKWARD": "FORWARD", "FORWARD": "BACKWARD"}
    for reading in compatibility.READINGS:
        assert compare(new, old).verdict(reading) == turned[compare(old, new).verdict(reading)]
    for schema in (old, new):
        assert compare(schema, schema).findings == ()


def test_each_finding_is_a_sentence_about_its_place() -> None:
    old = obj(["a"], a=obj(b=arr(items={**S, "maxLength": 9})), c=S)
    new = obj(["c"], a=obj(b=arr(items={**S, "maxLength": 5})), c=S)
    told = {(one.place, one.breaks): one.sentence for one in compare(old, new).findings}
    assert told == {
        ("/a/b/*", "backward"): "a.b[] has maxLength 5 now and had 9.",
        ("/c", "backward"): "c is required now, and was not before.",
        ("/a", "forward"): "a is not required any more.",
    }


def test_an_empty_list_of_values_takes_nothing() -> None:
    told = {one.breaks: one.sentence for one in compare(obj([], a=S), obj([], a={"enum": []})).findings}
    assert told["backward"] == "a takes nothing now."
    told = {one.breaks: one.sentence for one in compare(obj([], a={"enum": []}), obj([], a=S)).findings}
    assert told["forward"] == "a took nothing before."


@pytest.mark.parametrize("name", ["password", "int64", "phone-number", "E-mail", "date-time ", "decimal"])
def test_formats_that_the_judge_does_not_know_ask_for_nothing(name: str) -> None:
    document = SchemaDocument({"type": "string", "format": name})
    texts = ("", "?", "a b", "(", "\u0000", "99999999999999")
    assert all(Judge(document).is_valid(document.root, text) for text in texts)
    assert compare(S, {**S, "format": name}).findings == ()


@pytest.mark.parametrize(
    "name",
    "date date-time time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri iri-reference "
    "uuid json-pointer relative-json-pointer regex uri-template".split(),
)
def test_formats_that_the_judge_knows_are_compared(name: str) -> None:
    assert compare(S, {**S, "format": name}).verdict() == "FORWARD"


#: Schemas that say the same in other words, as other generators and other drafts write them.
SAME = {
    "whole numbers from 1": ({**INT, "minimum": 1}, {**INT, "exclusiveMinimum": 0}),
    "whole numbers below 10": ({**INT, "maximum": 9}, {**INT, "exclusiveMaximum": 10}),
    "whole numbers by bounds between them": (
        {**INT, "minimum": 1, "maximum": 9},
        {**INT, "minimum": 0.5, "maximum": 9.9},
    ),
    "whole numbers as multiples": (INT, {**N, "multipleOf": 1}),
    "a list of two": (
        arr(prefixItems=[S, INT], items=False, minItems=2),
        arr(prefixItems=[S, INT], minItems=2, maxItems=2),
    ),
    "an empty list": (arr(items=False), arr(maxItems=0)),
    "a list of two by place": (arr(items=S, maxItems=2), arr(prefixItems=[S, S], items=False)),
    "a list closed in another way": (arr(prefixItems=[S], unevaluatedItems=False), arr(prefixItems=[S], items=False)),
    "one field asks for another": (
        {**OBJ, "dependentSchemas": {"a": {"required": ["b"]}}},
        {**OBJ, "dependentRequired": {"a": ["b"]}},
    ),
    "one field asks for another, which asks for a third": (
        {**OBJ, "dependentRequired": {"a": ["b"], "b": ["c"]}},
        {**OBJ, "dependentRequired": {"a": ["b", "c"], "b": ["c"]}},
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_other_words_for_the_same_break_nothing(name: str) -> None:
    old, new = SAME[name]
    assert compare(old, new).of("strict") == ()
    assert compare(new, old).of("strict") == ()


def test_bounds_of_whole_numbers_are_not_taken_for_wider_than_they_are() -> None:
    for narrow, wide in (
        ({**INT, "exclusiveMinimum": 0}, {**INT, "minimum": 2}),
        ({**INT, "maximum": 9.9}, {**INT, "exclusiveMaximum": 9}),
        ({**N, "exclusiveMinimum": 0}, {**N, "minimum": 1}),
        (INT | {"minimum": 10**500}, INT | {"minimum": 10**500 + 1}),
    ):
        assert compare(narrow, wide).verdict() == "FORWARD"


def test_a_field_in_a_closed_list_may_be_added() -> None:
    shorter, longer = ([S], [S, S])
    for closed in ("items", "unevaluatedItems"):
        old, new = (arr(prefixItems=listed, **{closed: False}) for listed in (shorter, longer))
        assert compare(old, new).verdict() == "BACKWARD"
    for opened in ({"contains": S}, {"anyOf": [{"prefixItems": [S, S]}, {}]}, {"allOf": [{"items": S}]}):
        old = arr(prefixItems=[S], unevaluatedItems=False, **opened)
        assert "backward" in {one.breaks for one in compare(old, arr(prefixItems=[S], items=False)).of("strict")}


def test_a_listed_whole_number_may_be_written_with_a_fraction() -> None:
    """Draft 4 takes no 1.0 for an integer, and 1 and 1.0 for one value."""
    listed = {"$schema": D4, **INT, "enum": [1]}
    assert compare(listed, {**INT, "enum": [1]}).verdict("strict") == "BACKWARD"
    assert compare(listed, {**listed, "enum": [1.0]}).verdict("strict") == "FULL"
    assert compare({**listed, "enum": [1.0]}, S).verdict("strict") == "BREAKING"


# -- bounded work ---------------------------------------------------------------------------------


def chain(keyword: str, count: int, leaf: Any) -> dict[str, Any]:
    """Definitions of which each refers to the next one twice."""

    def one(number: int) -> dict[str, Any]:
        next_one = {"$ref": f"#/$defs/d{number + 1}"}
        return obj(a=next_one, b=next_one) if keyword == "properties" else {keyword: [next_one, {**next_one}]}

    definitions = {f"d{number}": one(number) for number in range(count)}
    return {"$ref": "#/$defs/d0", "$defs": {**definitions, f"d{count}": leaf}}


def wide(count: int, **keywords: Any) -> dict[str, Any]:
    return obj(**{f"p{number}": {**S, **keywords} for number in range(count)})


def nested(depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = obj(a=leaf)
    return leaf


def choices(count: int, most: int) -> dict[str, Any]:
    each = [
        {"anyOf": [{"properties": {f"q{n}": {"const": m}}, "required": [f"q{n}"]} for m in range(3)]}
        for n in range(count)
    ]
    return {"allOf": each, "maxProperties": most}


def many(one: Callable[[int], Any], count: int, keyword: str = "allOf") -> dict[str, Any]:
    return {keyword: [one(number) for number in range(count)]}


#: Few pairs of places, and much to look at for each.
LABORIOUS = {
    "allOf of fields": [many(lambda n, m=m: obj([f"x{n}"], **{f"x{n}": {**S, "minLength": m}}), 900) for m in (1, 2)],
    "ifs": [many(lambda n, c=c: {"if": obj(t={"const": n}), "then": {"required": [f"{c}{n}"]}}, 80) for c in "ab"],
    "nots": [many(lambda n, m=m: {"not": obj(["t"], t={"const": n + m})}, 120) for m in (0, 60)],
    "anyOf of objects": [
        many(lambda n, m=m: obj([f"a{n}"], **{f"a{n}": {**S, "minLength": m}}), 250, "anyOf") for m in (1, 2)
    ],
    "enum of objects": [{"enum": [{"a": n + m, "b": [n]} for n in range(4000)]} for m in (0, 1)],
    "patterns and fields": [
        {
            "patternProperties": {f"^x{n}": {"type": kind} for n in range(200)},
            **obj(**{f"x{n}y": S for n in range(1500)}),
        }
        for kind in ("string", "integer")
    ],
}


@pytest.mark.parametrize("name", LABORIOUS)
def test_what_takes_too_many_looks_is_undecided(name: str) -> None:
    found = compare(*LABORIOUS[name])
    assert found.verdict() == "BREAKING"
    assert {one.sentence for one in found.findings if one.breaks == "forward"} == {
        "The payload cannot be compared: it takes too much work."
    }


HOSTILE = {
    "references that double": (chain("properties", 30, S), chain("properties", 30, {**S, "maxLength": 3})),
    "allOf that doubles": (chain("allOf", 60, S), chain("allOf", 60, {**S, "maxLength": 3})),
    "anyOf that doubles": (chain("anyOf", 25, S), chain("anyOf", 25, {**S, "maxLength": 3})),
    "10,000 properties": (wide(10_000), wide(10_000, maxLength=3)),
    "anyOf beside anyOf": (choices(8, 20), choices(8, 9)),
    "deep": (nested(300, S), nested(300, INT)),
    "patterns": tuple(
        {"patternProperties": {f"^{name}{n}": {**S, "maxLength": n} for n in range(300)}} for name in "ab"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_take_bounded_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[inclusion.Inclusion] = []
    first = inclusion.Inclusion.__init__

    def noted(self: inclusion.Inclusion, *given: Any, **named: Any) -> None:
        first(self, *given, **named)
        made.append(self)

    compared = 0
    unsplit = inclusion.Inclusion._unsplit

    def counted(self: inclusion.Inclusion, *given: Any) -> Any:
        nonlocal compared
        compared += 1
        return unsplit(self, *given)

    monkeypatch.setattr(inclusion.Inclusion, "__init__", noted)
    monkeypatch.setattr(inclusion.Inclusion, "_unsplit", counted)
    found = compare(*HOSTILE[name])
    assert found.verdict() in ("FORWARD", "BREAKING")
    assert len(made) == 2 and compared <= 2 * inclusion.MOST_PAIRS
    assert len(found.findings) <= 2000


def test_what_is_too_much_is_undecided_and_not_compatible() -> None:
    old, new = HOSTILE["anyOf beside anyOf"][0], {**HOSTILE["anyOf beside anyOf"][0], "minProperties": 8}
    assert compare(old, new).verdict() in (
        "FORWARD",
        "BREAKING",
    )  # each value has eight fields, which is too much to see
    deep = compare(nested(300, S), nested(300, S | {"maxLength": 1}))
    assert {one.name for one in deep.findings} == {UNDECIDED}


def test_patterns_too_large_to_compile_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compatibility, "ComparedSchema", None)
    old = obj(**{f"p{number}": {**S, "pattern": f"(a|b){{900}}{number}"} for number in range(100)})
    found = compare(old, {**old, "minProperties": 1})
    assert (found.verdict(), {one.name for one in found.findings}) == ("BREAKING", {UNDECIDED})
    assert compare(old, {**old, "properties": {**old["properties"]}}).verdict() == "FULL", "the same is the same"


def test_unions_with_a_discriminator_take_work_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    unsplit = inclusion.Inclusion._unsplit

    def counted(self: inclusion.Inclusion, *given: Any) -> Any:
        nonlocal compared
        compared += 1
        return unsplit(self, *given)

    monkeypatch.setattr(inclusion.Inclusion, "_unsplit", counted)
    names = [f"kind{number}" for number in range(200)]
    assert compare(kinds(*names), kinds(*names, extra=S)).verdict() == "FULL"
    assert compared < 20 * len(names)


def test_an_unchanged_part_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inclusion, "MOST_PAIRS", 10)
    part = {**chain("anyOf", 25, S), "$id": "https://a.example/part"}
    assert compare(obj(a=part), obj(["a"], a=part)).verdict() == "FORWARD"
    assert [one.name for one in compare(obj(a=part), obj(["a"], a=part)).findings] == ["REQUIRED_ATTRIBUTE_ADDED"]
