"""PostgreSQL takes whatever lib.serialization.strict_json accepts, and gives it back equal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from lib.errors import InvalidInput
from lib.serialization import strict_json

stored = text("SELECT CAST(CAST(:value AS jsonb) AS text), CAST(:value AS jsonb) = CAST(:canonical AS jsonb)")

texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


def assert_survives(admin: Engine, document: str) -> None:
    value = strict_json.parse(document)
    with admin.connect() as conn:
        written, same = conn.execute(
            stored, {"value": strict_json.dumps(value), "canonical": strict_json.canonical(value).decode()}
        ).one()
    assert strict_json.loads(written) == value
    assert same


@given(value=values)
def test_values(admin: Engine, value: Any) -> None:
    try:
        strict_json.check(value)
    except InvalidInput:
        return
    assert_survives(admin, strict_json.dumps(value))


@given(literal=numbers)
def test_numbers(admin: Engine, literal: str) -> None:
    try:
        strict_json.parse(literal)
    except InvalidInput:
        return
    assert_survives(admin, literal)


@pytest.mark.parametrize(
    "document",
    [
        "9" * 131_072,
        "0." + "1" * 16_383,
        "-" + "9" * 131_000 + "." + "1" * 16_383,
        "1e308",
        "5e-324",
        "0e-999",
        "1." + "3" * 16_000 + "e-300",
        "[" * 64 + "]" * 64,
        r'"\ud83d\ude00 \\u0000 \ufffe \u0001"',
        '{"":{"":[]}}',
    ],
    ids=lambda document: document[:30].encode("ascii", "replace").decode(),
)
def test_at_the_limits(admin: Engine, document: str) -> None:
    assert_survives(admin, document)


def test_trailing_zeros_survive(admin: Engine) -> None:
    with admin.connect() as conn:
        written = conn.execute(text("SELECT CAST(CAST('[1.10]' AS jsonb) AS text)")).scalar_one()
    assert strict_json.dumps(strict_json.loads(written)) == "[1.10]"
