"""Alternatives: anyOf, oneOf and the two ways of an if, as what a value may be and as what it has to fit."""

from __future__ import annotations

from typing import Any

from lib.schemas.compatibility import scalars
from lib.schemas.compatibility.comparing import Comparing
from lib.schemas.compatibility.reasons import OPEN, Mismatch
from lib.schemas.compatibility.sides import Atoms, Compiled
from lib.schemas.compatibility.views import View
from lib.serialization.json_values import identity

#: Listed values and branches that are looked at one by one.
_MOST = 100

Reasons = tuple[Mismatch, ...]
#: A field that tells branches apart: its name, and which branches each of its values is of.
Discriminator = tuple[str, dict[Any, list[int]]]


_KEYWORDS = ("anyOf", "oneOf", "if")


def first(comparing: Comparing, narrow: Atoms) -> list[Atoms]:
    """The first alternatives that the narrow schemas leave open, each as one place; empty without any."""
    for node in narrow.schemas:
        for keyword in _KEYWORDS:
            if keyword in node and (id(node), keyword) not in narrow.passed:
                passed = [(id(node), keyword)]
                branches = _branches(comparing, node, keyword)
                return [comparing.sides.also(narrow, *one, passed=passed) for one in branches]
    return []


def _without_alternatives(comparing: Comparing, narrow: Atoms) -> Atoms:
    passed = [(id(node), keyword) for node in narrow.schemas for keyword in _KEYWORDS if keyword in node]
    return comparing.sides.also(narrow, passed=passed)


def pieces(comparing: Comparing, view: View) -> list[Atoms]:
    """The same place for each listed value, or for each kind of value; empty where there is one of them."""
    sides = comparing.sides
    if view.listed is not None:
        few = 1 < len(view.listed) <= _MOST
        return [sides.also(view.atoms, sides.of_value(one)) for one in view.listed] if few else []
    return [sides.also(view.atoms, sides.of_kinds([one])) for one in sorted(view.types)] if len(view.types) > 1 else []


def _branches(comparing: Comparing, node: dict[str, Any], keyword: str) -> list[list[Compiled]]:
    sides = comparing.sides
    if keyword == "if":
        return [[node["if"], node.get("then", True)], [sides.refusing(node["if"]), node.get("else", True)]]
    branches = node[keyword]
    if keyword == "anyOf":
        return [[one] for one in branches]
    return [
        [one, *(sides.refusing(branches[other]) for other in _rivals(comparing, branches, number))]
        for number, one in enumerate(branches)
    ]


def _rivals(comparing: Comparing, branches: list[Compiled], number: int) -> list[int]:
    """The branches of a oneOf that a value of one of them might fit as well."""
    known = discriminator(comparing, branches)
    if known is not None:
        found = {other for of_value in known[1].values() if number in of_value for other in of_value}
    else:
        found = set(range(len(branches))) if len(branches) <= _MOST else set()
    return sorted(other for other in found - {number} if branches[other] is not False)


def discriminator(comparing: Comparing, branches: list[Compiled]) -> Discriminator | None:
    """The field that tells branches apart: each of them is an object that requires it and lists its values."""
    known = comparing.discriminators
    if id(branches) not in known:
        known[id(branches)] = _discriminator(comparing, branches)
    return known[id(branches)]


def _discriminator(comparing: Comparing, branches: list[Compiled]) -> Discriminator | None:
    views = [comparing.view(comparing.sides.atoms([branch])) for branch in branches]
    if any(view.types != {"object"} for view in views):
        return None
    for name in sorted(frozenset.intersection(*(view.required for view in views))):
        of_value: dict[Any, list[int]] = {}
        for number, view in enumerate(views):
            values = comparing.view(comparing.sides.atoms(view.child(name))).listed
            if values is None:
                break
            for value in values:
                of_value.setdefault(identity(value), []).append(number)
        else:
            return name, of_value
    return None


def _candidates(comparing: Comparing, view: View, branches: list[Compiled]) -> list[int]:
    """The branches that a value may fit at all, as far as a discriminator tells."""
    known = discriminator(comparing, branches)
    if known is None or view.types != {"object"} or known[0] not in view.required:
        return list(range(len(branches)))
    values = comparing.view(comparing.sides.atoms(view.child(known[0]))).listed
    if values is None:
        return list(range(len(branches)))
    return sorted({number for value in values for number in known[1].get(identity(value), ())})


def check(comparing: Comparing, view: View, keyword: str, branches: list[Compiled]) -> Reasons:
    """Why a value may not fit any of the branches, or, for oneOf, exactly one."""
    candidates = _candidates(comparing, view, branches)
    several = first(comparing, view.atoms)
    narrow = _without_alternatives(comparing, view.atoms) if several else view.atoms
    best: Reasons | None = None
    tried: dict[int, Reasons] = {}
    for number in candidates:
        reasons = tried[number] = comparing.compare(narrow, branches[number])
        if any(not one.only_strict for one in reasons) or (best is not None and len(best) <= len(reasons)):
            continue
        others = [branches[other] for other in candidates if other != number] if keyword == "oneOf" else []
        if all(comparing.is_empty(comparing.sides.also(narrow, other)) for other in others):
            best = reasons
            if not best:
                return ()
    if best is not None:
        return best
    if several or pieces(comparing, view):
        return (OPEN,)
    return _refused(comparing, view, branches, tried)


def _refused(comparing: Comparing, view: View, branches: list[Compiled], tried: dict[int, Reasons]) -> Reasons:
    alike = [
        n for n, branch in enumerate(branches) if comparing.view(comparing.sides.atoms([branch])).types & view.types
    ]
    if len(alike) == 1 and tried.get(alike[0]):
        return tried[alike[0]]
    if not alike:
        kinds = scalars.kinds_shown(view.types)
        text, turned = f"takes no {kinds} now", f"takes {kinds} now, as it did not before"
        return (comparing.teller.said("TYPE_NARROWED", text, turned=turned),)
    if not all(tried.values()):
        text = "may fit several of its alternatives, of which one is allowed"
        return (Mismatch((), "COMBINED_TYPE_SUBSCHEMAS_CHANGED", text),)
    text, turned = "had an alternative that fits none of today's", "has an alternative that fits none of those before"
    return (comparing.teller.said("SUM_TYPE_NARROWED", text, turned=turned),)
