"""The line of a value is the line its text begins on, however the JSON is laid out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.serialization.json_positions import line_of

TEXT = '{\n  "a": {\n    "b": [\n      1,\n      {"c}": "x,[",\n       "d": null}\n    ]\n  },\n  "e": {}\n}'


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("a",), 2),
        (("a", "b"), 3),
        (("a", "b", 0), 4),
        (("a", "b", 1), 5),
        (("a", "b", 1, "c}"), 5),
        (("a", "b", 1, "d"), 6),
        (("e",), 9),
        (("e", "gone"), 9),
        (("gone",), 1),
        (("a", "b", 7), 3),
    ],
)
def test_line_of(path: tuple[Any, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_every_value_of_an_indented_text_is_found_where_it_is_written(value: Any) -> None:
    text = json.dumps(value, indent=1)
    lines = text.split("\n")

    def visit(node: Any, path: tuple[Any, ...]) -> None:
        written = lines[line_of(text, path) - 1]
        first = json.dumps(node, indent=1).split("\n")[0]
        assert written.rstrip(",").endswith(first)
        members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, member in members:
            visit(member, (*path, key))

    visit(value, ())
