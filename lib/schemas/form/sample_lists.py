"""Sample lists for a place: tuples, unique items, and items that `contains` asks for or counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lib.schemas.form.sample_place import PicksValues, SamplePlace
from lib.schemas.parts import Part, Parts
from lib.schemas.spec import Spec
from lib.serialization.json_values import identity, json_type

#: Rows of one list at most, unless minItems asks for more.
ROWS = 50
#: Lists of one kind: rows beyond those needed, steps from row to row, and where they start.
SHAPES = [(0, 1, 0), *((0, 0, start) for start in range(4)), (1, 1, 0), (2, 1, 0), (3, 1, 1)]
#: Keywords that may forbid more rows than a tuple names.
_RESTS = ("items", "additionalItems", "unevaluatedItems")


@dataclass(frozen=True)
class _Contained:
    """What a list must contain, how often at least and at most."""

    parts: Parts
    least: int
    most: float


def sample_lists(sampler: PicksValues, spec: Spec, place: SamplePlace) -> Iterator[list[Any]]:
    """Yield lists: as short as may be with something inside, then with equal rows, then longer ones, then none."""
    contained = [one for part in spec.parts for one in _contained(part)]
    for extra, step, start in SHAPES:
        yield _Rows(sampler, spec, place, contained, step, start).make(extra)
    yield []


def _contained(part: Part) -> Iterator[_Contained]:
    schema = part.schema
    if "contains" in schema:
        least = schema.get("minContains", 1)
        most = schema.get("maxContains", float("inf"))
        numbers = [one if json_type(one) in ("integer", "number") else 1 for one in (least, most)]
        yield _Contained((Part(schema["contains"], part.resolver),), int(numbers[0]), numbers[1])


class _Rows:
    """Makes the rows of one list."""

    def __init__(
        self,
        sampler: PicksValues,
        spec: Spec,
        place: SamplePlace,
        contained: list[_Contained],
        step: int,
        start: int,
    ) -> None:
        self.sampler, self.spec, self.place, self.contained = sampler, spec, place, contained
        self.step, self.start = step, start
        self.rows: list[Any] = []
        self.taken: set[Any] = set()  # what unique rows may not be again

    def make(self, extra: int) -> list[Any]:
        """Make rows: those of minItems and of a tuple, one where a list may have some, and `extra` ones."""
        spec, inner = self.spec, self.place.below("", self.spec)
        least = int(max([0, *spec.number_keyword("minItems")]))
        most = int(min([10**6, *spec.number_keyword("maxItems")]))
        stops = (number for number, parts in enumerate(spec.prefix) if not self.sampler.may_hold(parts, inner))
        wanted = max(least, next(stops, len(spec.prefix)))
        if not wanted and spec.items and self.sampler.spend(spec.items, inner):
            wanted = 1
        for number in range(min(wanted + extra, most, max(least, ROWS))):
            self._put(self._row(spec.item(number), number, self._fits))
        for one in self.contained:
            self._contain(one, most)
        return self.rows

    def _row(self, parts: Parts, number: int, fits: Any) -> Any:
        place = self.place.below("", self.spec, turn=self.start + number * self.step)
        return self.sampler.pick(parts, place, fits)

    def _fits(self, row: Any) -> bool:
        """Tell whether a row may stand beside those made: not again where they are unique, not too often."""
        return self._is_new(row) and self._is_not_too_often(row)

    def _is_new(self, row: Any) -> bool:
        return not self.spec.unique or identity(row) not in self.taken

    def _is_not_too_often(self, row: Any) -> bool:
        return all(self._count(one) < one.most or not self._matches(one, row) for one in self.contained)

    def _contain(self, one: _Contained, most: int) -> None:
        """Add the rows that must be contained; in a full list, they take the place of others."""
        spec = self.spec
        for number in reversed(range(len(self.rows) + min(one.least, ROWS))):
            if self._count(one) >= one.least:
                return
            place = len(self.rows) if self._may_grow(most) else number
            if place >= len(self.rows) and not self._may_grow(most):
                continue
            if place < len(self.rows) and self._matches(one, self.rows[place]):
                continue
            row = self._row((*spec.item(place), *one.parts), place, self._is_new)
            if place == len(self.rows):
                self._put(row)
            elif self.sampler.validator.is_valid((*spec.item(place), *one.parts), row):
                self.rows[place] = row

    def _put(self, row: Any) -> None:
        self.rows.append(row)
        if self.spec.unique:
            self.taken.add(identity(row))

    def _may_grow(self, most: int) -> bool:
        here = len(self.rows)
        closed = any(part.schema.get(rest) is False for part in self.spec.parts for rest in _RESTS)
        return here < most and (here < len(self.spec.prefix) or not closed)

    def _count(self, one: _Contained) -> int:
        return sum(self._matches(one, row) for row in self.rows)

    def _matches(self, one: _Contained, row: Any) -> bool:
        return self.sampler.validator.is_valid(one.parts, row)
