"""Does a schema take every value that another one takes? No reason against it means yes, surely.

A value of the narrow schema must fit each keyword of the wide one. What the narrow schema leaves open is taken as
possible. Its alternatives are looked at one by one where that decides something. A pair of places that is met again
further inside a value is taken to fit there, as it is being compared already. Work is counted, and what takes too much
is undecided.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lib.schemas.compatibility import alternatives, lists, objects, scalars
from lib.schemas.compatibility.comparing import Check
from lib.schemas.compatibility.reasons import OPEN, UNDECIDED, Mismatch, Teller
from lib.schemas.compatibility.sides import Atoms, Compiled, Sides
from lib.schemas.compatibility.views import View, kinds

#: Pairs of places that are compared at most, and how deep they may lie in a value and in one another.
MOST_PAIRS = 12_000
_DEEPEST = 45
#: What a pair costs beside what is looked at for it, in looks.
_EACH_PAIR = 15
#: Reasons that are kept of one place.
_MOST_REASONS = 1000
_KEYWORDS: dict[str, Check] = {**scalars.KEYWORDS, **objects.KEYWORDS, **lists.KEYWORDS}
_UNDECIDED_KEYWORDS = {
    "$dynamicRef": "a dynamic reference means what the schemas around it say",
}

Reasons = tuple[Mismatch, ...]


class Inclusion:
    """Compares places of two schemas, each pair once."""

    def __init__(self, sides: Sides, *, backward: bool) -> None:
        self.sides, self.teller = sides, Teller(backward)
        self.pairs = 0
        self.discriminators: dict[int, alternatives.Discriminator | None] = {}
        self._depth = self._level = 0
        self._known: dict[Any, Reasons] = {}
        #: What was found to fit, in the order in which it was: (where it is kept, its key).
        self._journal: list[tuple[dict[Any, Any], Any]] = []
        self._open: dict[Any, int] = {}
        self._views: dict[Any, View] = {}
        self._empty: dict[Any, bool] = {}

    # -- what keywords ask ------------------------------------------------------------------------

    def view(self, atoms: Atoms) -> View:
        """Read what holds at a place."""
        if atoms.key not in self._views:
            self._views[atoms.key] = View(self.sides, atoms)
        return self._views[atoms.key]

    def compare(self, narrow: Atoms, wide: Compiled, *, inside: bool = False) -> Reasons:
        """Why the wide schema refuses a value of the narrow ones; `inside` for a place inside of the last one."""
        if wide is True or (not narrow.schemas and wide == {}):
            return ()
        key = (narrow.key, id(wide) if isinstance(wide, dict) else wide)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            if self._open[key] < self._level + inside:
                return ()
            return (self.teller.undecided("it refers to itself"),)
        self.pairs += 1 + len(narrow.schemas) // 4
        if self.pairs > MOST_PAIRS:
            return (self.teller.undecided("there is too much of it"),)
        if self._depth >= _DEEPEST:
            return (self.teller.undecided("it lies too deep"),)
        return self._compared_once(key, narrow, wide, inside)

    def _compared_once(self, key: Any, narrow: Atoms, wide: Compiled, inside: bool) -> Reasons:
        self.sides.look(_EACH_PAIR)
        self._depth += 1
        self._level += inside
        self._open[key] = self._level
        before = len(self._journal)
        try:
            found = self._compared(narrow, wide)
        finally:
            del self._open[key]
            self._depth -= 1
            self._level -= inside
        found = tuple(sorted(dict.fromkeys(found), key=lambda one: one.only_strict))[:_MOST_REASONS]
        if found:  # what was found on the way took it for granted that this pair fits
            for known, one in self._journal[before:]:
                known.pop(one, None)
            del self._journal[before:]
        self._known[key] = found
        if not found:
            self._journal.append((self._known, key))
        return found

    def includes(self, narrow: Atoms, wide: Compiled) -> bool:
        """Whether every value fits, in the strict reading."""
        return not self.compare(narrow, wide)

    def is_empty(self, atoms: Atoms) -> bool:
        """Whether surely no value fits all of these."""
        if atoms.key not in self._empty:
            self._empty[atoms.key] = False  # while it is being found out
            if self._is_empty(atoms):
                self._empty[atoms.key] = True
                self._journal.append((self._empty, atoms.key))
        return self._empty[atoms.key]

    # -- comparing one pair -----------------------------------------------------------------------

    def _compared(self, narrow: Atoms, wide: Compiled) -> Iterable[Mismatch]:
        if self.is_empty(narrow):
            return ()
        if wide is False:
            return (self.teller.said("TYPE_CHANGED", "takes no value now", turned="took no value before"),)
        if self._has(narrow, wide):
            return ()
        found = self._unsplit(narrow, wide)
        parts = alternatives.first(self, narrow) if found else []
        if not parts and OPEN in found:
            parts = alternatives.pieces(self, self.view(narrow))
        if not parts:
            return found
        split = [reason for part in parts for reason in self.compare(part, wide)]
        return split if _tells_more(split, found) else found

    def _has(self, narrow: Atoms, wide: Compiled) -> bool:
        """Whether one of the narrow schemas says just what the wide one does."""
        passed = {at for at, _ in narrow.passed}
        return any(self.sides.says_the_same(one, wide) for one in narrow.schemas if id(one) not in passed)

    def _unsplit(self, narrow: Atoms, wide: Compiled) -> list[Mismatch]:
        view = self.view(narrow)
        found: list[Mismatch] = []
        for atom in self.sides.atoms([wide]).schemas:
            if self._has(narrow, atom):
                continue
            for keyword, wanted in atom.items():
                if keyword in _KEYWORDS:
                    found += _KEYWORDS[keyword](self, view, atom, wanted)
                elif keyword in ("anyOf", "oneOf"):
                    found += alternatives.check(self, view, keyword, wanted)
                elif keyword == "if":
                    found += self._condition(view, atom)
                elif keyword == "not":
                    found += self._not(view, wanted)
                elif keyword in _UNDECIDED_KEYWORDS:
                    found.append(self.teller.undecided(_UNDECIDED_KEYWORDS[keyword]))
        return found

    # -- emptiness --------------------------------------------------------------------------------

    def _is_empty(self, atoms: Atoms) -> bool:
        view = self.view(atoms)
        types = view.types
        if "object" in types and self._lacks_required(view):
            types -= {"object"}
        if not types or (view.listed is not None and not scalars.possible(view)):
            return True
        if self._depth >= _DEEPEST or self.pairs > MOST_PAIRS:
            return False
        for node in view.holders("not"):
            refused = node["not"]
            if refused is True or not isinstance(refused, dict) or refused.keys() == {"type"}:
                continue
            if self.includes(self.sides.atoms(atoms.schemas, atoms.passed | {(id(node), "not")}), refused):
                return True
        return False

    def _lacks_required(self, view: View) -> bool:
        """Whether an object would need a field that can have no value."""
        if self._depth >= _DEEPEST:
            return False
        self._depth += 1
        try:
            return any(self.is_empty(self.sides.atoms(view.child(name))) for name in sorted(view.required))
        finally:
            self._depth -= 1

    # -- conditions and refusals -------------------------------------------------------------------

    def _condition(self, view: View, atom: dict[str, Any]) -> list[Mismatch]:
        """if, then and else: values for which the test holds, and all others."""
        test, refused = atom["if"], self.sides.refusing(atom["if"])
        found = [*self.compare(self.sides.also(view.atoms, test), atom.get("then", True))]
        return [*found, *self.compare(self.sides.also(view.atoms, refused), atom.get("else", True))]

    def _not(self, view: View, refused: Compiled) -> Reasons:
        """No value may fit what is refused."""
        if refused is False or self.is_empty(self.sides.also(view.atoms, refused)):
            return ()
        if isinstance(refused, dict) and refused.keys() == {"type"}:
            missing = scalars.kinds_shown(view.types & kinds(refused["type"]))
            text, turned = f"takes no {missing} now", f"takes {missing} now, as it did not before"
        else:
            text, turned = "may be one of the values that are refused now", "takes values now that were refused before"
        return (self.teller.said("NOT_TYPE_EXTENDED", text, turned=turned),)


def _tells_more(split: list[Mismatch], found: list[Mismatch]) -> bool:
    """Whether reasons of single alternatives tell more than those of all together."""
    if not split or OPEN in found:
        return True
    whole = all(one.name.startswith("TYPE_") and not one.path for one in found)
    return not whole and not any(one.name == UNDECIDED for one in split)
