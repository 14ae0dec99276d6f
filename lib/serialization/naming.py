"""What somebody calls a thing: one line, of which something can be seen."""

from __future__ import annotations

import unicodedata

from lib.errors import InvalidInput
from lib.serialization import strict_json

_BREAKS_OR_CONTROLS = ("Cc", "Zl", "Zp")


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
    return any(character.isprintable() and not character.isspace() for character in text)
