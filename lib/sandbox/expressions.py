"""The JSONata jobs, done in the child: evaluate expressions, and say what one reads.

Numbers: what an expression passes on untouched comes out exactly as it went in, 64-bit ids and 1.10
included. What it calculates or compares is a double, as everywhere in JSONata. $eval is refused, because
nobody could say beforehand what such an expression reads or does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jsonata import jexception, utils
from jsonata.functions import Functions
from jsonata.jsonata import Jsonata

from lib.errors import InvalidInput
from lib.redaction import redact_text
from lib.sandbox.clock import TimeUp
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

LONGEST = 10_000
FORBIDDEN = frozenset({"eval"})

_NULL = utils.Utils.NULL_VALUE


class ExpressionError(Exception):
    """An expression that cannot be evaluated; the message says why."""


class _ExactDecimal(float):
    """A float to JSONata, the Decimal it came from to us."""

    exact: Decimal


class _ExactEncoder(Functions.Encoder):  # type: ignore[misc]
    """Writes an id of 16 digits and more as text digit by digit, not as 9.007e+15."""

    def encode(self, value: Any) -> str:
        return str(value) if type(value) is int else super().encode(value)


def _keep_exact(number: Any, convert: Any = utils.Utils.convert_number) -> Any:
    """Leaves a number that a function such as $lookup only passes on as it is."""
    exact = isinstance(number, int | _ExactDecimal) and not isinstance(number, bool)
    return number if exact else convert(number)


def _copy(value: Any) -> Any:
    """What $clone and the |transform| operator begin with."""
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    return [_copy(member) for member in value] if isinstance(value, list) else value


# The library makes a double of every number that it touches, also where it calculates nothing.
Functions.Encoder = _ExactEncoder
Functions.function_clone = staticmethod(_copy)
Jsonata.define_function("clone", "<(oa)-:o>", "function_clone")
utils.Utils.convert_number = staticmethod(_keep_exact)


def evaluate(expressions: list[str], context: JsonValue, max_output_bytes: int) -> list[dict[str, Any]]:
    """Evaluate expressions over one context, up to the first that fails.

    Each gives {"value": …}, {} when the result is undefined, or {"error": …}.
    """
    prepared = _to_jsonata(context)
    results = []
    for expression in expressions:
        try:
            results.append(_evaluate(expression, prepared, max_output_bytes))
        except ExpressionError as error:
            return [*results, {"error": str(error)}]
        except TimeUp as time_up:
            time_up.at = len(results)
            raise
    return results


def inspect(expression: str) -> dict[str, Any]:
    """{"problem": None or what is wrong with the expression, "reads": paths from the root of the context}."""
    try:
        ast = _compiled(expression).ast
    except ExpressionError as error:
        return {"problem": str(error), "reads": []}
    reads: set[tuple[str, ...]] = set()
    _Reads(reads).visit(ast, (), {})
    return {"problem": None, "reads": sorted(map(list, reads))}


def warm_up() -> None:
    """Load all that jsonata loads late: afterwards no file can be opened."""
    evaluate(["$now()", '$fromMillis(0, "[Y]", "+0100")', "$match('a', /a/)", "$sort([2, 1])"], {}, 1000)


def _evaluate(expression: str, context: JsonValue, max_output_bytes: int) -> dict[str, Any]:
    compiled = _compiled(expression)
    try:
        # Bindings, even none, give this evaluation a scope of its own. Without, a variable that it sets
        # would still be there for the next one, which may be another tenant's.
        result = compiled.evaluate(context, {})
        if result is None:
            return {}
        value = _from_jsonata(result)
        strict_json.check(value, max_bytes=max_output_bytes)
    except ExpressionError:
        raise
    except InvalidInput as error:
        raise ExpressionError(f"gives a value that {error.cause}") from None
    except Exception as error:
        raise ExpressionError(_explain(error)) from error
    return {"value": value}


@lru_cache(maxsize=2000)
def _compiled(expression: str) -> Any:
    if len(expression) > LONGEST:
        raise ExpressionError(f"is {len(expression):,} characters long; at most {LONGEST:,} are accepted")
    if not expression.strip():
        raise ExpressionError("is empty")
    try:
        compiled = Jsonata(expression)
    except BaseException as error:
        vars(Jsonata.PARSER).clear()  # it is kept for the next expression, and half way through this one
        if isinstance(error, TimeUp):
            raise
        raise ExpressionError(_explain(error)) from error
    compiled.set_validate_input(False)
    compiled.set_output_convert_nulls(False)  # None is undefined then, and null is _NULL
    for node in _nodes(compiled.ast):
        if node.type == "variable" and node.value in FORBIDDEN:
            raise ExpressionError(f"uses ${node.value}, which is not available here")
    return compiled


def _to_jsonata(value: JsonValue) -> Any:
    if isinstance(value, dict):
        return {key: _to_jsonata(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_to_jsonata(member) for member in value]
    if isinstance(value, Decimal):
        number = _ExactDecimal(value)
        number.exact = value
        return number
    return value


def _from_jsonata(value: Any) -> JsonValue:
    if value is _NULL or value is None:
        return None
    if isinstance(value, dict):
        return {key: _from_jsonata(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_from_jsonata(member) for member in value]
    if isinstance(value, _ExactDecimal):
        return value.exact
    if isinstance(value, str | bool | int | float):
        return value
    raise ExpressionError("gives a function, not a value")


def _explain(error: BaseException) -> str:
    """One sentence without values of the payload: the reader may not be allowed to see them."""
    if isinstance(error, RecursionError):
        return "nests or recurses too deeply"
    if isinstance(error, OverflowError):
        return "calculates with a number that is too large"
    if isinstance(error, ZeroDivisionError):
        return "divides by zero"
    if isinstance(error, MemoryError):
        return "needs too much memory"
    if isinstance(error, re.error):
        return f"has a regular expression that is not valid: {error.msg}"
    if not isinstance(error, jexception.JException):  # a slip of the library, usually over a value's type
        return "uses a value of the wrong kind"
    if error.error in ("D3137", "D3141"):  # $error and $assert: the author's own words
        return redact_text(str(error.current))[:200]
    known = isinstance(error.location, int) and error.location > 0
    return _message(error) + (f" at character {error.location}" if known else "")


def _message(error: jexception.JException) -> str:
    template = jexception.JException.error_codes.get(error.error, "Cannot be evaluated")
    arguments = iter((error.current, error.expected, error.extra))
    written_by_author = error.error.startswith("S")

    def fill(match: re.Match[str]) -> str:
        argument = next(arguments, None)
        shown = written_by_author or match[1] in ("token", "index", "type")
        return str(argument)[:80] if shown and argument is not None else "…"

    text = re.sub(r"\{\{\{?(\w+)\}?\}\}", fill, template).removesuffix("…").rstrip(":. ")
    text = text.replace("of Object ", "of $").replace(" Object ", " function ")
    return text[0].lower() + text[1:]


def _nodes(node: Any) -> Iterator[Any]:
    """Every node of a syntax tree."""
    todo, seen = [node], set[int]()
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif hasattr(item, "_outer_instance") and id(item) not in seen:
            seen.add(id(item))
            yield item
            todo.extend(member for name, member in vars(item).items() if name != "_outer_instance")


_Path = tuple[str, ...] | None


class _Reads:
    """Collects the paths that an expression reads, as far as that can be said without running it.

    A path ends where the value is used as a whole: given to a function, compared, put out.
    """

    def __init__(self, found: set[tuple[str, ...]]) -> None:
        self._found = found

    def visit(self, node: Any, here: _Path, variables: dict[str, _Path]) -> None:
        """Note what a node reads, given the path of its context and of the variables."""
        path = self._follow(node, here, variables)
        if path is not None:
            self._found.add(path)

    def _follow(self, node: Any, here: _Path, variables: dict[str, _Path]) -> _Path:
        """The path a node stands for, or None when it stands for none; what is read on the way is noted."""
        if node is None:
            return None
        path = self._start(node, here, variables)
        for stage in [*(node.predicate or []), *(node.stages or [])]:
            if stage.expr is not None and stage.expr.type != "number":
                self.visit(stage.expr, path, variables)
        for key, value in node.group.lhs_object if node.group else ():
            self.visit(key, path, variables)
            self.visit(value, path, variables)
        if node.focus is not None:
            variables[str(node.focus)] = path
            return here
        return None if node.group else path

    def _start(self, node: Any, here: _Path, variables: dict[str, _Path]) -> _Path:
        kind = node.type
        if kind == "path":
            for step in node.steps:
                here = self._follow(step, here, variables)
            return here
        if kind == "name":
            return None if here is None else (*here, str(node.value))
        if kind == "variable":
            name = str(node.value)
            return here if name == "" else () if name == "$" else variables.get(name)
        if kind in ("wildcard", "descendant"):
            if here is not None:
                self._found.add(here)
            return None
        if kind == "lambda":
            parameters = {str(argument.value) for argument in node.arguments}
            self.visit(node.body, here, {name: path for name, path in variables.items() if name not in parameters})
            return None
        if kind == "block":
            scope = dict(variables)
            last: _Path = None
            for index, expression in enumerate(node.expressions):
                last = self._follow(expression, here, scope)
                if last is not None and index < len(node.expressions) - 1 and expression.type != "bind":
                    self._found.add(last)
            return last
        if kind == "bind":
            variables[str(node.lhs.value)] = path = self._follow(node.rhs, here, variables)
            return path
        if kind == "sort":
            for term in node.terms:
                self.visit(term.expression, here, variables)
            return here
        for part in _parts(node):
            self.visit(part, here, variables)
        return None


_SINGLE_PARTS = "lhs rhs expression condition then _else pattern update delete procedure".split()


def _parts(node: Any) -> Iterator[Any]:
    """The nodes that any other node is made of."""
    for name in _SINGLE_PARTS:
        part = getattr(node, name, None)
        if part is not None and hasattr(part, "type"):
            yield part
    yield from getattr(node, "arguments", None) or ()
    yield from getattr(node, "expressions", None) or ()
    for key, value in getattr(node, "lhs_object", None) or ():
        yield key
        yield value
