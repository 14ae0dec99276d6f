"""JSON pointers (RFC 6901): where something is in a JSON value, as in /steps/0/config/a~1b."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# No list is longer, and int() refuses thousands of digits. RFC 6901 knows no sign and no zero in front of others.
_PLACE = re.compile("0|[1-9][0-9]{0,8}")


def join(parts: Iterable[str | int]) -> str:
    """The pointer to what lies at these keys and places in lists, one below the other; "" is the whole value."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def split(pointer: str) -> list[str]:
    """The keys that a pointer leads along, places in lists as text; whatever is before its first / is passed over."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def is_place(part: str) -> bool:
    """Whether a part of a pointer can be a place in a list."""
    return _PLACE.fullmatch(part) is not None


def places(pointer: str) -> tuple[str | int, ...]:
    """The keys that a pointer leads along; those that can be places in lists as numbers."""
    return tuple(int(part) if is_place(part) else part for part in split(pointer))


def value_at(value: Any, path: Iterable[str | int]) -> Any:
    """What lies at these keys and places in lists, None where there is nothing."""
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        else:
            value = value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
    return value


def problem(pointer: str) -> str | None:
    """What keeps a text from being a pointer to something inside a value; None when it is one."""
    if not pointer.startswith("/") or pointer == "/":
        return "must begin with / and name a field, as in /customer/name"
    if re.search("~(?![01])", pointer):
        return "has a ~ that is neither ~0, which stands for ~, nor ~1, which stands for /"
    return None
