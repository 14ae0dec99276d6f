"""The JSONata engine behind one small interface, so that another one can take its place (decision 0071).

Whatever stands here compiles an expression, says what it reads, and evaluates it over JSON text, within limits. A
result is JSON text. Its numbers are doubles, as everywhere in JSONata.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jlens

from lib.sandbox import clock, refusals
from lib.sandbox.clock import TimeUp

_LIMITS: dict[str, Any] = {
    "max_depth": 10_000,
    "max_array_length": 200_000,
    "max_string_length": 1 << 20,
    "max_result_size": 4 << 20,
}
#: Seconds for an evaluation without a clock, as while the child starts.
_UNTIMED = 10.0
_TIMED_OUT = "D1012"

# The engine writes a function as nothing or null, and as null what is no number. This names the first such thing in
# a value, or gives nothing.
_WALK = """(
    $value := %s
    ;
    $some := function($all) { $filter($all, function($one) { $type($one) = 'string' })[0] };
    $odd := function($v) {(
        $kind := $type($v);
        $kind = 'function' ? 'function'
        : $v != $v ? 'number'
        : $kind = 'array' ? $some($map($v, function($one) { $odd($one) }))
        : $kind = 'object' ? $some($each($v, function($one) { $odd($one) }))
    )};
    $odd($value)
)"""
_ODD = {'"function"': "a function, not a value", '"number"': "a number that does not exist, such as 0 / 0"}


class ExpressionError(Exception):
    """An expression that cannot be evaluated; the message says why."""


class Compiled:
    """One expression, ready to be evaluated as often as wanted."""

    def __init__(self, source: str) -> None:
        """Raises ExpressionError for one that is not valid."""
        self._source = source
        self._expression = _compiled(source)
        self._walk: jlens.Expression | None = None
        self._reads = self._expression.reads()
        if self._reads.get("everyBinding"):
            raise ExpressionError("uses $eval, which is not available here")

    def reads(self) -> Iterator[tuple[str, ...]]:
        """The paths from the root of the context that it reads. One ends where a value is used as a whole."""
        if "input" in self._reads:
            yield from _paths(self._reads["input"], ())

    def unknown(self) -> Iterator[str]:
        """The names of functions and variables that it uses, and that neither JSONata nor it itself defines."""
        yield from self._reads.get("bindings", {})

    def evaluate(self, context: str, *, now: int, seed: int) -> str | None:
        """The result as JSON text, None for undefined. Raises ExpressionError."""
        result = _run(self._expression, self._source, context, now, seed)
        if result is None or "null" in result or "{" in result:
            if self._walk is None:
                self._walk = _compiled(_WALK.replace("%s", self._source))
            if odd := _run(self._walk, self._source, context, now, seed):
                raise ExpressionError(f"gives {_ODD[odd]}")
        if result and "\ufffd" in result and "\ufffd" not in context and "\ufffd" not in self._source:
            raise ExpressionError("gives half a surrogate pair, which cannot be stored")
        return result


def _compiled(source: str) -> jlens.Expression:
    try:
        return jlens.Expression(source)
    except jlens.JlensError as error:
        raise ExpressionError(_explain(error, source)) from None


def _run(expression: jlens.Expression, source: str, context: str, now: int, seed: int) -> str | None:
    # The engine counts the time that passes, and not only its own. If that is over while the clock has not rung,
    # the machine is busy, and the expression gets another try.
    patience = clock.left() or _UNTIMED
    for seconds in (patience, 3 * patience):
        try:
            return expression.evaluate_json(context, timeout=seconds, now=now, seed=seed, **_LIMITS)
        except jlens.JlensError as error:
            if error.code != _TIMED_OUT:
                raise ExpressionError(_explain(error, source)) from None
        except ValueError:  # the text is ours, so that only a number can be wrong with it
            raise ExpressionError("reads a number that is too large to calculate with") from None
    raise TimeUp


def _paths(read: Any, here: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if read is True or not read:
        yield here
        return
    for name, below in read.items():
        yield from _paths(below, (*here, name))


def _explain(error: jlens.JlensError, source: str) -> str:
    given = {"token": error.token, "position": error.position, "value": error.value, "source": source}
    return refusals.sentence(error.code, str(error), **given)
