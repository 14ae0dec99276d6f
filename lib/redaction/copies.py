"""Finds copies of what was taken out of a payload: in values made from it, and in sentences about it."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property

from lib.redaction.texts import REDACTED, redact_text
from lib.serialization.strict_json import JsonValue

#: Inside longer texts, shorter ones would be found by chance: in copies of a payload, and in what senders wrote
#: beside it, such as ids.
_SHORTEST = 4
#: A whole value that is the same is no chance from three characters on, such as a card's check digits.
_SHORTEST_ALONE = 3
#: No sentence is cut longer than that.
_LONGEST_END = 300
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)


class Copies:
    """Copies of hidden texts. Three characters are known alone, four inside a longer text."""

    def __init__(self, hidden: Iterable[str]) -> None:
        self._alone = frozenset(text for text in hidden if len(text) >= _SHORTEST_ALONE)

    def value(self, value: JsonValue) -> JsonValue:
        """The value without copies."""
        return self._value(value) if self._alone else value

    def text(self, text: str) -> str:
        """The text without copies."""
        return REDACTED if text in self._alone else self._inside_of(text)

    def sentence(self, text: str) -> str:
        """A sentence that may quote anything, as an author's own error does, without secrets and copies.

        Sentences are cut short, so a secret at the end is known by its beginning.
        """
        shown = self.text(redact_text(text))
        for start in range(max(0, len(shown) - min(self._longest, _LONGEST_END)), len(shown) - _SHORTEST + 1):
            if self._begins(shown[start:]):
                return shown[:start] + REDACTED
        return shown

    def quotations(self, sentence: str) -> str:
        """One of our sentences, without copies in what it quotes; its own words are not searched."""
        return _QUOTED.sub(lambda quoted: f'"{self.text(quoted[1])}"', sentence) if self._alone else sentence

    def _value(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {self._inside_of(key): self._value(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._value(member) for member in value]
        if value is None or isinstance(value, bool):
            return value
        if str(value) in self._alone:
            return REDACTED
        return self._inside_of(value) if isinstance(value, str) else value

    @cached_property
    def _inside(self) -> list[str]:
        """What is searched inside texts, as it is and as JSON writes it, the longest first.

        A part of a longer secret must not leave the rest of it.
        """
        plain = [text for text in self._alone if len(text) >= _SHORTEST]
        written = {json.dumps(text, ensure_ascii=ascii)[1:-1] for text in plain for ascii in (False, True)}
        return sorted(written.union(plain), key=lambda text: (-len(text), text))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._inside)

    @cached_property
    def _longest(self) -> int:
        return len(self._inside[0]) if self._inside else 0

    def _begins(self, text: str) -> bool:
        """Whether a secret begins so."""
        at = bisect_left(self._sorted, text)
        return at < len(self._sorted) and self._sorted[at].startswith(text)

    @cached_property
    def _lengths(self) -> dict[str, list[int]]:
        """How long the secrets are that begin so, the longest first."""
        found: dict[str, dict[int, None]] = {}
        for text in self._inside:
            found.setdefault(text[:_SHORTEST], {})[len(text)] = None
        return {beginning: list(lengths) for beginning, lengths in found.items()}

    @cached_property
    def _most_lengths(self) -> int:
        return max(map(len, self._lengths.values()), default=0)

    def _inside_of(self, text: str) -> str:
        # Thousands of short texts and thousands of secrets would otherwise take seconds.
        if len(text) * self._most_lengths < len(self._inside):
            return self._looked_up(text)
        for hidden in self._inside:
            text = text.replace(hidden, REDACTED)
        return text

    def _looked_up(self, text: str) -> str:
        """The same, by looking at each place of the text whether a secret begins there."""
        pieces, done, at = list[str](), 0, 0
        while at <= len(text) - _SHORTEST:
            lengths = self._lengths.get(text[at : at + _SHORTEST], ())
            length = next((length for length in lengths if text[at : at + length] in self._searched), 0)
            if length:
                pieces += (text[done:at], REDACTED)
                done = at + length
            at += length or 1
        return "".join((*pieces, text[done:]))

    @cached_property
    def _searched(self) -> frozenset[str]:
        return frozenset(self._inside)
