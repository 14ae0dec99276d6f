"""A sample value for a schema: the same every time, and valid wherever one can be found.

For each place, values are tried one after the other, the most natural first, until one is valid.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.form.repair import repair
from lib.schemas.form.sample_lists import sample_lists
from lib.schemas.form.sample_objects import sample_objects
from lib.schemas.form.sample_place import DEEPEST, OPTIONAL_DEPTH, SamplePlace
from lib.schemas.form.sample_scalars import sample_numbers, sample_texts
from lib.schemas.form.violations import Validator
from lib.schemas.parts import Parts, entries, listed_values
from lib.schemas.spec import Option, Spec
from lib.serialization.json_values import ABSENT, copy

#: Optional fields filled in at most.
OPTIONAL_FIELDS = 150
#: Values tried before a sample gives up on what is left, and for one place.
STEPS, TRIES = 6000, 120
#: Values made for a sketch, and how deep they lie.
SKETCH_STEPS, SKETCH_DEPTH = 500, 4
#: Schemas of one place whose listed values are tried.
LISTING = 30
#: Fields tried one by one when nothing else fits.
NAMES = 10
#: Places looked at to find out whether a recursion ends.
LOOKS = 300
#: Small values of every type. What a schema that names no type says of objects may allow nothing but other values.
SMALL: tuple[Any, ...] = (
    *(None, True, 0, 1, -1, 2, 100, 1.5, "", "sample", "sample " * 9, "12"),
    *([], [0], [0, 0], ["sample"], [[]], [{}], [0, "", [], {}], {}, {"key": 0}, {"key": []}, {"key": {}}),
)


def sample(schema: Any) -> Any:
    """Make a sample value for a schema; valid whenever one can reasonably be found. A hostile schema takes hours:
    run it under a clock."""
    document = SchemaDocument(schema)
    return Sampler(document, Validator(document)).sample(document.root)


def sketch_of(document: SchemaDocument, parts: Parts) -> Any:
    """Make a small value that has what the schema requires of a place, without asking whether it is valid."""
    sampler = Sampler(document, _Unchecked(document))
    sampler._steps_left = SKETCH_STEPS
    return sampler.pick(parts, SamplePlace(depth=DEEPEST - SKETCH_DEPTH))


class _Unchecked(Validator):
    """Finds everything valid, at no cost."""

    def __init__(self, document: SchemaDocument) -> None:
        self.document = document

    def is_valid(self, parts: Parts, value: Any) -> bool:
        return True

    def best_branch(self, branches: list[Parts], value: Any) -> int:
        return 0


class Sampler:
    """Makes samples for places of one document."""

    def __init__(self, document: SchemaDocument, validator: Validator) -> None:
        self.document, self.validator = document, validator
        self._optional_left, self._steps_left, self._looks_left = 0, STEPS, 0
        self._takes_any = False

    def sample(self, parts: Parts) -> Any:
        """Make a sample for one place: with its optional fields, else without them, else with whatever fits anywhere,
        else the nearest miss."""
        best: tuple[int, Any] | None = None
        for allowance, takes_any in ((OPTIONAL_FIELDS, False), (0, False), (0, True)):
            self._optional_left, self._steps_left, self._takes_any = allowance, STEPS, takes_any
            value = repair(self, parts, self.pick(parts, SamplePlace()))
            errors = len(self.validator.errors(parts, value))
            if best is None or errors < best[0]:
                best = (errors, value)
            if not errors:
                break
        assert best is not None
        return best[1]

    def pick(self, parts: Parts, place: SamplePlace, accept: Callable[[Any], bool] | None = None) -> Any:
        """Make a value for a place: the first valid one that is accepted, else the first one."""
        first: Any = ABSENT
        left = self._optional_left
        for value in islice(self.candidates(parts, place, {}), TRIES):
            first = value if first is ABSENT else first
            self._steps_left -= 1
            if (accept is None or accept(value)) and self.validator.is_valid(parts, value):
                return copy(value)
            if self._steps_left < 0:
                break
            self._optional_left = left
        for value in self._small(parts) if self._takes_any else ():
            if (accept is None or accept(value)) and self.validator.is_valid(parts, value):
                return copy(value)
        return None if first is ABSENT else copy(first)

    def _small(self, parts: Parts) -> Iterator[Any]:
        """Yield small values of every type, then each as the one field that any schema of the place names."""
        yield from SMALL
        applying = self.document.applying(parts)[:LISTING]
        names = dict.fromkeys(name for part in applying for name in entries(part.schema.get("properties")))
        for name in islice(names, NAMES):
            yield from ({name: value} for value in SMALL)

    def make_named(self, parts: Parts, name: str) -> Any:
        """Make a value for a place somewhere inside, of which only the name is known."""
        return self.pick(parts, SamplePlace(name=name, depth=1))

    def candidates(self, parts: Parts, place: SamplePlace, settled: Mapping[Any, int | str]) -> Iterator[Any]:
        """Yield values for a place, the most natural first. They may break what the schema says about them."""
        spec = self.document.spec(parts, settled)
        if place.depth > DEEPEST + 8 or self._steps_left < 0:
            yield None
            return
        yield from _given(spec, place.turn)
        if spec.nullable and (place.depth > DEEPEST or place.is_inside(spec)):
            yield None
        if spec.choice is not None:
            yield from self._of_branches(parts, spec, place, settled)
        elif not spec.options:
            yield from self._of_kind(parts, spec, place, settled)
        if spec.nullable:
            yield None
        if not settled:
            yield from self._listed(parts)
        if spec.conditions and spec.kind != "object":
            for outcome in (1, 0):
                yield from self.candidates(parts, place, {**settled, **{one.key: outcome for one in spec.conditions}})

    def _listed(self, parts: Parts) -> Iterator[Any]:
        """Yield what any schema of the place lists: in a branch, a condition or beside what it forbids."""
        for part in self.document.applying(parts)[:LISTING]:
            for values in listed_values(part.schema):
                yield from values

    def _of_branches(
        self, parts: Parts, spec: Spec, place: SamplePlace, settled: Mapping[Any, int | str]
    ) -> Iterator[Any]:
        """Yield a value of each branch, then another one of each, and so on."""
        assert spec.choice is not None
        options = list(spec.choice.options)
        if place.is_inside(spec):  # out of the recursion by the shortest way
            options.sort(key=lambda one: not self._ends(parts, _picked(settled, spec, one), place.above))
            if place.depth > DEEPEST:
                del options[1:]
        branches = [self.candidates(parts, place, _picked(settled, spec, one)) for one in options]
        while branches:
            rest = []
            for branch in branches:
                if (value := next(branch, ABSENT)) is not ABSENT:
                    yield value
                    rest.append(branch)
            branches = rest

    def _of_kind(self, parts: Parts, spec: Spec, place: SamplePlace, settled: Mapping[Any, int | str]) -> Iterator[Any]:
        if spec.kind == "object":
            yield from sample_objects(self, parts, settled, place)
        elif spec.kind == "array":
            yield from sample_lists(self, spec, place)
        elif spec.kind == "string":
            yield from sample_texts(spec, place.name, place.turn, _identifier(place))
        elif spec.kind in ("integer", "number"):
            yield from sample_numbers(spec, place.turn)
        elif spec.kind == "boolean":
            yield from (place.turn % 2 == 0, place.turn % 2 != 0)
        elif spec.kind == "null":
            yield None
        else:
            word = f"sample {place.turn + 1}" if place.turn else "sample"
            yield from [word, {}, place.turn, [], True, None] if place.depth else [{}, word, 1, [], True, None]
            yield from (False, 1.5, -1, "", [word], {word: word}, place.turn + 2)

    def _ends(
        self, parts: Parts, settled: Mapping[Any, int | str], above: frozenset[int], *, outermost: bool = True
    ) -> bool:
        """Tell whether a value can be made here without coming back to a schema above."""
        if outermost:
            self._looks_left = LOOKS
        self._looks_left -= 1
        spec = self.document.spec(parts, settled)
        here = frozenset(id(part.schema) for part in spec.parts if part.schema)
        if self._looks_left < 0 or (not outermost and here & above):
            return False
        if spec.options or spec.nullable:
            return True
        if spec.choice is not None:
            picks = (_picked(settled, spec, one) for one in spec.choice.options)
            # The schema that holds the choice is not left yet.
            return any(self._ends(parts, pick, above - here, outermost=False) for pick in picks)
        inside: list[Parts] = []
        if spec.kind == "object":
            inside = [spec.child(name) for name in spec.required]
        elif spec.kind == "array" and (least := max([0, *spec.number_keyword("minItems")])):
            inside = [spec.item(number) for number in range(min(int(least), len(spec.prefix) + 1))]
        return all(self._ends(child, {}, above | here, outermost=False) for child in inside)

    def spend(self, parts: Parts, inner: SamplePlace) -> bool:
        """Decide whether an optional field is filled in."""
        if inner.depth > OPTIONAL_DEPTH or self._optional_left <= 0 or not self.may_hold(parts, inner):
            return False
        self._optional_left -= 1
        return True

    def may_hold(self, parts: Parts, inner: SamplePlace) -> bool:
        """Tell whether what need not be there may be: the schema allows it, and it ends."""
        return not any(part.schema is False for part in parts) and not inner.is_inside(self.document.spec(parts))


def _picked(settled: Mapping[Any, int | str], spec: Spec, option: Option) -> dict[Any, int | str]:
    assert spec.choice is not None
    return {**settled, spec.choice.source: option.number}


def _given(spec: Spec, turn: int) -> Iterator[Any]:
    """Yield the values that the schema itself offers, best first."""
    default = [spec.default] if spec.default not in (ABSENT, None) else []
    values = [*spec.examples, *default, *(option.value for option in spec.options)]
    if turn and values:
        values = values[turn % len(values) :] + values[: turn % len(values)]
    yield from values


def _identifier(place: SamplePlace) -> str:
    """Return a UUID that stays the same for a field; its name may hold a lone surrogate, which UTF-8 refuses."""
    name = f"{place.path}#{place.turn}".encode("unicode_escape").decode()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
