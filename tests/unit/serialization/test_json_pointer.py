"""JSON pointers are read as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.serialization import json_pointer


# The examples of RFC 6901, section 5.
@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ([], ""),
        (["foo"], "/foo"),
        (["foo", 0], "/foo/0"),
        ([""], "/"),
        (["a/b"], "/a~1b"),
        (["m~n"], "/m~0n"),
        (["~1"], "/~01"),
        ([" "], "/ "),
    ],
)
def test_as_the_standard_writes_them(parts: list[str | int], pointer: str) -> None:
    assert json_pointer.join(parts) == pointer
    assert json_pointer.split(pointer) == json_pointer.split(f"#{pointer}") == [str(part) for part in parts]


@given(st.lists(st.text()))
def test_what_is_written_is_read_the_same(parts: list[str]) -> None:
    assert json_pointer.split(json_pointer.join(parts)) == parts


def test_places_in_lists_are_numbers_and_nothing_else_is() -> None:
    long = "9" * 5000  # a key that a sender may choose, and that int() refuses
    assert json_pointer.places(f"/steps/0/a~1b/{long}/٣/²") == ("steps", 0, "a/b", long, "٣", "²")
    assert json_pointer.places("/10/01/00/-1/+1/-") == (10, "01", "00", "-1", "+1", "-")
