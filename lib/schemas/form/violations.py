"""What is wrong with the value of a form, in plain sentences, each with the field it belongs to."""

from __future__ import annotations

from typing import Any

from lib.schemas import choosing, telling
from lib.schemas.breaches import Breach, Path
from lib.schemas.choosing import Branch
from lib.schemas.document import SchemaDocument
from lib.schemas.judge import Judge
from lib.schemas.parts import Parts
from lib.schemas.telling import Picks, SchemaViolation

__all__ = ["Breach", "Path", "Picks", "SchemaViolation", "Validator", "validate"]

#: What a form spends on one value, in units of lib/schemas/cost.py.
MOST_UNITS = 2e8


class Validator(Judge):
    """Checks values against one document, and against single parts of it, where it is done in reasonable time.

    The bound is far above what it takes in truth. Whoever draws the form asks the server's check first.
    """

    most_units = MOST_UNITS

    def best_branch(self, branches: list[Parts], value: Any) -> int:
        """Choose the branch that a value follows: one that it fits, else the one that it means."""
        failed: dict[int, Branch] = {}
        for number, parts in enumerate(branches):
            if self.is_valid(parts, value):
                return number
            names = frozenset(self.document.spec(parts).properties)
            failed[number] = Branch(parts, names, self.errors(parts, value))
        return choosing.closest(self.document, failed, value, ())

    def violations(self, value: Any, picks: Picks | None = None) -> list[SchemaViolation]:
        """List what is wrong with a whole value, outermost first."""
        found = telling.violations(self.document, self.errors(self.document.root, value), picks)
        return telling.ordered(found)


def validate(schema: Any, value: Any) -> list[SchemaViolation]:
    """List what is wrong with a value, by the draft that the schema names (2020-12 when it names none)."""
    return Validator(SchemaDocument(schema)).violations(value)
