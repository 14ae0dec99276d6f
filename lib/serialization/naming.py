"""What somebody calls a thing: one line, of which something can be seen."""

from __future__ import annotations

import re
import unicodedata

from lib.errors import InvalidInput
from lib.serialization import strict_json

_BREAKS_OR_CONTROLS = ("Cc", "Zl", "Zp")
_BLANKS_OR_MARKERS = (*_BREAKS_OR_CONTROLS, "Zs", "Cf", "Cs")
# Drawn as nothing, though Unicode calls them letters, symbols and marks: fillers, and what chooses how others look.
_DRAWN_AS_NOTHING = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")


def checked(name: str, *, longest: int, field: str = "name") -> str:
    """The name without blanks around it. Raises InvalidInput naming the field for what is no name."""
    name = name.strip()
    strict_json.check_text(name, field=field)
    if not 1 <= len(name) <= longest:
        raise InvalidInput(field, f"must have 1 to {longest} characters")
    if not is_one_line(name):
        raise InvalidInput(field, "must be on one line, without control characters")
    if not can_be_seen(name):
        raise InvalidInput(field, "must have a character that can be seen")
    return name


def is_one_line(text: str) -> bool:
    """Whether a text has neither line breaks nor other control characters."""
    return not any(unicodedata.category(character) in _BREAKS_OR_CONTROLS for character in text)


def can_be_seen(text: str) -> bool:
    """Whether a text has a character that is neither blank nor invisible."""
    # Not by isprintable(): it does not know the emoji of Unicode versions newer than Python's.
    drawn = _DRAWN_AS_NOTHING.sub("", text)
    return any(unicodedata.category(character) not in _BLANKS_OR_MARKERS for character in drawn)
