"""Payloads that a person pastes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lib.catalog import examples
from lib.errors import InvalidInput
from lib.sandbox.validation import violations

ENVELOPE = '{"specversion":"1.0","id":"1","source":"/rmm","type":"A","data":{"a":1}}'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"a": 1}\n\n{"a": 1.10}\n', [{"a": 1}, {"a": Decimal("1.10")}]),
        ('{"a":\n1}', [{"a": 1}]),
        ('[\n{"a": 1},\n{"a": 2}\n]', [{"a": 1}, {"a": 2}]),
        ("[1]\n[2]", [[1], [2]]),
        ("\ufeff5", [5]),
        (ENVELOPE, [{"a": 1}]),
        (f"{ENVELOPE}\r\n{ENVELOPE}", [{"a": 1}, {"a": 1}]),
        ('{"specversion":"1.0","data":1}', [{"specversion": "1.0", "data": 1}]),
    ],
)
def test_one_value_a_list_or_lines(text: str, found: list[Any]) -> None:
    assert examples.read(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "examples: is empty"),
        ("  \n ", "examples: is empty"),
        ("[]", "examples: are an empty list"),
        ('{"a": 1}\n{"a": }', "line 2: is not JSON"),
        ('{"a": 1}\n\n{"a": NaN}', "line 3: has NaN"),
        ('{"a": \n}', "examples: is not JSON: expecting value at line 2"),
        ("a: 1\nb: 2", "examples: is not JSON"),
        ('{"a": "\\u0000"}', "the character NUL"),
        ('{"a": 1, "a": 2}', "more than once"),
        ("[" * 100 + "]" * 100, "nested more than"),
        ("[" + "1," * 1000 + "1]", "are 1,001; at most 1,000 are looked at"),
        ('"' + "ü" * 600_000 + '"', "are longer than 1,024 KiB"),
        ("\ud800", "half a surrogate pair"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        examples.read(text)
    assert said in str(refused.value)


def test_the_schema_is_one_of_a_named_draft_and_holds_no_secret() -> None:
    pasted = [{"user": "ada", "password": f"hunter2-{n % 2}", "state": ["on", "off"][n % 2]} for n in range(12)]
    schema = examples.schema_of(pasted)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["password"] == {"x-sensitive": True}
    assert schema["properties"]["state"]["enum"] == ["off", "on"]
    assert "hunter2" not in str(schema)
    assert all(violations(schema, one).valid for one in pasted)
