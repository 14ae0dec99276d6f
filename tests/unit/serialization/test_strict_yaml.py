from __future__ import annotations

import decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import InvalidInput
from lib.serialization import strict_json, strict_yaml

NAMES = st.sampled_from(["<<", "=", "~", "null", "1"]) | st.text("ab:#- ,1<*&", max_size=6)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(-(10**9), 10**9, places=3)
    | st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)
    | st.sampled_from(["no", "yes", "2026-01-31", "1_000", "0x1F", "012", "~", "null", "<<", "*a", "&a", "!t", "1e3"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.booleans())
def test_what_is_written_is_read_again(value: Any, fast: bool, by_others: bool) -> None:
    text = strict_yaml.write(value, fast=fast)
    again = strict_yaml.read(text, field="text", by_others=by_others)
    assert strict_json.canonical(again) == strict_json.canonical(value)


#: Texts that YAML 1.1 or 1.2 takes for something else where they have no quotes.
BARE = st.from_regex(
    r"\A(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}Z?)?|[-+]?[0-9][0-9_]{0,3}(?::[0-5]?[0-9]){0,2}"
    r"|[-+]?[0-9]{0,2}\.[0-9]{0,2}(?:[eE][-+]?[0-9])?|0[box][0-7]{1,3}|[-+]?\.(?:inf|NaN))\Z"
) | st.sampled_from(["yes", "No", "ON", "off", "True", "NULL", "Null", "~", "", "=", "<<", "!", "&", "*"])


@given(st.dictionaries(BARE, BARE, min_size=1, max_size=4), st.booleans())
def test_text_stays_text_for_other_readers(value: dict[str, str], fast: bool) -> None:
    text = strict_yaml.write(value, fast=fast)
    assert yaml.safe_load(text) == value
    assert strict_yaml.read(text, field="text") == value


@pytest.mark.parametrize("text", ["2026-03-15", "2026-04-30T00:00:00Z", "no", "1:30", "089", "0o17", "1e3", "+1", ".5"])
def test_what_some_reader_takes_for_no_text_is_quoted(text: str) -> None:
    assert strict_yaml.write({"a": text}).strip() == f"a: '{text}'"


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_one_for_other_readers(number: decimal.Decimal | float) -> None:
    read = yaml.safe_load(strict_yaml.write(number))
    assert isinstance(read, int | float) and read == float(number)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no\nb: 2026-01-31\nc: 1_000\nd: 0x1F\ne: yes\nf: 0o17\ng: .inf", "no 2026-01-31 1_000 0x1F yes 0o17 .inf"),
        ("a: True\nb: Null\nc: on", "True Null on"),
    ],
)
def test_what_looks_like_no_json_value_is_text(text: str, value: str) -> None:
    assert list(strict_yaml.read(text, field="text").values()) == value.split()


def test_numbers_are_exact() -> None:
    read = strict_yaml.read("[1.10, 1, 12345678901234567890, 0.1]", field="text")
    assert read == [decimal.Decimal("1.10"), 1, 12345678901234567890, decimal.Decimal("0.1")]
    assert [str(one) for one in read] == ["1.10", "1", "12345678901234567890", "0.1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "the name 'a' comes twice at line 3, column 1"),
        ("a: *x", "the alias 'x' names nothing that ends before it at line 1"),
        ("a: &x [*x]", "the alias 'x' names nothing that ends before it at line 1"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "merging by << is not accepted at line 3"),
        ("a: &x 1\n*x : 2", "a name must be text"),
        ("a: !!python/name:os.system x", "the tag !!python/name:os.system is not accepted at line 1"),
        ("--- 1\n--- 2", "expected a single document"),
        ("a: [1, 2\nb: 3", "at line 2"),
        ("a: \x07", "is not YAML that can be read"),
        ("[" * 300 + "]" * 300, "is nested more than 64 levels deep"),
        ("[" * 30_000, "at line 1"),
        ("a: " + "x" * 262_144, "is 262,147 bytes long"),
    ],
)
def test_a_document_of_others_that_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        strict_yaml.read(text, field="the file", by_others=True)
    assert refused.value.field == "the file" and words in refused.value.cause


def test_others_may_name_things_by_numbers_and_repeat_themselves() -> None:
    text = "responses:\n  200: &ok {description: fine, codes: [1]}\n  204: *ok\n  null: *ok\nlevel: &l high\nmost: *l"
    read = strict_yaml.read(text, field="text", by_others=True)
    fine = {"description": "fine", "codes": [1]}
    assert read == {"responses": {"200": fine, "204": fine, "null": fine}, "level": "high", "most": "high"}
    assert read["responses"]["200"] is not read["responses"]["204"]
    with pytest.raises(InvalidInput, match="a name must be text"):
        strict_yaml.read(text, field="text")


def test_a_bomb_of_aliases_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(InvalidInput, match="aliases stand for more than 1,000,000 characters at line 6"):
        strict_yaml.read("\n".join(lines), field="text", by_others=True)
    long = "a: &a " + "x" * 200_000 + "\nb: [*a, *a, *a]\nc: [*a, *a, *a]"
    with pytest.raises(InvalidInput, match="aliases stand for more than 1,000,000 characters at line 3, column 9"):
        strict_yaml.read(long, field="text", by_others=True)
