"""The schema of samples: what it says, what it does not say, and that every sample fits it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lib.redaction import REDACTED, Redacted
from lib.sandbox.validation import violations
from lib.schemas import inference
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from lib.serialization import strict_json
from tests.support.work import calls

UUIDS = [f"7c1d0f5e-3f43-4c0e-9a0e-2f6a4f1b9c{n:02}" for n in range(20)]
NAMES = st.sampled_from(["a", "b", "status", "at", "password", "token", "", "a/b", "~", "$ref", "4111 1111 1111 1111"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**53 + 1, 10**400, Decimal("1.10"), Decimal("1e10"), Decimal("1." + "1" * 40), Decimal("1.0")])
    | st.sampled_from(
        [*UUIDS[:3], "2026-03-02", "2026-03-02T10:00:00Z", "2026-02-30", "a@example.com", "http://[", "::1"]
    )
    | st.sampled_from(
        ["open", "closed", "Bearer abcdefghijklmnop", "4111111111111111", REDACTED, "1.2.3.4", "1.2.3.456"]
    )
    | st.sampled_from([4111111111111111, '{"password": "hunter2hunter2"}'])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


def infer(*samples: Any) -> Any:
    return inference.infer(samples, hidden_as=REDACTED)


def of(*texts: Any) -> Any:
    """What is said of a place that has these values."""
    return infer(*({"a": text} for text in texts))["properties"]["a"]


@given(st.lists(VALUES, max_size=12))
@example([{"a": REDACTED}, {"a": 1}])
@example([{"4111 1111 1111 1111": 1}])
@example([{"token": 5, "copy": 12345678}, {"copy": None}])
def test_every_sample_fits_and_so_does_what_it_was_before_it_was_redacted(samples: list[Any]) -> None:
    shown = [Redacted.of(sample).shown for sample in samples]
    schema = inference.infer(shown, hidden_as=REDACTED)
    assert Judge(SchemaDocument(schema)).unusable == ()
    Draft202012Validator.check_schema(schema)
    for value in [*shown, *samples]:
        verdict = violations(schema, value)
        assert verdict.valid, (schema, value, verdict)


@given(st.lists(VALUES, max_size=12))
def test_it_is_the_same_for_the_same_samples_and_holds_no_secret(samples: list[Any]) -> None:
    found = [Redacted.of(sample) for sample in samples]
    schema = inference.infer((one.shown for one in found), hidden_as=REDACTED)
    assert schema == inference.infer((one.shown for one in found), hidden_as=REDACTED)
    words = {word for enum in _enums(schema) for word in enum if word is not None}
    hidden = set().union(*(one.hidden for one in found))
    assert not any(REDACTED in word or (len(secret) > 3 and secret in word) for word in words for secret in hidden)


def _enums(schema: Any) -> list[list[str]]:
    found = [schema["enum"]] if isinstance(schema.get("enum"), list) else []
    below = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    return found + [enum for one in below if isinstance(one, dict) for enum in _enums(one)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 2], {"type": "integer"}),
        ([2**53 + 1, -(10**400)], {"type": "integer"}),
        ([Decimal("9" * 4301)], {"type": "integer"}),
        ([1, Decimal("1.5")], {"type": "number"}),
        ([Decimal("1.0")], {"type": "number"}),
        ([True, False], {"type": "boolean"}),
        ([None], {"type": "null"}),
        (["a", None], {"type": ["string", "null"]}),
        ([1, "a", None], {"type": ["integer", "string", "null"]}),
        ([[1], []], {"type": "array", "items": {"type": "integer"}}),
        ([[]], {"type": "array"}),
        ([{"b": 1}, None], {"type": ["object", "null"], "properties": {"b": {"type": "integer"}}, "required": ["b"]}),
        ([{"b": 1, "c": 1}, {"b": 1}], {"properties": {"b": {"type": "integer"}, "c": {"type": "integer"}}}),
    ],
)
def test_types(values: list[Any], said: dict[str, Any]) -> None:
    found = of(*values)
    assert found == {**found, **said}
    assert "enum" not in found and "const" not in found and "format" not in found


def test_what_is_in_every_sample_is_required() -> None:
    schema = infer({"a": 1, "b": 1}, {"b": None, "c": 1})
    assert schema["required"] == ["b"]
    assert schema["properties"]["b"] == {"type": ["integer", "null"]}
    assert "additionalProperties" not in schema


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["2026-03-02T10:00:00Z", "2026-03-02T10:00:00.5+01:00", None], "date-time"),
        (["2026-03-02", "2028-02-29"], "date"),
        (["2026-03-02", "2026-02-30"], None),  # there is no such day
        (["2026-03-02", "2026-03-02T10:00:00Z"], None),
        (["2026-03-02 10:00:00"], None),
        (["7C1D0F5E-3f43-4c0e-9a0e-2f6a4f1b9c11"], "uuid"),
        (["7c1d0f5e3f434c0e9a0e2f6a4f1b9c11"], None),
        (["ada@example.com"], "email"),
        (["ada@localhost", "ada"], None),
        (["https://example.com/a?b=c", "ftp://x"], "uri"),
        (["note: this", "tel:112"], None),
        (["10.0.0.1", "10.0.0.2", "192.168.1.255"], "ipv4"),
        (["10.0.0.1", "10.0.0.2"], None),  # may be versions
        (["10.0.0.1", "10.0.0.2", "10.0.0.256"], None),
        (["::1", "fe80::1"], "ipv6"),
        (["12:30:00", "12:30:01"], None),
        ([""], None),
        (["", "2026-03-02"], None),
        (["2026-03-02", REDACTED], None),
    ],
)
def test_a_format_is_told_when_all_texts_have_it(texts: list[Any], name: str | None) -> None:
    assert of(*texts).get("format") == name


@pytest.mark.parametrize(
    ("values", "enum"),
    [
        (["open", "closed"] * 5, ["closed", "open"]),
        (["open", "closed"] * 5 + [None], ["closed", "open", None]),
        (["open", "closed"] * 4, None),  # too few to tell
        (["open"] * 20, None),  # one word alone may be chance
        (["open"] * 19 + ["closed"], None),  # seen once
        (list("abcdefgh") * 4, None),  # too many different ones
        ([str(n % 2) for n in range(20)], None),
        (["open", "closed"] * 5 + [1], None),
        ([1, 2] * 10, None),
        (["a long sentence that nobody would choose from a list", "open"] * 6, None),
        (["open", "line\nbreak"] * 6, None),
        (UUIDS[:2] * 6, None),
        (["open", "closed"] * 5 + [REDACTED], None),
    ],
)
def test_few_words_are_an_enum(values: list[Any], enum: list[Any] | None) -> None:
    assert of(*values).get("enum") == enum


def test_a_place_that_hides_something_is_marked_and_nothing_else_is_said_of_it() -> None:
    assert of(REDACTED, 1) == {"x-sensitive": True}
    assert of("Ada, card [redacted]") == {"type": "string"}
    assert infer({f"key {REDACTED}": 1, "a": 1}) == {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
    }


def test_an_object_with_very_many_keys_is_a_map() -> None:
    schema = infer({f"k{n}": {"v": n} for n in range(10_000)})
    said = {"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v"]}
    assert schema == {"type": "object", "additionalProperties": said}
    several = infer(*({f"k{n}": n} for n in range(500)))
    assert several == {"type": "object", "additionalProperties": {"type": "integer"}}


@pytest.mark.parametrize(
    "keys",
    [
        ["0f8fad5b-d9cb-469f-a165-70867728950e"],
        ["2024", "2025"],
        ["2026-01-01", "2026-01-02T10:00:00Z"],
        ["DEV-4711", "4711"],
        ["65a1f0c2e4b0a1b2c3d4e5f6", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
        ["ann@example.com"],
    ],
)
def test_an_object_whose_keys_are_values_is_a_map(keys: list[str]) -> None:
    samples = [{"by": {key: {"v": 1}}} for key in keys]
    said = {"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v"]}
    assert infer(*samples)["properties"]["by"] == {"type": "object", "additionalProperties": said}


@pytest.mark.parametrize("keys", [["id", "2024"], ["line1", "line2"], ["sha-1", "md5"], ["UTF-8"], [""]])
def test_an_object_with_names_for_keys_is_none(keys: list[str]) -> None:
    assert set(infer(*({key: 1} for key in keys))["properties"]) == set(keys)


def test_depth_and_size_are_bounded() -> None:
    deep: Any = 1
    for _ in range(64):
        deep = {"a": deep}
    assert json.dumps(infer(deep)).count('"a":') <= inference.MOST_LEVELS
    wide = {f"a{n}": {f"b{m}": {f"c{k}": 1 for k in range(9)} for m in range(9)} for n in range(150)}
    schema = infer(wide)
    assert json.dumps(schema).count('"type"') <= inference.MOST_PLACES + 1
    assert set(schema["properties"]) == set(wide), "the first levels stay"
    assert violations(schema, wide).valid
    nulls = [None] * 500_000
    assert infer(nulls) == {"type": "array", "items": {}}


def test_the_work_grows_with_the_size_alone() -> None:
    """Maps inside maps are gone through once more a level, not twice as often."""
    small = {f"k{n}": {"a": [n, "x"]} for n in range(1000)}
    large = {f"k{n}": {"a": [n, "x"]} for n in range(4000)}
    once, four = calls(lambda: infer(small)), calls(lambda: infer(large))
    assert four < 5 * once


def test_no_samples_say_nothing() -> None:
    assert infer() == {}


@pytest.mark.parametrize("text", ["[1,2]", "null", '"a"', "1.5"])
def test_samples_that_are_no_objects_have_a_schema_too(text: str) -> None:
    value = strict_json.parse(text)
    assert violations(infer(value), value).valid
