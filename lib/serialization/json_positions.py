"""Where a value stands in a JSON text, for messages that point at a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_Part = str | int


def line_of(text: str, path: Sequence[_Part]) -> int:
    """The line (from 1) where the value at this path begins in a valid JSON text; its nearest parent's
    when the path leads nowhere, as for a missing field."""
    lines = _lines(text)
    wanted = tuple(path)
    while wanted not in lines and wanted:
        wanted = wanted[:-1]
    return lines.get(wanted, 1)


def repeated_keys(text: str) -> list[tuple[int, str]]:
    """Line and name of every key that its object has already, in a text that is JSON but for that."""
    found: list[tuple[int, str]] = []
    _lines(text, lambda line, name: found.append((line, name)))
    return found


def _lines(text: str, repeated: Callable[[int, str], object] | None = None) -> dict[tuple[_Part, ...], int]:
    """The line of every value, by path; `repeated` is told of a key that comes again in its object."""
    lines: dict[tuple[_Part, ...], int] = {}
    open_: list[list[_Part]] = []  # per container: where its current member stands
    names: list[set[str]] = []  # per container: the keys that it has until here
    arrays: list[bool] = []
    key_next = False
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        at = token.start()
        word = token[0]
        if key_next and word[0] == '"':
            name = _unquoted(word)
            if repeated and name in names[-1]:
                repeated(line, name)
            names[-1].add(name)
            open_[-1][0], key_next = name, False
        elif word == ",":
            if arrays[-1]:
                open_[-1][0] = int(open_[-1][0]) + 1
            else:
                key_next = True
        elif word in "]}":
            open_.pop()
            arrays.pop()
            names.pop()
            key_next = False
        elif word != ":":
            lines.setdefault(tuple(place[0] for place in open_), line)
            if word in "[{":
                arrays.append(word == "[")
                open_.append([0 if word == "[" else ""])
                names.append(set())
                key_next = word == "{"
    return lines


def _unquoted(word: str) -> str:
    return str(json.loads(word, strict=False))
