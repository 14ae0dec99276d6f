"""Compares two schemas of one thing: which readers of the one can read what was made for the other.

BACKWARD: the new schema takes every value of the old one, so a consumer of the new one reads old data. FORWARD is the
other way round. Each finding has a name as Confluent's schema registry has it. There are two readings:

- strict: as that registry reads. A field that is added to an object with further fields breaks, since anything may
  have stood under its name.
- optional-friendly: such a field breaks nothing, as long as it need not be there.

Both are sound: what cannot be decided is a finding (docs/decisions/0077). Pure; nothing here asks a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from lib.schemas import cost
from lib.schemas.compatibility.inclusion import Inclusion
from lib.schemas.compatibility.reasons import UNDECIDED, Mismatch, subject
from lib.schemas.compatibility.sides import ComparedSchema, Sides, TooMuchWork
from lib.serialization import json_pointer

__all__ = ["READINGS", "UNDECIDED", "Comparison", "CompatibilityFinding", "Direction", "Reading", "Verdict", "compare"]

Direction = Literal["backward", "forward"]
Reading = Literal["optional-friendly", "strict"]
Verdict = Literal["FULL", "BACKWARD", "FORWARD", "BREAKING"]

READINGS: tuple[Reading, ...] = get_args(Reading)


@dataclass(frozen=True)
class CompatibilityFinding:
    """One reason why two schemas are not compatible in a direction.

    `place` is a JSON pointer into the values, with * for any item and any further field. `name` is Confluent's.
    """

    place: str
    name: str
    breaks: Direction
    sentence: str
    only_strict: bool = False


@dataclass(frozen=True)
class Comparison:
    """What differs between an old schema and a new one, as far as it breaks something."""

    findings: tuple[CompatibilityFinding, ...] = ()

    def of(self, reading: Reading) -> tuple[CompatibilityFinding, ...]:
        """The findings that count in a reading."""
        return tuple(one for one in self.findings if reading == "strict" or not one.only_strict)

    def verdict(self, reading: Reading = "optional-friendly") -> Verdict:
        """Which readers the new schema serves."""
        broken = {finding.breaks for finding in self.of(reading)}
        if not broken:
            return "FULL"
        if len(broken) == 2:
            return "BREAKING"
        return "FORWARD" if "backward" in broken else "BACKWARD"


def compare(old: Any, new: Any) -> Comparison:
    """Compare two schemas. Work is bounded whatever they are; what takes more is told as undecided."""
    if _is_same(old, new):
        return Comparison()
    if not (cost.has_small_patterns(old) and cost.has_small_patterns(new)):
        why = "The payload cannot be compared: the patterns of its schema are too large."
        return Comparison(tuple(CompatibilityFinding("", UNDECIDED, one, why) for one in get_args(Direction)))
    before, after = ComparedSchema(old), ComparedSchema(new)
    sides = Sides(before, after)
    findings = (*_findings(sides, before, after, "backward"), *_findings(sides, after, before, "forward"))
    return Comparison(findings)


def _is_same(old: Any, new: Any) -> bool:
    """Whether two schemas say the same in the same words, however deep they are."""
    waiting = [(old, new)]
    while waiting:
        one, other = waiting.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, dict):
            if one.keys() != other.keys():
                return False
            waiting.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list):
            if len(one) != len(other):
                return False
            waiting.extend(zip(one, other, strict=True))
        elif one != other:
            return False
    return True


def _findings(
    sides: Sides, narrow: ComparedSchema, wide: ComparedSchema, breaks: Direction
) -> list[CompatibilityFinding]:
    inclusion = Inclusion(sides, backward=breaks == "backward")
    try:
        reasons = list(inclusion.compare(sides.atoms([narrow.root]), wide.root))
    except TooMuchWork:
        reasons = [inclusion.teller.undecided("it takes too much work")]
    known = narrow.unusable()
    reasons += [
        Mismatch((), UNDECIDED, f"cannot be compared at {place or 'its top'}: the schema {why.rstrip('.')}")
        for (place, keyword, held), why in wide.unusable().items()
        if (place, keyword, held) not in known
    ]
    return [
        CompatibilityFinding(
            json_pointer.join(one.path), one.name, breaks, f"{subject(one.path)} {one.text}.", one.only_strict
        )
        for one in dict.fromkeys(reasons)
    ]
