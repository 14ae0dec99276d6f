"""The one judge of values by JSON Schemas: for events, the API, forms, dry runs and step configurations alike.

Formats are assertions in every draft, patterns are ECMA-262's and take linear time, numbers are exact, and nothing is
ever fetched. What of a schema cannot be checked is told by `unusable`, and the rest is checked. A costly schema is
not for the process of the app: lib/sandbox/validation.py decides that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import jsonschema_rs

from lib.schemas import breaches, cost, doubt, exact_numbers, patterns
from lib.schemas.breaches import Breach
from lib.schemas.compiling import Compiler
from lib.schemas.document import SchemaDocument
from lib.schemas.origins import HALVES
from lib.schemas.parts import Part, Parts

_MOST_TOLD = 3
_WHOLE = {ord(stand_in): chr(half) for half, stand_in in HALVES.items()}


def unusable_sentences(unusable: Sequence[str]) -> str:
    """Say what of a schema cannot be checked."""
    told = [f"The schema {one}." for one in unusable[:_MOST_TOLD]]
    if len(unusable) > _MOST_TOLD:
        told.append(f"{len(unusable) - _MOST_TOLD} more of its parts cannot be checked.")
    return " ".join(told)


class Judge:
    """Judges values by one document, and by single parts of it."""

    #: Units (lib/schemas/cost.py) that are spent on one value. What would take more lets the value through.
    most_units = math.inf

    def __init__(self, document: SchemaDocument) -> None:
        self.document = document
        self._compiler = Compiler(document)
        self._registry: jsonschema_rs.Registry | None = None
        self._parts: dict[int, tuple[Any, jsonschema_rs.Validator | None]] = {}
        self._made_for = -1

    @cached_property
    def unusable(self) -> tuple[str, ...]:
        """What of the schema cannot be checked, each as the end of a sentence that begins with “The schema”."""
        schema = self.document.schema
        if not isinstance(schema, dict | bool):
            return ("must be an object, true or false",)
        for part in self.document.root:
            self._validator(part)
        told = []
        for one in self._compiler.unusable:
            at = self._compiler.pointer(one.holder)
            place = "" if at is None else f"{at}/{one.keyword.replace('~', '~0').replace('/', '~1')}"
            if not one.complete:
                told.append(f"is not a JSON Schema{place and f' at {place}'}: {one.why.removesuffix('.')}")
            else:
                told.append(f"{one.why}{place and f' (at {place})'}")
        return tuple(dict.fromkeys(told))

    def bounds(self) -> cost.Bounds:
        """What judging a whole value may cost."""
        root = self.document.root[0]
        if self._validator(root) is None:
            return cost.Bounds(cost.Bound(), cost.Bound())
        return cost.bounds(self._compiler, self._compiler.add(root))

    @cached_property
    def _bounds(self) -> cost.Bounds:
        return self.bounds()

    def _is_affordable(self, value: Any) -> bool:
        return self.most_units == math.inf or cost.is_affordable(self._bounds, value, self.most_units)

    def is_valid(self, parts: Parts, value: Any) -> bool:
        """Tell whether a value fits every one of the parts."""
        return not self._is_affordable(value) or all(self._fits(part, value) for part in parts)

    def errors(self, parts: Parts, value: Any) -> list[Breach]:
        """List what is wrong with a value against parts."""
        return list(self.breaches(parts, value)) if self._is_affordable(value) else []

    def breaches(self, parts: Parts, value: Any) -> Iterator[Breach]:
        """Yield what is wrong with a value against parts, found as it is asked for."""
        for part in parts:
            if part.schema is False:
                yield Breach("false", False, False, (), value)
                continue
            validator = self._validator(part)
            if validator is not None and not self._fits(part, value):
                yield from self._read(validator, value)

    def _read(self, validator: jsonschema_rs.Validator, value: Any) -> Iterator[Breach]:
        try:
            yield from breaches.read(self._compiler, validator.iter_errors(value), value)
        except ValueError:
            stand_in = _translated(value, HALVES)
            yield from map(_restored, breaches.read(self._compiler, validator.iter_errors(stand_in), stand_in))

    def _fits(self, part: Part, value: Any) -> bool:
        if isinstance(part.schema, bool):
            return part.schema
        validator = self._validator(part)
        if validator is None:
            return True
        try:
            return validator.is_valid(value)
        except ValueError:
            return validator.is_valid(_translated(value, HALVES))

    def _validator(self, part: Part) -> jsonschema_rs.Validator | None:
        """The engine's judge of a part, made once; None for a part that says nothing."""
        known = self._parts.get(id(part.schema))
        if known is None:
            known = self._parts[id(part.schema)] = (part.schema, self._made(part))
        return known[1]

    def _made(self, part: Part) -> jsonschema_rs.Validator | None:
        if not isinstance(part.schema, dict):
            return None
        if self._made_for < 0 and isinstance(self.document.schema, dict):
            self._compiler.add(self.document.root[0])
        address = self._compiler.add(part)
        if self._compiler.count != self._made_for:
            doubt.settle(self._compiler)
            self._registry, self._made_for = None, self._compiler.count
            address = self._compiler.add(part)
        try:
            return self._compiled(address, None)
        except ValueError:
            return self._compiled(address, HALVES)

    def _compiled(self, address: str, instead: dict[int, str] | None) -> jsonschema_rs.Validator:
        if self._registry is None or instead is not None:
            parts = self._compiler.resources
            documents = [
                (urn, {"$defs": _translated(held, instead) if instead else held}) for urn, held in parts.items()
            ]
            self._registry = jsonschema_rs.Registry(documents, draft=jsonschema_rs.Draft202012)
        return jsonschema_rs.Draft202012Validator(
            {"$ref": address},
            registry=self._registry,
            validate_formats=True,
            offline=True,
            pattern_options=patterns.OPTIONS,
            keywords=exact_numbers.KEYWORDS,
        )


def _restored(breach: Breach) -> Breach:
    """Put the halves of characters back into a breach."""
    return replace(
        breach,
        path=tuple(_translated(list(breach.path), _WHOLE)),
        names=tuple(_translated(list(breach.names), _WHOLE)),
        value=_translated(breach.value, _WHOLE),
        key=_translated(breach.key, _WHOLE) if breach.key is not None else None,
        branches=tuple(tuple(map(_restored, branch)) for branch in breach.branches),
    )


def _translated(value: Any, table: dict[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, dict):
        return {_translated(key, table): _translated(item, table) for key, item in value.items()}
    return [_translated(item, table) for item in value] if isinstance(value, list | tuple) else value
