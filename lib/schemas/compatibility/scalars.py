"""Keywords about types, listed values, numbers and texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jsonschema_rs

from lib.schemas import exact_numbers, patterns
from lib.schemas.compatibility.comparing import Check, Comparing
from lib.schemas.compatibility.reasons import Mismatch, listed
from lib.schemas.compatibility.views import NUMBERS, View, kind, kinds
from lib.schemas.exact_numbers import MultipleOf, exact
from lib.schemas.parts import TYPES
from lib.serialization.json_values import identity

#: Texts of which each format that the judge checks refuses one.
_ODD_TEXTS = ("a b", "(")
#: Bounds with more digits are not rounded.
_MOST_DIGITS = 400
_WORDS = {"fraction": "number with a fraction"}
#: Keywords that speak of a value by itself. `whole` is none, as a listed 1.0 stands for 1 too.
_ALONE = frozenset(
    "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern "
    "format".split()
)


def kinds_shown(found: Iterable[str]) -> str:
    """Kinds of values in words: "string or number"."""
    names = set(found)
    if names >= NUMBERS:
        names = names - NUMBERS | {"number"}
    order = [*TYPES, "fraction"]
    return " or ".join(_WORDS.get(name, name) for name in sorted(names, key=order.index)) or "value"


def key(value: Any) -> Any:
    """What is the same for values that no schema tells apart."""
    return identity(value), isinstance(value, float)


#: What compiling a schema of a few keywords costs, in looks.
_COMPILED = 50


def _compared(wanted: Any) -> int:
    """What it costs to find one value among those of an enum. Lists and objects are compared with each in turn."""
    return len(wanted) // 50 if isinstance(wanted, list) and any(isinstance(one, list | dict) for one in wanted) else 0


def satisfy(schema: dict[str, Any], values: Iterable[Any], *, unreadable: bool) -> list[Any]:
    """The values that satisfy some keywords of _ALONE; `unreadable` says whether those count that hold half a
    character, which the engine does not read."""
    validator = jsonschema_rs.Draft202012Validator(
        schema,
        validate_formats=True,
        offline=True,
        pattern_options=patterns.OPTIONS,
        keywords=exact_numbers.KEYWORDS,
    )

    def fits(value: Any) -> bool:
        try:
            return validator.is_valid(value)
        except ValueError:
            return unreadable

    return [value for value in values if fits(value)]


def values(view: View) -> list[Any] | None:
    """The values that are possible, None where they are not listed."""
    found: list[Any] | None = None
    if view.listed is not None:
        found = list(view.listed)
    elif view.types <= {"boolean", "null"}:
        found = [False, True] if "boolean" in view.types else []
        found += [None] if "null" in view.types else []
    if found is None:
        return None
    for node in view.atoms.schemas:
        alone = {keyword: wanted for keyword, wanted in node.items() if keyword in _ALONE}
        if alone:
            view.sides.look(_COMPILED + len(found) * (1 + _compared(alone.get("enum", ()))))
            try:
                found = satisfy(alone, found, unreadable=True)
            except ValueError:  # half a character in the schema itself
                continue
    return found


def possible(view: View) -> bool:
    """Whether one of the listed values is possible."""
    return bool(values(view))


def _all_fit(view: View, keyword: str, wanted: Any) -> bool:
    """Whether the values are listed, and each of them satisfies a keyword."""
    found = values(view)
    if found is None:
        return False
    view.sides.look(_COMPILED + len(found) * (1 + _compared(wanted)))
    try:
        return len(satisfy({keyword: wanted}, found, unreadable=False)) == len(found)
    except ValueError:
        return False


def _types(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Collection[str]) -> list[Mismatch]:
    missing = view.types - kinds(wanted)
    if not missing or _all_fit(view, "type", wanted):
        return []
    name = "TYPE_NARROWED" if view.types - missing else "TYPE_CHANGED"
    now, before = kinds_shown(kinds(wanted)), kinds_shown(view.types)
    if name == "TYPE_CHANGED":
        text, turned = f"takes {now} now, and took {before}", f"takes {before} now, and took {now}"
        return [comparing.teller.said(name, text, mirrored=name, turned=turned)]
    text = f"takes no {kinds_shown(missing)} now" if len(missing) < 5 else f"takes only {now} now"
    turned = (
        f"takes {kinds_shown(missing)} now, as it did not before" if len(missing) < 5 else f"took only {now} before"
    )
    return [comparing.teller.said(name, text, turned=turned)]


def _whole(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Any) -> list[Mismatch]:
    found = values(view)
    if "integer" not in view.types or view.all("whole"):
        return []
    if found is not None and "integer" not in map(kind, found):
        return []
    text = "takes no whole number with a fraction, such as 1.0, now"
    turned = "takes whole numbers with a fraction, such as 1.0, now, as it did not before"
    return [comparing.teller.said("TYPE_NARROWED", text, turned=turned)]


def _listed(comparing: Comparing, view: View, wanted: list[Any]) -> list[Mismatch]:
    view.sides.look(2 * len(wanted))
    allowed, found = set(map(identity, wanted)), values(view)
    if found is None:
        what = f"only {listed(wanted)}" if wanted else "nothing"  # an enum may be empty
        text, turned = f"takes {what} now", f"took {what} before"
        return [comparing.teller.said("TYPE_CHANGED", text, mirrored="TYPE_CHANGED", turned=turned)]
    missing = [value for value in found if identity(value) not in allowed]
    if not missing:
        return []
    name = "ENUM_ARRAY_NARROWED" if allowed <= set(map(identity, found)) else "ENUM_ARRAY_CHANGED"
    text, turned = f"takes {listed(missing)} no longer", f"takes {listed(missing)} now, as it did not before"
    return [comparing.teller.said(name, text, mirrored="" if "NARROWED" in name else name, turned=turned)]


def _enum(comparing: Comparing, view: View, atom: dict[str, Any], wanted: list[Any]) -> list[Mismatch]:
    return _listed(comparing, view, wanted)


def _const(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Any) -> list[Mismatch]:
    return _listed(comparing, view, [wanted])


def _number(keyword: str, stem: str) -> Check:
    def check(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Any) -> list[Mismatch]:
        if not view.types & NUMBERS or _all_fit(view, keyword, wanted):
            return []
        bound = view.low if "inimum" in keyword else view.high
        if bound is not None:
            limit = exact(wanted)
            beyond = bound[0] > limit if "inimum" in keyword else bound[0] < limit
            if beyond or (bound[0] == limit and (bound[1] or not keyword.startswith("exclusive"))):
                return []
            if view.types & NUMBERS == {"integer"} and _allows_as_few(keyword, bound, limit):
                return []
        return [comparing.teller.bound(stem, keyword, view.tightest(keyword), wanted)]

    return check


def _allows_as_few(keyword: str, own: tuple[Any, bool], limit: Any) -> bool:
    """Whether a bound leaves no more whole numbers than a keyword does: from 1 is the same as more than 0."""
    known, asked = (_last_whole(keyword, *one) for one in (own, (limit, keyword.startswith("exclusive"))))
    if known is None or asked is None:
        return False
    return known >= asked if "inimum" in keyword else known <= asked


def _last_whole(keyword: str, limit: int | Decimal, excluded: bool) -> int | None:
    """The outermost whole number within a bound; None for one of too many digits."""
    if Decimal(limit).adjusted() > _MOST_DIGITS:
        return None
    is_lower = "inimum" in keyword
    whole = math.ceil(limit) if is_lower else math.floor(limit)
    return whole + (1 if is_lower else -1) if excluded and whole == limit else whole


def _multiple(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Any) -> list[Mismatch]:
    numbers, own = view.types & NUMBERS, view.all("multipleOf")
    asked = MultipleOf({}, wanted, [])
    if not numbers or any(asked.allows(exact(one)) for one in own) or _all_fit(view, "multipleOf", wanted):
        return []
    if numbers == {"integer"} and asked.allows(1):
        return []
    if own and any(MultipleOf({}, one, []).allows(exact(wanted)) for one in own):
        old, new = (own[0], wanted) if comparing.teller.backward else (wanted, own[0])
        return [comparing.teller.said("MULTIPLE_OF_EXPANDED", f"has multipleOf {new} now and had {old}")]
    return [comparing.teller.changed("MULTIPLE_OF", "multipleOf", own, wanted)]


def least(keyword: str, stem: str, kind: str, sure: Callable[[View], int] = lambda view: 0) -> Check:
    """The check of a lower bound of a length. `sure` is what else keeps values from being shorter."""

    def check(comparing: Comparing, view: View, atom: dict[str, Any], wanted: int) -> list[Mismatch]:
        if kind not in view.types or max(view.least(keyword), sure(view)) >= wanted or _long(view, keyword, wanted):
            return []
        return [comparing.teller.bound(stem, keyword, view.tightest(keyword), wanted)]

    return check


def most(keyword: str, stem: str, kind: str, sure: Callable[[View], float] = lambda view: float("inf")) -> Check:
    """The check of an upper bound of a length. `sure` is what else keeps values from being longer."""

    def check(comparing: Comparing, view: View, atom: dict[str, Any], wanted: int) -> list[Mismatch]:
        if kind not in view.types or min(view.most(keyword), sure(view)) <= wanted or _long(view, keyword, wanted):
            return []
        return [comparing.teller.bound(stem, keyword, view.tightest(keyword), wanted)]

    return check


def _long(view: View, keyword: str, wanted: int) -> bool:
    """Whether listed values satisfy a keyword about length."""
    return _all_fit(view, keyword, wanted)


@lru_cache(maxsize=1000)
def is_asserted(name: str) -> bool:
    """Whether the judge checks a format. Those that it does not know ask for nothing."""
    try:
        return len(satisfy({"format": name}, _ODD_TEXTS, unreadable=False)) < len(_ODD_TEXTS)
    except ValueError:  # half a character
        return True


def _text(keyword: str, stem: str) -> Check:
    def check(comparing: Comparing, view: View, atom: dict[str, Any], wanted: str) -> list[Mismatch]:
        own = [one for one in view.all(keyword) if keyword != "format" or is_asserted(one)]
        silent = keyword == "format" and not is_asserted(wanted)
        if "string" not in view.types or silent or wanted in own or _all_fit(view, keyword, wanted):
            return []
        return [comparing.teller.changed(stem, keyword, own, wanted)]

    return check


KEYWORDS: dict[str, Check] = {
    "type": _types,
    "whole": _whole,
    "enum": _enum,
    "const": _const,
    "minimum": _number("minimum", "MINIMUM"),
    "maximum": _number("maximum", "MAXIMUM"),
    "exclusiveMinimum": _number("exclusiveMinimum", "EXCLUSIVE_MINIMUM"),
    "exclusiveMaximum": _number("exclusiveMaximum", "EXCLUSIVE_MAXIMUM"),
    "multipleOf": _multiple,
    "minLength": least("minLength", "MIN_LENGTH", "string"),
    "maxLength": most("maxLength", "MAX_LENGTH", "string"),
    "pattern": _text("pattern", "PATTERN"),
    "format": _text("format", "FORMAT"),
}
