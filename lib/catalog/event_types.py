"""What an event type is, and which one a name of others makes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_TYPE: Final = 200  # the ref of an inline schema is longer by a few characters, and has 256
LONGEST_NAME: Final = 120  # of the name for people
#: Of the correlation key that an event carries or a step waits for. Longer ones do not fit a database index; nothing
#: meaningful is that long.
LONGEST_KEY: Final = 512
_LONGEST_READ = 1000

#: What an event type is, in one sentence.
TYPE_RULE: Final = (
    f"An event type has up to {LONGEST_TYPE} letters A to Z, digits, and single _ . - : / between them, and begins "
    "with a letter, as in DEVICE_OFFLINE."
)
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_.:/-][A-Za-z0-9]+)*")
_BY_CONVENTION = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_BETWEEN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_BEFORE_NUMBER = re.compile(r"(?<=[a-z]{2})(?=[0-9])")


def problem(event_type: str) -> str | None:
    """Why a text is no event type, in a sentence with the corrected spelling; None if it is one."""
    if not event_type:
        return "The event type must not be empty."
    if len(event_type) > LONGEST_TYPE:
        return f"The event type has {len(event_type)} characters; at most {LONGEST_TYPE} are accepted."
    if _TYPE.fullmatch(event_type):
        return None
    made = made_of(event_type)
    return f"{TYPE_RULE}{f' Did you mean {made}?' if made else ''}"


def convention(event_type: str) -> str | None:
    """The conventional spelling of an event type that has another one; None if it is spelled so, or is none."""
    if not _TYPE.fullmatch(event_type) or _BY_CONVENTION.fullmatch(event_type):
        return None
    return made_of(event_type)


def made_of(name: str) -> str:
    """The event type that a name makes: lightMeasured and “Light measured” make LIGHT_MEASURED. "" if none.

    Numbers before the first word are left out. What else begins with a digit gets a word before it: EVENT_404.
    """
    found = [word.upper() for word in words(name)]
    first = next((place for place, word in enumerate(found) if not word.isdigit()), 0)
    event_type = "_".join(found[first:])
    if event_type[:1].isdigit():
        event_type = f"EVENT_{event_type}"
    if len(event_type) <= LONGEST_TYPE:
        return event_type
    short = event_type[:LONGEST_TYPE]
    return short.rpartition("_")[0] or short


def name_of(event_type: str) -> str:
    """A name for people: LIGHT_MEASURED is Light Measured, and orderPlaced2 is Order Placed 2. It may be shorter."""
    name = _BEFORE_NUMBER.sub(" ", " ".join(word.capitalize() for word in words(event_type))) or event_type
    return name[:LONGEST_NAME].rstrip()


def words(name: str) -> list[str]:
    """The words of a name, in letters A to Z and digits: HTTPRequestSent has HTTP, Request and Sent."""
    letters = unicodedata.normalize("NFKD", name[:_LONGEST_READ])
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return _BETWEEN_WORDS.sub(" ", plain).split()
