"""What a thing may be called."""

from __future__ import annotations

import pytest

from lib.errors import InvalidInput
from lib.serialization import naming


@pytest.mark.parametrize(
    "name",
    [
        "Desk",
        "  Desk ",
        "Jörg 😀",
        "a\u200db",
        "A\u0301",
        "ก็",
        "1\ufe0f\u20e3",
        "\U0001fae9",
        "\u200fשלום",
        "=1+1",
        "x" * 20,
    ],
)
def test_a_name_is_taken_without_the_blanks_around_it(name: str) -> None:
    assert naming.checked(name, longest=20) == name.strip()
    assert naming.checked(f"\ufeff {name}\u200b\u00a0\u2060", longest=20) == name.strip()


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("", "must have 1 to 20 characters"),
        (" \u00a0\u2003\n", "must have 1 to 20 characters"),
        ("x" * 21, "must have 1 to 20 characters"),
        ("a\nb", "must be on one line, without control characters"),
        ("a\rb", "must be on one line, without control characters"),
        ("a\tb", "must be on one line, without control characters"),
        ("a\x1b[31mb", "must be on one line, without control characters"),
        ("a\x85b", "must be on one line, without control characters"),
        ("a\u2028b", "must be on one line, without control characters"),
        ("\u200b\u2060 \ufeff", "must have a character that can be seen"),
        ("\u200d\u00ad", "must have a character that can be seen"),
        ("\u0301\u20dd \U000e0100", "must have a character that can be seen"),
        ("\U000e0041\U000e007f", "must have a character that can be seen"),
        ("\u3164\u2800 \ufe0f", "must have a character that can be seen"),
        ("\u202e\u202d", "must not have characters that turn the order in which it is read"),
        ("in\u202egnp.exe", "must not have characters that turn the order in which it is read"),
        ("a\u2066b\u2069", "must not have characters that turn the order in which it is read"),
        ("a\0b", "has the character NUL, which cannot be stored"),
        ("a\ud800", "has half a surrogate pair, which cannot be stored"),
    ],
)
def test_what_is_no_name_is_refused_by_its_field(name: str, cause: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        naming.checked(name, longest=20, field="title")
    assert str(refused.value) == f"title: {cause}"
