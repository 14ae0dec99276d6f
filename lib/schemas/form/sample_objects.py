"""Sample objects for a place, the fullest first; fields that conditions ask for are filled in too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, combinations, islice, product
from typing import Any

from lib.schemas.form.branches import settle
from lib.schemas.form.sample_place import DEEPEST, PicksValues, SamplePlace
from lib.schemas.form.sample_scalars import sample_keys
from lib.schemas.parts import Part, Parts, required
from lib.schemas.spec import Spec

#: Fields with few values that are tried in turn, values of one of them, and assignments altogether.
FIELDS, VALUES, ASSIGNMENTS = 6, 8, 60
#: How often conditions are judged while fields are filled in.
ROUNDS = 5


def sample_objects(
    sampler: PicksValues, parts: Parts, settled: Mapping[Any, int | str], place: SamplePlace
) -> Iterator[dict[str, Any]]:
    """Yield objects. Inside its own schema, one that needs itself again comes after those that end."""
    maker = _Maker(sampler, parts, settled, place)
    endless = []
    for fixed in maker.assignments():
        made = maker.make(fixed)
        if made is None:
            endless.append(fixed)
        else:
            yield made
    for names in maker.named_together():
        yield maker.make({}, also=names, optional=False, recursive=True) or {}
    for fixed in endless:
        yield maker.make(fixed, recursive=True) or {}


class _Maker:
    """Makes objects for one place, each in another way."""

    def __init__(
        self, sampler: PicksValues, parts: Parts, settled: Mapping[Any, int | str], place: SamplePlace
    ) -> None:
        self.sampler, self.parts, self.settled, self.place = sampler, parts, settled, place
        self.spec = sampler.document.spec(parts, settled)
        self.inner = place.below("", self.spec)
        self.inside = place.is_inside(self.spec)

    def assignments(self) -> Iterator[dict[str, Any]]:
        """Yield values for the fields that have few: none fixed, then one field fixed, then several together."""
        yield {}
        few: dict[str, list[Any]] = {}
        for name in self.spec.names:
            spec = self.sampler.document.spec(self.spec.child(name))
            values = [option.value for option in spec.options] or ([True, False] if spec.kind == "boolean" else [])
            if 1 < len(values) <= VALUES and len(few) < FIELDS:
                few[name] = values
        yield from islice(_together(few), ASSIGNMENTS)

    def named_together(self) -> Iterator[tuple[str, ...]]:
        """Yield the names that any schema of the place requires together; they may be what is missing."""
        yield ()
        for part in self.sampler.document.applying(self.parts)[:FIELDS]:
            if names := required(part.schema):
                yield tuple(sorted(names))

    def make(
        self, fixed: Mapping[str, Any], *, also: tuple[str, ...] = (), optional: bool = True, recursive: bool = False
    ) -> dict[str, Any] | None:
        """Make an object with these values; None when it would need itself again and `recursive` is not asked."""
        made: dict[str, Any] = {}
        spec = self.spec
        for _ in range(ROUNDS):
            needed = spec.required | set(also)
            names = [*spec.names, *(name for name in also if name not in spec.names)]
            made = {name: value for name, value in made.items() if name in names}
            for name in names:
                child = spec.child(name)
                if name in made and self.sampler.validator.is_valid(child, made[name]):
                    continue
                if name in needed:
                    if self.inside and not recursive and self._is_recursive(child):
                        return None
                    if self.place.depth > DEEPEST:
                        continue
                elif not optional or not self.sampler.spend(child, self.inner):
                    continue
                made[name] = fixed[name] if name in fixed else self.sampler.pick(child, self.inner.at(name))
            if not spec.conditional:
                break
            before, spec = spec, self._settled(made)
            if spec is before:
                break
        self._add_entries(spec, made)
        return made

    def _settled(self, made: dict[str, Any]) -> Spec:
        return settle(self.sampler.document, self.sampler.validator, self.parts, made, dict(self.settled))

    def _is_recursive(self, parts: Parts) -> bool:
        return self.inner.is_inside(self.sampler.document.spec(parts))

    def _add_entries(self, spec: Spec, made: dict[str, Any]) -> None:
        """Give a map an entry, and an object the entries that minProperties asks for."""
        if self.place.depth > DEEPEST:
            return
        least = int(max([0, *spec.number_keyword("minProperties")]))
        typed = spec.additional or tuple(part for _, parts in spec.patterns for part in parts)
        if not spec.properties and typed and self.sampler.spend(typed, self.inner):
            least = max(least, 1)
        for name in self._keys(spec, made) if len(made) < least else ():
            if name not in made and spec.allows_key(name):
                turn = len(made)
                made[name] = self.sampler.pick(spec.child(name), self.inner.at(name, turn))
            if len(made) >= least:
                return

    def _keys(self, spec: Spec, made: Mapping[str, Any]) -> Iterator[str]:
        """Yield names that propertyNames allows, those declared first."""
        gates: list[Parts] = [
            (Part(part.schema["propertyNames"], part.resolver),)
            for part in spec.parts
            if "propertyNames" in part.schema
        ]
        named = (
            self.sampler.pick(gate, place, lambda name: isinstance(name, str) and name not in made)
            for place in (SamplePlace("key", "key", 1, turn) for turn in range(len(made), len(made) + 10))
            for gate in gates
        )
        for name in chain(spec.names, islice(sample_keys(spec), 100), named):
            if isinstance(name, str) and all(self.sampler.validator.is_valid(gate, name) for gate in gates):
                yield name


def _together(few: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Yield assignments of one field, then of two together, and so on."""
    for size in range(1, len(few) + 1):
        for names in combinations(few, size):
            values: Iterable[tuple[Any, ...]] = product(*(few[name] for name in names))
            yield from (dict(zip(names, some, strict=True)) for some in values)
