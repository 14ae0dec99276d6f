"""Expressions that need no engine: a path of names, or a literal. Their values stay exact, digit by digit.

What a path gives follows JSONata: a name that is not there gives nothing, a list is gone through item by item, lists
in lists are joined, and a sequence of one is its item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from lib.errors import InvalidInput
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue


class Unset(Enum):
    """The type of UNSET, JSONata's undefined: there is no value, not even null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET

_BARE = r"[^\W\d]\w*"
_NAME = rf"(?:{_BARE}|`[^`]+`)"
_PATH = re.compile(rf"[ \t\r\n]*({_NAME}(?:\.{_NAME})*)[ \t\r\n]*")
_EACH_NAME = re.compile(_NAME)
#: Words that mean something else where a name could stand.
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function", "λ"})
# A text without escapes, a number as JSON writes it, or a word.
_LITERAL = re.compile(
    r"""[ \t\r\n]*(?:"(?P<double>[^"\\]*)"|'(?P<single>[^'\\]*)'"""
    r"""|(?P<json>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null))[ \t\r\n]*""",
)


@dataclass(frozen=True)
class Plain:
    """A path of names, or a literal where there are none."""

    names: tuple[str, ...]
    literal: JsonValue = None

    def value(self, context: JsonValue) -> JsonValue | Unset:
        """What it gives over a context that is an object."""
        return _follow(context, self.names) if self.names else self.literal


@lru_cache(maxsize=2000)
def read(expression: str) -> Plain | None:
    """The expression as a path or literal, or None if it is more than that."""
    if match := _PATH.fullmatch(expression):
        names = _EACH_NAME.findall(match[1])
        if _WORDS.isdisjoint(names):
            return Plain(tuple(name.strip("`") for name in names))
    if match := _LITERAL.fullmatch(expression):
        if match["json"] is None:
            return Plain((), match["double"] if match["double"] is not None else match["single"])
        try:
            return Plain((), strict_json.parse(match["json"]))
        except InvalidInput:
            return None
    return None


def written(name: str) -> str:
    """A name as a path writes it."""
    return name if re.fullmatch(_BARE, name) and name not in _WORDS else f"`{name}`"


class _Sequence(list[JsonValue]):
    """Values that a path came upon, as apart from a list of the payload."""


def _follow(context: JsonValue, names: Iterable[str]) -> JsonValue | Unset:
    here: list[JsonValue] = _Sequence([context])
    for name in names:
        found = [value for item in here if (value := _single(_look_up(item, name))) is not UNSET]
        if len(found) == 1 and isinstance(found[0], list) and not isinstance(found[0], _Sequence):
            here = found[0]
        else:
            here = _Sequence()
            for value in found:
                here.extend(value) if isinstance(value, list) else here.append(value)
        if not here and isinstance(here, _Sequence):
            return UNSET
    return _single(here)


def _single(value: JsonValue | Unset) -> JsonValue | Unset:
    if isinstance(value, _Sequence) and len(value) < 2:
        return value[0] if value else UNSET
    return value


def _look_up(item: JsonValue, name: str) -> JsonValue | Unset:
    if isinstance(item, Mapping):
        return item.get(name, UNSET)
    if not isinstance(item, list):
        return UNSET
    found = _Sequence()
    for one in item:
        value = _look_up(one, name)
        if isinstance(value, list):
            found.extend(value)
        elif value is not UNSET:
            found.append(value)
    return found
