"""Why one schema refuses what another one takes: the names are those of Confluent's schema registry.

Its names tell how a schema changed, so the same reason has two of them: one where the new schema is the narrower one,
and one where the old schema is. Names that it lacks, since it does not compare those keywords, are ours: FORMAT_…,
CONTAINS_…, PATTERN_PROPERTIES_…, PROPERTY_NAMES_… and UNDECIDED.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lib.schemas.exact_numbers import exact
from lib.serialization.json_values import json_text

UNDECIDED = "UNDECIDED"
_LONGEST = 60
_MIRRORED = {
    "ADDED": "REMOVED",
    "REMOVED": "ADDED",
    "INCREASED": "DECREASED",
    "DECREASED": "INCREASED",
    "EXPANDED": "REDUCED",
    "EXTENDED": "NARROWED",
    "NARROWED": "EXTENDED",
}


@dataclass(frozen=True)
class Mismatch:
    """One reason. `text` follows a subject: the place that `path` leads to, with "*" for any item or other name."""

    path: tuple[str | int, ...]
    name: str
    text: str
    only_strict: bool = False

    def below(self, step: str | int) -> Mismatch:
        """The same, seen from one level further up."""
        return replace(self, path=(step, *self.path))


#: Whether a value fits one of the alternatives is to be found out for its own alternatives, one by one.
OPEN = Mismatch((), UNDECIDED, "cannot be compared: which of the alternatives a value fits is not known")


@dataclass(frozen=True)
class Teller:
    """Puts reasons into words, for the way in which the schemas are compared.

    Backward, the old schema is the narrow one that must fit into the new one; forward, it is the other way round.
    """

    backward: bool

    def said(
        self, name: str, text: str, *, mirrored: str = "", turned: str = "", only_strict: bool = False
    ) -> Mismatch:
        """A reason by what the new schema narrows, or, forward, by what it widens (`mirrored`, `turned`)."""
        if self.backward:
            return Mismatch((), name, text, only_strict)
        stem, _, end = name.rpartition("_")
        mirror = mirrored or f"{stem}_{_MIRRORED.get(end, end)}"
        return Mismatch((), mirror, turned or text, only_strict)

    def undecided(self, why: str) -> Mismatch:
        """A reason for what could not be found out."""
        return Mismatch((), UNDECIDED, f"cannot be compared: {why}")

    def bound(self, stem: str, keyword: str, narrow: Any, wide: Any) -> Mismatch:
        """A bound that is tighter in the wide schema. `narrow` is None where the narrow schema has none."""
        old, new = (narrow, wide) if self.backward else (wide, narrow)
        if old is None:
            return Mismatch((), f"{stem}_ADDED", f"has {keyword} {shown(new)} now and had none")
        if new is None:
            return Mismatch((), f"{stem}_REMOVED", f"has no {keyword} now and had {shown(old)}")
        grown = "INCREASED" if exact(new) > exact(old) else "DECREASED"
        return Mismatch((), f"{stem}_{grown}", f"has {keyword} {shown(new)} now and had {shown(old)}")

    def changed(self, stem: str, keyword: str, narrow: list[Any], wide: Any) -> Mismatch:
        """A keyword that only the wide schema has, or has otherwise."""
        olds, news = (narrow, [wide]) if self.backward else ([wide], narrow)
        old, new = " and ".join(map(shown, olds)), " and ".join(map(shown, news))
        if not narrow:
            end = "ADDED" if self.backward else "REMOVED"
            text = f"has {keyword} {new} now and had none" if self.backward else f"has no {keyword} now and had {old}"
            return Mismatch((), f"{stem}_{end}", text)
        return Mismatch((), f"{stem}_CHANGED", f"has {keyword} {new} now and had {old}")


def shown(value: Any) -> str:
    """A value for a sentence."""
    text = json_text(value, None) if not isinstance(value, str) else value
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def listed(values: list[Any]) -> str:
    """Some values for a sentence."""
    told = ", ".join(map(shown, values[:5]))
    return told if len(values) <= 5 else f"{told} and {len(values) - 5} more"


def subject(path: tuple[str | int, ...]) -> str:
    """What a reason is about, in words."""
    text = ""
    for step in path:
        if isinstance(step, int) or step == "*":
            text += f"[{'' if step == '*' else step}]"
        else:
            text += f".{step}" if text else step
    return text or "The payload"
