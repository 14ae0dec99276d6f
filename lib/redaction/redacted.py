"""A value together with what redaction took out of it, so that it stays hidden under any other name too."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from lib.errors import InvalidInput
from lib.redaction.copies import Copies
from lib.redaction.schema_marks import MarkedPlace
from lib.redaction.texts import REDACTED
from lib.redaction.values import redact, redact_key, redact_name
from lib.serialization import json_pointer, strict_json
from lib.serialization.strict_json import JsonValue

#: Inside what senders wrote beside a payload, such as ids, shorter ones would be found by chance.
_SHORTEST_IN_NAME = 8
_LONGEST_BEGINNING = 60
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest)\s+(?=\S)")


@dataclass(frozen=True)
class Redacted:
    """A payload as it came, and as people may see it.

    `hidden` are the texts and numbers (as text) that redaction took out of it.
    """

    payload: JsonValue
    shown: JsonValue
    hidden: frozenset[str]

    @classmethod
    def of(
        cls, payload: JsonValue, *, schema: JsonValue | MarkedPlace = None, pointers: Iterable[str] = ()
    ) -> Redacted:
        """The payload redacted by these rules; see `redact`. A copy of what they take out goes too, wherever it is."""
        found = cls.known(payload, redact(payload, schema=schema, pointers=pointers))
        return replace(found, shown=found._copies.value(found.shown)) if found.hidden else found

    @classmethod
    def known(cls, payload: JsonValue, shown: JsonValue) -> Redacted:
        """A payload that was redacted earlier."""
        return cls(payload, shown, frozenset(() if shown is payload else _hidden(payload, shown)))

    def also(self, others: Iterable[Redacted]) -> Redacted:
        """The same payload, which hides what was taken out of the others too."""
        return replace(self, hidden=self.hidden.union(*(other.hidden for other in others)))

    def name(self, text: str) -> str:
        """What a sender wrote beside the payload (a source, a key, an id), without secrets and what is hidden."""
        if text in self.hidden:
            return REDACTED
        text = redact_name(text)
        for hidden in self.hidden:
            if len(hidden) >= _SHORTEST_IN_NAME:
                text = text.replace(hidden, REDACTED)
        return text

    def holds(self, text: str) -> bool:
        """Whether what a sender wrote beside the payload is, or has in it, a secret."""
        return self.name(text) != text

    def errors(self, violations: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
        """Pointers into the payload and our sentences about what is wrong there, without the secrets that they name."""
        return [
            {
                "path": json_pointer.join(self._copies.text(redact_key(part)) for part in json_pointer.split(pointer)),
                "message": self._copies.quotations(self._without(message)),
            }
            for pointer, message in violations
        ]

    def mask(self, value: JsonValue, *, schema: JsonValue | MarkedPlace = None) -> JsonValue:
        """A value made from the payload, as people may see it: what is hidden is replaced inside longer texts too."""
        return self._copies.value(redact(value, schema=schema))

    def sentence(self, text: str) -> str:
        """An error's text, which may quote the payload as an author's own `$error` does, as people may see it."""
        return self._copies.sentence(text)

    @cached_property
    def _copies(self) -> Copies:
        return Copies(self.hidden)

    def _without(self, message: str) -> str:
        for beginning in self._beginnings:
            if beginning in message:  # tens of thousands may be hidden, and few are named
                end = r'[^"]*' if len(beginning) == _LONGEST_BEGINNING else ""
                message = re.sub(re.escape(beginning) + end, lambda _: REDACTED, message)
        return message

    @cached_property
    def _beginnings(self) -> list[str]:
        """What hidden texts begin with, the longest first: sentences cut long keys short, which are known by that."""
        found = {text[:_LONGEST_BEGINNING] for text in self.hidden if len(text) >= _SHORTEST_IN_NAME}
        return sorted(found, key=len, reverse=True)


def _hidden(raw: JsonValue, redacted: JsonValue) -> Iterator[str]:
    if isinstance(raw, dict) and isinstance(redacted, dict):
        for key, member in raw.items():
            shown = redact_key(key)
            if shown != key:
                yield from _cut_out(key, shown)
            shown_member = redacted.get(shown, REDACTED)
            if member is not shown_member:
                yield from _hidden(member, shown_member)
    elif isinstance(raw, list) and isinstance(redacted, list):
        for member, shown in zip(raw, redacted, strict=False):
            if member is not shown:  # what was left alone hides nothing
                yield from _hidden(member, shown)
    elif isinstance(raw, str) and isinstance(redacted, str) and redacted != REDACTED:
        if raw != redacted:
            yield from _hidden_in_text(raw, redacted)
    elif redacted == REDACTED and raw != REDACTED:
        yield from _leaves(raw)


def _hidden_in_text(raw: str, redacted: str) -> Iterator[str]:
    if raw.lstrip()[:1] in ("{", "["):
        try:
            yield from _hidden(strict_json.parse(raw), strict_json.parse(redacted))
            return
        except InvalidInput:
            pass
    yield from _cut_out(raw, redacted)


def _cut_out(raw: str, redacted: str) -> Iterator[str]:
    """What stands in the raw text where the redacted one says that something was."""
    first, *kept = redacted.split(REDACTED)
    at = len(first)
    for piece in kept if raw.startswith(first) else []:
        end = raw.find(piece, at) if piece else len(raw)
        if end < 0:
            return
        yield from _told_apart(raw[at:end])
        at = end + len(piece)


def _told_apart(text: str) -> Iterator[str]:
    """The text, and what it is without the scheme before it: Bearer abc is known as abc too."""
    if text and text != REDACTED:
        yield text
        if scheme := _SCHEME.match(text):
            yield text[scheme.end() :]


def _leaves(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif value is not None and not isinstance(value, bool):
        for text in _spellings(value):
            yield from _told_apart(text)


def _spellings(value: JsonValue) -> set[str]:
    """A leaf as text: a number as it came, and as an expression writes it, 1.10 as 1.1 and 1e3 as 1000."""
    if isinstance(value, Decimal | float) and math.isfinite(value):
        return {str(value), repr(float(value)), f"{Decimal(str(value)).normalize():f}"}
    return {str(value)}
