"""What is called compatible is: no value that the one schema takes is refused by the other one.

Pairs are made of a schema and a change of it, or of two schemas. Values are made to lie near the borders of both; the
one judge says which of them each schema takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from lib.schemas.compatibility import Comparison, compare
from lib.schemas.document import SchemaDocument
from lib.schemas.form import sample
from lib.schemas.judge import Judge
from lib.schemas.patterns import matches
from lib.serialization.json_values import copy

NAMES = ["a", "b", "c"]
SCALARS = [None, True, False, 0, 1, 2, -1, 1.0, 1.5, "", "a", "ab", "abc", "2026-01-01"]
TYPES = ["object", "array", "string", "integer", "number", "boolean", "null"]
PATTERNS = ["^a", "[bc]", "x"]
names = st.lists(st.sampled_from(NAMES), unique=True)
scalars = st.sampled_from(SCALARS)
values = st.recursive(
    scalars,
    lambda inner: st.dictionaries(st.sampled_from([*NAMES, "x1"]), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=6,
)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from([*TYPES, "object", "object", ["string", "null"], ["integer", "string"]]),
    "enum": st.lists(scalars, min_size=1, max_size=4),
    "const": values,
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), st.sampled_from([0, 1, 1.5, 2, -1])
    ),
    "multipleOf": st.sampled_from([1, 2, 0.5, 3]),
    **dict.fromkeys(("minLength", "maxLength", "minProperties", "maxProperties"), st.integers(0, 3)),
    **dict.fromkeys(("minItems", "maxItems", "minContains", "maxContains"), st.integers(0, 3)),
    "pattern": st.sampled_from(["^a", "b$", "a"]),
    "format": st.sampled_from(["date", "email", "int32"]),
    "required": names,
    "dependentRequired": st.dictionaries(st.sampled_from(NAMES), names, max_size=2),
    "uniqueItems": st.booleans(),
    "nullable": st.booleans(),
    "$ref": st.sampled_from(["#/$defs/p", "#/$defs/q", "#"]),
}


def with_schemas(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    some = st.lists(inner, min_size=1, max_size=3)
    by_name = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    closing = st.just(False) | inner
    return {
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), some),
        **dict.fromkeys(("not", "if", "then", "else", "items", "contains", "propertyNames"), inner),
        **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "unevaluatedItems"), closing),
        "properties": by_name,
        "dependentSchemas": by_name,
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
    }


def keywords(depth: int) -> dict[str, st.SearchStrategy[Any]]:
    return PLAIN if depth == 0 else {**PLAIN, **with_schemas(schemas(depth - 1))}


def schemas(depth: int) -> st.SearchStrategy[Any]:
    @st.composite
    def made(draw: st.DrawFn) -> Any:
        known = keywords(depth)
        chosen = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=4, unique=True))
        if depth and draw(st.booleans()):
            chosen = [*dict.fromkeys(["type", "properties", "required", *chosen])]
        schema = {keyword: draw(known[keyword]) for keyword in chosen}
        if "properties" in schema and draw(st.booleans()):
            schema["type"] = "object"
        return schema

    return made() | st.booleans() if depth < 2 else made()


def inside(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                yield from inside(one)
            yield from inside(value)


@st.composite
def changed(draw: st.DrawFn, schema: Any) -> Any:
    """A schema with one or two keywords taken out, put in or made anew, anywhere."""
    schema = copy(schema)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(list(inside(schema))))
        if place and draw(st.booleans()):
            del place[draw(st.sampled_from(sorted(place)))]
        else:
            known = keywords(1)
            keyword = draw(st.sampled_from(sorted(known)))
            place[keyword] = draw(known[keyword])
    return schema


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    definitions = {"p": draw(schemas(1)), "q": draw(schemas(1))}
    old = {**draw(schemas(2)), "$defs": definitions}
    new = draw(changed(old)) if draw(st.booleans()) else {**draw(schemas(2)), "$defs": definitions}
    return old, new


SMALL: list[Any] = [
    *SCALARS,
    *([one] for one in SCALARS),
    *([one, other] for one in ("a", 1, None) for other in ("a", 1, 1.5)),
    *({name: one} for name in ("a", "b", "x1") for one in SCALARS),
    *({"a": one, "b": other} for one in ("a", 1, None, {}) for other in ("ab", 2, [], {"a": 1})),
    {},
    [],
    {"a": {"a": 1}},
    {"a": {"b": "a"}, "c": True},
    {"a": ["a", 1]},
    {"a": "a", "b": "ab", "c": 1},
    [{"a": 1}, {"b": "a"}],
    [[]],
]


def candidates(drawn: list[Any], *pair: Any) -> Iterator[Any]:
    """Values near the borders: samples of both, each with one part left out, and small ones."""
    yield from drawn
    yield from SMALL
    for schema in pair:
        made = sample(schema)
        yield made
        if isinstance(made, dict):
            yield from ({key: one for key, one in made.items() if key != left} for left in made)
            yield from ({**made, name: one} for name in (*NAMES, "x1") for one in ("a", 1, None))
        if isinstance(made, list):
            yield from (made[:-1], [*made, "a"], [*made, 1], [*made, *made])


def refused(narrow: Any, wide: Any, drawn: list[Any]) -> list[Any]:
    """The values that the narrow schema takes and the wide one does not."""
    takes, must = Judge(SchemaDocument(narrow)), Judge(SchemaDocument(wide))
    return [
        value
        for value in candidates(drawn, narrow, wide)
        if takes.is_valid(takes.document.root, value) and not must.is_valid(must.document.root, value)
    ]


def broken(found: Comparison, reading: Any) -> set[str]:
    return {one.breaks for one in found.of(reading)}


@given(pairs(), st.lists(values, max_size=10))
def test_strictly_compatible_schemas_refuse_nothing(pair: tuple[Any, Any], drawn: list[Any]) -> None:
    old, new = pair
    found = compare(old, new)
    event(found.verdict("strict"))
    assume(found.verdict("strict") != "BREAKING")
    if "backward" not in broken(found, "strict"):
        assert refused(old, new, drawn) == []
    if "forward" not in broken(found, "strict"):
        assert refused(new, old, drawn) == []


# -- the default reading: true of values that have declared names only ----------------------------

_SAME_PLACE = ("allOf", "anyOf", "oneOf")


def here(schema: Any, root: Any, seen: tuple[int, ...] = ()) -> Iterator[dict[str, Any]]:
    """The schemas that speak about one place, in whatever branch."""
    if not isinstance(schema, dict) or id(schema) in seen:
        return
    seen = (*seen, id(schema))
    yield schema
    further = [one for keyword in _SAME_PLACE for one in schema.get(keyword, ())]
    further += [schema[keyword] for keyword in ("not", "if", "then", "else") if keyword in schema]
    further += schema.get("dependentSchemas", {}).values()
    if "$ref" in schema:
        reference = schema["$ref"]
        further.append(root if reference == "#" else root.get("$defs", {}).get(reference.removeprefix("#/$defs/")))
    for one in further:
        yield from here(one, root, seen)


def is_declared(places: list[dict[str, Any]], root: Any, value: Any) -> bool:
    """Whether an object has only names that a schema of its place declares, all the way down."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            held = [one["prefixItems"][place] for one in places if place < len(one.get("prefixItems", ()))]
            held += [one[keyword] for one in places for keyword in ("items", "contains") if keyword in one]
            if not is_declared([one for part in held for one in here(part, root)], root, item):
                return False
    if isinstance(value, dict):
        for name, item in value.items():
            held = [one["properties"][name] for one in places if name in one.get("properties", {})]
            if not held:
                return False
            for one in places:
                held += [part for found, part in one.get("patternProperties", {}).items() if matches(found, name)]
                held += [
                    one[keyword] for keyword in ("additionalProperties", "unevaluatedProperties") if keyword in one
                ]
            if not is_declared([one for part in held for one in here(part, root)], root, item):
                return False
    return True


@given(pairs(), st.lists(values, max_size=10))
def test_compatible_schemas_refuse_no_value_of_declared_names(pair: tuple[Any, Any], drawn: list[Any]) -> None:
    old, new = pair
    found = compare(old, new)
    event(found.verdict())
    assume(found.verdict() != "BREAKING")
    for narrow, wide, direction in ((old, new, "backward"), (new, old, "forward")):
        if direction not in broken(found, "optional-friendly"):
            places = list(here(narrow, narrow))
            assert [one for one in refused(narrow, wide, drawn) if is_declared(places, narrow, one)] == []


def test_the_only_hole_of_the_default_reading() -> None:
    old = {"type": "object", "properties": {"a": {"type": "string"}}}
    new = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    found = compare(old, new)
    assert (found.verdict(), found.verdict("strict")) == ("FULL", "FORWARD")
    assert {"b": 1} in refused(old, new, [])
    assert all("b" in one for one in refused(old, new, []))
