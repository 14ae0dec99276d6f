"""Keywords about numbers, exact on the digits as written: the engine's own round some of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import MAX_PREC, Context, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import KeywordValidator

_WIDE = Context(prec=MAX_PREC)


class NumberFailed(Exception):
    """The value does not satisfy the keyword."""


class _Rule(ABC):
    """A keyword of one schema, as the engine calls it."""

    def __init__(self, schema: dict[str, Any], wanted: Any, path: list[str | int]) -> None:
        self.wanted = exact(wanted)

    def validate(self, value: Any) -> None:
        """Raise NumberFailed for a number that does not satisfy the keyword."""
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and not self.allows(exact(value)):
            raise NumberFailed

    @abstractmethod
    def allows(self, number: int | Decimal) -> bool:
        """Tell whether a number satisfies the keyword."""


class Minimum(_Rule):
    """minimum"""

    def allows(self, number: int | Decimal) -> bool:
        return number >= self.wanted


class Maximum(_Rule):
    """maximum"""

    def allows(self, number: int | Decimal) -> bool:
        return number <= self.wanted


class ExclusiveMinimum(_Rule):
    """exclusiveMinimum"""

    def allows(self, number: int | Decimal) -> bool:
        return number > self.wanted


class ExclusiveMaximum(_Rule):
    """exclusiveMaximum"""

    def allows(self, number: int | Decimal) -> bool:
        return number < self.wanted


class MultipleOf(_Rule):
    """multipleOf"""

    def allows(self, number: int | Decimal) -> bool:
        value, above = _parts(number)
        step, below = _parts(self.wanted)
        if above >= below:
            return value % step * pow(10, above - below, step) % step == 0
        missing = below - above
        if value.bit_length() < 3 * missing:  # smaller than the power of ten
            return value == 0
        return bool(value % (step * 10**missing) == 0)


class Whole:
    """Of drafts 3 and 4: a whole number is written without a fraction, so that 1.0 is none."""

    def __init__(self, schema: dict[str, Any], wanted: Any, path: list[str | int]) -> None:
        pass  # it asks for nothing that the keyword could say

    def validate(self, value: Any) -> None:
        """Raise NumberFailed for a number with a fraction."""
        if isinstance(value, float) or (isinstance(value, Decimal) and value.as_tuple().exponent != 0):
            raise NumberFailed


#: The keywords that the engine is to take from here.
KEYWORDS: dict[str, type[KeywordValidator]] = {
    "minimum": Minimum,
    "maximum": Maximum,
    "exclusiveMinimum": ExclusiveMinimum,
    "exclusiveMaximum": ExclusiveMaximum,
    "multipleOf": MultipleOf,
    "whole": Whole,
}


def exact(number: Any) -> int | Decimal:
    """The number as written: 0.3 is three tenths."""
    return Decimal(str(number)) if isinstance(number, float) else number


def _parts(number: int | Decimal) -> tuple[int, int]:
    """A number as a whole one and the power of ten that it is multiplied with."""
    if isinstance(number, int):
        return number, 0
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return int(number.scaleb(-exponent, _WIDE)), exponent
