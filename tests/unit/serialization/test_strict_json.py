"""Strict JSON: what is refused, what stays exact, and how long a hostile text may take."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import InvalidInput
from lib.serialization import strict_json
from tests.support import work

KIB_256 = 256 * 1024

REFUSED = {
    "empty": (b"", "is empty"),
    "only spaces": (b" \n ", "is empty"),
    "not UTF-8": (b'{"a":\n"\xff"}', "is not UTF-8 at line 2, column 2"),
    "UTF-8 of a surrogate": (b'"\xed\xa0\x80"', "is not UTF-8"),
    "NUL in a text": (rb'{"a":"x\u0000"}', r"has the character NUL (\u0000), which cannot be stored, at"),
    "NUL in a key": (rb'{"\u0000":1}', "has the character NUL"),
    "bare NUL": (b'"\x00"', "invalid control character at line 1, column 2"),
    "bare newline in a text": (b'"\n"', "invalid control character"),
    "lone high surrogate": (rb'"\ud83d"', r"has half a surrogate pair (\ud83d)"),
    "lone low surrogate": (rb'"\uDE00"', r"has half a surrogate pair (\uDE00)"),
    "two high surrogates": (rb'"\ud83d\ud83d\ude00"', "has half a surrogate pair"),
    "lone surrogate in a key": (rb'{"\udfff":1}', "has half a surrogate pair"),
    "NaN": (b'{"a":\n NaN}', "has NaN, which is not a JSON number, at line 2, column 2"),
    "NaN after the word in a text": (b'["NaN", NaN]', "at line 1, column 9"),
    "Infinity": (b"[Infinity]", "has Infinity"),
    "-Infinity": (b"[-Infinity]", "has -Infinity"),
    "beyond a double": (b'{"a": 1e400}', "has a number out of range (1e400), at line 1, column 7"),
    "below a double": (b"1e-400", "has a number out of range"),
    "endless exponent": (b"1e" + b"9" * 5000, "has a number out of range"),
    "zero with an endless exponent": (b"0e" + b"9" * 5000, "has a number out of range"),
    "too many digits": (b"9" * 131_073, "has a number with too many digits"),
    "too many decimals": (b"0." + b"1" * 16_384, "has a number with too many digits"),
    "repeated key": (b'{"a":1,"b":2,"a":3}', 'has the key "a" more than once'),
    "repeated key, spelled differently": (rb'{"a":1,"\u0061":3}', 'has the key "a" more than once'),
    "repeated key, deep": (b'[[{"x":{"k":1,"k":1}}]]', 'has the key "k" more than once'),
    "too deep": (b"[" * 65 + b"]" * 65, "is nested more than 64 levels deep"),
    "too deep, objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "is nested more than 64 levels deep"),
    "far too deep": (b"[" * 200_000, "is nested more than 64 levels deep"),
    "too long": (b'"' + b"x" * KIB_256 + b'"', "is 262,146 bytes long; at most 262,144 are accepted"),
    "trailing data": (b"{} x", "is not JSON: extra data at line 1, column 4"),
    "two documents": (b"{}{}", "extra data"),
    "trailing comma": (b"[1,]", "is not JSON"),
    "leading zero": (b"[01]", "is not JSON"),
    "plus": (b"[+1]", "is not JSON"),
    "no digit after the point": (b"[1.]", "is not JSON"),
    "single quotes": (b"{'a':1}", "is not JSON"),
    "comment": (b"[1] // x", "is not JSON"),
    "unfinished text": (b'{"a":"x', "unterminated string"),
    "unknown escape": (rb'"\x41"', "is not JSON"),
    "BOM twice": (b"\xef\xbb\xbf\xef\xbb\xbf{}", "begins with more than one byte order mark"),
    "BOM inside": (b"[\xef\xbb\xbf1]", "is not JSON"),
}


@pytest.mark.parametrize(("text", "cause"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_its_cause(text: bytes, cause: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.parse(text, field="data")
    assert caught.value.field == "data"
    assert cause in caught.value.cause
    assert len(str(caught.value)) < 250


def test_str_with_half_a_surrogate_pair() -> None:
    with pytest.raises(InvalidInput, match="has half a surrogate pair at line 1, column 2"):
        strict_json.parse('"\ud800"')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b"9007199254740993", 9007199254740993),
        (b"1.10", Decimal("1.10")),
        (b"-0.0", Decimal("-0.0")),
        (b"1e308", Decimal("1e308")),
        (b"5e-324", Decimal("5e-324")),
        (b"0e5", Decimal("0e5")),
        (b"0.1000000000000000055511151231257827", Decimal("0.1000000000000000055511151231257827")),
        (rb'"\ud83d\ude00\\u0000 \\ud800"', "😀\\u0000 \\ud800"),
        (b"[" * 64 + b"]" * 64, None),
        (b'"[[[[' + b"[" * 100 + b'"', "[" * 104),
        (rb'"\"' + b"[" * 100 + rb'\\"', '"' + "[" * 100 + "\\"),
        ("true", True),
    ],
)
def test_accepted(text: bytes | str, value: Any) -> None:
    parsed = strict_json.parse(text)
    if value is not None:
        assert parsed == value and type(parsed) is type(value)
        assert str(parsed) == str(value)


@pytest.mark.parametrize("digits", [4_299, 4_300, 4_301, 131_072])
def test_long_integers_stay_exact(digits: int) -> None:
    text = "7" * digits
    for literal in (text, f"-{text}"):
        assert strict_json.dumps(strict_json.parse(literal)) == literal


HOSTILE: dict[str, Callable[[], str]] = {
    "opening brackets": lambda: "[" * KIB_256,
    "opening objects": lambda: '{"a":' * (KIB_256 // 5),
    "empty lists": lambda: "[" + "[]," * (KIB_256 // 3 - 5) + "[]]",
    "deep lists": lambda: "[" + ("[" * 63 + "]" * 63 + ",") * (KIB_256 // 127 - 1) + "1]",
    "escaped quotes": lambda: '"' + '\\"' * (KIB_256 // 2 - 2),
    "quotes": lambda: '"' * KIB_256,
    "escapes, then NUL": lambda: '["' + "\\n" * (KIB_256 // 2 - 8) + '\\u0000"]',
    "numbers, then NaN": lambda: "[" + "1," * (KIB_256 // 2 - 8) + "NaN]",
    "numbers, then 1e400": lambda: "[" + "1," * (KIB_256 // 2 - 8) + "1e400]",
    "exponents": lambda: "[" + "1e100," * (KIB_256 // 6 - 5) + "1]",
    "long integers": lambda: "[" + ("9" * 4300 + ",") * 59 + "1]",
    "one long integer": lambda: "9" * 131_072,
    "one too long integer": lambda: "9" * KIB_256,
    "long mantissa": lambda: "1." + "1" * 200_000 + "e1",
    "many keys, one twice": lambda: "{" + ",".join(f'"k{n}":1' for n in range(20_000)) + ',"k1":2}',
}


ORDINARY = ("[" + '"word",' * (KIB_256 // 7 - 1) + "1]").encode()


def parse_or_refuse(text: bytes) -> None:
    with suppress(InvalidInput):
        strict_json.parse(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_cost_little(text: Callable[[], str]) -> None:
    raw = text().encode()
    # Beside what reads JSON and asks nothing of it. Ordinary texts take three times that, the worst of these eighteen.
    assert work.compared(lambda: parse_or_refuse(raw), lambda: json.loads(ORDINARY), most=30) <= 30
    assert work.calls(lambda: parse_or_refuse(raw)) < len(raw)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: -300 < d.adjusted() < 300)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner)
    ),
)


@given(json_values)
def test_dumps_and_parse_are_inverse(value: Any) -> None:
    strict_json.check(value)
    text = strict_json.dumps(value)
    back = strict_json.parse(text)
    assert back == value
    assert strict_json.dumps(back) == text


@given(json_values)
def test_canonical_forgets_order_and_spelling_only(value: Any) -> None:
    text = strict_json.dumps(value)
    shuffled = json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)), parse_float=Decimal)
    assert strict_json.canonical(shuffled) == strict_json.canonical(value)
    assert strict_json.parse(strict_json.canonical(value)) == value


def test_canonical_numbers() -> None:
    same = [1, Decimal("1.0"), Decimal("1e0"), Decimal("10e-1"), 1.0]
    assert {strict_json.canonical(number) for number in same} == {b"1"}
    assert strict_json.canonical(Decimal("-0.0")) == b"0"
    assert strict_json.canonical(0.1) == strict_json.canonical(Decimal("0.10")) == b"0.1"
    assert strict_json.canonical(2**63) != strict_json.canonical(2**63 + 1)
    assert strict_json.canonical("1") != strict_json.canonical(1) != strict_json.canonical(True)


@given(st.text() | st.binary())
def test_any_text_is_parsed_or_refused(text: str | bytes) -> None:
    try:
        value = strict_json.parse(text, field="data")
    except InvalidInput as refused:
        assert refused.field == "data" and refused.cause
    else:
        strict_json.check(value)
        assert strict_json.parse(strict_json.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ({"a": [1, {"b\x00": 1}]}, "has the character NUL, which cannot be stored at /a/1"),
        ({"a": "\x001"}, "has the character NUL, which cannot be stored at /a"),
        (["\ud800"], "has half a surrogate pair, which cannot be stored at /0"),
        ({"a": float("nan")}, "has nan, which is not a JSON number at /a"),
        ({"a": Decimal("Infinity")}, "has Infinity, which is not a JSON number at /a"),
        (Decimal("1e400"), "has a number out of range"),
        (10**5000, "has a number with too many digits"),
        ({"a": {1}}, "holds a set, which is not JSON at /a"),
        ({1: 2}, "has the key 1, which is not text"),
        ("x" * KIB_256, "bytes long"),
        (json.loads("[" * 65 + "]" * 65), "is nested more than 64 levels deep"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else type(value).__name__,
)
def test_check_names_the_place(value: Any, cause: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.check(value)
    assert cause in caught.value.cause


def test_check_of_endless_nesting() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidInput, match="nested"):
        strict_json.check(value)


def test_dumps_does_not_let_a_text_pose_as_a_number() -> None:
    with pytest.raises(ValueError, match="NUL"):
        strict_json.dumps({"a": '\x001,"admin":true'})
    assert strict_json.dumps({"a": "\\u00001"}) == '{"a":"\\\\u00001"}'
