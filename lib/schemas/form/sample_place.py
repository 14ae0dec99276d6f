"""Where in a sample a value is being made, and what the makers of objects and lists need of the sampler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from lib.schemas.document import SchemaDocument
from lib.schemas.form.violations import Validator
from lib.schemas.parts import Parts
from lib.schemas.spec import Spec

#: The depth that optional fields are filled to, and the depth at which all stops.
OPTIONAL_DEPTH, DEEPEST = 4, 16


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
        """Go into a value of this place."""
        inside = self.above | {id(part.schema) for part in spec.parts}
        path = f"{self.path}/{name}{turn or ''}"
        return SamplePlace(name or self.name, path, self.depth + 1, self.turn + turn, inside)

    def at(self, name: str, turn: int = 0) -> SamplePlace:
        """Name the place inside that a property is made for."""
        return replace(self, name=name, path=f"{self.path}/{name}", turn=self.turn + turn)

    def is_inside(self, spec: Spec) -> bool:
        """Tell whether the place lies inside its own schema."""
        return any(id(part.schema) in self.above for part in spec.parts if part.schema)


class PicksValues(Protocol):
    """What the makers of parts of a sample need of the one who makes the whole."""

    document: SchemaDocument
    validator: Validator

    def pick(self, parts: Parts, place: SamplePlace, accept: Callable[[Any], bool] | None = None) -> Any:
        """Make a value for a place: the first valid one that is accepted, else a near miss."""

    def spend(self, parts: Parts, inner: SamplePlace) -> bool:
        """Decide whether an optional field is filled in."""

    def may_hold(self, parts: Parts, inner: SamplePlace) -> bool:
        """Tell whether what need not be there may be: the schema allows it, and it ends."""
