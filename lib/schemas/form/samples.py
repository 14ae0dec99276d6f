"""A sample value for a schema: the same every time, and valid wherever one can be found."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.form.repair import repair
from lib.schemas.form.sample_scalars import sample_keys, sample_number, sample_texts
from lib.schemas.form.violations import Validator
from lib.schemas.parts import Parts
from lib.schemas.spec import Option, Spec
from lib.serialization.json_values import ABSENT, copy

#: Optional fields filled in at most, the depth they are filled to, and the depth at which all stops.
OPTIONAL_FIELDS, OPTIONAL_DEPTH, DEEPEST = 150, 4, 16
#: Places made before a sample gives up on what is left.
STEPS = 4000


@dataclass(frozen=True)
class SamplePlace:
    """Where a sample is being made: `turn` tells items of one list apart, `above` holds the schemas that
    the place is inside of."""

    name: str = ""
    path: str = ""
    depth: int = 0
    turn: int = 0
    above: frozenset[int] = frozenset()

    def below(self, name: str, spec: Spec, turn: int = 0) -> SamplePlace:
        inside = self.above | {id(part.schema) for part in spec.parts}
        path = f"{self.path}/{name}{turn or ''}"
        return SamplePlace(name or self.name, path, self.depth + 1, self.turn + turn, inside)

    def at(self, name: str, turn: int = 0) -> SamplePlace:
        return replace(self, name=name, path=f"{self.path}/{name}", turn=self.turn + turn)


def sample(schema: Any) -> Any:
    """Make a sample value for a schema; valid whenever one can reasonably be found."""
    document = SchemaDocument(schema)
    return Sampler(document, Validator(document)).sample(document.root)


class Sampler:
    """Makes samples for places of one document."""

    def __init__(self, document: SchemaDocument, validator: Validator) -> None:
        self.document, self.validator = document, validator
        self._optional_left = self._steps_left = 0

    def sample(self, parts: Parts) -> Any:
        """Make a sample for one place: with its optional fields, else without them, else the nearest miss."""
        best: tuple[int, Any] | None = None
        for allowance in (OPTIONAL_FIELDS, 0):
            self._optional_left, self._steps_left = allowance, STEPS
            value = repair(self, parts, self.make(parts, SamplePlace()))
            errors = len(self.validator.errors(parts, value))
            if best is None or errors < best[0]:
                best = (errors, value)
            if not errors:
                break
        assert best is not None
        return best[1]

    def make(self, parts: Parts, place: SamplePlace, settled: dict[Any, int | str] | None = None) -> Any:
        """Make a value for a place; it may still break conditions between fields."""
        settled = settled or {}
        spec = self.document.spec(parts, settled)
        self._steps_left -= 1
        if place.depth > DEEPEST + 8 or self._steps_left < 0:
            return None
        for value in _given(spec, place.turn):
            if self.validator.is_valid(spec.parts, value):
                return copy(value)
        if spec.nullable and (place.depth > DEEPEST or self._is_inside(spec, place)):
            return None
        if spec.choice is not None:
            return self._choice(parts, spec, place, settled)
        if spec.options:
            return copy(spec.options[0].value)
        return self._of_kind(spec, place)

    def make_named(self, parts: Parts, name: str) -> Any:
        """Make a value for a place somewhere inside, of which only the name is known."""
        return self.make(parts, SamplePlace(name=name, depth=1))

    def _choice(self, parts: Parts, spec: Spec, place: SamplePlace, settled: dict[Any, int | str]) -> Any:
        """Take the first branch that gives a valid value, else the first branch."""
        assert spec.choice is not None
        first: Any = ABSENT
        left = self._optional_left
        options = list(spec.choice.options)
        if self._is_inside(spec, place):  # out of the recursion by the shortest way
            options.sort(key=lambda one: self._settled_kind(parts, settled, spec, one) in ("object", "array"))
        for option in options:
            self._optional_left = left
            value = self.make(parts, place, settled | {spec.choice.source: option.number})
            if self.validator.is_valid(spec.parts, value):
                return value
            first = value if first is ABSENT else first
            if place.depth > DEEPEST:
                break
        return first

    def _settled_kind(self, parts: Parts, settled: dict[Any, int | str], spec: Spec, option: Option) -> str:
        assert spec.choice is not None
        return self.document.spec(parts, settled | {spec.choice.source: option.number}).kind

    def _of_kind(self, spec: Spec, place: SamplePlace) -> Any:
        if spec.kind == "object":
            return self._object(spec, place)
        if spec.kind == "array":
            return self._array(spec, place)
        if spec.kind == "string":
            texts = sample_texts(spec, place.name, place.turn, _identifier(place))
            first = next(texts)
            fitting = (text for text in chain([first], texts) if self.validator.is_valid(spec.parts, text))
            return next(fitting, first)
        if spec.kind in ("integer", "number"):
            return sample_number(spec, place.turn)
        if spec.kind == "boolean":
            return place.turn % 2 == 0
        if spec.kind == "json":
            word = f"sample {place.turn + 1}" if place.turn else "sample"
            anything = [word, {}, place.turn, [], True, None] if place.depth else [{}, word, 1, [], True, None]
            return next((one for one in anything if self.validator.is_valid(spec.parts, one)), None)
        return None

    def _is_inside(self, spec: Spec, place: SamplePlace) -> bool:
        """Tell whether the place lies inside its own schema."""
        return any(id(part.schema) in place.above for part in spec.parts if part.schema)

    def _is_recursive(self, parts: Parts, place: SamplePlace) -> bool:
        return self._is_inside(self.document.spec(parts), place)

    def _object(self, spec: Spec, place: SamplePlace) -> dict[str, Any]:
        made: dict[str, Any] = {}
        inner = place.below("", spec)
        names = [*spec.properties, *sorted(spec.required - spec.properties.keys())]
        for name in names:
            if name in spec.required:
                if place.depth > DEEPEST:
                    continue
            elif not self._spend(spec.child(name), inner):
                continue
            made[name] = self.make(spec.child(name), inner.at(name))
        self._add_entries(spec, inner, made)
        return made

    def _spend(self, parts: Parts, inner: SamplePlace) -> bool:
        """Decide whether an optional field is filled in."""
        if inner.depth > OPTIONAL_DEPTH or self._optional_left <= 0 or not self._may_hold(parts, inner):
            return False
        self._optional_left -= 1
        return True

    def _may_hold(self, parts: Parts, inner: SamplePlace) -> bool:
        """Tell whether what need not be there may be: the schema allows it, and it ends."""
        return not any(part.schema is False for part in parts) and not self._is_recursive(parts, inner)

    def _add_entries(self, spec: Spec, inner: SamplePlace, made: dict[str, Any]) -> None:
        """Give a map an entry, and an object the entries that minProperties asks for."""
        least = int(max([0, *spec.number_keyword("minProperties")]))
        typed = spec.additional or tuple(part for _, parts in spec.patterns for part in parts)
        if not spec.properties and typed and self._spend(typed, inner):
            least = max(least, 1)
        for name in sample_keys(spec):
            if len(made) >= least:
                return
            if name not in made and spec.allows_key(name):
                turn = len(made)
                made[name] = self.make(spec.child(name), inner.at(name, turn))

    def _array(self, spec: Spec, place: SamplePlace) -> list[Any]:
        least = int(max([0, *spec.number_keyword("minItems")]))
        most = int(min([10**6, *spec.number_keyword("maxItems")]))
        inner = place.below("", spec)
        stops = (number for number, parts in enumerate(spec.prefix) if not self._may_hold(parts, inner))
        wanted = max(least, next(stops, len(spec.prefix)))
        if not wanted and spec.items and self._spend(spec.items, inner):
            wanted = 1
        contained = spec.keyword("contains")
        needed = max([1, *map(int, spec.number_keyword("minContains"))]) if contained else 0
        wanted = max(wanted, needed)
        rows = []
        for number in range(min(wanted, most, max(least, 50))):
            parts = spec.item(number)
            if contained and number >= wanted - needed:
                parts = (*parts, replace(spec.parts[0], schema=contained[0]))
            rows.append(self.make(parts, place.below("", spec, turn=number)))
        return rows


def _given(spec: Spec, turn: int) -> Iterator[Any]:
    """Yield the values that the schema itself offers, best first."""
    values = list(spec.examples)
    values += [spec.default] if spec.default not in (ABSENT, None) else []
    values += [option.value for option in spec.options]
    if turn and values:
        values = values[turn % len(values) :] + values[: turn % len(values)]
    yield from values


def _identifier(place: SamplePlace) -> str:
    """Return a UUID that stays the same for a field; its name may hold a lone surrogate, which UTF-8 refuses."""
    name = f"{place.path}#{place.turn}".encode("unicode_escape").decode()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
