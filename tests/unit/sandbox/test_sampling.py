"""Samples are made under a clock: a hostile schema costs what it may, and something small stands in."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from lib import sandbox
from lib.mapping import check as mapping_check
from lib.sandbox import sampling
from lib.sandbox.sampling import sample
from lib.schemas.document import SchemaDocument
from lib.schemas.form import load, validate
from lib.schemas.locating import part_at, pointers
from lib.serialization import strict_json
from lib.serialization.json_values import same


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    sandbox.start()
    sample({"type": "integer"})
    yield
    sandbox.stop()


@pytest.fixture(autouse=True)
def _forget() -> None:
    sampling._made.cache_clear()


def doubled(keyword: str, times: int) -> dict[str, Any]:
    """A schema that asks the one below twice, which asks the one below it twice, and so on."""
    steps = {
        f"s{step}": {keyword: [{"$ref": f"#/$defs/s{step + 1}"}, {"allOf": [{"$ref": f"#/$defs/s{step + 1}"}]}]}
        for step in range(times)
    }
    return {"$ref": "#/$defs/s0", "$defs": {**steps, f"s{times}": {"type": "object", "minProperties": 1, "not": {}}}}


SELF = {"$ref": "#"}
HOSTILE: dict[str, Any] = {
    "unevaluatedProperties and oneOf": {
        "unevaluatedProperties": {"pattern": "^a", "$ref": "#"},
        "oneOf": [{"oneOf": [{"minProperties": 2}]}, {}],
    },
    "oneOf of itself": {
        "type": "object",
        "minProperties": 3,
        "additionalProperties": {"oneOf": [SELF, {"allOf": [SELF, {"minProperties": 4}]}]},
        "required": ["a", "b"],
    },
    "anyOf doubled": doubled("anyOf", 22),
    "oneOf doubled": doubled("oneOf", 22),
    "not and if of itself": {
        "if": {"properties": {"a": SELF, "b": SELF}},
        "then": {"required": ["a", "b"], "properties": {"a": SELF, "b": {"not": {"not": SELF}}}},
        "else": {"required": ["c"], "properties": {"c": SELF}},
    },
    "allOf of itself below": {
        "type": "object",
        "required": ["x"],
        "properties": {"x": {"allOf": [SELF, {"anyOf": [SELF, {"type": "null"}, SELF]}]}},
    },
    "a pattern that backtracks": {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$", "minLength": 400},
    "unique rows": {"type": "array", "items": {"enum": [[[1]], [[1.0]]]}, "minItems": 3000, "uniqueItems": True},
    "many fields of itself": {
        "type": "object",
        "properties": {f"f{number}": SELF for number in range(60)},
        "required": [f"f{number}" for number in range(60)],
    },
    "dependent schemas of itself": {
        "type": "object",
        "minProperties": 2,
        "dependentSchemas": {"key": SELF, "key2": {"unevaluatedProperties": SELF}},
        "additionalProperties": {"anyOf": [SELF, SELF, {"required": ["z"]}]},
    },
}


def cpu() -> float:
    """CPU time of this process and of its children that ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@pytest.fixture(scope="module")
def loading() -> float:
    """What starting a child costs."""
    sandbox.stop()
    start = cpu()
    sample({"type": "boolean"})
    sandbox.stop()
    return cpu() - start


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_schema_ends_within_its_clock(schema: Any, loading: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of children counts once they ended. Twice the clock is what code outside Python may take."""
    monkeypatch.setattr(sampling, "TIMEOUT_MS", 500)
    monkeypatch.setattr(sampling, "SKETCH_MS", 300)
    started = []

    class Counted(sandbox._Child):
        def __init__(self) -> None:
            started.append(self)  # one that was killed is replaced
            super().__init__()

    monkeypatch.setattr(sandbox, "_Child", Counted)
    sandbox.stop()
    start = cpu()
    made = sample(schema)
    sandbox.stop()
    assert cpu() - start < 1.3 * len(started) * loading + 2.2 * 0.8
    assert made.problem is None or made.problem.endswith("This is a value with the required fields, unchecked.")


def test_what_stands_in_is_small_and_has_the_required_fields() -> None:
    schema = {
        "type": "object",
        "required": ["id", "kind", "when"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "kind": {"enum": ["x", "y"]},
            "when": {
                "type": "object",
                "required": ["day"],
                "properties": {"day": {"type": "string", "format": "date"}},
            },
            "slow": HOSTILE["unevaluatedProperties and oneOf"],
        },
    }
    made = sampling._sketched({"schema": strict_json.dumps(schema), "places": [""]})
    assert isinstance(made, dict) and {"id", "kind", "when"} <= made.keys() and len(str(made)) < 2000
    assert validate({**schema, "properties": {**schema["properties"], "slow": {}}}, made) == []


def test_a_sample_that_takes_too_long_is_said_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "TIMEOUT_MS", 100)
    slow = HOSTILE["unevaluatedProperties and oneOf"]
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"const": 1}, "slow": slow},
        "$ref": "#/$defs/slow",
    }
    schema["$defs"] = {
        "slow": {**slow, "unevaluatedProperties": {**slow["unevaluatedProperties"], "$ref": "#/$defs/slow"}}
    }
    made = sample(schema)
    assert made.problem == (
        "A sample of this schema takes more than 0.1 seconds of computing time. "
        "This is a value with the required fields, unchecked."
    )
    assert isinstance(made.value, dict) and made.value["n"] == 1
    found = mapping_check.check({"a": {"$expr": "event.payload.other.x"}}, target={}, source=schema)
    assert [one for one in found if one.severity == "error"] == []


def test_numbers_come_back_exact_and_nobody_shares_a_sample() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"examples": [Decimal("1.10")]}}}
    made = sample(schema)
    assert same(made.value, {"a": Decimal("1.10")}) and made.problem is None
    assert isinstance(made.value, dict)
    made.value["a"] = 2
    assert same(sample(schema).value, {"a": Decimal("1.10")})


PLACES = {
    "type": "object",
    "properties": {
        "a/b": {"$ref": "#/$defs/n", "minProperties": 1},
        "list": {"type": "array", "items": {"oneOf": [{"type": "integer", "minimum": 7}, {"type": "null"}]}},
        "inner": {"$id": "https://example.com/inner", "$ref": "#/$defs/m", "$defs": {"m": {"const": "inner"}}},
    },
    "$defs": {"n": {"type": "object", "required": ["v"], "properties": {"v": {"const": 5}}}},
}


def test_one_part_of_a_form_has_a_sample_of_its_own() -> None:
    form = load(PLACES, {"list": [1]})
    found = {}
    for node in form.root.fields():
        found[node.name] = sample(PLACES, places=pointers(form.document, node.parts)).value
    assert found == {"a/b": {"v": 5}, "list": [7], "inner": "inner"}


def test_a_part_is_found_again_by_its_pointer() -> None:
    document = SchemaDocument(PLACES)
    for pointer in ("", "/properties/a~1b", "/properties/list/items/oneOf/1", "/$defs/n"):
        part = part_at(document, pointer)
        assert part is not None and pointers(document, (part,)) == [pointer]
    assert part_at(document, "/properties/none/x") is None and part_at(document, "/type") is None
