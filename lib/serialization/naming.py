"""What somebody calls a thing: one line, of which something can be seen."""

from __future__ import annotations

import re
import unicodedata

from lib.errors import InvalidInput
from lib.serialization import strict_json

_BREAKS_OR_CONTROLS = ("Cc", "Zl", "Zp")
# Marks are drawn upon the character before them. By themselves they are a smudge at most.
_BLANKS_OR_MARKERS = (*_BREAKS_OR_CONTROLS, "Zs", "Cf", "Cs", "Mn", "Me")
# What a file may begin with, and what else is no blank to Python and is drawn as nothing at an end of a text.
_EDGES = "\ufeff\u200b\u2060"
# What turns the order in which all that follows is read: “gnp.exe” may look like “exe.png”.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Drawn as nothing, though Unicode calls them letters, symbols and marks: fillers, and what chooses how others look.
_DRAWN_AS_NOTHING = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")

_UNSEEN = "must have a character that can be seen"


def checked(name: str, *, longest: int, field: str = "name") -> str:
    """The name without blanks around it. Raises InvalidInput naming the field for what is no name."""
    given, name = name.strip(), stripped(name)
    strict_json.check_text(name, field=field)
    if given and not name:
        raise InvalidInput(field, _UNSEEN)
    if not 1 <= len(name) <= longest:
        raise InvalidInput(field, f"must have 1 to {longest} characters")
    if why := why_unreadable(name):
        raise InvalidInput(field, why)
    return name


def stripped(name: str) -> str:
    """The name without what is not seen around it."""
    while name != (name := name.strip().strip(_EDGES)):
        pass
    return name


def why_unreadable(name: str) -> str | None:
    """Why people cannot read a name as it is, without its subject; None if they can."""
    if not is_one_line(name):
        return "must be on one line, without control characters"
    if _TURNING.search(name):
        return "must not have characters that turn the order in which it is read"
    if not can_be_seen(name):
        return _UNSEEN
    return None


def is_one_line(text: str) -> bool:
    """Whether a text has neither line breaks nor other control characters."""
    return not any(unicodedata.category(character) in _BREAKS_OR_CONTROLS for character in text)


def can_be_seen(text: str) -> bool:
    """Whether a text has a character that is neither blank nor invisible."""
    # Not by isprintable(): it does not know the emoji of Unicode versions newer than Python's.
    drawn = _DRAWN_AS_NOTHING.sub("", text)
    return any(unicodedata.category(character) not in _BLANKS_OR_MARKERS for character in drawn)
