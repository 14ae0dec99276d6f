"""Keywords about the items of a list."""

from __future__ import annotations

from typing import Any

from lib.schemas.compatibility.comparing import Check, Comparing, inside, says_nothing
from lib.schemas.compatibility.reasons import Mismatch
from lib.schemas.compatibility.scalars import least, most
from lib.schemas.compatibility.sides import Compiled
from lib.schemas.compatibility.views import View


def _is_list(comparing: Comparing, view: View) -> bool:
    return "array" in view.types and view.most("maxItems") > 0


def _is_open(comparing: Comparing, schemas: list[Compiled]) -> bool:
    return not comparing.sides.atoms(schemas).schemas


def _prefix(comparing: Comparing, view: View, atom: dict[str, Any], wanted: list[Compiled]) -> list[Mismatch]:
    """Items with a schema by their place."""
    if not _is_list(comparing, view):
        return []
    found: list[Mismatch] = []
    for place, schema in enumerate(wanted):
        if place >= view.most("maxItems") or says_nothing(schema):
            continue
        item = view.item(place)
        reasons = inside(comparing, item, schema, place)
        if not reasons:
            continue
        if place < view.places:
            found += reasons
            continue
        kept = "OPEN_CONTENT_MODEL" if _is_open(comparing, item) else ""
        found.append(
            comparing.teller.said(
                "ITEM_ADDED_TO_OPEN_CONTENT_MODEL" if kept else _ITEM_NOT_COVERED.format("ADDED"),
                f"has a schema of its own now and {reasons[0].text}",
                mirrored="ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL" if kept else _ITEM_NOT_COVERED.format("REMOVED"),
                turned=f"has no schema of its own any more and {reasons[0].text}",
                only_strict=False,
            ).below(place)
        )
    return found


_ITEM_NOT_COVERED = "ITEM_{}_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"


def _items(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Compiled) -> list[Mismatch]:
    """Items behind those with a schema by their place."""
    if not _is_list(comparing, view) or says_nothing(wanted):
        return []
    listed = len(atom.get("prefixItems", ()))
    found: list[Mismatch] = []
    for place in range(listed, view.places):
        if place >= view.most("maxItems"):
            break
        item = view.item(place)
        reasons = inside(comparing, item, wanted, place)
        if reasons:
            found.append(_removed(comparing, place, wanted, reasons))
    first = max(listed, view.places)
    if first < view.most("maxItems"):
        found += _further(comparing, view, view.item(first), wanted, listed=bool(listed or view.places))
    return found


def _removed(comparing: Comparing, place: int, wanted: Compiled, reasons: list[Mismatch]) -> Mismatch:
    if wanted is False:
        return comparing.teller.said(
            "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
            "is no item any more, and no further ones are allowed",
            mirrored="ITEM_ADDED_TO_CLOSED_CONTENT_MODEL",
            turned="is an item now, and no further ones were allowed before",
        ).below(place)
    return comparing.teller.said(
        _ITEM_NOT_COVERED.format("REMOVED"),
        f"has no schema of its own any more and {reasons[0].text}",
        mirrored=_ITEM_NOT_COVERED.format("ADDED"),
        turned=f"has a schema of its own now and {reasons[0].text}",
    ).below(place)


def _further(
    comparing: Comparing, view: View, rest: list[Compiled], wanted: Compiled, *, listed: bool
) -> list[Mismatch]:
    reasons = inside(comparing, rest, wanted, "*")
    if not reasons:
        return []
    if not _is_open(comparing, rest):
        return reasons
    if not listed:
        text, turned = "has a schema for its items now", "has no schema for its items any more"
        return [comparing.teller.said("SCHEMA_ADDED", text, mirrored="SCHEMA_REMOVED", turned=turned)]
    name = "ADDITIONAL_ITEMS_REMOVED" if wanted is False else "ADDITIONAL_ITEMS_NARROWED"
    text, turned = "takes less in further items now", "takes more in further items now"
    return [comparing.teller.said(name, text, turned=turned)]


def _unevaluated(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Compiled) -> list[Mismatch]:
    if not _is_list(comparing, view) or says_nothing(wanted):
        return []
    if not _items(comparing, view, atom, wanted):
        return []
    if any("items" in one for one in comparing.sides.atoms([atom]).schemas):
        return []
    return [comparing.teller.undecided("which items unevaluatedItems is about depends on the rest of the schema")]


def _unique(comparing: Comparing, view: View, atom: dict[str, Any], wanted: bool) -> list[Mismatch]:
    if not wanted or not _is_list(comparing, view) or any(view.all("uniqueItems")) or view.most("maxItems") <= 1:
        return []
    text, turned = "must not hold an item twice now", "may hold an item twice now"
    return [comparing.teller.said("UNIQUE_ITEMS_ADDED", text, turned=turned)]


def _contains(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Compiled) -> list[Mismatch]:
    """Of the items that fit a schema, there are at least minContains and at most maxContains."""
    if "array" not in view.types:
        return []
    low, high = atom.get("minContains", 1), atom.get("maxContains", float("inf"))
    found: list[Mismatch] = []
    if low > 0 and not _surely_contains(comparing, view, wanted, low):
        found.append(_counted(comparing, view, "MIN_CONTAINS", "minContains", low))
    if high < view.most("maxItems") and not _contains_at_most(comparing, view, wanted, high):
        found.append(_counted(comparing, view, "MAX_CONTAINS", "maxContains", high))
    return found


def _surely_contains(comparing: Comparing, view: View, wanted: Compiled, low: int) -> bool:
    if view.least("minItems") >= low and not view.places and not inside(comparing, view.item(0), wanted):
        return True
    return any(
        one.get("minContains", 1) >= low and not inside(comparing, [one["contains"]], wanted)
        for one in view.holders("contains")
    )


def _contains_at_most(comparing: Comparing, view: View, wanted: Compiled, high: float) -> bool:
    return any(
        one.get("maxContains", float("inf")) <= high and not inside(comparing, [wanted], one["contains"])
        for one in view.holders("contains")
    )


def _counted(comparing: Comparing, view: View, stem: str, keyword: str, wanted: float) -> Mismatch:
    holders = view.holders("contains")
    own = [one.get(keyword, 1 if keyword == "minContains" else None) for one in holders]
    if len(own) == 1 and own[0] is not None and own[0] != wanted:
        return comparing.teller.bound(stem, keyword, own[0], wanted)
    if holders:
        text = turned = "asks for other items among its items"
        return comparing.teller.said("CONTAINS_CHANGED", text, mirrored="CONTAINS_CHANGED", turned=turned)
    text, turned = "asks for certain items among its items now", "asks for certain items among its items no longer"
    return comparing.teller.said("CONTAINS_ADDED", text, turned=turned)


def _possible_items(view: View) -> float:
    """How many items there can be, where no further ones are allowed."""
    closed = (place for place in range(view.places + 1) if any(one is False for one in view.item(place)))
    return next(closed, float("inf"))


KEYWORDS: dict[str, Check] = {
    "prefixItems": _prefix,
    "items": _items,
    "unevaluatedItems": _unevaluated,
    "uniqueItems": _unique,
    "contains": _contains,
    "minItems": least("minItems", "MIN_ITEMS", "array"),
    "maxItems": most("maxItems", "MAX_ITEMS", "array", _possible_items),
}
