"""Patterns are ECMA-262's, whatever the engine's own look like."""

from __future__ import annotations

from typing import Any

import pytest

from lib.sandbox.validation import violations
from lib.schemas import patterns
from lib.schemas.form import load

#: A pattern, texts that it finds something in, and texts that it does not.
PATTERNS: list[tuple[str, list[str], list[str]]] = [
    (r"^\d+$", ["42"], ["٣", "42\n", ""]),
    (r"^\w+$", ["a_1"], ["é", "ſ"]),
    (r"^\s$", ["\u00a0", "\ufeff", "\u2028"], ["\u0085", "x"]),
    (r"^\S$", ["x"], ["\ufeff"]),
    (r"^\D$", ["٣"], ["3"]),
    ("^a$", ["a"], ["a\n"]),
    ("^.$", ["😀", "a"], ["\n", "\r", "\u2028"]),
    (r"^\p{L}+$", ["Zürich", "日本"], ["1"]),
    (r"^\p{Script=Greek}$", ["α"], ["a"]),
    (r"^\P{L}$", ["1"], ["é"]),
    (r"^(?<day>\d\d)\.\k<day>$", ["11.11"], ["11.12"]),
    (r"^(.)\1$", ["aa"], ["ab"]),
    (r"^(?=.*\d)(?=.*[a-z]).{4,}$", ["abc1"], ["abcd", "1"]),
    (r"^(?!x)(?<!y)a", ["a"], ["xa"]),
    (r"^[^]$", ["\n", "a"], [""]),
    ("[]", [], ["a", ""]),
    (r"^[\b]$", ["\b"], ["b"]),
    (r"^\0$", ["\0"], ["0"]),
    (r"^\cA$", ["\x01"], ["A"]),
    (r"^\x41\u0042\u{43}$", ["ABC"], ["x"]),
    (r"^\uD83D\uDE00$", ["😀"], ["x"]),
    (r"^[\uD83D\uDE00]$", ["😀"], ["x"]),
    (r"^[\w-.]+$", ["a-b.c"], ["a b", "a,b"]),
    (r"^[+--]$", [",", "+", "-"], ["."]),
    (r"^[a-z&&[b]$", ["&", "[", "b", "q"], ["]"]),
    (r"^[[:alpha:]]$", [":]", "a]", "[]"], ["x"]),
    (r"^[~~x]$", ["~", "x"], ["y"]),
    (r"^[^\W_]+$", ["a1"], ["é", "_"]),
    (r"^[$^*]$", ["$", "^", "*"], ["a"]),
    ("^{a}$", ["{a}"], ["a"]),
    ("^a{,2}$", ["a{,2}"], ["aa"]),
    ("^a{2}{$", ["aa{"], ["aa"]),
    ("^x{1,2}?$", ["x", "xx"], ["xxx"]),
    (r"^\/\-\_\#\$\{$", ["/-_#${"], ["x"]),
    ("^]$", ["]"], ["x"]),
    ("^(?:a|b)*?$", ["", "ab"], ["c"]),
]


@pytest.mark.parametrize(("pattern", "found", "not_found"), PATTERNS, ids=[one[0] for one in PATTERNS])
def test_patterns_are_read_as_ecma_262_has_them(pattern: str, found: list[str], not_found: list[str]) -> None:
    for text in found + not_found:
        schema: Any = {"type": "string", "pattern": pattern}
        assert violations(schema, text).valid is (text in found), text
        assert (load(schema, text).violations() == []) is (text in found and "\0" not in text)
        assert patterns.matches(pattern, text) is (text in found)
        names = {"patternProperties": {pattern: False}, "additionalProperties": {"type": "null"}}
        assert violations(names, {text: None}).valid is (text not in found), text


@pytest.mark.parametrize(
    "pattern", ["(", "[", "a**", r"\Z", r"\Aab", r"\a", r"\k<none>", r"[\B]", r"\u12", "(?<a", "x{2,1}"]
)
def test_what_is_no_pattern_cannot_be_checked(pattern: str) -> None:
    assert violations({"pattern": pattern}, "x").status == "schema_error"
    assert patterns.finder(pattern) is None and not patterns.matches(pattern, "x")


def test_a_pattern_is_told_as_its_author_wrote_it() -> None:
    (told,) = violations({"pattern": "^{a}$"}, "x").violations
    assert told.message == "Must match the pattern ^{a}$"
    (inside,) = violations({"patternProperties": {"^{a}$": {"type": "string"}}}, {"{a}": 1}).violations
    assert (inside.pointer, inside.message) == ("/{a}", "Must be text.")
