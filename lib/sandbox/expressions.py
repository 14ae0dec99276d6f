"""The JSONata jobs, done in the child: evaluate expressions, and say what one reads.

Numbers: what an expression calculates or compares is a double, as everywhere in JSONata. A number that it only passes
on comes out exactly as it went in, 64-bit ids and 1.10 included; see _exact. $eval is refused, because nobody could
say beforehand what such an expression reads or does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from lib.errors import InvalidInput
from lib.sandbox import LONGEST_EXPRESSION
from lib.sandbox.clock import TimeUp
from lib.sandbox.engine import Compiled, ExpressionError
from lib.sandbox.refusals import ASIDE
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

#: Stands before a number that goes in as text.
_MARK = "\ue000number "
_MOST_EXACT = 2**53


def evaluate(expressions: list[str], context: JsonValue, max_output_bytes: int) -> list[dict[str, Any]]:
    """Evaluate expressions over one context, up to the first that fails.

    Each gives {"value": …}, {} when the result is undefined, or {"error": …}.
    """
    given = _Given(context)
    results = []
    for expression in expressions:
        try:
            results.append(_evaluate(expression, given, max_output_bytes))
        except ExpressionError as error:
            return [*results, {"error": str(error)}]
        except TimeUp as time_up:
            time_up.at = len(results)
            raise
    return results


def inspect(expression: str) -> dict[str, Any]:
    """{"problem": None or what is wrong with the expression, "reads": paths from the root of the context}."""
    try:
        compiled = _compiled(expression)
    except ExpressionError as error:
        return {"problem": str(error), "reads": []}
    unknown = next(compiled.unknown(), None)
    problem = unknown and _unknown(unknown, expression)
    return {"problem": problem, "reads": sorted(map(list, compiled.reads()))}


def _unknown(name: str, expression: str) -> str:
    """What is wrong with a name that nothing defines: evaluating gives nothing, or fails if it is called."""
    tokens = re.finditer(rf"{ASIDE}|\${re.escape(name)}(?!\w)", expression, re.DOTALL)
    at = next((token.start() + 1 for token in tokens if token[0].startswith("$")), None)
    place = f", at character {at}" if at else ""
    return f"uses ${name[:80]}, which is no function of JSONata and gets no value in the expression{place}"


def warm_up() -> None:
    """Load all that is loaded late: afterwards no file can be opened."""
    evaluate(["$now()", '$fromMillis(0, "[Y]", "+0100")', "$match('a', /a/)", "$sort([2, 1])"], {}, 1000)


class _Given:
    """The context of one job as JSON text, and its numbers that a double would change."""

    def __init__(self, context: JsonValue) -> None:
        self._context = context
        self.text = strict_json.dumps(context)
        self.now, self.seed = time.time_ns() // 1_000_000, time.time_ns() % 2**32

    @cached_property
    def rewritten(self) -> set[int | Decimal]:
        """Numbers that a double would write in another way, such as 1.10, or with other digits."""
        return {number for number in _numbers(self._context) if not _is_written_alike(number)}

    @cached_property
    def inexact(self) -> set[int | Decimal]:
        """Those of them whose digits a double loses."""
        return {number for number in self.rewritten if Decimal(repr(_double(number))) != number}

    def marked(self, numbers: set[int | Decimal]) -> str:
        """The context with these numbers as marked text, where they are not written as a double is."""

        def mark(value: JsonValue) -> JsonValue:
            if isinstance(value, dict):
                return {key: mark(member) for key, member in value.items()}
            if isinstance(value, list):
                return [mark(member) for member in value]
            return f"{_MARK}{value}" if is_marked(value) else value

        def is_marked(value: JsonValue) -> bool:
            return _is_number(value) and value in numbers and not _is_written_alike(value)

        return strict_json.dumps(mark(self._context))


def _evaluate(expression: str, given: _Given, max_output_bytes: int) -> dict[str, Any]:
    compiled = _compiled(expression)
    result = compiled.evaluate(given.text, now=given.now, seed=given.seed)
    if result is None:
        return {}
    value = _exact(compiled, strict_json.loads(result), given)
    try:
        strict_json.check(value, max_bytes=max_output_bytes)
    except InvalidInput as error:
        raise ExpressionError(f"gives a value that {error.cause}") from None
    return {"value": value}


@lru_cache(maxsize=2000)
def _compiled(expression: str) -> Compiled:
    if len(expression) > LONGEST_EXPRESSION:
        most = f"at most {LONGEST_EXPRESSION:,} are accepted"
        raise ExpressionError(f"is {len(expression):,} characters long; {most}")
    if not expression.strip():
        raise ExpressionError("is empty")
    return Compiled(expression)


class _Differs(Exception):
    """Marking numbers changed what an expression gives, so that it does more than pass them on."""


def _exact(compiled: Compiled, value: JsonValue, given: _Given) -> JsonValue:
    """The value with the digits of the numbers that the expression only passes on.

    It is evaluated again with those numbers as marked texts. Where a number of the first result is a marked text in
    the second one, it came from there untouched. If anything else differs, the expression calculated with such a
    number, or compared it, and the first result stands.
    """
    found = {*map(float, _numbers(value))}
    if not found or found.isdisjoint(map(_double, given.rewritten)):
        return value
    for marked in (given.rewritten, given.inexact):
        try:
            again = compiled.evaluate(given.marked(marked), now=given.now, seed=given.seed)
            return _restored(value, strict_json.loads(again) if again is not None else None)
        except (_Differs, ExpressionError):
            continue
    return value


def _restored(value: JsonValue, again: JsonValue) -> JsonValue:
    if isinstance(value, dict) and isinstance(again, dict) and list(value) == list(again):
        return {key: _restored(member, again[key]) for key, member in value.items()}
    if isinstance(value, list) and isinstance(again, list) and len(value) == len(again):
        return [_restored(one, other) for one, other in zip(value, again, strict=True)]
    if _is_number(value) and isinstance(again, str) and again.startswith(_MARK):
        number: int | Decimal = strict_json.loads(again.removeprefix(_MARK))
        if _double(number) == float(value):
            return number
    if type(value) is not type(again) or value != again or isinstance(value, dict | list):
        raise _Differs
    return value


def _numbers(value: JsonValue) -> Iterator[int | Decimal]:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
        elif _is_number(item):
            yield item


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _double(number: int | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def _is_written_alike(number: int | Decimal) -> bool:
    """Whether a number comes out of a double as it was written. Zero counts, as its text would not be false."""
    if isinstance(number, int):
        return abs(number) <= _MOST_EXACT
    return not number or (repr(float(number)) == str(number) and number != number.to_integral_value())
