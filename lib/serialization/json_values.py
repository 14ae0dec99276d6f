"""JSON values as the form keeps them: exact numbers, true apart from 1, absent apart from null.

Writing them as readable text lives here, reading in strict_json; what a schema says about a value does not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """The type of ABSENT, the mark for a key that is not there."""

    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent.ABSENT


def json_type(value: Any) -> str:
    """Name the JSON Schema type of a value; a number with no fraction, such as 1.0, is a "number"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON, number types and key order included.

    1, 1.0 and true are three different values here.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(
            item is other[key] or same(item, other[key]) for key, item in one.items()
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def equal(one: Any, other: Any) -> bool:
    """Tell whether JSON Schema calls two values equal: 1 equals 1.0, but not true."""
    return bool(identity(one) == identity(other))


def identity(value: Any) -> Any:
    """Give what is the same for values that JSON Schema calls equal, and only for those; it can be hashed."""
    if isinstance(value, dict):
        return "object", frozenset((key, identity(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(map(identity, value))
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    return ("boolean", value) if isinstance(value, bool) else value


def copy(value: Any) -> Any:
    """Copy a JSON value deeply; leaves are immutable and shared."""
    if isinstance(value, dict):
        return {key: copy(item) if isinstance(item, _DEEP) else item for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copy(item) if isinstance(item, _DEEP) else item for item in value]
    return value


_DEEP = (dict, list, tuple)


def number_text(number: float | Decimal) -> str:
    """Write a number as JSON does: every digit kept, and read back as the same type."""
    if not isinstance(number, Decimal):
        return json.dumps(number)
    text = str(number)
    # 1.5e1 is no integer to a reader; an integer is a Decimal only where it is too long for an int.
    return f"{text}.0" if len(text) < 4300 and text.removeprefix("-").isdigit() else text


def json_text(value: Any, indent: int | None = 2) -> str:
    """Write a value as JSON text; indent None puts it on one line."""
    return "".join(_pieces(value, indent, "\n"))


def _pieces(value: Any, indent: int | None, line: str) -> Iterable[str]:
    if isinstance(value, Decimal):
        yield number_text(value)
    elif isinstance(value, dict) and value:
        yield from _nested("{}", [(f"{_quote(key)}: ", item) for key, item in value.items()], indent, line)
    elif isinstance(value, list | tuple) and value:
        yield from _nested("[]", [("", item) for item in value], indent, line)
    else:
        yield _quote(value) if isinstance(value, str) else json.dumps(value)


def _nested(marks: str, rows: list[tuple[str, Any]], indent: int | None, line: str) -> Iterable[str]:
    deeper = line + " " * (indent or 0)
    yield marks[0]
    for number, (label, item) in enumerate(rows):
        yield ("," if indent is not None else ", ") if number else ""
        yield deeper if indent is not None else ""
        yield label
        yield from _pieces(item, indent, deeper)
    yield line if indent is not None else ""
    yield marks[1]


def _quote(text: str) -> str:
    """Quote a string; readable letters stay, half characters (lone surrogates) become escapes."""
    return json.dumps(text, ensure_ascii=not is_drawable(text))


def is_drawable(text: str) -> bool:
    """Tell whether text can be sent to a browser: lone surrogates cannot be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str) -> str:
    """The text as one line of a log: what does not print is written as its escape, such as \\n or \\x1b."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
