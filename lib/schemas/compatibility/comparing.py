"""What a keyword needs of the comparison that it is part of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lib.schemas.compatibility.reasons import Mismatch, Teller
from lib.schemas.compatibility.sides import Atoms, Compiled, Sides
from lib.schemas.compatibility.views import View


class Comparing(Protocol):
    """A comparison of a narrow schema with a wide one."""

    sides: Sides
    teller: Teller
    #: The field that tells the branches of a list apart, by the identity of the list.
    discriminators: dict[int, tuple[str, dict[Any, list[int]]] | None]

    def view(self, atoms: Atoms) -> View:
        """Read what holds at a place."""

    def compare(self, narrow: Atoms, wide: Compiled, *, inside: bool = False) -> tuple[Mismatch, ...]:
        """Why the wide schema refuses a value of the narrow ones; `inside` for a place inside of the last one."""

    def includes(self, narrow: Atoms, wide: Compiled) -> bool:
        """Whether every value fits, in the strict reading."""

    def is_empty(self, atoms: Atoms) -> bool:
        """Whether surely no value fits all of these."""


#: Why values of a place fail a keyword: by what holds there, the wide schema, and what its keyword asks for.
Check = Callable[[Comparing, View, dict[str, Any], Any], list[Mismatch]]


def inside(comparing: Comparing, schemas: list[Compiled], wide: Compiled, *path: str | int) -> list[Mismatch]:
    """Compare a place inside of a value; its reasons are told from one level further up."""
    found = list(comparing.compare(comparing.sides.atoms(schemas), wide, inside=True))
    for step in reversed(path):
        found = [reason.below(step) for reason in found]
    return found


def says_nothing(schema: Compiled) -> bool:
    """Whether a compiled schema takes everything, in the plainest words."""
    return schema is True or schema == {}
